"""Pins: what was drawn stays exactly as it was drawn."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from medseg.contour.sheet import Placement, Sheet, nearest_index, voxels_of
from medseg.contour.slices import Slice
from medseg.interpolation.drawn import DrawnStructure, window_of
from medseg.interpolation.field import Field
from medseg.space import Grid

Mask = npt.NDArray[np.bool_]
Box = tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]
"""First index and end of a box of voxels."""


def pin(field: Field, drawn: DrawnStructure) -> Field:
    """Set every voxel of every drawn plane to ``inf`` where it was drawn as inside and ``-inf`` elsewhere.

    Where two planes cross and disagree the later one counts, with one exception: a sheet's voxels lie up
    to half a voxel off its plane, so that beside an outline they may differ from a slice that agrees with
    it. Where an outline of both runs beside the voxel, the slice keeps its value.

    Args:
        field: What a method proposes. Its depths are overwritten, unless the box has to grow.
        drawn: The planes as they were drawn.

    Returns:
        The same field, or one of a larger box if a drawn plane has voxels outside it.
    """
    field = holding_drawn(field, drawn)
    earlier: dict[Slice, Mask] = {}
    for where, mask in drawn.masks.items():
        if isinstance(where, Slice):
            _pin_slice(field, where, mask)
            # Drawn anew, a slice takes its later place.
            earlier.pop(where, None)
            earlier[where] = mask
        else:
            _pin_sheet(field, where, mask, earlier, drawn.grid)
    return field


def drawn_box(drawn: DrawnStructure) -> Box | None:
    """The box around all voxels drawn as inside; None where there are none."""
    boxes = [_box_of(where, mask, drawn.grid) for where, mask in drawn.masks.items()]
    filled = [box for box in boxes if (box[1] > box[0]).all()]
    if not filled:
        return None
    firsts, ends = zip(*filled, strict=True)
    return np.min(firsts, axis=0), np.max(ends, axis=0)


def _box_of(where: Placement, mask: Mask, grid: Grid) -> Box:
    """The box around the voxels of one plane; an empty one if there are none on the grid."""
    if isinstance(where, Slice):
        sides = list(window_of(mask))
        sides.insert(where.axis, slice(where.index, where.index + 1))
        return np.array([side.start for side in sides]), np.array([side.stop for side in sides])
    voxels = voxels_of(where, mask, grid.shape_kji)
    if not len(voxels):
        return np.zeros(3, np.intp), np.zeros(3, np.intp)
    return voxels.min(axis=0), voxels.max(axis=0) + 1


def holding_drawn(field: Field, drawn: DrawnStructure) -> Field:
    """The field on a box that holds all voxels drawn as inside; itself, if its own does."""
    needed = drawn_box(drawn)
    return field if needed is None else grown(field, tuple(needed[0]), tuple(needed[1] - needed[0]))


def grown(field: Field, corner_kji: tuple[int, ...], shape_kji: tuple[int, ...]) -> Field:
    """The field on a box that holds another box too; itself, if its own does. The rest lies outside.

    Args:
        field: A field.
        corner_kji: First voxel of the other box.
        shape_kji: Its number of voxels.
    """
    if not np.prod(shape_kji):
        return field
    low, high = np.array(corner_kji), np.add(corner_kji, shape_kji)
    corner, end = np.array(field.corner_kji), np.add(field.corner_kji, field.depth_mm.shape)
    if field.depth_mm.size:
        low, high = np.minimum(corner, low), np.maximum(end, high)
        if np.array_equal(low, corner) and np.array_equal(high, end):
            return field
    depth = np.full(high - low, -np.inf, dtype=np.float32)
    k, j, i = low.tolist()
    if field.depth_mm.size:
        inner = tuple(slice(a, b) for a, b in zip(corner - low, end - low, strict=True))
        depth[inner] = field.depth_mm
    return Field((k, j, i), depth)


def _pin_slice(field: Field, where: Slice, mask: Mask) -> None:
    index = where.index - field.corner_kji[where.axis]
    if 0 <= index < field.depth_mm.shape[where.axis]:
        plane = np.moveaxis(field.depth_mm, where.axis, 0)[index]
        plane[...] = _pinned(mask[_columns_of_box(field, where.axis)])


def _pin_sheet(field: Field, where: Sheet, mask: Mask, earlier: dict[Slice, Mask], grid: Grid) -> None:
    box = _columns_of_box(field, where.axis)
    indices = nearest_index(where, mask.shape)
    written = ~_rounded_differently(where, mask, indices, earlier, grid)[box]
    in_box = indices[box] - field.corner_kji[where.axis]
    written &= (in_box >= 0) & (in_box < field.depth_mm.shape[where.axis])
    a, b = np.nonzero(written)
    np.moveaxis(field.depth_mm, where.axis, 0)[in_box[a, b], a, b] = _pinned(mask[box][a, b])


def _rounded_differently(
    where: Sheet, mask: Mask, indices: npt.NDArray[np.intp], slices: dict[Slice, Mask], grid: Grid
) -> Mask:
    """Columns of a sheet where a slice says otherwise, but an outline of both runs beside the voxel."""
    columns = np.array(np.nonzero(beside_outline(mask)))
    voxels = np.insert(columns, where.axis, indices[tuple(columns)], axis=0)
    voxels = voxels[:, (voxels[where.axis] >= 0) & (voxels[where.axis] < grid.shape_kji[where.axis])]
    gives_way = np.zeros(mask.shape, dtype=np.bool_)
    for drawn_slice, slice_mask in slices.items():
        crossing = voxels[:, voxels[drawn_slice.axis] == drawn_slice.index]
        in_sheet = tuple(np.delete(crossing, where.axis, axis=0))
        in_slice = tuple(np.delete(crossing, drawn_slice.axis, axis=0))
        differs = mask[in_sheet] != slice_mask[in_slice]
        if differs.any():
            gives_way[in_sheet] |= differs & beside_outline(slice_mask)[in_slice]
    return gives_way


def beside_outline(mask: Mask) -> Mask:
    """Pixels of which one of the eight neighbours has the other value."""
    framed = np.pad(mask, 1, mode="edge")
    rows, columns = mask.shape
    near = np.zeros(mask.shape, dtype=np.bool_)
    for down in range(3):
        for across in range(3):
            near |= framed[down : down + rows, across : across + columns] != mask
    return near


def _columns_of_box(field: Field, axis: int) -> tuple[slice, slice]:
    a, b = (part for other, part in enumerate(field.box) if other != axis)
    return a, b


def _pinned(mask: Mask) -> npt.NDArray[np.float32]:
    return np.where(mask, np.float32(np.inf), np.float32(-np.inf))
