"""Save a case of a study: the working copy first, then a revision of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from medseg.progress import Progress
from napari_medseg.case import Case, Result
from napari_medseg.keeper import Keeper
from napari_medseg.saving import require_savable, writing_of


@dataclass(frozen=True, eq=False)
class KeptSave:
    """A case as it was when Save was pressed; it may be drawn on meanwhile.

    Attributes:
        case: The case.
        keeper: The study that it belongs to.
        result: What is saved.
    """

    case: Case
    keeper: Keeper
    result: Result
    _write: Callable[[], None]

    @classmethod
    def of(cls, case: Case, keeper: Keeper) -> KeptSave:
        """Take what is shown now.

        Raises:
            LockedError: It is only looked at.
            LabelMapError: There is nothing to save, or the label map is older than the contours.
            OutputError: No author.
        """
        case.require_editable()
        result = require_savable(case)
        return cls(case, keeper, result, writing_of(case, result, keeper.path))

    def write(self, progress: Progress) -> str:
        """Write it; called in a thread.

        Returns:
            What was done, for people.

        Raises:
            MedsegError: The working copy can't be written, or the study refuses it.
        """
        progress("Saving the working copy", 0, 0)
        self._write()
        progress("Saving the revision", 0, 0)
        return self.keeper.keep()

    def accept(self) -> None:
        """Remember that it is saved, if nothing was drawn since."""
        now = self.case
        if now.result is self.result and now.result_is_current:
            now.mark_saved(self.keeper.path)
