"""Narrow band: a smooth depth on a box of voxels, computed only where the surface may run."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from medseg.interpolation.field import Field

Depths = npt.NDArray[np.float32]
Nodes = npt.NDArray[np.intp]
Evaluate = Callable[[Nodes], Depths]
"""Takes voxel indices of shape ``(n, 3)`` and returns their depth in mm."""

COARSE_STEP_MM = 8.0
"""Largest distance of the nodes on which depth is computed everywhere."""

FINE_STEP_MM = 2.2
"""Nodes this near to each other are near enough: between them depth runs straight.

A surface of 10 mm radius departs from that by 0.06 mm.
"""

STEEPEST = 1.0
"""How much depth changes over 1 mm, as a distance does."""

SIMILAR_STEP = 0.7
"""Steps that are at least this share of the largest one are halved with it, which keeps cells near cubes."""


def fill_band(
    evaluate: Evaluate, low: Nodes, high: Nodes, spacing_kji_mm: tuple[float, float, float]
) -> Field:
    """Compute depth on a box of voxels.

    It is computed on a coarse lattice first, which is then halved again and again. New nodes are computed
    where the surface may run between them and their neighbours, else interpolated.

    Args:
        evaluate: The depth.
        low: First voxel of the box.
        high: Its end.
        spacing_kji_mm: Distance of voxels along each axis.

    Returns:
        The depth on the part of the box that holds what lies inside, with a margin.
    """
    spacing = np.array(spacing_kji_mm)
    steps = 2 ** np.maximum(np.floor(np.log2(COARSE_STEP_MM / spacing)), 0).astype(np.intp)
    counts = -(-(high - low - 1) // steps) + 1
    depth = evaluate(low + steps * np.indices(tuple(counts.tolist())).reshape(3, -1).T).reshape(counts)
    first, end = _box_around(depth > -STEEPEST * float(np.linalg.norm(steps * spacing)))
    depth = depth[tuple(slice(a, b) for a, b in zip(first, end, strict=True))]
    low, high = low + steps * first, np.minimum(high, low + steps * (end - 1) + 1)
    while (steps > 1).any():
        step_mm = np.where(steps > 1, steps * spacing, 0.0)
        halved = step_mm >= SIMILAR_STEP * step_mm.max()
        depth = _halved(depth, halved)
        steps = np.where(halved, steps // 2, steps)
        if step_mm.max() > FINE_STEP_MM:
            near = np.abs(depth) < STEEPEST * float(np.linalg.norm(steps * spacing))
            # The nodes of the coarser lattice are known already.
            near[tuple(slice(None, None, 2 if of_axis else 1) for of_axis in halved)] = False
            depth[near] = evaluate(low + steps * np.argwhere(near))
    k, j, i = low.tolist()
    within = tuple(slice(size) for size in np.maximum(high - low, 0))
    return Field((k, j, i), np.ascontiguousarray(depth[within]))


def _box_around(mask: npt.NDArray[np.bool_]) -> tuple[Nodes, Nodes]:
    """First index and end of the box around True and its neighbours; an empty one where there is none."""
    axes = [np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis))) for axis in range(3)]
    if not len(axes[0]):
        return np.zeros(3, np.intp), np.zeros(3, np.intp)
    first = np.array([max(int(indices[0]) - 1, 0) for indices in axes])
    end = np.array([min(int(indices[-1]) + 2, n) for indices, n in zip(axes, mask.shape, strict=True)])
    return first, end


def _halved(depth: Depths, axes: npt.NDArray[np.bool_]) -> Depths:
    """Put a node half-way between each two neighbours along some axes."""
    from medseg.interpolation.rbf_kernels import with_middles

    for axis in np.flatnonzero(axes):
        before, count, after = depth.shape[:axis], depth.shape[axis], depth.shape[axis + 1 :]
        rows = np.ascontiguousarray(depth).reshape(math.prod(before), count, math.prod(after))
        depth = with_middles(rows).reshape(*before, max(2 * count - 1, 0), *after)
    return depth
