"""Morphology: the size and form of a structure, as the IBSI defines them.

The IBSI reference manual (Zwanenburg et al. 2016, arXiv:1612.07003), section "Morphological features". Its
mesh is that of marching cubes; axes are those of voxel centres, with the sample covariance (over N - 1, where
PyRadiomics divides by N).
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from medseg.measurement.diameter import largest_distance_mm
from medseg.measurement.measured import Measured
from medseg.measurement.mesh import cube_surface
from medseg.measurement.requirements import Mask, require_on_grid
from medseg.measurement.rows import Rows, rows_of
from medseg.measurement.surface_area import crofton_mm2
from medseg.space import Grid

FloatArray = npt.NDArray[np.float64]

Values = Mapping[str, float | None]
"""Numbers by the key of their concept."""

FLAT = 1e-12
"""An axis whose variance is this share of the longest one's has none but for rounding."""

LEGENDRE_TERMS = 20
"""Degree at which the IBSI cuts the series of an ellipsoid's surface off."""

_OF_SIZE = ("volume-voxel", "volume-mesh", "surface-mesh", "surface-crofton")
_OF_EXTENT = ("largest-diameter-ibsi", "major-axis", "minor-axis", "least-axis")
_OF_SURFACE = (
    "surface-to-volume",
    "compactness-1",
    "compactness-2",
    "spherical-disproportion",
    "sphericity",
    "asphericity",
)
_OF_AXES = ("elongation", "flatness")
_OF_HULLS = (
    "volume-density-aabb",
    "area-density-aabb",
    "volume-density-aee",
    "area-density-aee",
    "volume-density-hull",
    "area-density-hull",
)
_ALL = (*_OF_SIZE, *_OF_EXTENT, *_OF_SURFACE, *_OF_AXES, *_OF_HULLS)


def morphology(mask: Mask, grid: Grid) -> tuple[Measured, ...]:
    """Measure the size and form of a structure.

    Args:
        mask: ``[k, j, i]``; a box of it will do, if no voxel lies outside.
        grid: Where it lies: oblique, anisotropic, flipped or sheared. The bounding box has its axes.

    Returns:
        The numbers of :data:`medseg.measurement.concepts.sizes.SIZES` and
        :data:`~medseg.measurement.concepts.shapes.SHAPES`, IBSI's diameter and axes. Of a mask without voxels
        volumes and surfaces are 0; what is not defined is None, such as the axes of a single voxel.

    Raises:
        GridMismatchError: The mask is not of the grid's shape.
    """
    require_on_grid(mask, grid)
    rows = rows_of(mask)
    values: dict[str, float | None] = dict.fromkeys(_ALL)
    values.update(dict.fromkeys(_OF_SIZE, 0.0))
    if rows.voxels:
        surface = cube_surface(mask, grid)
        volume_mm3, area_mm2 = surface.volume_mm3, surface.area_mm2
        values["volume-voxel"] = rows.voxels * grid.voxel_volume_mm3
        values |= {
            "volume-mesh": volume_mm3,
            "surface-mesh": area_mm2,
            "surface-crofton": crofton_mm2(mask, grid),
        }
        values |= _of_surface(volume_mm3, area_mm2)
        values |= _of_box(volume_mm3, area_mm2, rows, grid)
        values |= _of_axes(volume_mm3, area_mm2, rows, grid)
        values |= _of_hull(volume_mm3, area_mm2, rows, grid)
    return tuple(Measured(key, value) for key, value in values.items())


def mesh_volume_mm3(mask: Mask, grid: Grid) -> float:
    """The volume that the mesh of a structure encloses.

    Args:
        mask: As of :func:`morphology`.
        grid: Likewise.

    Raises:
        GridMismatchError: The mask is not of the grid's shape.
    """
    return cube_surface(mask, grid).volume_mm3


def _of_surface(volume_mm3: float, area_mm2: float) -> Values:
    ball_mm2 = (36 * math.pi * volume_mm3**2) ** (1 / 3)
    return {
        "surface-to-volume": area_mm2 / volume_mm3,
        "compactness-1": volume_mm3 / (math.sqrt(math.pi) * area_mm2**1.5),
        "compactness-2": (ball_mm2 / area_mm2) ** 3,
        "spherical-disproportion": area_mm2 / ball_mm2,
        "sphericity": ball_mm2 / area_mm2,
        "asphericity": area_mm2 / ball_mm2 - 1,
    }


