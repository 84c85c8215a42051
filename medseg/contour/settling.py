"""Contours that another program put a little off the slices of an image → on them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from medseg.contour.contour import Contour
from medseg.contour.slices import ON_SLICE_TOLERANCE, nearest_slice
from medseg.space import Grid

NEAR_SLICE_TOLERANCE = 0.05
"""Distance from a slice, in slices, up to which a contour was meant to lie on it.

Programs that number slices by a rounded spacing drift by some hundredths of a millimetre: 0.04 mm over a PET
of 3.27 mm was found. What was drawn between two slices is off by far more.
"""


def settle_on_slices(contours: Iterable[Contour], grid: Grid) -> tuple[tuple[Contour, ...], float]:
    """Put contours of a structure onto the slices that they all but lie on.

    All of them or none: an outline and its hole stay on one plane. One that lies on its slice stays as it is,
    bit for bit.

    Args:
        contours: The contours of one structure.
        grid: The grid of the image.

    Returns:
        The contours, and by how many mm the furthest vertex was moved; 0 where nothing was.
    """
    contours = tuple(contours)
    nearest = [nearest_slice(contour, grid) for contour in contours]
    if not contours or not ON_SLICE_TOLERANCE < max(off for _, off in nearest) <= NEAR_SLICE_TOLERANCE:
        return contours, 0.0
    settled, moved_mm = [], 0.0
    for contour, (where, off) in zip(contours, nearest, strict=True):
        if off > ON_SLICE_TOLERANCE:
            plane = grid.plane(where.axis, where.index)
            moved_mm = max(moved_mm, float(np.abs(plane.distance_mm(contour.points_lps_mm)).max()))
            contour = replace(contour, plane=plane, points_mm=plane.to_plane_mm(contour.points_lps_mm))
        settled.append(contour)
    return tuple(settled), moved_mm
