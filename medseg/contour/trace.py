"""Voxels → contours: the outline of a mask on one slice."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt
from contourpy import FillType, contour_generator

from medseg.contour.contour import Contour, Origin
from medseg.contour.slices import Slice
from medseg.space import Grid

if TYPE_CHECKING:
    from contourpy._contourpy import FillReturn_OuterOffset


def trace_slice(
    mask: npt.NDArray[np.bool_],
    grid: Grid,
    where: Slice,
    structure_id: str,
    origin: Origin = Origin.INTERPOLATED,
) -> tuple[Contour, ...]:
    """Outline a mask half-way between the centres of its voxels and their neighbours.

    Voxels at the border of the image are outlined too, half a voxel outside. Diagonal neighbours are
    separate pieces. Rasterising the result gives back exactly the mask.

    Args:
        mask: The slice's voxels, with the two array axes that the slice keeps.
        grid: The grid that the slice belongs to.
        where: Which slice it is.
        structure_id: The structure to name in the contours.
        origin: How the voxels came to be.

    Returns:
        Outer contours and holes, as :class:`~medseg.contour.Contour` on the slice's plane.

    Source:
        Marching squares (Lorensen & Cline 1987 in two dimensions), by contourpy.
    """
    rows, columns = np.nonzero(mask)
    if rows.size == 0:
        return ()
    top, left = rows.min(), columns.min()
    window = mask[top : rows.max() + 1, left : columns.max() + 1]
    # A frame of zeros closes the outlines of voxels at the border.
    framed = np.pad(window.astype(np.float64), 1)
    generator = contour_generator(z=framed, name="serial", fill_type=FillType.OuterOffset)
    polygons, offsets = cast("FillReturn_OuterOffset", generator.filled(0.5, np.inf))
    plane = grid.plane(where.axis, where.index)
    contours = []
    for points_xy, starts in zip(polygons, offsets, strict=True):
        rings = [points_xy[a:b] for a, b in pairwise(starts)]
        for number, ring_xy in enumerate(rings):
            down_across = ring_xy[:-1, ::-1] - 1 + (top, left)
            index_kji = np.insert(down_across, where.axis, where.index, axis=1)
            contours.append(
                Contour(
                    plane,
                    plane.to_plane_mm(grid.to_lps_mm(index_kji)),
                    structure_id,
                    hole=number > 0,
                    origin=origin,
                )
            )
    return tuple(contours)
