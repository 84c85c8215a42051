"""A stack that leans, as of a tilted gantry → the rectangular grid that holds all of it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from medseg.errors import GeometryError
from medseg.space.grid import GEOMETRY_TOLERANCE_MM, Grid
from medseg.space.plane import FloatArray

IntArray = npt.NDArray[np.intp]

RIGHT_ANGLE_TOLERANCE = 1e-4
"""Largest cosine between rows and columns that counts as a right angle: what float32 headers lose, and what
ITK takes for one (measured, SimpleITK 2.5)."""


@dataclass(frozen=True, eq=False)
class Deshearing:
    """How each slice of a leaning stack is placed on a rectangular grid.

    Attributes:
        grid: The rectangular grid: rows, columns and pixel spacing as before, ``k`` along the normal.
        start_ji: Index in ``grid`` of the first pixel of each slice, shape ``(k, 2)``.
        fraction_ji: Where in the slice the value of that pixel is taken, in pixels from the slice's first
            one, shape ``(k, 2)``, at most half a pixel; exactly 0 where the shift is a whole number.
        tilt_deg: Angle between the stack and the normal of its slices.
        shift_mm: Distance by which the last slice was moved in its plane against the first.
    """

    grid: Grid
    start_ji: IntArray
    fraction_ji: FloatArray
    tilt_deg: float
    shift_mm: float


def plan_deshearing(grid: Grid) -> Deshearing | None:
    """Find the rectangular grid that holds every pixel of a leaning stack.

    The first slice stays on its pixels; each further one moves to the nearest whole pixel and is
    interpolated for the rest, at most half a pixel either way. A pixel of the new grid has a value where its
    centre lies on a pixel of the slice, so that every slice keeps its number of rows and columns.

    Returns:
        The plan, or None where the stack leans by less than :data:`GEOMETRY_TOLERANCE_MM` in all.

    Raises:
        GeometryError: Rows and columns are not at a right angle, so that moving slices can't help.
    """
    step_k, step_j, step_i = grid.index_to_lps_mm[:3, :3].T
    cosine = abs(float(grid.directions[:, 1] @ grid.directions[:, 2]))
    if cosine > RIGHT_ANGLE_TOLERANCE:
        raise GeometryError(
            f"expected rows and columns at a right angle, found {math.degrees(math.acos(cosine)):.3g}°",
            hint="only a stack whose slices are shifted against each other can be made rectangular",
            cosine=cosine,
        )
    normal = np.cross(step_j, step_i)
    upright = (step_k @ normal) / (normal @ normal) * normal
    lean = step_k - upright
    steps = grid.shape_kji[0] - 1
    lean_mm = float(np.linalg.norm(lean))
    if lean_mm * max(steps, 1) <= GEOMETRY_TOLERANCE_MM:
        return None

    shift_ji = np.arange(steps + 1)[:, np.newaxis] * (grid.lps_mm_to_index[:3, :3] @ lean)[1:]
    nearest = np.rint(shift_ji)
    whole = np.abs(shift_ji - nearest) * grid.spacing_kji_mm[1:] <= GEOMETRY_TOLERANCE_MM
    shift_ji[whole] = nearest[whole]
    at_ji = np.ceil(shift_ji - 0.5)
    first_ji = at_ji.min(axis=0)
    shape_ji = np.array(grid.shape_kji[1:]) + (at_ji.max(axis=0) - first_ji).astype(int)
    return Deshearing(
        grid=Grid.from_axes(
            (grid.shape_kji[0], *shape_ji),
            origin_lps_mm=grid.to_lps_mm((0, *first_ji)),
            step_k_mm=upright,
            step_j_mm=step_j,
            step_i_mm=step_i,
            frame_of_reference_uid=grid.frame_of_reference_uid,
        ),
        start_ji=(at_ji - first_ji).astype(np.intp),
        fraction_ji=at_ji - shift_ji,
        tilt_deg=math.degrees(math.atan2(lean_mm, float(np.linalg.norm(upright)))),
        shift_mm=lean_mm * steps,
    )
