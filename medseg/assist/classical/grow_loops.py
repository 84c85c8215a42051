"""The loop of growing from seeds; see :mod:`medseg.assist.classical.grow_from_seeds`."""

from __future__ import annotations

import heapq

import numpy as np
import numpy.typing as npt

from medseg.compiled import compiled

NEIGHBOURS = ((-1, 0, 0), (1, 0, 0), (0, -1, 0), (0, 1, 0), (0, 0, -1), (0, 0, 1))

SETTLED, STOP = 0, 1
"""Places in the state that the loop shares with another thread."""


@compiled
def _at_edge(labels: npt.NDArray[np.uint8], k: int, j: int, i: int) -> bool:
    """Whether a voxel has a neighbour of another label."""
    planes, rows, columns = labels.shape
    for dk, dj, di in NEIGHBOURS:
        a, b, c = k + dk, j + dj, i + di
        inside = 0 <= a < planes and 0 <= b < rows and 0 <= c < columns
        if inside and labels[a, b, c] != labels[k, j, i]:
            return True
    return False


@compiled
def _first_seeds(
    labels: npt.NDArray[np.uint8], cost: npt.NDArray[np.float32]
) -> list[tuple[np.float32, np.int64]]:
    """The seeds that have a neighbour to win, as a heap; the cost of all of them is 0."""
    heap = [(np.float32(0), np.int64(-1))]
    heap.pop()
    planes, rows, columns = labels.shape
    for k in range(planes):
        for j in range(rows):
            for i in range(columns):
                if labels[k, j, i]:
                    cost[k, j, i] = 0
                    if _at_edge(labels, k, j, i):
                        heap.append((np.float32(0), np.int64((k * rows + j) * columns + i)))
    return heap


@compiled
def grown(
    values: npt.NDArray[np.float32],
    labels: npt.NDArray[np.uint8],
    cost_kji: npt.NDArray[np.float32],
    state: npt.NDArray[np.int64],
) -> npt.NDArray[np.uint8]:
    """Each voxel's nearest seed along the path of the least change (Dijkstra 1959).

    Args:
        values: ``[k, j, i]``.
        labels: The seeds; 0 elsewhere.
        cost_kji: What a step along each axis costs besides.
        state: Another thread reads how many voxels are settled from its first number, and stops the loop by
            setting its second one.

    Returns:
        The label of the nearest seed, everywhere; 0 where there is no seed at all.
    """
    planes, rows, columns = values.shape
    found = labels.copy()
    cost = np.full(values.shape, np.float32(np.inf))
    heap = _first_seeds(labels, cost)
    while heap:
        so_far, place = heapq.heappop(heap)
        k, j, i = place // (rows * columns), place // columns % rows, place % columns
        if so_far > cost[k, j, i]:
            continue
        state[SETTLED] += 1
        if state[STOP]:
            break
        for dk, dj, di in NEIGHBOURS:
            a, b, c = k + dk, j + dj, i + di
            if not (0 <= a < planes and 0 <= b < rows and 0 <= c < columns):
                continue
            step = cost_kji[0] * abs(dk) + cost_kji[1] * abs(dj) + cost_kji[2] * abs(di)
            reached = np.float32(so_far + abs(values[a, b, c] - values[k, j, i]) + step)
            if reached < cost[a, b, c]:
                cost[a, b, c] = reached
                found[a, b, c] = found[k, j, i]
                heapq.heappush(heap, (reached, np.int64((a * rows + b) * columns + c)))
    return found