def _of_box(volume_mm3: float, area_mm2: float, rows: Rows, grid: Grid) -> Values:
    k, j = (np.flatnonzero(rows.count.any(axis=axis)) for axis in (1, 0))
    first_i = rows.first[rows.count > 0].min()
    # The mesh reaches half a step beyond the outer voxels' centres.
    size = np.array([k[-1] - k[0], j[-1] - j[0], rows.last.max() - first_i]) + 1
    edge_k, edge_j, edge_i = (size * grid.index_to_lps_mm[:3, :3]).T
    faces = np.cross(edge_k, edge_j), np.cross(edge_j, edge_i), np.cross(edge_i, edge_k)
    return {
        "volume-density-aabb": volume_mm3 / (float(size.prod()) * grid.voxel_volume_mm3),
        "area-density-aabb": area_mm2 / (2 * float(np.linalg.norm(faces, axis=1).sum())),
    }


def _of_axes(volume_mm3: float, area_mm2: float, rows: Rows, grid: Grid) -> Values:
    if rows.voxels == 1:
        return {}
    steps = grid.index_to_lps_mm[:3, :3]
    variance = np.linalg.eigvalsh(steps @ rows.covariance_kji() @ steps.T)[::-1]
    variance = np.where(variance > FLAT * variance[0], variance, 0.0)
    major, minor, least = (float(value) for value in 4 * np.sqrt(variance))
    ellipsoid_mm3 = math.pi / 6 * major * minor * least
    return {
        "major-axis": major,
        "minor-axis": minor,
        "least-axis": least,
        "elongation": minor / major,
        "flatness": least / major,
        "volume-density-aee": volume_mm3 / ellipsoid_mm3 if ellipsoid_mm3 else None,
        "area-density-aee": area_mm2 / _ellipsoid_mm2(major / 2, minor / 2, least / 2) if minor else None,
    }


def _ellipsoid_mm2(a: float, b: float, c: float) -> float:
    """The surface of an ellipsoid of these semi-axes by the series that the IBSI prescribes (6BDE, RDD2).

    With its eccentricities α and β it is 4 π a b Σ (αβ)^ν / (1 - 4ν²) P_ν((α² + β²) / (2αβ)), ν = 0 to 20.
    This is not quite the surface of the ellipsoid: of the digital phantom's it is 4 per cent less. P_ν are
    Legendre's polynomials; by their recurrence (αβ)^ν P_ν needs no division by αβ, which is 0 where a = b.
    """
    alpha_squared, beta_squared = 1 - (b / a) ** 2, 1 - (c / a) ** 2
    middle = (alpha_squared + beta_squared) / 2
    before, term, total = 0.0, 1.0, 0.0
    for nu in range(LEGENDRE_TERMS + 1):
        total += term / (1 - 4 * nu**2)
        following = (2 * nu + 1) * middle * term - nu * alpha_squared * beta_squared * before
        before, term = term, following / (nu + 1)
    return 4 * math.pi * a * b * total


def _of_hull(volume_mm3: float, area_mm2: float, rows: Rows, grid: Grid) -> Values:
    # Imported here: slow to import.
    from scipy.spatial import ConvexHull

    # Vertices of the mesh are the middles between a voxel that is in and a neighbour that is out. The hull of
    # them has those around the corners of the hull of voxels: these have no neighbour that is in farther out.
    half_steps = np.concatenate([np.eye(3), -np.eye(3)]) / 2
    index = (rows.corners()[:, None] + half_steps).reshape(-1, 3)
    # About their middle: a table far from the origin must not cost digits.
    hull = ConvexHull((index - index.mean(axis=0)) @ grid.index_to_lps_mm[:3, :3].T)
    return {
        "largest-diameter-ibsi": largest_distance_mm(hull.points[hull.vertices]),
        "volume-density-hull": volume_mm3 / float(hull.volume),
        "area-density-hull": area_mm2 / float(hull.area),
    }
