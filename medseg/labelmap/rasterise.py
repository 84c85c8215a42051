"""Contours → voxels.

The rule: a voxel belongs to a polygon when its centre lies inside by the even-odd rule. On a plane that is
no slice of the grid, the point at which the voxel's column crosses the plane stands for the centre. A
centre exactly on an edge belongs to the piece on its far side, towards larger indices, so that two
polygons that share an edge neither overlap nor leave a gap. Vertices keep their sub-voxel position; nothing
is rounded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from medseg.contour import (
    Contour,
    ContourSet,
    Placement,
    Slice,
    by_placement,
    columns_shape,
    in_slice_index,
    voxels_of,
)
from medseg.labelmap.label_map import LabelMap
from medseg.labelmap.nesting import nested_voxels
from medseg.labelmap.overlay import Claim, overlay
from medseg.labelmap.structure import Structure
from medseg.space import Grid


def fill_polygon(vertices: npt.NDArray[np.float64], shape: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """Fill a closed polygon by scanlines.

    Args:
        vertices: ``(row, column)`` as fractional indices, shape ``(n, 2)``; what lies outside the array
            is cut off.
        shape: Rows and columns of the result.

    Returns:
        The voxels whose centres lie inside.

    Source:
        Foley, van Dam, Feiner & Hughes, Computer Graphics: Principles and Practice, section 3.6, with
        the crossings kept at full precision.
    """
    mask = np.zeros(shape, dtype=bool)
    window = _fill_window(vertices, shape)
    mask[window.box] = window.inside
    return mask


class _Window(NamedTuple):
    """The part of an array that a polygon reaches, and what is inside of it there."""

    box: tuple[slice, slice]
    inside: npt.NDArray[np.bool_]


def _fill_window(vertices: npt.NDArray[np.float64], shape: tuple[int, int]) -> _Window:
    # The first centre on or behind each extreme: half-open, as are the scanlines below.
    (top, left), (bottom, right) = (
        np.clip(np.ceil(extreme), 0, shape).astype(np.intp).tolist()
        for extreme in (vertices.min(axis=0), vertices.max(axis=0))
    )
    start, end = vertices, np.roll(vertices, -1, axis=0)
    upward = start[:, :1] <= end[:, :1]
    low, high = np.where(upward, start, end), np.where(upward, end, start)
    # An edge crosses the scanlines low <= row < high: half-open, so that a shared vertex counts once.
    first = np.clip(np.ceil(low[:, 0]), 0, shape[0]).astype(np.intp)
    crossed = np.clip(np.ceil(high[:, 0]), 0, shape[0]).astype(np.intp) - first
    edge = np.repeat(np.arange(len(vertices)), crossed)
    row = first[edge] + np.arange(len(edge)) - np.repeat(np.cumsum(crossed) - crossed, crossed)
    slope = (high[edge, 1] - low[edge, 1]) / (high[edge, 0] - low[edge, 0])
    column = np.ceil(low[edge, 1] + (row - low[edge, 0]) * slope)
    # From each crossing on, along the row, inside becomes outside and back.
    width = right - left + 1
    toggle = (row - top) * width + np.clip(column, left, right).astype(np.intp) - left
    toggles = np.bincount(toggle, minlength=(bottom - top) * width).astype(np.uint8) & 1
    inside = np.bitwise_xor.accumulate(toggles.reshape(bottom - top, width), axis=1)[:, :-1]
    return _Window((slice(top, bottom), slice(left, right)), inside.view(np.bool_))


def fill(contours: Iterable[Contour], grid: Grid, where: Placement) -> npt.NDArray[np.bool_]:
    """Fill the contours of one structure on one plane.

    Args:
        contours: Contours that lie on the plane; see :class:`~medseg.contour.ContourSet` for how several
            of them and their holes combine. What leaves the grid is cut off.
        grid: The grid of the image.
        where: The plane, from :func:`~medseg.contour.place` or :func:`~medseg.contour.by_placement`.

    Returns:
        A mask with the two array axes other than the plane's, of the grid's full extent: the columns that
        cross the plane inside the structure.
    """
    shape = columns_shape(where, grid.shape_kji)
    depth = np.zeros(shape, dtype=np.int16)
    for contour in contours:
        # A column keeps its two other indices wherever it crosses the plane.
        window = _fill_window(in_slice_index(contour.points_lps_mm, grid, where.axis), shape)
        depth[window.box] += np.where(window.inside, np.int16(-1 if contour.hole else 1), np.int16(0))
    return depth > 0


def rasterise(contours: ContourSet, grid: Grid, structures: Sequence[Structure]) -> LabelMap:
    """Turn contours into a label map: each contour fills the voxels of its own plane, nothing between.

    Args:
        contours: Contours on any planes. Where a structure's planes cross and disagree, a slice counts before
            what was drawn earlier. A sheet, whose voxels lie up to half a voxel off its plane, takes
            nothing from the planes that it crosses.
        grid: The grid of the image.
        structures: The structures that the contours name. Where two claim a voxel, a part has it before
            what it is part of, one that was drawn inside another before that one, else the later one in
            this list.

    Raises:
        ContourError: A contour lies on a slice beyond the first or the last one of the grid.
        LabelMapError: The structures contradict each other.
    """
    claims: list[Claim] = []
    drawn: dict[str, npt.NDArray[np.int64]] = {}
    for structure in structures:
        groups = by_placement(contours.of(structure.id), grid)
        masks = {where: fill(group, grid, where) for where, group in groups.items()}
        planes = list(_drawn_voxels(masks, grid.shape_kji))
        claims.extend(_claim(structure.id, voxels) for voxels in planes)
        if planes and len(structures) > 1:
            every = np.concatenate(planes)
            drawn[structure.id] = np.unique(np.ravel_multi_index(tuple(every.T), grid.shape_kji))
    return overlay(claims, grid, structures, nested_voxels(drawn, structures))


def _drawn_voxels(
    masks: Mapping[Placement, npt.NDArray[np.bool_]], shape_kji: tuple[int, int, int]
) -> Iterator[npt.NDArray[np.intp]]:
    """For each plane the voxels of its mask that no later slice calls outside, where there are any."""
    for number, (where, mask) in enumerate(masks.items(), 1):
        index_kji = voxels_of(where, mask, shape_kji)
        for later, later_mask in islice(masks.items(), number, None):
            if isinstance(later, Slice) and not _are_parallel_slices(where, later):
                index_kji = index_kji[~_called_outside(index_kji, later, later_mask)]
        if index_kji.size:
            yield index_kji


def _are_parallel_slices(first: Placement, second: Slice) -> bool:
    return isinstance(first, Slice) and first.axis == second.axis


def _called_outside(
    index_kji: npt.NDArray[np.intp], where: Slice, mask: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Which voxels lie on a slice and outside its mask."""
    outside = index_kji[:, where.axis] == where.index
    a, b = np.delete(index_kji[outside], where.axis, axis=1).T
    outside[outside] = ~mask[a, b]
    return np.asarray(outside)


def _claim(structure_id: str, index_kji: npt.NDArray[np.intp]) -> Claim:
    corner = index_kji.min(axis=0)
    depth = np.full(index_kji.max(axis=0) - corner + 1, -np.inf, dtype=np.float32)
    depth[tuple((index_kji - corner).T)] = np.inf
    k, j, i = corner.tolist()
    return Claim(structure_id, (k, j, i), depth)
