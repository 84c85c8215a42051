"""Irregularity: how rough and how uneven the boundary of a structure is.

Both measures look at the surface that marching cubes lay around the mask, cube by cube, in mm; so thick,
oblique or sheared slices do not change what they mean. What is finer than two slices no measure can see.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from medseg.measurement.measured import Measured
from medseg.measurement.mesh import CubeSurface, cube_surface
from medseg.measurement.requirements import Mask, require_on_grid
from medseg.measurement.rows import rows_of
from medseg.space import Grid

FloatArray = npt.NDArray[np.float64]

SMALLEST_BOX = 2.0
"""Edge of the smallest boxes, in steps of the grid's longest axis: smaller ones fall between points."""

LARGEST_BOX = 1 / 3
"""Edge of the largest boxes, over the longest side of the structure: larger ones are nearly all filled."""

BOX_RATIO = math.sqrt(2)
"""From one size of boxes to the next."""

FEWEST_SIZES = 4
"""A slope through fewer sizes, which span less than a factor of 2.8, says nothing."""

SHIFTS = 4
"""Positions of the boxes whose counts are averaged: where they begin must not matter."""


def irregularity(mask: Mask, grid: Grid) -> tuple[Measured, ...]:
    """Measure how irregular the boundary of a structure is.

    Args:
        mask: ``[k, j, i]``; a box of it will do, if no voxel lies outside.
        grid: Where it lies: oblique, anisotropic, flipped or sheared.

    Returns:
        The numbers of :data:`medseg.measurement.concepts.irregularities.IRREGULARITIES`. The fractal
        dimension is None of structures less than seventeen steps long; both are None without voxels.

    Raises:
        GridMismatchError: The mask is not of the grid's shape.
    """
    require_on_grid(mask, grid)
    if not mask.any():
        return Measured("fractal-dimension", None), Measured("radial-sd", None)
    surface = cube_surface(mask, grid)
    centre_lps_mm = grid.to_lps_mm(rows_of(mask).mean_kji())
    return _fractal_dimension(surface), Measured("radial-sd", _radial_sd(surface, centre_lps_mm))


def _fractal_dimension(surface: CubeSurface) -> Measured:
    """The slope of the number of boxes that the surface runs through over their size, both logarithmic."""
    # Imported here: compiled loops.
    from medseg.measurement.box_counting_loops import occupied_boxes

    points = surface.cube_centre_lps_mm
    points = np.ascontiguousarray(points - points.min(axis=0))
    sizes = _box_sizes_mm(max(surface.grid.spacing_kji_mm), float(points.max()))
    if len(sizes) < FEWEST_SIZES:
        return Measured("fractal-dimension", None)
    counts = [
        np.mean([occupied_boxes(points, size, size * shift / SHIFTS) for shift in range(SHIFTS)])
        for size in sizes
    ]
    of_size = np.log(sizes) - np.log(sizes).mean()
    slope = float(of_size @ np.log(counts) / (of_size @ of_size))
    parameters = (("smallest_box_mm", sizes[0]), ("largest_box_mm", sizes[-1]))
    return Measured("fractal-dimension", -slope, parameters=parameters)


def _box_sizes_mm(step_mm: float, extent_mm: float) -> list[float]:
    smallest, largest = SMALLEST_BOX * step_mm, LARGEST_BOX * extent_mm
    if largest < smallest:
        return []
    number = int(math.log(largest / smallest, BOX_RATIO)) + 1
    return [smallest * BOX_RATIO**n for n in range(number)]


def _radial_sd(surface: CubeSurface, centre_lps_mm: FloatArray) -> float:
    """The standard deviation, over its area, of a surface's distance from a centre over the largest one."""
    radius = np.linalg.norm(surface.cube_centre_lps_mm - centre_lps_mm, axis=1)
    radius /= radius.max()
    mean = np.average(radius, weights=surface.cube_area_mm2)
    return math.sqrt(np.average((radius - mean) ** 2, weights=surface.cube_area_mm2))
