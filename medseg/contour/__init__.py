"""Contours: planar polygons in mm, where they lie on a grid, and tracing them from voxels."""

from medseg.contour.contour import Contour, Origin
from medseg.contour.contour_set import ContourSet
from medseg.contour.slices import Slice, by_slice, in_slice_index, slice_of
from medseg.contour.trace import trace_slice

__all__ = [
    "Contour",
    "ContourSet",
    "Origin",
    "Slice",
    "by_slice",
    "in_slice_index",
    "slice_of",
    "trace_slice",
]
