"""Keeps a case in a study: each save is a revision."""

from __future__ import annotations

from pathlib import Path

from medseg.errors import MedsegError
from medseg.study.records import Revision
from medseg.workflows.study import SignedIn, Study, save_revision
from medseg.workflows.study.note_export import note_export
from medseg.workflows.study.signed_history import shown_number


class StudyKeeper:
    """Keeps one case of a study for somebody.

    Args:
        study: The study.
        who: Who works on it, or looks at it.
        case_id: The case.
        path: The working copy, or the revision that is looked at.
        head: The revision that the working copy was made from, or that is looked at; None for none.

    Attributes:
        revision: The latest revision that was saved here; None before the first.
    """

    def __init__(
        self, study: Study, who: SignedIn, case_id: str, path: Path, head: str | None = None
    ) -> None:
        self._study = study
        self._who = who
        self._case_id = case_id
        self._path = path
        self.head = head
        self.revision: Revision | None = None

    @property
    def path(self) -> Path:
        """The working copy."""
        return self._path

    @property
    def trust(self) -> Path:
        """The trust folder of the study."""
        return self._study.folder.trust

    def keep(self) -> str:
        """Save the working copy as a revision.

        Raises:
            MedsegError: The study refuses it; the working copy stays as it is.
        """
        try:
            revision = save_revision(
                self._study, self._who, self._case_id, self._path, expected_parent=self.head
            )
        except MedsegError as error:
            safe = f"Your contours are safe in your working copy, {self._path}, and in no revision."
            hint = f"{error.hint[0].upper()}{error.hint[1:]}. {safe}" if error.hint else safe
            raise type(error)(error.message, hint=hint, **error.details) from error
        is_new = revision.digest != self.head
        self.head, self.revision = revision.digest, revision
        number = shown_number(self._study, self._who, revision)
        done = "Saved as" if is_new else "Nothing changed since"
        return f"{done} revision {number} of {self._case_id}"

    def note_export(self, to: str) -> None:
        """Write into the ledger that the case goes out.

        Args:
            to: In which format.
        """
        note_export(self._study, self._who, self._case_id, self.head, to=to)
