"""A study, opened."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from medseg.io.trust_folder import TrustReader
from medseg.review.policy import Policy
from medseg.review.trust import Trust
from medseg.study.folder import StudyFolder
from medseg.study.store import Store


@dataclass(frozen=True)
class Study:
    """An open study.

    Attributes:
        store: Its folder and database.
    """

    store: Store
    _reader: TrustReader = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_reader", TrustReader(self.folder.trust))

    @property
    def id(self) -> str:
        """Its id."""
        return self.store.id

    @property
    def folder(self) -> StudyFolder:
        """Where things lie."""
        return self.store.folder

    def trust(self) -> Trust:
        """The trust folder as it is now: keys may have been revoked since it was read last.

        Raises:
            SidecarError: It is missing or damaged.
            ReviewError: A signature in it is not good.
        """
        return self._reader.read()

    def policy(self) -> Policy:
        """The policy in force now."""
        return self.trust().roster.policy

    def close(self) -> None:
        """Give the connections to the database back."""
        self.store.close()


def open_study(folder: Path | str) -> Study:
    """Open a study.

    Args:
        folder: Its folder, with ``study.json`` in it.

    Raises:
        UnknownCaseError: There is no study in the folder.
        DamagedStudyError: Its parts do not belong together.
        DatabaseError: The database is missing, can't be reached, or is of another version.
    """
    return Study(Store.open(Path(folder)))


def now() -> datetime:
    """The time of this machine, with its zone."""
    return datetime.now().astimezone()
