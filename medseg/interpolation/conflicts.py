"""Conflicts: crossing contours of one structure that disagree."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from medseg.contour.sheet import Placement, Sheet
from medseg.interpolation.drawn import DrawnStructure
from medseg.interpolation.pins import beside_outline
from medseg.space import Grid

PARALLEL = 1e-9
"""Sine of the angle (in index space) below which two planes never cross."""


@dataclass(frozen=True, eq=False)
class Conflict:
    """Two drawn planes that disagree where they cross.

    Attributes:
        structure_id: Whose contours.
        first: The plane that was drawn earlier.
        second: The plane that was drawn later, which counts.
        at_lps_mm: Middle of the longest run along the crossing on which one plane says inside and the
            other outside, shape ``(3,)``.
        length_mm: Length of that run.
    """

    structure_id: str
    first: Placement
    second: Placement
    at_lps_mm: npt.NDArray[np.float64]
    length_mm: float


def find_conflicts(drawn: DrawnStructure) -> tuple[Conflict, ...]:
    """Measure where the contours of crossing planes disagree.

    Two planes cross in a line, and the contours on each cut it in intervals that lie inside. Where the
    intervals of the two differ, one of the contours is wrong by about that length. What a sheet says of a
    column holds up to half a voxel off the voxel's centre: where an outline of both runs beside a voxel,
    a sheet and another plane may differ in it, as in :func:`~medseg.interpolation.pins.pin`.

    Returns:
        For each two planes that disagree the worst place, the longest disagreement first.
    """
    conflicts = []
    for (first, first_mask), (second, second_mask) in combinations(drawn.masks.items(), 2):
        line, step_mm = _crossing(first, second, drawn.grid)
        differs = _sampled(first, first_mask, line) != _sampled(second, second_mask, line)
        if not differs.any():
            continue
        excused = np.zeros(len(line), dtype=np.bool_)
        if isinstance(first, Sheet) or isinstance(second, Sheet):
            excused = _sampled(first, beside_outline(first_mask), line)
            excused &= _sampled(second, beside_outline(second_mask), line)
        start, length = _longest_run(differs, excused)
        if length:
            middle_lps_mm = drawn.grid.to_lps_mm(line[start : start + length].mean(axis=0))
            conflicts.append(Conflict(drawn.structure_id, first, second, middle_lps_mm, length * step_mm))
    return tuple(sorted(conflicts, key=lambda conflict: -conflict.length_mm))


def _crossing(first: Placement, second: Placement, grid: Grid) -> tuple[npt.NDArray[np.float64], float]:
    """Points on both planes, one for each voxel along the axis nearest to their crossing.

    Returns:
        Fractional indices ``(k, j, i)`` inside the grid, shape ``(n, 3)``, none for parallel planes; and
        the distance between two of them in mm.
    """
    normals = np.stack([_normal(first), _normal(second)])
    direction = np.cross(normals[0], normals[1])
    if np.linalg.norm(direction) < PARALLEL * np.prod(np.linalg.norm(normals, axis=1)):
        return np.zeros((0, 3)), 0.0
    along = int(np.abs(direction).argmax())
    others = [axis for axis in range(3) if axis != along]
    steps = np.arange(grid.shape_kji[along], dtype=np.float64)
    points = np.empty((len(steps), 3))
    points[:, along] = steps
    right_side = np.array([[_offset(first)], [_offset(second)]]) - normals[:, along, None] * steps
    points[:, others] = np.linalg.solve(normals[:, others], right_side).T
    nearest = np.floor(points + 0.5)
    on_grid = np.all((nearest >= 0) & (nearest < grid.shape_kji), axis=1)
    step_lps_mm = grid.index_to_lps_mm[:3, :3] @ (direction / direction[along])
    return points[on_grid], float(np.linalg.norm(step_lps_mm))


def _normal(where: Placement) -> npt.NDArray[np.float64]:
    """The plane holds the indices ``x`` with ``normal @ x == offset``."""
    slopes = where.slopes if isinstance(where, Sheet) else (0.0, 0.0)
    return np.insert(-np.array(slopes), where.axis, 1.0)


def _offset(where: Placement) -> float:
    return where.offset if isinstance(where, Sheet) else float(where.index)


def _sampled(
    where: Placement, mask: npt.NDArray[np.bool_], points: npt.NDArray[np.float64]
) -> npt.NDArray[np.bool_]:
    a, b = np.floor(np.delete(points, where.axis, axis=1) + 0.5).astype(np.intp).T
    return np.asarray(mask[a, b])


def _longest_run(flags: npt.NDArray[np.bool_], excused: npt.NDArray[np.bool_]) -> tuple[int, int]:
    """Start and length of the longest run of True that is not all excused; length 0 if there is none."""
    changes = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]])))
    runs = [
        (int(start), int(end - start))
        for start, end in changes.reshape(-1, 2)
        if not excused[start:end].all()
    ]
    return max(runs, key=lambda run: run[1], default=(0, 0))
