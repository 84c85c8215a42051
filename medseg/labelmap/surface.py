"""LabelMap → the closed surface of a structure, in patient mm.

Marching cubes (Lorensen and Cline 1987) on the mask. Then, unless nothing is to be smoothed, the smoothing of
Taubin (1995) with λ and μ, which takes the steps of voxels away and hardly shrinks; and last a move along the
normals, the same everywhere, by which the surface encloses the volume of its voxels.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from medseg.errors import LabelMapError
from medseg.labelmap.label_map import LabelMap
from medseg.labelmap.structure import Structure
from medseg.space import Grid, box_of

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int32]

ITERATIONS = 20
"""On balls of 4 to 30 mm in voxels of 1 mm this halves the steps, to 0.1 mm; more bring little."""

LAMBDA, MU = 0.5, -0.53
"""Taubin's own choice; waves longer than a pass band of 1/λ + 1/μ = 0.113 stay."""

MAX_MOVE = 0.5
"""In voxels of the smallest spacing: a structure of a few voxels must not be blown up to its volume."""

MIN_TOLD_CHANGE = 0.01
"""A surface whose volume differs by less than one per cent from its voxels' is not worth a sentence."""

MIN_TOLD_SMOOTHING = 0.05
"""Below five per cent the move that gives the volume back is a few hundredths of a voxel."""

_MOVES = 3
"""The volume is cubic in the move: three steps of Newton's method bring it within a millionth."""


