"""Lines along which something was measured, with an end at each end, as calipers leave them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from medseg.measurement.measured import Line
from napari_medseg.views.plane_lines import Polyline
from napari_medseg.views.plane_view import PlaneView, Points

CALIPER_COLOR = "#ffe14d"
"""Yellow, as on reading stations; no structure of the palette has it."""

END_PX = 6.0
"""Half the length of an end."""


def caliper_lines(lines: Sequence[Line], view: PlaneView) -> list[Polyline]:
    """The measured lines that lie in the plane of a view, and those of no slice that cross it.

    A line that crosses is shown as it looks from there, without ends.
    """
    if not lines:
        return []
    found: list[Polyline] = []
    plane, where = view.plane, view.where
    next_plane = view.grid.plane(where.axis, where.index + 1)
    half_a_slice_mm = abs(float(plane.distance_mm(next_plane.origin_lps_mm[None])[0])) / 2
    for line in lines:
        ends = np.array([line.start_lps_mm, line.end_lps_mm])
        off_mm = plane.distance_mm(ends)
        if (np.abs(off_mm) <= half_a_slice_mm).all():
            found += _with_ends(view.world_of(ends), view.mm_per_px)
        elif line.slice_axis is None and off_mm[0] * off_mm[1] < 0:
            found.append(Polyline(view.world_of(ends), CALIPER_COLOR))
    return found


def _with_ends(ends: Points, mm_per_px: float) -> list[Polyline]:
    along = ends[1] - ends[0]
    length = float(np.linalg.norm(along))
    line = Polyline(ends, CALIPER_COLOR)
    if length == 0:
        return [line]
    across = np.array([-along[1], along[0]]) / length * END_PX * mm_per_px
    return [line, *(Polyline(np.array([end - across, end + across]), CALIPER_COLOR) for end in ends)]
