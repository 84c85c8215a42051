"""The outline of a slice from those before and behind it alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from medseg.contour import Contour, Origin, Placement, Slice, slice_of, trace_field
from medseg.interpolation.drawn import DrawnStructure
from medseg.interpolation.engine import Settings, complete_structure
from medseg.labelmap import MIN_DEPTH_MM, fill
from medseg.space import Grid


def between_slices(
    before: Sequence[Contour], behind: Sequence[Contour], where: Slice, grid: Grid
) -> tuple[Contour, ...]:
    """Interpolate a structure on a slice between two others.

    Args:
        before: What it has on a slice before, at least one contour.
        behind: What it has on a slice behind, along the same axis.
        where: The slice between them.
        grid: The grid of the image.

    Returns:
        Contours of origin ``assisted``: for a reader to correct. None where the two share nothing.

    Raises:
        ContourError: A contour lies on no slice of the grid.
    """
    structure_id = before[0].structure_id
    masks: dict[Placement, npt.NDArray[np.bool_]] = {}
    for group in (before, behind):
        mask = fill(group, grid, slice_of(group[0], grid))
        # One smaller than a voxel tells nothing.
        if mask.any():
            masks[slice_of(group[0], grid)] = mask
    if len(masks) < 2:
        return ()
    field = complete_structure(DrawnStructure(structure_id, grid, masks), Settings()).field
    index = where.index - field.corner_kji[where.axis]
    if not 0 <= index < field.depth_mm.shape[where.axis]:
        return ()
    # The least depth counts as outside, as it does for the voxels.
    depth_mm = np.asarray(field.depth_mm.take(index, axis=where.axis) - np.float32(MIN_DEPTH_MM))
    row, column = (corner for axis, corner in enumerate(field.corner_kji) if axis != where.axis)
    return trace_field(depth_mm, grid, where, structure_id, corner=(row, column), origin=Origin.ASSISTED)
