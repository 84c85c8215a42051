"""The default between parallel slices: distances that flow along, with areas that follow their profile."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from medseg.interpolation.gap import Gap

STRENGTH = 0.75
"""Share of the flow that depths follow: it is an estimate, and shrunk it errs less."""

Map = npt.NDArray[np.float32]


def combined(gap: Gap) -> Map:
    """Fill a gap by the distance to the outline along the flow, corrected by the area.

    Pieces that end are rounded off (:func:`~medseg.interpolation.ends.with_ends`); depths are interpolated
    along the flow between the two slices (:func:`~medseg.interpolation.along_flow.across_gap_along`), so
    that what moves from slice to slice is joined; and each slice is drawn towards the area that those on
    both sides lead one to expect (:func:`~medseg.interpolation.area_profile.follow_area`). A lone piece that
    moved clear of itself is shifted as a whole (:func:`~medseg.interpolation.shift.shift_between`).
    """
    from medseg.interpolation.along_flow import across_gap_along, matched_along
    from medseg.interpolation.area_profile import follow_area
    from medseg.interpolation.ends import with_ends, without_empty_beyond
    from medseg.interpolation.shift import shift_between

    shift = shift_between(gap.masks[gap.before], gap.masks[gap.before + 1])
    if shift is None:
        ended, ending = with_ends(gap)
        moves = _flow(gap)
    else:
        ended, ending = without_empty_beyond(gap), np.zeros(gap.masks.shape[1:], dtype=np.bool_)
        moves = _everywhere(shift, ending.shape)
    depth = across_gap_along(ended, moves)
    follow_area(depth, ended, ending, matched_along(ended, moves))
    return depth


def _flow(gap: Gap) -> tuple[Map, Map]:
    from medseg.interpolation.flow import flow_between

    first, last = gap.before, gap.before + 1
    if not (gap.masks[first].any() and gap.masks[last].any()):
        return _everywhere((0.0, 0.0), gap.masks.shape[1:])
    rows, columns = flow_between(gap.depth_mm[first], gap.depth_mm[last], gap.spacing_mm[1:])
    rows *= np.float32(STRENGTH)
    columns *= np.float32(STRENGTH)
    return rows, columns


def _everywhere(move: tuple[float, float], shape: tuple[int, ...]) -> tuple[Map, Map]:
    return np.full(shape, move[0], dtype=np.float32), np.full(shape, move[1], dtype=np.float32)
