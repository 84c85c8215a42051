"""Who keeps a case besides its file: a study, which takes each save as a revision."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class LookOnly:
    """Why a case can be looked at and not be worked on.

    Attributes:
        why: What stands against it.
        hint: What to do about it.
    """

    why: str
    hint: str


class Keeper(Protocol):
    """Keeps a case."""

    @property
    def path(self) -> Path:
        """The working copy: where the label map is written before it is kept."""

    @property
    def trust(self) -> Path:
        """The trust folder that says who may sign."""

    def keep(self) -> str:
        """Take the working copy as it is; called in a thread.

        Returns:
            What was done, for people.

        Raises:
            MedsegError: It is refused. The working copy stays as it is.
        """

    def note_export(self, to: str) -> None:
        """Write down that the case goes out, before it does; called in a thread.

        Args:
            to: In which format.
        """
