"""Voxels → contours: the outline of a mask, or of a continuous depth, on one plane."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt
from contourpy import FillType, contour_generator

from medseg.contour.contour import Contour, Origin
from medseg.contour.placement import plane_of
from medseg.contour.sheet import Placement, lift
from medseg.errors import ContourError
from medseg.space import Grid

if TYPE_CHECKING:
    from contourpy._contourpy import FillReturn_OuterOffset

MIN_RING_AREA = 1e-9
"""Area in voxel faces below which a ring bounds nothing: where a depth of exactly 0 meets a centre."""


def trace_slice(
    mask: npt.NDArray[np.bool_],
    grid: Grid,
    where: Placement,
    structure_id: str,
    origin: Origin = Origin.INTERPOLATED,
) -> tuple[Contour, ...]:
    """Outline a mask half-way between the centres of its voxels and their neighbours.

    Voxels at the border of the image are outlined too, half a voxel outside. Diagonal neighbours are
    separate pieces. Filling the result gives back exactly the mask.

    Args:
        mask: The plane's columns, with the two array axes other than the plane's.
        grid: The grid of the image.
        where: Which plane it is.
        structure_id: The structure to name in the contours.
        origin: How the voxels came to be.

    Returns:
        Outer contours and holes, as :class:`~medseg.contour.Contour` on the plane.

    Source:
        Marching squares (Lorensen & Cline 1987 in two dimensions), by contourpy.
    """
    rows, columns = np.nonzero(mask)
    if rows.size == 0:
        return ()
    top, left = int(rows.min()), int(columns.min())
    window = mask[top : rows.max() + 1, left : columns.max() + 1]
    level = np.where(window, np.float32(1), np.float32(-1))
    return _outline(level, grid, where, structure_id, (top, left), origin)


def trace_field(
    depth_mm: npt.NDArray[np.floating[Any]],
    grid: Grid,
    where: Placement,
    structure_id: str,
    *,
    corner: tuple[int, int] = (0, 0),
    origin: Origin = Origin.INTERPOLATED,
) -> tuple[Contour, ...]:
    """Outline where a continuous depth is 0, at sub-voxel precision.

    Args:
        depth_mm: How deep inside the structure each column crosses the plane; negative is outside, and
            so is everything beyond the array. Infinite where it is only known on which side.
        grid: The grid of the image.
        where: Which plane it is.
        structure_id: The structure to name in the contours.
        corner: The column that ``depth_mm[0, 0]`` belongs to.
        origin: How the depth came to be.

    Returns:
        Outer contours and holes. Between two columns of which one is inside, the outline runs where a
        linear course of the depth is 0; between two that are infinite, or at the edge of the array,
        half-way.

    Raises:
        ContourError: A depth is NaN.

    Source:
        Marching squares (Lorensen & Cline 1987 in two dimensions), by contourpy.
    """
    if np.isnan(depth_mm).any():
        raise ContourError(f"a depth must be a number, but {int(np.isnan(depth_mm).sum())} are NaN")
    if not (depth_mm > 0).any():
        return ()
    # As deep as a column can be beside one on the other side, where depth is a distance.
    far_mm = max(mm for axis, mm in enumerate(grid.spacing_kji_mm) if axis != where.axis)
    finite = np.where(np.isinf(depth_mm), np.copysign(far_mm, depth_mm), depth_mm)
    return _outline(finite, grid, where, structure_id, corner, origin)


def _outline(
    level: npt.NDArray[np.floating[Any]],
    grid: Grid,
    where: Placement,
    structure_id: str,
    corner: tuple[int, int],
    origin: Origin,
) -> tuple[Contour, ...]:
    """Contours around what is above 0."""
    plane = plane_of(where, grid)
    return tuple(
        Contour(
            plane,
            plane.to_plane_mm(grid.to_lps_mm(lift(where, ring + corner))),
            structure_id,
            hole=is_hole,
            origin=origin,
        )
        for ring, is_hole in _rings(level)
    )


def _rings(level: npt.NDArray[np.floating[Any]]) -> Iterator[tuple[npt.NDArray[np.float64], bool]]:
    """Rings ``(row, column)`` around what is above 0, and whether each is a hole."""
    # A frame of the opposite value closes the outlines half-way outside.
    framed = np.pad(level.astype(np.float64), 1, mode="edge")
    for edge in (framed[0], framed[-1], framed[:, 0], framed[:, -1]):
        edge[...] = -np.abs(edge)
    generator = contour_generator(z=framed, name="serial", fill_type=FillType.OuterOffset)
    polygons, offsets = cast("FillReturn_OuterOffset", generator.filled(0.0, np.inf))
    for points_xy, starts in zip(polygons, offsets, strict=True):
        for number, (first, last) in enumerate(pairwise(starts)):
            # The last point of a ring repeats its first.
            ring = points_xy[first : last - 1, ::-1] - 1
            if _area(ring) > MIN_RING_AREA:
                yield ring, number > 0


def _area(ring: npt.NDArray[np.float64]) -> float:
    x, y = (ring - ring[0]).T
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2
