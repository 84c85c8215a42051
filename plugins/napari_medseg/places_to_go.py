"""Slices of a structure to go to: those with contours, and the gaps between them."""

from __future__ import annotations

from itertools import pairwise

from medseg.contour import Origin, Slice
from napari_medseg.case import Case


def contoured_slices(case: Case, structure_id: str, axis: int, *, accepted: bool = True) -> tuple[int, ...]:
    """The indices along an array axis of the slices on which a structure has contours, ascending.

    Args:
        case: The case.
        structure_id: The structure.
        axis: The array axis.
        accepted: Whether slices count on which it has only what was accepted of the engine's proposals.
    """
    contours = case.contours.of(structure_id)
    counted = (contour for contour in contours if accepted or contour.origin is not Origin.INTERPOLATED)
    placed = {case.placements.of(contour) for contour in counted}
    return tuple(sorted(p.index for p in placed if isinstance(p, Slice) and p.axis == axis))


def next_contoured(case: Case, structure_id: str, here: Slice, *, up: bool) -> Slice | None:
    """The next slice that was drawn on, on one side of a slice; None where there is none."""
    indices = contoured_slices(case, structure_id, here.axis, accepted=False)
    beyond = [n for n in indices if (n > here.index if up else n < here.index)]
    if not beyond:
        return None
    return Slice(here.axis, min(beyond) if up else max(beyond))


def gap_around(case: Case, structure_id: str, here: Slice) -> tuple[int, int]:
    """The indices of the contoured slices before and behind a slice; beyond the image where there is none."""
    indices = contoured_slices(case, structure_id, here.axis)
    before = max((n for n in indices if n < here.index), default=-1)
    behind = min((n for n in indices if n > here.index), default=case.volume.grid.shape_kji[here.axis])
    return before, behind


def next_gap(case: Case, structure_id: str, here: Slice) -> Slice | None:
    """The middle of the next gap between contours beyond a slice, from the first one on again after the last.

    None where no slice between the first and the last contour is empty.
    """
    indices = contoured_slices(case, structure_id, here.axis)
    middles = [(first + last) // 2 for first, last in pairwise(indices) if last > first + 1]
    beyond = [n for n in middles if n > here.index]
    return Slice(here.axis, (beyond or middles)[0]) if middles else None
