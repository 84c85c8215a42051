"""Values at new places: slices shifted in their plane, and slices between slices.

Both are linear, which never makes a value beyond those that were measured (no overshoot beside metal or air).
Both keep the type of the values and round integers half to even.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from medseg.progress import Progress, silent
from medseg.space.even_slices import EvenSlices
from medseg.space.plane import FloatArray

Voxels = npt.NDArray[Any]


def shift_in_plane(pixels: Voxels, fraction_ji: FloatArray) -> Voxels:
    """The values of a slice a fraction of a pixel further on, linear along both axes.

    Args:
        pixels: One slice ``[j, i]``.
        fraction_ji: Between -1 and 1 along j and i; 0 takes the values as they are. The outermost half of
            an edge pixel has that pixel's value.

    Returns:
        An array of the same shape and type.
    """
    moved = pixels
    for axis, fraction in enumerate(fraction_ji):
        if fraction:
            moved = moved.astype(np.float64, copy=False)
            last = moved.shape[axis] - 1
            neighbour = np.clip(np.arange(last + 1) + (1 if fraction > 0 else -1), 0, last)
            moved = moved + abs(fraction) * (np.take(moved, neighbour, axis) - moved)
    return _rounded(moved, pixels.dtype)


def resample_evenly(voxels: Voxels, even: EvenSlices, *, progress: Progress = silent) -> Voxels:
    """Make the planned slices, each from its two neighbours alone.

    Args:
        voxels: The slices as acquired, real values ``[k, j, i]``, in the order of the plan's positions.
        even: What each slice is made of.
        progress: Told before each slice.

    Returns:
        The even slices ``[k, j, i]``, of the same type; slices that coincide with one are copies of it.
    """
    result = np.empty((even.count, *voxels.shape[1:]), voxels.dtype)
    for k, (lower, fraction) in enumerate(zip(even.lower, even.fraction, strict=True)):
        progress("interpolating slices", k, even.count)
        result[k] = voxels[lower]
        if fraction:
            before = voxels[lower].astype(np.float64)
            result[k] = _rounded(before + fraction * (voxels[lower + 1] - before), voxels.dtype)
    return result


def _rounded(values: Voxels, dtype: np.dtype[Any]) -> Voxels:
    """Values of a type, integers rounded half to even; interpolated ones are never out of its range."""
    return (
        values.astype(dtype, copy=False) if dtype.kind == "f" else np.rint(values).astype(dtype, copy=False)
    )