@dataclass(frozen=True, eq=False)
class Surface:
    """A closed surface of triangles.

    Attributes:
        structure: What it is the surface of.
        vertices_lps_mm: Shape ``(n, 3)``, in patient mm.
        triangles: Shape ``(m, 3)``: indices of vertices, counter-clockwise as seen from outside.
        smoothing: What was done to it after marching cubes, in words for files; ASCII.
        voxels_mm3: Volume of the voxels that it stands for.
        smoothed_mm3: Volume that it enclosed before the move by which it got that of its voxels.
    """

    structure: Structure
    vertices_lps_mm: FloatArray
    triangles: IntArray
    smoothing: str
    voxels_mm3: float
    smoothed_mm3: float

    @cached_property
    def volume_mm3(self) -> float:
        """The volume that it encloses."""
        return _volume(self.vertices_lps_mm, self.triangles)

    @cached_property
    def normals_lps(self) -> FloatArray:
        """Unit normals of the vertices, outwards, shape ``(n, 3)``: of the triangles around each."""
        return _normals(self.vertices_lps_mm, self.triangles)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know, one sentence each."""
        name, voxels = self.structure.name, f"its voxels' {self.voxels_mm3 / 1000:.3g} ml"
        change, smoothed = (v / self.voxels_mm3 - 1 for v in (self.volume_mm3, self.smoothed_mm3))
        if abs(change) >= MIN_TOLD_CHANGE:
            return (
                f"{name}: the surface's volume is {change:+.1%} off {voxels}: it is small or thin for them",
            )
        if abs(smoothed) >= MIN_TOLD_SMOOTHING:
            return (
                f"{name}: smoothing brought the surface {smoothed:+.1%} off {voxels}, and it was moved along "
                "its normals to have that volume again: it is small or thin for them",
            )
        return ()


def surface_of(
    label_map: LabelMap,
    structure_id: str,
    *,
    with_parts: bool = True,
    smoothing_iterations: int = ITERATIONS,
) -> Surface:
    """The closed surface of a structure.

    Args:
        label_map: On any grid, flipped and sheared ones too.
        structure_id: Which structure.
        with_parts: Whether what is part of it belongs to it: the liver with its tumour, or the liver with a
            hole there.
        smoothing_iterations: Of Taubin's smoothing; 0 for the bare surface of the voxels.

    Raises:
        LabelMapError: There is no such structure (or it has no voxels: ``reason`` is ``no-voxels``).
        ValueError: Negative iterations.
    """
    if smoothing_iterations < 0:
        raise ValueError(f"expected 0 or more iterations of smoothing, got {smoothing_iterations}")
    structure = label_map.structure(structure_id)
    mask = label_map.mask_with_parts(structure_id) if with_parts else label_map.mask(structure_id)
    count = int(np.count_nonzero(mask))
    if not count:
        raise LabelMapError(f"{structure.name} has no voxels, and so no surface", reason="no-voxels")
    voxels_mm3 = count * label_map.grid.voxel_volume_mm3
    vertices, triangles = _marching_cubes(mask, label_map.grid)
    smoothing, smoothed_mm3 = "none", _volume(vertices, triangles)
    if smoothing_iterations:
        vertices = _taubin(vertices, triangles, smoothing_iterations)
        smoothed_mm3 = _volume(vertices, triangles)
        vertices, moved_mm = _with_volume(vertices, triangles, voxels_mm3, label_map.grid)
        smoothing = f"Taubin {smoothing_iterations} x ({LAMBDA:g}, {MU:g}), moved {moved_mm:+.4f} mm"
    return Surface(structure, _locked(vertices), _locked(triangles), smoothing, voxels_mm3, smoothed_mm3)


def _marching_cubes(mask: npt.NDArray[np.bool_], grid: Grid) -> tuple[FloatArray, IntArray]:
    from skimage.measure import marching_cubes

    box = box_of(mask)
    assert box is not None  # noqa: S101 - looked at by the caller
    # A voxel around it: the surface is closed where the structure meets the border of the image.
    field = np.pad(mask[box], 1).astype(np.float32)
    # Lewiner's variant, the default, leaves holes in masks with voxels that touch at an edge.
    index, triangles, _, _ = marching_cubes(field, 0.5, method="lorensen")
    corner = np.array([side.start for side in box]) - 1
    vertices = grid.to_lps_mm(index.astype(np.float64) + corner)
    if _volume(vertices, triangles) < 0:
        triangles = triangles[:, ::-1]
    return vertices, np.ascontiguousarray(triangles, np.int32)


def _taubin(vertices: FloatArray, triangles: IntArray, iterations: int) -> FloatArray:
    """Move each vertex towards the mean of its neighbours, then a little further back, and again.

    trimesh does the same, but libraries of file formats stay in ``medseg.io``.
    """
    mean = _mean_of_neighbours(len(vertices), triangles)
    # About their middle: a table far from the origin must not cost digits.
    middle = vertices.mean(axis=0)
    smooth = vertices - middle
    for _ in range(iterations):
        for factor in (LAMBDA, MU):
            smooth = smooth + factor * (mean @ smooth - smooth)
    return np.asarray(smooth + middle)


def _mean_of_neighbours(count: int, triangles: IntArray) -> csr_matrix:
    from scipy.sparse import csr_matrix, diags

    # In a closed surface each edge is in two triangles, once in each direction.
    start, stop = triangles.ravel(), np.roll(triangles, -1, axis=1).ravel()
    neighbours = csr_matrix((np.ones(len(start)), (start, stop)), shape=(count, count))
    return diags(1 / np.asarray(neighbours.sum(axis=1)).ravel()) @ neighbours


def _with_volume(
    vertices: FloatArray, triangles: IntArray, volume_mm3: float, grid: Grid
) -> tuple[FloatArray, float]:
    """Move a surface along its normals until it encloses a volume, and say how far."""
    normals = _normals(vertices, triangles)
    most_mm = MAX_MOVE * min(grid.spacing_kji_mm)
    moved_mm = 0.0
    for _ in range(_MOVES):
        now = vertices + moved_mm * normals
        # How the volume grows with the move: the normals' part across each triangle.
        growth = float((_summed_normals(now, triangles) * normals).sum() / 6)
        if growth <= 0:
            break
        step = (volume_mm3 - _volume(now, triangles)) / growth
        moved_mm = float(np.clip(moved_mm + step, -most_mm, most_mm))
    return vertices + moved_mm * normals, moved_mm


def _normals(vertices: FloatArray, triangles: IntArray) -> FloatArray:
    """For each vertex the unit normal of its triangles, the larger ones more."""
    summed = _summed_normals(vertices, triangles)
    length = np.linalg.norm(summed, axis=1, keepdims=True)
    return np.asarray(summed / np.where(length > 0, length, 1))


def _summed_normals(vertices: FloatArray, triangles: IntArray) -> FloatArray:
    """For each vertex the sum of its triangles' normals, each twice as long as the triangle is large."""
    a, b, c = (vertices[triangles[:, n]] for n in range(3))
    normals = np.cross(b - a, c - a)
    columns = [
        np.bincount(triangles.ravel(), np.repeat(normals[:, axis], 3), len(vertices)) for axis in range(3)
    ]
    return np.column_stack(columns)


def _volume(vertices: FloatArray, triangles: IntArray) -> float:
    """The volume inside, negative where the triangles face inwards (divergence theorem)."""
    about = vertices - vertices.mean(axis=0)
    a, b, c = (about[triangles[:, n]] for n in range(3))
    return float((a * np.cross(b, c)).sum() / 6)


def _locked(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    array.setflags(write=False)
    return array
