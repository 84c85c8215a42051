"""Where contours lie on a grid: on a slice, or on the sheet of voxels nearest to their plane."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from medseg.contour.contour import Contour
from medseg.contour.coplanar import SAME_PLANE_TOLERANCE_MM, are_coplanar
from medseg.contour.sheet import Placement, Sheet, lift
from medseg.contour.slices import ON_SLICE_TOLERANCE, Slice, nearest_slice, require_on_grid
from medseg.space import Grid, Plane

SAME_PLANE_TOLERANCE_VOXELS = 0.02
"""The same in voxels, for images whose voxels are hundredths of a millimetre."""

OFFSET_DECIMALS = 6
SLOPE_DECIMALS = 9
"""Sheets are rounded to a millionth of a voxel over a thousand columns.

Rounding errors of the affine would else decide on which side of a plane half-way between two voxels, or at
45°, the nearest one lies.
"""

TIE = 1e-6
"""An axis must be nearer to the normal by more than this to come before an earlier axis: the same reason."""


def place(contour: Contour, grid: Grid) -> Placement:
    """Where a contour lies on a grid.

    Args:
        contour: A contour in patient space, on any plane. It may leave the grid, or miss it altogether.
        grid: The grid to look in.

    Returns:
        The slice that it lies on, else the sheet of voxels nearest to its plane.

    Raises:
        ContourError: It lies on a slice beyond the first or the last one of the grid.
    """
    nearest, deviation = nearest_slice(contour, grid)
    if deviation > ON_SLICE_TOLERANCE:
        return sheet_of(contour.plane, grid)
    return require_on_grid(nearest, contour, grid)


def sheet_of(plane: Plane, grid: Grid) -> Sheet:
    """The sheet of voxels nearest to a plane.

    The columns run along the array axis along which the index changes fastest across the plane. So no
    column crosses it at a flat angle, neighbouring columns cross it at most one voxel further, and the
    sheet is as thin as it can be without holes.

    Source:
        The "naive" digital plane: Andres, Acharya & Sibata, Discrete analytical hyperplanes, Graphical
        Models and Image Processing 59 (1997).
    """
    # The plane is normal · index = level: the gradient of the distance, in mm per step of each index.
    normal = plane.normal @ grid.index_to_lps_mm[:3, :3]
    level = float(plane.normal @ (plane.origin_lps_mm - grid.origin_lps_mm))
    steepness = np.abs(normal)
    axis = int(np.argmax(steepness >= steepness.max() * (1 - TIE)))
    first, second = np.delete(-normal / normal[axis], axis).round(SLOPE_DECIMALS) + 0.0
    return Sheet(
        axis, round(level / float(normal[axis]), OFFSET_DECIMALS) + 0.0, (float(first), float(second))
    )


def plane_of(where: Placement, grid: Grid) -> Plane:
    """The plane of a slice or sheet, in patient space.

    Its origin is the point at which the column ``(0, 0)`` crosses it; its first direction runs along the
    last array axis that is not ``where.axis``.
    """
    if isinstance(where, Slice):
        return grid.plane(where.axis, where.index)
    start, down, across = grid.to_lps_mm(lift(where, [(0, 0), (1, 0), (0, 1)]))
    return Plane.spanned_by(start, across - start, down - start)


def by_placement(contours: Iterable[Contour], grid: Grid) -> dict[Placement, tuple[Contour, ...]]:
    """Sort contours by the plane that they lie on.

    Args:
        contours: Contours in the order in which they were drawn.
        grid: The grid to look in.

    Returns:
        For each plane its contours in the order given. The planes stand in the order in which they were
        last drawn on: one that was returned to comes after one that was drawn in between.

    Raises:
        ContourError: A contour lies on a slice beyond the first or the last one of the grid.
    """
    tolerance_mm = min(SAME_PLANE_TOLERANCE_MM, SAME_PLANE_TOLERANCE_VOXELS * min(grid.spacing_kji_mm))
    groups: dict[Placement, list[Contour]] = {}
    for contour in contours:
        where = _group_of(contour, place(contour, grid), groups, tolerance_mm)
        group = groups.pop(where, [])
        group.append(contour)
        groups[where] = group
    return {where: tuple(group) for where, group in groups.items()}


def _group_of(
    contour: Contour, where: Placement, groups: dict[Placement, list[Contour]], tolerance_mm: float
) -> Placement:
    """The group that a contour belongs to, which may have been named after another of its contours."""
    if where in groups:
        return where
    for other, group in groups.items():
        two_slices = isinstance(where, Slice) and isinstance(other, Slice)
        if not two_slices and are_coplanar(contour, group[0], tolerance_mm):
            return other
    return where
