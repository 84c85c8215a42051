"""Stacks of slices that lean, as of a tilted gantry, and fields in the patient to sample on them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from medseg.space import Grid
from medseg.volume import Quantity, Source, Volume

Field = Callable[[np.ndarray], np.ndarray]

TILTS_DEG = {
    "gantry back": (18.5, 0.0),
    "gantry forth": (-18.5, 0.0),
    "sideways": (0.0, 12.0),
    "sideways, other sign": (0.0, -12.0),
    "both": (-14.0, 9.0),
}
"""Lean along the rows' direction of counting (j) and along i, in degrees from the normal."""


def tilted_grid(
    tilt_ji_deg: tuple[float, float],
    *,
    shape_kji: tuple[int, int, int] = (12, 30, 28),
    spacing_kji_mm: tuple[float, float, float] = (4.0, 0.7, 0.9),
    axes: np.ndarray | None = None,
) -> Grid:
    """Slices at a perpendicular distance of ``spacing_kji_mm[0]``, each shifted against the one before.

    ``axes`` holds the directions of k, j and i as columns; without it the slices are axial.
    """
    k, j, i = (np.eye(3)[:, ::-1] if axes is None else axes).T
    lean_j, lean_i = np.tan(np.radians(tilt_ji_deg))
    return Grid.from_axes(
        shape_kji,
        origin_lps_mm=(-31.5, 12.25, -204.0),
        step_k_mm=spacing_kji_mm[0] * (k + lean_j * j + lean_i * i),
        step_j_mm=spacing_kji_mm[1] * j,
        step_i_mm=spacing_kji_mm[2] * i,
        frame_of_reference_uid="1.2.3.4",
    )


def ramp(points_lps_mm: np.ndarray) -> np.ndarray:
    """A field that linear interpolation reproduces exactly."""
    return points_lps_mm @ (3.0, -7.0, 2.0) + 40.0


def ball(points_lps_mm: np.ndarray) -> np.ndarray:
    """A soft ball of 60 HU in air, its edge 4 mm wide, in the middle of an upright stack."""
    distance_mm = np.linalg.norm((points_lps_mm - (-19.0, 22.0, -182.0)) / (1.0, 0.9, 2.0), axis=-1)
    return -1000.0 + 1060.0 / (1.0 + np.exp((distance_mm - 7.0) / 1.0))


def positions_lps_mm(grid: Grid) -> np.ndarray:
    """The centre of every voxel, shape ``(k, j, i, 3)``."""
    return grid.to_lps_mm(np.moveaxis(np.indices(grid.shape_kji), 0, -1))


def sampled(grid: Grid, field: Field, dtype: type = np.float64, quantity: Quantity = Quantity.HU) -> Volume:
    """A volume whose voxels are the field at their centres."""
    values = field(positions_lps_mm(grid))
    voxels = np.rint(values).astype(dtype) if np.issubdtype(dtype, np.integer) else values.astype(dtype)
    return Volume(grid, voxels, quantity, Source("phantom"))
