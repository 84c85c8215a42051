"""Contours → voxels.

The rule: a voxel belongs to a polygon when its centre lies inside by the even-odd rule. A centre exactly
on an edge belongs to the piece on its far side, towards larger indices, so that two polygons that share
an edge neither overlap nor leave a gap. Vertices keep their sub-voxel position; nothing is rounded.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from medseg.contour import Contour, ContourSet, Slice, by_slice, in_slice_index
from medseg.labelmap.label_map import LabelMap
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
    rows, columns = shape
    start, end = vertices, np.roll(vertices, -1, axis=0)
    upward = start[:, :1] <= end[:, :1]
    low, high = np.where(upward, start, end), np.where(upward, end, start)
    # An edge crosses the scanlines low <= row < high: half-open, so that a shared vertex counts once.
    first = np.clip(np.ceil(low[:, 0]), 0, rows).astype(np.intp)
    crossed = np.clip(np.ceil(high[:, 0]), 0, rows).astype(np.intp) - first
    edge = np.repeat(np.arange(len(vertices)), crossed)
    row = first[edge] + np.arange(crossed.sum()) - np.repeat(np.cumsum(crossed) - crossed, crossed)
    slope = (high[edge, 1] - low[edge, 1]) / (high[edge, 0] - low[edge, 0])
    column = low[edge, 1] + (row - low[edge, 0]) * slope
    # From each crossing on, along the row, inside becomes outside and back.
    toggles = np.zeros((rows, columns + 1), dtype=np.uint8)
    np.bitwise_xor.at(toggles, (row, np.clip(np.ceil(column), 0, columns).astype(np.intp)), 1)
    return np.bitwise_xor.accumulate(toggles, axis=1)[:, :columns].astype(bool)


def fill_slice(contours: Iterable[Contour], grid: Grid, where: Slice) -> npt.NDArray[np.bool_]:
    """Fill the contours of one structure on one slice.

    Args:
        contours: Contours that lie on the slice; see :class:`~medseg.contour.ContourSet` for how several
            of them and their holes combine.
        grid: The grid of the slice.
        where: The slice.

    Returns:
        A mask with the two array axes that the slice keeps.
    """
    rows, columns = (n for axis, n in enumerate(grid.shape_kji) if axis != where.axis)
    depth = np.zeros((rows, columns), dtype=np.int16)
    for contour in contours:
        vertices = in_slice_index(contour.points_lps_mm, grid, where.axis)
        depth += fill_polygon(vertices, (rows, columns)) * np.int16(-1 if contour.hole else 1)
    return depth > 0


def rasterise(contours: ContourSet, grid: Grid, structures: Sequence[Structure]) -> LabelMap:
    """Turn contours into a label map: each contour fills its own slice, nothing between.

    Args:
        contours: Contours on slices of the grid, along any of its axes.
        grid: The grid of the image.
        structures: The structures that the contours name. Where two claim a voxel, a part has it before
            what it is part of, else the later one in this list.

    Raises:
        ContourError: A contour lies on no slice of the grid.
        LabelMapError: The structures contradict each other.
    """
    claims = []
    for structure in structures:
        for where, group in by_slice(contours.of(structure.id), grid).items():
            mask = fill_slice(group, grid, where)
            depth = np.where(mask, np.inf, -np.inf).astype(np.float32)
            corner = [0, 0, 0]
            corner[where.axis] = where.index
            claims.append(
                Claim(
                    structure.id,
                    (corner[0], corner[1], corner[2]),
                    np.expand_dims(depth, where.axis),
                )
            )
    return overlay(claims, grid, structures)
