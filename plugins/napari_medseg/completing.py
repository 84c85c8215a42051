"""What was drawn → the label map that is saved, and what the engine makes of it."""

from __future__ import annotations

from dataclasses import dataclass

from medseg.contour import ContourSet
from medseg.errors import ContourError
from medseg.progress import Progress, silent
from medseg.space import Grid
from medseg.volume import Volume
from medseg.workflows.delineate import Delineation, LiveProposal, accepted, label_map_of
from medseg.workflows.interpolate import Interpolated, Suggestion
from napari_medseg.case import Case, Result


@dataclass(frozen=True, eq=False)
class Snapshot:
    """What a case holds at one moment, so that a thread can work on it while the reader draws on.

    Attributes:
        grid: The grid of the image.
        delineation: What was drawn and accepted.
        image: The image, where it may take part in interpolating, or None.
    """

    grid: Grid
    delineation: Delineation
    image: Volume | None = None

    @classmethod
    def of(cls, case: Case) -> Snapshot:
        """Take the snapshot."""
        return cls(case.volume.grid, case.delineation, case.volume if case.image_may_help else None)

    @property
    def contours(self) -> ContourSet:
        """Every contour."""
        return self.delineation.contours


@dataclass(frozen=True, eq=False)
class Accepted:
    """All proposals of a moment, accepted.

    Attributes:
        before: What was drawn.
        after: The same with every proposed slice.
        result: Its label map.
        remarks: What the engine has to say, one sentence each.
    """

    before: Delineation
    after: Delineation
    result: Result
    remarks: tuple[str, ...]


def all_accepted(snapshot: Snapshot, progress: Progress = silent) -> Accepted:
    """Complete all structures between their contours, and accept it.

    Raises:
        ContourError: There are no contours.
    """
    if not snapshot.contours:
        raise ContourError("there is no contour to interpolate", hint="draw a polygon on at least one slice")
    proposal, _ = LiveProposal(snapshot.grid, snapshot.image).update(snapshot.delineation, progress)
    after = accepted(proposal, progress=progress)
    return Accepted(snapshot.delineation, after, result_of(after, snapshot.grid), proposal.remarks)


def suggested(snapshot: Snapshot, structure_id: str, progress: Progress = silent) -> list[Suggestion]:
    """Slices of the image, of all three directions, on which to draw a structure next; the best first.

    Raises:
        ContourError: The structure has no contours.
    """
    proposal, _ = LiveProposal(snapshot.grid, snapshot.image).update(snapshot.delineation, progress)
    return proposal.suggestions(structure_id, progress)


def result_of(delineation: Delineation, grid: Grid) -> Result:
    """The label map of what was drawn and accepted."""
    completed: dict[str, Interpolated] = {
        key: how for key, how in delineation.completed.items() if delineation.contours.of(key)
    }
    return Result(
        label_map_of(delineation, grid),
        delineation.contours,
        completed,
        delineation.notes,
        delineation,
        delineation.models,
    )
