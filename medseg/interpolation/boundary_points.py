"""Boundary points: what drawn planes say about the depth of points in space.

Positions are in mm along the patient's axes, counted from the grid's first voxel. Depth is positive inside.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from medseg.contour.sheet import Placement, Sheet, lift
from medseg.interpolation.drawn import DrawnStructure, window_of
from medseg.interpolation.pins import Box
from medseg.space import Grid

Floats = npt.NDArray[np.float64]

EDGES_PER_POINT = 8
MIN_POINTS = 400
MAX_POINTS = 1200
"""How many points are chosen on the outlines: one for so many pairs of voxels that they separate.

400 points lose less than 0.1 points of Dice against 1600 where planes lie 8 slices apart; planes that lie
densely and large structures need more. The time to solve for them grows with the third power. Half as many
again gain 0.05 points, and cost twice the time on a tumour of 60 mm.
"""

REACH_PIXELS = 1.3
"""Radius of the disk from which the place and direction of an outline are taken: the nearest pixels, of a
coarser spacing too. Wider ones round off the corners of small structures."""

INEXACT_VOXELS = 0.5
"""How inexact an outline is. A surface forced through points that contradict each other by less ripples."""

CONFLICT_VOXELS = 3.0
"""So far off a later outline, where their planes cross, an earlier one is wrong rather than inexact."""

KNOWN_POINTS = 150
"""Points away from the outlines that say what else the planes show: enough to keep anything from appearing
in the middle of a plane where nothing was drawn, few enough not to dent the surface."""

KNOWN_VOXELS = 1.5
"""How far away from all outlines these points lie at least."""

KNOWN_LATTICE = 16
"""They are chosen among so many by so many on the part of each plane around the structure."""

KNOWN_AROUND = 0.25
"""How far around the structure, in parts of its extent."""


@dataclass(frozen=True, eq=False)
class Samples:
    """What is known of the depth inside a structure.

    Attributes:
        points_mm: Where, shape ``(n, 3)``.
        depth_mm: How deep, shape ``(n,)``.
        inexact_mm: By how much it may be otherwise, shape ``(n,)``.
        inward: The first ``m`` points lie on outlines, and the next ``m`` one step further in along their
            planes, in these directions, shape ``(m, 3)``.
    """

    points_mm: Floats
    depth_mm: Floats
    inexact_mm: Floats
    inward: Floats


@dataclass(frozen=True, eq=False)
class Outline:
    """Where a structure's boundary cuts one plane.

    Attributes:
        where: The plane.
        mask: The structure on it.
        columns: Points half-way between a pixel inside and its neighbour outside, as fractional indices of
            the mask, shape ``(n, 2)``.
        points_mm: The same in space, shape ``(n, 3)``.
        steps_mm: Steps of the mask's rows and columns along the plane, shape ``(2, 3)``.
    """

    where: Placement
    mask: npt.NDArray[np.bool_]
    columns: Floats
    points_mm: Floats
    steps_mm: Floats


def samples(drawn: DrawnStructure, box: Box) -> Samples:
    """Choose points that tell the shape.

    On the outlines depth is 0. One voxel further in along the plane it is that distance if the plane cuts
    the surface at a right angle, else less. Away from the outlines a few points say what else the planes
    show; there depth is at most the distance to the nearest outline of any plane.

    Points are spread evenly, those of later planes chosen first: where outlines nearly meet, the earlier
    one gives way. Where it contradicts a later one it gives way over the length of the contradiction.

    Args:
        drawn: The structure as it was drawn.
        box: First index and end of the box around what was drawn as inside.
    """
    from medseg.interpolation.rbf_kernels import spread

    outlines = [_outline(where, mask, drawn.grid) for where, mask in reversed(list(drawn.masks.items()))]
    outlines = _without_contradicted(outlines, drawn.grid)
    lines_mm = np.concatenate([outline.points_mm for outline in outlines])
    chosen = spread(lines_mm, int(np.clip(len(lines_mm) / EDGES_PER_POINT, MIN_POINTS, MAX_POINTS)))
    voxel_mm = min(drawn.grid.spacing_kji_mm)
    points, inward = _refined(outlines, chosen, voxel_mm)
    known, known_depth = _known(outlines, lines_mm, box, drawn.grid)
    inexact_mm = INEXACT_VOXELS * voxel_mm
    return Samples(
        np.concatenate([points, points + voxel_mm * inward, known]),
        np.concatenate([np.repeat([0.0, voxel_mm], len(points)), known_depth]),
        np.concatenate([np.full(2 * len(points), inexact_mm), inexact_mm + np.abs(known_depth)]),
        inward,
    )


def _outline(where: Placement, mask: npt.NDArray[np.bool_], grid: Grid) -> Outline:
    to_mm = grid.index_to_lps_mm[:3, :3].T
    columns = _edges(mask)
    slopes = where.slopes if isinstance(where, Sheet) else (0.0, 0.0)
    steps = np.insert(np.eye(2), where.axis, slopes, axis=1)
    return Outline(where, mask, columns, lift(where, columns) @ to_mm, steps @ to_mm)


def _edges(mask: npt.NDArray[np.bool_]) -> Floats:
    """Middles between neighbouring pixels of which one is inside.

    The border of the image is no outline: what it cuts off goes on beyond.
    """
    rows, columns = window_of(mask)
    if rows.stop == 0:
        return np.zeros((0, 2))
    top, left = max(rows.start - 1, 0), max(columns.start - 1, 0)
    window = mask[top : rows.stop + 1, left : columns.stop + 1]
    down = np.argwhere(window[1:] != window[:-1]) + np.array([0.5, 0.0])
    across = np.argwhere(window[:, 1:] != window[:, :-1]) + np.array([0.0, 0.5])
    return np.asarray(np.concatenate([down, across]) + np.array([top, left]))


def _without_contradicted(outlines: list[Outline], grid: Grid) -> list[Outline]:
    """Drop what later outlines contradict; the list begins with the latest."""
    from medseg.interpolation.rbf_kernels import nearest_mm

    kept: list[Outline] = []
    for outline in outlines:
        keep = np.ones(len(outline.columns), dtype=np.bool_)
        index_kji = lift(outline.where, outline.columns)
        for later in kept:
            at = lift(later.where, np.delete(index_kji, later.where.axis, axis=1))
            crossing = outline.points_mm[np.abs((index_kji - at)[:, later.where.axis]) <= 0.5]
            off_mm = nearest_mm(crossing, later.points_mm)
            wrong = np.isfinite(off_mm) & (off_mm > CONFLICT_VOXELS * min(grid.spacing_kji_mm))
            for point, length_mm in zip(crossing[wrong], off_mm[wrong], strict=True):
                keep &= np.linalg.norm(outline.points_mm - point, axis=1) > length_mm
        kept.append(replace(outline, columns=outline.columns[keep], points_mm=outline.points_mm[keep]))
    return kept


def _refined(outlines: list[Outline], chosen: npt.NDArray[np.intp], voxel_mm: float) -> tuple[Floats, Floats]:
    """Where the chosen points of all outlines lie to less than a pixel, and which way is in."""
    from medseg.interpolation.rbf_kernels import outline_at

    points, inward, start = [], [], 0
    for outline in outlines:
        end = start + len(outline.columns)
        mine = chosen[(chosen >= start) & (chosen < end)] - start
        reach_mm = REACH_PIXELS * float(np.linalg.norm(outline.steps_mm, axis=1).max())
        normals, inside_mm = outline_at(outline.mask, outline.columns[mine], outline.steps_mm, reach_mm)
        # Half-way between two pixels it can be off by half a pixel.
        inside_mm = np.clip(inside_mm, -0.5 * voxel_mm, 0.5 * voxel_mm)
        points.append(outline.points_mm[mine] - inside_mm[:, None] * normals)
        inward.append(normals)
        start = end
    return np.concatenate(points), np.concatenate(inward)


def _known(outlines: list[Outline], lines_mm: Floats, box: Box, grid: Grid) -> tuple[Floats, Floats]:
    """Points away from all outlines, and their depth."""
    from medseg.interpolation.rbf_kernels import nearest_mm, spread

    around = np.ceil(KNOWN_AROUND * (box[1] - box[0])).astype(np.intp) + 2
    low, high = np.maximum(box[0] - around, 0), np.minimum(box[1] + around, grid.shape_kji)
    points, inside = [], []
    for outline in outlines:
        first, end = np.delete(low, outline.where.axis), np.delete(high, outline.where.axis)
        step = np.maximum((end - first) // KNOWN_LATTICE, 1)
        lattice = np.meshgrid(*map(np.arange, first, end, step), indexing="ij")
        columns = np.stack(lattice, axis=-1).reshape(-1, 2)
        points.append(lift(outline.where, columns) @ grid.index_to_lps_mm[:3, :3].T)
        inside.append(outline.mask[tuple(columns.T)])
    known = np.concatenate(points)
    # Without any outline all that is known is the side.
    farthest_mm = float(np.linalg.norm(grid.index_to_lps_mm[:3, :3] @ (high - low)))
    depth = np.minimum(nearest_mm(known, lines_mm), farthest_mm)
    away = depth > KNOWN_VOXELS * min(grid.spacing_kji_mm)
    known, depth = known[away], np.where(np.concatenate(inside), depth, -depth)[away]
    chosen = spread(known, KNOWN_POINTS)
    return known[chosen], depth[chosen]
