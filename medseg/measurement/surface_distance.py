"""How far the surfaces of two structures lie apart, in mm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from medseg.measurement.boundary import boundary
from medseg.measurement.requirements import Mask, require_on_grid
from medseg.space import Box, Grid, box_around, box_of

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class SurfaceDistance:
    """The largest distance between two surfaces, and where it is.

    Attributes:
        mm: The distance.
        at_lps_mm: The point on one surface that lies farthest from the other one.
        nearest_lps_mm: The point of the other surface that is nearest to it.
        on_first: Whether the farthest point lies on the first surface.
    """

    mm: float
    at_lps_mm: tuple[float, float, float]
    nearest_lps_mm: tuple[float, float, float]
    on_first: bool

    def as_dict(self) -> dict[str, Any]:
        """The distance as a JSON object."""
        return {
            "mm": self.mm,
            "at_lps_mm": list(self.at_lps_mm),
            "nearest_lps_mm": list(self.nearest_lps_mm),
            "on": "first" if self.on_first else "second",
        }


def largest_surface_distance(a: Mask, b: Mask, grid: Grid) -> SurfaceDistance | None:
    """The largest distance between the surfaces of two masks: the symmetric Hausdorff distance.

    A surface is the centres of the boundary voxels (:func:`~medseg.measurement.boundary.boundary`), in
    patient mm; the distance is the largest that any of them has to the nearest one of the other surface. It
    is exact on oblique, anisotropic and sheared grids, since points in space are compared: a distance
    transform with a spacing for each axis would be wrong where the axes are not at right angles.

    Args:
        a: A mask ``[k, j, i]``.
        b: Another one.
        grid: The grid of both.

    Returns:
        The distance and its place; None where a mask is empty and so has no surface.

    Raises:
        GridMismatchError: A mask is not of the grid's shape.
    """
    found = _boundaries(a, b, grid)
    if found is None:
        return None
    on_a, on_b, box = found
    from_a = _farthest(on_a, on_b, box, grid)
    from_b = _farthest(on_b, on_a, box, grid)
    on_first = from_a[0] >= from_b[0]
    mm, at, nearest = from_a if on_first else from_b
    return SurfaceDistance(mm, _point(at), _point(nearest), on_first)


def boundary_hausdorff_mm(a: Mask, b: Mask, grid: Grid, percent: float = 95.0) -> float | None:
    """The percentile of distances between boundary voxels, as MONAI's and many papers' HD95 have it.

    Every boundary voxel counts the same, and its centre is where it is; the larger one of both directions is
    taken. So it depends on how a surface is stepped, and lies up to a voxel beside
    :meth:`medseg.measurement.agreement.SurfaceAgreement.hausdorff_mm`, which weights by area. It is here to
    compare with published numbers.

    Args:
        a: A mask ``[k, j, i]``.
        b: Another one.
        grid: The grid of both.
        percent: Which percentile, between two distances linearly.

    Returns:
        The distance; None where a mask is empty.

    Raises:
        GridMismatchError: A mask is not of the grid's shape.
    """
    found = _boundaries(a, b, grid)
    if found is None:
        return None
    from scipy.spatial import KDTree

    *boundaries, box = found
    on_a, on_b = (_points(each, box, grid) for each in boundaries)
    directed = (
        KDTree(goals, balanced_tree=False, compact_nodes=False).query(points)[0]
        for points, goals in ((on_a, on_b), (on_b, on_a))
    )
    return max(float(np.percentile(distances, percent)) for distances in directed)


def _boundaries(a: Mask, b: Mask, grid: Grid) -> tuple[Mask, Mask, Box] | None:
    """The boundaries of two masks within the box around both; None where one is empty."""
    for mask in (a, b):
        require_on_grid(mask, grid)
    boxes = box_of(a), box_of(b)
    if boxes[0] is None or boxes[1] is None:
        return None
    box = box_around([boxes[0], boxes[1]])
    return boundary(a[box]), boundary(b[box]), box


def _farthest(start: Mask, goal: Mask, box: Box, grid: Grid) -> tuple[float, FloatArray, FloatArray]:
    """The point of one boundary that lies farthest from another one: distance, point, nearest point."""
    # Revisions share most of their surface: points on both are at no distance.
    apart = start & ~goal
    if not apart.any():
        anywhere = _points(start, box, grid)[0]
        return 0.0, anywhere, anywhere
    from scipy.spatial import KDTree

    points, goals = _points(apart, box, grid), _points(goal, box, grid)
    # On a lattice many coordinates are equal: medians would cost a lot and gain nothing.
    distances, nearest = KDTree(goals, balanced_tree=False, compact_nodes=False).query(points)
    worst = int(np.argmax(distances))
    return float(distances[worst]), points[worst], goals[int(nearest[worst])]


def _points(mask: Mask, box: Box, grid: Grid) -> FloatArray:
    return grid.to_lps_mm(np.argwhere(mask) + [side.start for side in box])


def _point(values: FloatArray) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in values)
    return x, y, z
