"""Painting: a scene of solids → voxels and truth.

A scene is a list of paints, each laid over those before it, as a painter works from back to front.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from medseg.progress import Progress, silent
from medseg.space import Grid
from medseg_phantoms.points import Field, Points, Window, slice_points
from medseg_phantoms.solids import Box, Solid

SUBSLICE_MM = 2.5
"""A slice thicker than this averages several sub-slices: partial volume along the slice normal."""

MAX_SUBSLICES = 3

Shade = float | Callable[[Points], Field]
"""What the image gets: a number, or a function of the place."""


@dataclass(frozen=True)
class Paint:
    """One coat of paint.

    Args:
        solid: Where it goes.
        shade: What the image gets there; None leaves the image.
        label: What the truth gets there; 0 clears it, None leaves it.
        onto: If given, the truth changes only where it has one of these labels: a vessel is part of the
            liver only inside the liver.
        deeper: What the image gets further in: pairs of a depth below the surface in mm and a shade, the
            shallow ones first. A bone is cortex, with marrow below 2 mm.
        opacity: How much of what was there before is covered, from 0 to 1.
    """

    solid: Solid
    shade: Shade | None
    label: int | None = None
    onto: tuple[int, ...] | None = None
    deeper: tuple[tuple[float, Shade], ...] = ()
    opacity: float = 1.0


def paint_image(
    scene: Sequence[Paint], grid: Grid, background: float, progress: Progress = silent
) -> npt.NDArray[np.float32]:
    """Render a scene with partial volume at every edge.

    Within a slice the edge of a solid is blended over one voxel by its distance to the voxel's centre;
    across it sub-slices are averaged.
    """
    spacing_k_mm, spacing_j_mm, spacing_i_mm = grid.spacing_kji_mm
    edge_mm = np.float32(math.sqrt(spacing_j_mm * spacing_i_mm))
    subslices = min(max(round(spacing_k_mm / SUBSLICE_MM), 1), MAX_SUBSLICES)
    boxes = [_index_box(paint.solid.box_mm, grid) for paint in scene]
    image = np.zeros(grid.shape_kji, dtype=np.float32)
    for k in range(grid.shape_kji[0]):
        progress("painting", k, grid.shape_kji[0])
        for part in range(subslices):
            canvas = np.full(grid.shape_kji[1:], background, dtype=np.float32)
            points = slice_points(grid, k + (part + 0.5) / subslices - 0.5)
            for paint, (first, last, window) in zip(scene, boxes, strict=True):
                if paint.shade is not None and first <= k <= last:
                    _lay_on(canvas[window], paint, points.window(window), edge_mm)
            image[k] += canvas
    image /= subslices
    return image


def paint_truth(scene: Sequence[Paint], grid: Grid) -> npt.NDArray[np.uint8]:
    """Label each voxel by what its centre lies in."""
    labelled = [paint for paint in scene if paint.label is not None]
    boxes = [_index_box(paint.solid.box_mm, grid) for paint in labelled]
    truth = np.zeros(grid.shape_kji, dtype=np.uint8)
    for k in range(grid.shape_kji[0]):
        points = slice_points(grid, k)
        for paint, (first, last, window) in zip(labelled, boxes, strict=True):
            if first <= k <= last:
                target = truth[k][window]
                inside = paint.solid.distance_mm(points.window(window)) < 0
                if paint.onto is not None:
                    inside &= np.isin(target, paint.onto)
                target[inside] = paint.label
    return truth


def _lay_on(canvas: Field, paint: Paint, points: Points, edge_mm: np.float32) -> None:
    if not canvas.size:
        return
    distance = paint.solid.distance_mm(points)
    for depth_mm, shade in ((0.0, paint.shade), *paint.deeper):
        coverage = np.float32(0.5) - (distance + np.float32(depth_mm)) / edge_mm
        coverage = np.clip(coverage, 0, 1) * np.float32(paint.opacity)
        value = shade(points) if callable(shade) else np.float32(shade or 0)
        canvas += coverage * (value - canvas)


def _index_box(box_mm: Box, grid: Grid) -> tuple[int, int, Window]:
    """First and last slice, rows and columns that a box in mm may touch, with a voxel to spare."""
    low, high = np.array(box_mm[0]), np.array(box_mm[1])
    corners = low + np.array(list(np.ndindex(2, 2, 2))) * (high - low)
    index = grid.to_index(corners)
    first = np.clip(np.floor(index.min(axis=0)) - 1, 0, np.array(grid.shape_kji)).astype(int)
    last = np.clip(np.ceil(index.max(axis=0)) + 1, -1, np.array(grid.shape_kji) - 1).astype(int)
    window = (slice(first[1], last[1] + 1), slice(first[2], last[2] + 1))
    return int(first[0]), int(last[0]), window
