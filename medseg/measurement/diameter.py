"""How long a structure is: RECIST's two diameters in a slice, and the longest one in 3-D.

A voxel belongs to a structure where its centre does, so the outline passes somewhere between the centre of an
outer voxel and its far corner. It is taken to be half-way: each voxel reaches from its centre a quarter of a
step along each axis, to the corners of a body of half its size, and neighbours are joined. Diameters are
lengths between such corners. From centre to centre they would be up to a voxel's diagonal too short, from
corner to corner as much too long; this way they are within half a diagonal, unless ends are so sharp that no
voxel's centre lies in them. All is measured in mm in the patient, so that slices may be oblique or sheared.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from medseg.measurement.measured import Line, Measured, Point
from medseg.measurement.requirements import Mask, require_on_grid
from medseg.measurement.rows import rows_of
from medseg.space import Grid

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

REACH = 0.25
"""Steps from a voxel's centre to the outline, along each axis."""

JOINED = 3
"""Of four neighbouring voxels in a slice so many must be in for what is between them to be in."""

TOLERANCE_MM = 1e-9
"""Points of an outline that lie this close are one."""


@dataclass(frozen=True)
class LongestInPlane:
    """The diameters of a structure in the slice where it is longest.

    Attributes:
        longest: The longest line between two points of its outline in any one slice.
        perpendicular: The longest line in the same slice that is perpendicular to it.
    """

    longest: Measured
    perpendicular: Measured


def longest_in_plane(mask: Mask, grid: Grid, slice_axis: int = 0) -> LongestInPlane:
    """The longest diameter in a slice and its perpendicular: RECIST 1.1 (Eisenhauer et al. 2009).

    The ends of both lines lie on the outline; what is between them may be outside, in a structure that is
    bent or in pieces.

    Args:
        mask: ``[k, j, i]``; a box of it will do.
        grid: Where it lies: oblique, anisotropic, flipped or sheared.
        slice_axis: Axis of the array that slices are normal to.

    Returns:
        Both, with their lines; of slices of equal length the first. The values are None where there is no
        voxel.

    Raises:
        GridMismatchError: The mask is not of the grid's shape.
    """
    require_on_grid(mask, grid)
    corners = rows_of(np.moveaxis(mask, slice_axis, 0)).corners_of_slices()
    in_plane = tuple(axis for axis in range(3) if axis != slice_axis)
    index = corners[:, np.argsort((slice_axis, *in_plane))]
    gaps = _corners(grid, in_plane)
    longest: _Pair | None = None
    for points in np.split(index, np.flatnonzero(np.diff(corners[:, 0])) + 1):
        longest = _longer(points, grid, gaps, longest)
    if longest is None:
        return LongestInPlane(Measured("longest-in-plane", None), Measured("perpendicular-in-plane", None))
    number = int(longest.first_kji[slice_axis])
    across = _perpendicular(np.take(mask, number, axis=slice_axis), grid, (slice_axis, number), longest)
    return LongestInPlane(
        _measured("longest-in-plane", longest.ends_lps_mm, (slice_axis, number)),
        _measured("perpendicular-in-plane", across, (slice_axis, number)),
    )


def longest(mask: Mask, grid: Grid) -> Measured:
    """The longest diameter in any direction, with its line.

    Args:
        mask: ``[k, j, i]``; a box of it will do.
        grid: Where it lies.

    Raises:
        GridMismatchError: The mask is not of the grid's shape.
    """
    require_on_grid(mask, grid)
    pair = _longer(rows_of(mask).corners(), grid, _corners(grid, (0, 1, 2)), None)
    return Measured("longest-3d", None) if pair is None else _measured("longest-3d", pair.ends_lps_mm, None)


def largest_distance_mm(points_lps_mm: FloatArray) -> float:
    """The largest distance between two of some points, ``(n, 3)``."""
    return _farthest(points_lps_mm, np.zeros((1, 3)), 0.0)[0]


@dataclass(frozen=True, eq=False)
class _Pair:
    """Two voxels that reach farthest from each other."""

    mm: float
    first_kji: IntArray
    ends_lps_mm: tuple[FloatArray, FloatArray]


