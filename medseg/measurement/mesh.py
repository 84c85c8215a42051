"""The surface of triangles that marching cubes lay around a mask, as numbers rather than as triangles.

Marching cubes (Lorensen and Cline 1987) look at eight neighbouring voxels at a time, and a mask has only 256
configurations of them. So the triangles of each configuration are worked out once, and a structure is the
list of its cubes: areas and volumes are sums over it, and no vertex has to be found twice or joined.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from medseg.measurement.requirements import Mask, require_on_grid
from medseg.space import Grid

FloatArray = npt.NDArray[np.float64]

CONFIGURATIONS = 256
"""Of eight voxels that are in or out."""

MOST_SET = 4
"""Half of eight voxels."""


@dataclass(frozen=True, eq=False)
class CubeSurface:
    """The surface of a mask, cube by cube.

    Attributes:
        grid: Where the mask lies.
        corner_kji: Index of the first voxel of each cube that the surface runs through, ``(n, 3)``.
        configuration: Which of its eight voxels are in, ``(n,)``; see
            :func:`medseg.measurement.mesh_loops.boundary_cubes`.
    """

    grid: Grid
    corner_kji: npt.NDArray[np.int32]
    configuration: npt.NDArray[np.uint8]

    @cached_property
    def count(self) -> npt.NDArray[np.int64]:
        """How many cubes there are of each configuration, ``(256,)``."""
        return np.bincount(self.configuration, minlength=CONFIGURATIONS)

    @cached_property
    def area_mm2(self) -> float:
        """The area of all triangles."""
        return float(self.count @ self._of_configuration.area_mm2)

    @cached_property
    def volume_mm3(self) -> float:
        """The volume that they enclose: Gauss's theorem, the flux of a field whose divergence is 1.

        Worked out in voxels, along i, and taken to mm³ by the volume of one voxel.
        """
        table = _triangles()
        along_i = np.bincount(self.configuration, weights=self.corner_kji[:, 2], minlength=CONFIGURATIONS)
        voxels = self.count @ table.flux_i + along_i @ table.area_vector_i
        return abs(float(voxels)) * self.grid.voxel_volume_mm3

    @cached_property
    def cube_area_mm2(self) -> FloatArray:
        """The area of the surface within each cube, ``(n,)``."""
        return self._of_configuration.area_mm2[self.configuration]

    @cached_property
    def element_area_mm2(self) -> FloatArray:
        """The same, laid around the voxels that are fewer: so a mask and the rest have one surface, ``(n,)``.

        It matters where voxels touch by an edge or a corner alone.
        """
        codes = np.arange(CONFIGURATIONS)
        fewer = np.where(np.bitwise_count(codes) <= MOST_SET, codes, CONFIGURATIONS - 1 - codes)
        return self._of_configuration.area_mm2[fewer][self.configuration]

    @cached_property
    def cube_centre_lps_mm(self) -> FloatArray:
        """The centre of the surface within each cube, ``(n, 3)``."""
        centre = (self._of_configuration.centre_mm + self.grid.origin_lps_mm)[self.configuration]
        # Axis by axis: a product of matrices as tall as this one waits for threads longer than it calculates.
        for axis in range(3):
            centre += self.corner_kji[:, axis, None] * self.grid.index_to_lps_mm[:3, axis]
        return centre

    @cached_property
    def _of_configuration(self) -> _Pieces:
        return _pieces(_triangles(), self.grid)


def cube_surface(mask: Mask, grid: Grid) -> CubeSurface:
    """Find the surface of a mask; closed also where the mask meets the border of the array.

    Args:
        mask: ``[k, j, i]``; a box of it will do, if no voxel lies outside.
        grid: Where it lies: oblique, anisotropic, flipped or sheared.

    Raises:
        GridMismatchError: The mask is not of the grid's shape.
    """
    # Imported here: compiled loops.
    from medseg.measurement.mesh_loops import boundary_cubes

    require_on_grid(mask, grid)
    return CubeSurface(grid, *boundary_cubes(np.ascontiguousarray(mask).view(np.uint8)))


@dataclass(frozen=True, eq=False)
class _Triangles:
    """The triangles of all configurations, in voxels from the first one.

    Attributes:
        vertices: ``(m, 3, 3)``: triangle, vertex, (k, j, i).
        configuration: Of which each triangle is one, ``(m,)``.
        area_vector_i: The i component of the sum of area vectors, of each configuration, ``(256,)``.
        flux_i: The flux of the field (0, 0, i) through the triangles of each configuration, ``(256,)``.
    """

    vertices: FloatArray
    configuration: npt.NDArray[np.intp]
    area_vector_i: FloatArray
    flux_i: FloatArray


@dataclass(frozen=True, eq=False)
class _Pieces:
    """The surface within a cube, for each configuration on one grid.

    Attributes:
        area_mm2: ``(256,)``.
        centre_mm: Its centre of area, from the cube's first voxel, ``(256, 3)``.
    """

    area_mm2: FloatArray
    centre_mm: FloatArray


@lru_cache(maxsize=1)
def _triangles() -> _Triangles:
    from skimage.measure import marching_cubes

    vertices, configuration = [], []
    for code in range(1, CONFIGURATIONS - 1):
        bits = np.array([code >> bit & 1 for bit in range(8)], np.float32)
        # Bits run over di, dk, dj.
        cube = bits.reshape(2, 2, 2).transpose(1, 2, 0)
        # Lewiner's variant, the default, leaves holes in masks with voxels that touch at an edge.
        points, triangles, _, _ = marching_cubes(cube, 0.5, method="lorensen")
        vertices.append(points[triangles].astype(np.float64))
        configuration += [code] * len(triangles)
    stacked, codes = np.concatenate(vertices), np.array(configuration)
    area_i = _area_vectors(stacked)[:, 2]
    flux_i = area_i * stacked[:, :, 2].mean(axis=1)
    return _Triangles(stacked, codes, _per_configuration(codes, area_i), _per_configuration(codes, flux_i))


def _pieces(table: _Triangles, grid: Grid) -> _Pieces:
    vertices_mm = table.vertices @ grid.index_to_lps_mm[:3, :3].T
    area = np.linalg.norm(_area_vectors(vertices_mm), axis=1)
    centre = vertices_mm.mean(axis=1)
    total = _per_configuration(table.configuration, area)
    moment = np.stack([_per_configuration(table.configuration, area * centre[:, axis]) for axis in range(3)])
    return _Pieces(total, np.divide(moment, total, out=np.zeros_like(moment), where=total > 0).T)


def _area_vectors(vertices: FloatArray) -> FloatArray:
    """Normals of triangles, as long as their areas are large."""
    first, second, third = vertices[:, 0], vertices[:, 1], vertices[:, 2]
    return np.cross(second - first, third - first) / 2


def _per_configuration(configuration: npt.NDArray[np.intp], values: FloatArray) -> FloatArray:
    return np.bincount(configuration, weights=values, minlength=CONFIGURATIONS).astype(np.float64)
