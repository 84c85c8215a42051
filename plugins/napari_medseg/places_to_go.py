"""Slices of a structure to go to: those with contours, and the gaps between them."""

from __future__ import annotations

from itertools import pairwise

from medseg.contour import Slice
from napari_medseg.case import Case


def contoured_slices(case: Case, structure_id: str, axis: int) -> tuple[int, ...]:
    """The indices along an array axis of the slices on which a structure has contours, ascending."""
    placed = {case.placements.of(contour) for contour in case.contours.of(structure_id)}
    return tuple(sorted(p.index for p in placed if isinstance(p, Slice) and p.axis == axis))


def next_contoured(case: Case, structure_id: str, here: Slice, *, up: bool) -> Slice | None:
    """The next slice with contours on one side of a slice; None where there is none."""
    indices = contoured_slices(case, structure_id, here.axis)
    beyond = [n for n in indices if (n > here.index if up else n < here.index)]
    if not beyond:
        return None
    return Slice(here.axis, min(beyond) if up else max(beyond))


def next_gap(case: Case, structure_id: str, here: Slice) -> Slice | None:
    """The middle of the next gap between contours beyond a slice, from the first one on again after the last.

    None where no slice between the first and the last contour is empty.
    """
    indices = contoured_slices(case, structure_id, here.axis)
    middles = [(first + last) // 2 for first, last in pairwise(indices) if last > first + 1]
    beyond = [n for n in middles if n > here.index]
    return Slice(here.axis, (beyond or middles)[0]) if middles else None
