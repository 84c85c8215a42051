"""The default between parallel slices: distances that flow along, with areas that follow their profile."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from medseg.interpolation.gap import Gap


def combined(gap: Gap) -> npt.NDArray[np.float32]:
    """Fill a gap by the distance to the outline along the flow, corrected by the area.

    Pieces that end are rounded off (:func:`~medseg.interpolation.ends.with_ends`); depths are interpolated
    along the flow between the two slices (:func:`~medseg.interpolation.along_flow.across_gap_along`), so
    that what moves from slice to slice is joined; and each slice is drawn towards the area that those on
    both sides lead one to expect (:func:`~medseg.interpolation.area_profile.follow_area`).
    """
    from medseg.interpolation.along_flow import across_gap_along
    from medseg.interpolation.area_profile import follow_area
    from medseg.interpolation.ends import with_ends
    from medseg.interpolation.flow import flow_between

    ended, ending = with_ends(gap)
    first, last = gap.before, gap.before + 1
    if gap.masks[first].any() and gap.masks[last].any():
        flow = flow_between(gap.depth_mm[first], gap.depth_mm[last], gap.spacing_mm[1:])
    else:
        still = np.zeros(gap.masks.shape[1:], dtype=np.float32)
        flow = still, still
    depth = across_gap_along(ended, flow)
    follow_area(depth, ended, ending)
    return depth
