"""Values between voxels where two grids run parallel: one axis after the other, many times faster."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

PARALLEL_VOXELS = 1e-3
"""Grids count as parallel if what is neglected moves no point of the other grid by more than this."""


def axes_of(matrix: npt.NDArray[np.float64], shape: Sequence[int]) -> tuple[int, int, int] | None:
    """For each axis of a grid the axis of a volume that runs along it.

    Args:
        matrix: The 3×3 matrix from steps of the grid to steps of the volume, in voxels.
        shape: Of the grid.

    Returns:
        Axes of the volume; None where the two lie at an angle.
    """
    axes = [int(row) for row in np.argmax(np.abs(matrix), axis=0)]
    if len(set(axes)) < 3:
        return None
    neglected = np.abs(matrix)
    neglected[axes, range(3)] = 0
    if (neglected @ np.array(shape)).max() > PARALLEL_VOXELS:
        return None
    return axes[0], axes[1], axes[2]


def sampled_along(
    voxels: npt.NDArray[Any], at: Sequence[npt.NDArray[np.float64]], *, linear: bool
) -> npt.NDArray[Any]:
    """Values at all crossings of positions along the axes.

    Args:
        voxels: An array ``[k, j, i]``.
        at: For each axis indices, fractions among them; beyond the first and last voxel these go on.
        linear: Between the voxels, in ``float32``; else the value of the nearest one.

    Returns:
        An array with as many values along each axis as it has positions.
    """
    # The fewest positions first: of a slice that leaves two planes of the volume.
    for axis in sorted(range(3), key=lambda a: len(at[a])):
        voxels = _along(voxels, axis, at[axis], linear=linear)
    return voxels


def _along(
    values: npt.NDArray[Any], axis: int, at: npt.NDArray[np.float64], *, linear: bool
) -> npt.NDArray[Any]:
    last = values.shape[axis] - 1
    clipped = np.clip(at, 0, last)
    if not linear:
        return np.take(values, np.floor(clipped + 0.5).astype(np.intp), axis)
    lower = np.floor(clipped).astype(np.intp)
    first = np.take(values, lower, axis).astype(np.float32)
    second = np.take(values, np.minimum(lower + 1, last), axis).astype(np.float32)
    share = (clipped - lower).astype(np.float32)
    share = share.reshape([-1 if a == axis else 1 for a in range(3)])
    return np.asarray(first + share * (second - first))
