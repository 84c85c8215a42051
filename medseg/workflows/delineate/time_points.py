"""A delineation of a 4-D image: what counts at one time point, and what an edit there changes.

A contour belongs to one time point or to all. Where a structure has contours of a time point on a plane,
these count there instead of those of all: a reader draws once for all, and redraws what moves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from medseg.contour import Contour, ContourSet, OtherTimePoints, Placement, Slice
from medseg.errors import ContourError
from medseg.workflows.delineate.delineation import Delineation
from medseg.workflows.delineate.on_planes import Placements

Planes = Mapping[str, frozenset[Placement]]
"""Planes by structure id."""


def at_time(whole: Delineation, time_index: int | None, placements: Placements) -> Delineation:
    """What counts at a time point.

    Args:
        whole: The delineation with the contours of all time points.
        time_index: Which one; None for a 3-D image.
        placements: Where contours lie on the grid of the image.

    Returns:
        The delineation with the contours that count; ``whole`` itself where all do.
    """
    if time_index is None or all(c.time_index is None for c in whole.contours):
        return whole
    own = _planes_of((c for c in whole.contours if c.time_index == time_index), placements)
    return whole.with_contours(c for c in whole.contours if _counts(c, time_index, own, placements))


def other_time_points(
    whole: Delineation, time_index: int | None, placements: Placements
) -> OtherTimePoints | None:
    """What lies beside the contours that count at a time point; None for a 3-D image."""
    if time_index is None:
        return None
    counted = {id(c) for c in at_time(whole, time_index, placements).contours}
    others = tuple(c for c in whole.contours if id(c) not in counted)
    return OtherTimePoints(time_index, ContourSet(others))


def with_other_time_points(counted: Delineation, others: OtherTimePoints | None) -> Delineation:
    """The delineation with the contours of all time points; the inverse of the two above."""
    if others is None or not others.contours:
        return counted
    return counted.with_contours((*others.contours, *counted.contours))


def changed_at(
    whole: Delineation,
    after: Delineation,
    time_index: int | None,
    placements: Placements,
    *,
    only_here: bool = False,
) -> Delineation:
    """Bring an edit of what counts at a time point into the whole.

    On each plane that the edit changes, what the structure has there afterwards belongs to all time points,
    or to this one alone; the other planes, and what other time points have of their own, stay as they are.

    Args:
        whole: The delineation with the contours of all time points, before the edit.
        after: What counts at the time point after the edit.
        time_index: Which one; None for a 3-D image.
        placements: Where contours lie on the grid of the image.
        only_here: Whether the edit holds for this time point alone.

    Raises:
        ContourError: The last contour of a plane would go at one time point alone, but belongs to all; or a
            contour lies on a slice beyond the first or the last one of the grid.
    """
    if time_index is None:
        return after
    before = at_time(whole, time_index, placements)
    planes = _planes_of(_differing(before.contours, after.contours), placements)
    belongs = time_index if only_here else None
    wanted = [c.with_time(belongs) for c in after.contours if _is_on(c, planes, placements)]
    if only_here:
        _require_drawn_here(whole, after, _planes_of(wanted, placements), planes, placements)
    stays = {id(c) for c in wanted}
    replaced = {time_index} if only_here else {None, time_index}
    ids = {s.id for s in after.structures}
    kept = [
        c for c in whole.contours
        if c.structure_id in ids
        and (id(c) in stays or c.time_index not in replaced or not _is_on(c, planes, placements))
    ]  # fmt: skip
    there = {id(c) for c in kept}
    return replace(after, contours=ContourSet((*kept, *(c for c in wanted if id(c) not in there))))


def _counts(contour: Contour, time_index: int, own: Planes, placements: Placements) -> bool:
    if contour.time_index is not None:
        return contour.time_index == time_index
    return not _is_on(contour, own, placements)


def _differing(before: ContourSet, after: ContourSet) -> list[Contour]:
    was, now = ({id(c) for c in contours} for contours in (before, after))
    return [*(c for c in before if id(c) not in now), *(c for c in after if id(c) not in was)]


def _planes_of(contours: Iterable[Contour], placements: Placements) -> Planes:
    found: defaultdict[str, set[Placement]] = defaultdict(set)
    for contour in contours:
        found[contour.structure_id].add(placements.of(contour))
    return {structure_id: frozenset(planes) for structure_id, planes in found.items()}


def _is_on(contour: Contour, planes: Planes, placements: Placements) -> bool:
    """Whether a contour lies on one of the planes of its structure."""
    own = planes.get(contour.structure_id, frozenset())
    where = placements.of(contour)
    if where in own or isinstance(where, Slice):
        return where in own
    # Planes that lean alike by rounding are one.
    return any(placements.on((contour,), other) for other in own if not isinstance(other, Slice))


def _require_drawn_here(
    whole: Delineation, after: Delineation, drawn: Planes, changed: Planes, placements: Placements
) -> None:
    """Refuse to leave a plane empty at one time point while it has contours of all.

    Raises:
        ContourError: The edit would.
    """
    for structure in after.structures:
        emptied = changed.get(structure.id, frozenset()) - drawn.get(structure.id, frozenset())
        left = {structure.id: emptied}
        own = whole.contours.of(structure.id)
        if any(c.time_index is None and _is_on(c, left, placements) for c in own):
            raise ContourError(
                f"the contour of {structure.name} belongs to all time points: it can't be deleted at one",
                hint='choose "all time points" to delete it at all, or redraw it here',
                structure_id=structure.id,
            )
