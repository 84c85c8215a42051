"""Volume → Volume on another grid, only where the user asks for it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from medseg.progress import Progress, silent
from medseg.space.deshearing import plan_deshearing
from medseg.space.resampling import shift_in_plane
from medseg.volume.volume import Quantity, Volume

AIR_HU = -1024
"""What scanners commonly show outside of their field of view: the lowest CT number of 12 bits."""

_OUT_OF_VIEW: dict[Quantity, int] = {Quantity.HU: AIR_HU}
"""By what a voxel that no slice reaches is filled; 0 (no activity, no signal) for every other quantity."""


def deshear(volume: Volume, *, fill: float | None = None, progress: Progress = silent) -> Volume:
    """Shift the slices of a leaning stack in their planes until it stands upright.

    A tilted gantry stacks slices at a slant, which a Grid holds exactly as shear. Programs that know right
    angles only need this instead: a rectangular grid with the same rows, columns and pixel spacing, as many
    slices at their perpendicular distance, and so many more pixels in the plane that nothing is lost.

    Values are interpolated linearly within their slice, never between slices; a slice whose shift is a
    whole number of pixels keeps its values bit for bit. Integer values stay of their type, rounded half to
    even. Padding inside of the slice is interpolated like any value.

    Args:
        volume: Any volume; one that doesn't lean comes back as it is.
        fill: Value of the voxels that no slice reaches; -1024 for HU, else 0. The type of the voxels is
            widened where it can't hold the value.
        progress: Told before each slice.

    Returns:
        The upright volume, with a warning that says what was done.

    Raises:
        GeometryError: The rows and columns of the slices are not at a right angle.
    """
    plan = plan_deshearing(volume.grid)
    if plan is None:
        return volume
    outside = _OUT_OF_VIEW.get(volume.quantity, 0) if fill is None else fill
    voxels = np.full(plan.grid.shape_kji, outside, _type_holding(volume.voxels.dtype, outside))
    _, rows, columns = volume.grid.shape_kji
    slices = zip(volume.voxels, plan.start_ji, plan.fraction_ji, strict=True)
    for k, (pixels, (j, i), fraction_ji) in enumerate(slices):
        progress("shifting slices", k, len(volume.voxels))
        voxels[k, j : j + rows, i : i + columns] = shift_in_plane(pixels, fraction_ji)
    done = (
        f"The stack of slices leant by {plan.tilt_deg:.3g}° and was resampled upright: its slices were "
        f"shifted in their planes by up to {plan.shift_mm:.4g} mm (linear interpolation within each slice); "
        f"voxels outside of the slices are {outside:g}."
    )
    return replace(volume, grid=plan.grid, voxels=voxels, warnings=(*volume.warnings, done))


def _type_holding(dtype: np.dtype, value: float) -> np.dtype:
    """The smallest type that holds all of a type's values and one more."""
    exact = int(value) if math.isfinite(value) and value == int(value) else value
    return np.promote_types(dtype, np.min_scalar_type(exact))