def _corners(grid: Grid, axes: tuple[int, ...]) -> FloatArray:
    """The corners of a voxel's body, in mm from its centre, ``(n, 3)``."""
    signs = np.zeros((2 ** len(axes), 3))
    signs[:, axes] = list(product((-REACH, REACH), repeat=len(axes)))
    return np.asarray(signs @ grid.index_to_lps_mm[:3, :3].T)


def _longer(index: IntArray, grid: Grid, corners_mm: FloatArray, than: _Pair | None) -> _Pair | None:
    """The farthest pair of some voxels, if it is longer than another one."""
    if not len(index):
        return than
    points = grid.to_lps_mm(index)
    mm, first, second, corner = _farthest(points, 2 * corners_mm, 0.0 if than is None else than.mm)
    if first < 0:
        return than
    ends = points[first] - corners_mm[corner], points[second] + corners_mm[corner]
    return _Pair(mm, index[first], ends)


def _farthest(points: FloatArray, gaps: FloatArray, at_least: float) -> tuple[float, int, int, int]:
    # Imported here: compiled loops.
    from medseg.measurement.diameter_loops import farthest_pair

    radius = np.linalg.norm(points - (points.min(axis=0) + points.max(axis=0)) / 2, axis=1)
    order = np.argsort(-radius, kind="stable")
    mm, first, second, gap = farthest_pair(points[order], radius[order], gaps, at_least)
    return mm, *((int(order[first]), int(order[second])) if first >= 0 else (-1, -1)), gap


def _perpendicular(
    inside: npt.NDArray[np.bool_], grid: Grid, where: tuple[int, int], longest: _Pair
) -> tuple[FloatArray, FloatArray]:
    """The ends of the longest line of a slice that is perpendicular to its longest diameter."""
    from medseg.measurement.diameter_loops import widest_chord

    axis, number = where
    a, b = longest.ends_lps_mm
    along = (b - a) / np.linalg.norm(b - a)
    down, over = (grid.index_to_lps_mm[:3, each] for each in range(3) if each != axis)
    normal = np.cross(down, over)
    across = np.cross(normal / np.linalg.norm(normal), along)
    slice_index = np.insert(_outline(inside), axis, number, axis=2)
    edges = (grid.to_lps_mm(slice_index) - a) @ np.column_stack([along, across])
    forward = np.where(edges[:, :1, :1] <= edges[:, 1:, :1], edges, edges[:, ::-1]).reshape(-1, 4)
    places = np.unique(edges[:, :, 0])
    at, low, high = widest_chord(forward[np.argsort(forward[:, 0])], places, TOLERANCE_MM)
    return a + at * along + low * across, a + at * along + high * across


def _outline(inside: npt.NDArray[np.bool_]) -> FloatArray:
    """The edges of the outline of a slice, ``(n, 2, 2)``: edge, end, index within the slice.

    The slice is put on a grid twice as fine, where each voxel is one square. Squares between two voxels are
    in where both are; those between four where three are: a slanting outline is not cut at its steps.
    """
    rows, columns = inside.shape
    fine = np.zeros((2 * rows + 1, 2 * columns + 1), bool)
    fine[1::2, 1::2] = inside
    fine[2:-1:2, 1::2] = inside[:-1] & inside[1:]
    fine[1::2, 2:-1:2] = inside[:, :-1] & inside[:, 1:]
    pairs = inside[:-1].astype(np.uint8) + inside[1:]
    fine[2:-1:2, 2:-1:2] = pairs[:, :-1] + pairs[:, 1:] >= JOINED
    edges = []
    for axis in range(2):
        # The edge after square n along an axis begins at index n / 2 - 1/4 and runs along the other one.
        before = np.argwhere(np.diff(fine, axis=axis)).astype(float)
        start = before / 2 - 0.75 + 0.5 * np.eye(2)[axis]
        edges.append(np.stack([start, start + 0.5 * np.eye(2)[1 - axis]], axis=1))
    return np.concatenate(edges)


def _measured(concept: str, ends: tuple[FloatArray, FloatArray], where: tuple[int, int] | None) -> Measured:
    start, end = (_point(each) for each in ends)
    axis, number = (None, None) if where is None else where
    return Measured(concept, float(np.linalg.norm(ends[1] - ends[0])), Line(start, end, axis, number))


def _point(values: FloatArray) -> Point:
    x, y, z = (float(value) for value in values)
    return x, y, z
