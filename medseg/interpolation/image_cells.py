"""Neighbourhoods laid out as cells: counting ranks into them, and reading log odds from them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from medseg.compiled import compiled


@compiled
def count(
    counts: npt.NDArray[np.float32],
    ranks: npt.NDArray[np.intp],
    voxels: npt.NDArray[np.intp],
    cells_per_voxel: npt.NDArray[np.float64],
    area_mm2: float,
) -> None:
    """Divide the area that each voxel stands for among the eight cells around it."""
    first, share = np.empty(3, np.intp), np.empty((3, 2), np.float32)
    for n in range(len(ranks)):
        if ranks[n] < 0:
            continue
        _place(voxels[n], cells_per_voxel, first, share)
        for a in range(2):
            for b in range(2):
                for c in range(2):
                    weight = share[0, a] * share[1, b] * share[2, c]
                    counts[ranks[n], first[0] + a, first[1] + b, first[2] + c] += area_mm2 * weight


@compiled
def add_log_odds(
    log_odds: npt.NDArray[np.float32],
    ranks: npt.NDArray[np.intp],
    voxels: npt.NDArray[np.intp],
    cells_per_voxel: npt.NDArray[np.float64],
    total: npt.NDArray[np.float32],
) -> None:
    """Interpolate for each voxel's rank between the eight cells around it."""
    first, share = np.empty(3, np.intp), np.empty((3, 2), np.float32)
    for n in range(len(ranks)):
        if ranks[n] < 0:
            continue
        _place(voxels[n], cells_per_voxel, first, share)
        for a in range(2):
            for b in range(2):
                for c in range(2):
                    weight = share[0, a] * share[1, b] * share[2, c]
                    total[n] += weight * log_odds[ranks[n], first[0] + a, first[1] + b, first[2] + c]


@compiled
def _place(
    voxel: npt.NDArray[np.intp],
    cells_per_voxel: npt.NDArray[np.float64],
    first: npt.NDArray[np.intp],
    share: npt.NDArray[np.float32],
) -> None:
    """The first of the eight cells around a voxel, and along each axis the shares of it and the next."""
    for axis in range(3):
        cell = voxel[axis] * cells_per_voxel[axis]
        first[axis] = int(cell)
        share[axis, 1] = cell - first[axis]
        share[axis, 0] = 1 - share[axis, 1]
