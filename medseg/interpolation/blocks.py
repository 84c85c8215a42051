"""Outlines in blocks: what was drawn on a coarser grid and repeated onto this one.

A mask that was resampled to a finer grid by nearest neighbour, as programs do that segment at 3 mm, repeats
each of its rows and columns. The steps of its outlines are no shape: between two such slices they would be
carried along, halved and rounded. So the structure is completed on the pixels that it has, and each of them
is repeated, as those of the drawn slices are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from medseg.contour import Slice
from medseg.interpolation.drawn import DrawnStructure, for_loops
from medseg.interpolation.field import Field
from medseg.space import Grid

MIN_CHANGES = 5
"""Rows at which the drawn slices have to change, all taken together: fewer are regular by chance."""

MIN_CHANGES_OF_A_SLICE = 3
"""And at which one slice alone has to: boxes, which change at two, say nothing of pixels between."""

MOST_OFF = 0.75
"""Rows by which a change may lie off its place in a regular lattice: rounding takes up to half a row."""

Flags = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Blocks:
    """How the pixels of a structure lie in those of its slices.

    Attributes:
        axis: The array axis along which the structure was sliced.
        starts: For each of the two other array axes the first index of each block, ascending from 0.
        pitch: For each of the two the mean length of a block; 1 where there are none.
        shape: The extent of a slice.
    """

    axis: int
    starts: tuple[Indices, Indices]
    pitch: tuple[float, float]
    shape: tuple[int, int]

    @property
    def key(self) -> bytes:
        """The same for the same blocks, and only for those."""
        return repr((self.axis, self.shape, [one.tolist() for one in self.starts], self.pitch)).encode()

    def coarse(self, drawn: DrawnStructure) -> DrawnStructure:
        """A structure on its own pixels: one for each block."""
        rows_columns = np.ix_(*self.starts)
        masks = {where: np.ascontiguousarray(mask[rows_columns]) for where, mask in drawn.masks.items()}
        shape, steps = list(drawn.grid.shape_kji), drawn.grid.index_to_lps_mm.copy()
        for axis, starts, pitch in zip(self._axes, self.starts, self.pitch, strict=True):
            shape[axis] = len(starts)
            steps[:3, axis] *= pitch
        return replace(drawn, grid=Grid((shape[0], shape[1], shape[2]), steps), masks=masks)

    def repeated(self, field: Field) -> Field:
        """A field on these pixels as one on those of the image."""
        corner, depth = list(field.corner_kji), field.depth_mm
        for axis, starts, extent in zip(self._axes, self.starts, self.shape, strict=True):
            chosen = slice(corner[axis], corner[axis] + depth.shape[axis])
            depth = np.repeat(depth, np.diff(starts, append=extent)[chosen], axis=axis)
            corner[axis] = int(starts[chosen.start]) if chosen.start < len(starts) else extent
        return Field((corner[0], corner[1], corner[2]), depth)

    @property
    def _axes(self) -> list[int]:
        return [axis for axis in range(3) if axis != self.axis]


def blocks_of(drawn: DrawnStructure) -> Blocks | None:
    """The blocks in which a structure was drawn; None where its outlines follow the pixels of the image.

    Nearest neighbours leave a regular lattice: the slices change at no two neighbouring rows, and wherever
    they change is a multiple of one length, which need not be whole, off by rounding alone. Outlines that
    anybody drew, or any program at this resolution, change at neighbouring rows somewhere: the first few
    slices tell.

    Args:
        drawn: A structure on slices along one array axis.
    """
    masks = {where: mask for where, mask in drawn.masks.items() if isinstance(where, Slice)}
    if drawn.parallel_axis is None or not masks:
        return None
    shape = next(iter(masks.values())).shape
    found = [
        None if changes is None else _lattice(changes, extent)
        for changes, extent in zip(_changes(masks.values(), shape), shape, strict=True)
    ]
    if found[0] is None and found[1] is None:
        return None
    rows, columns = (
        (np.arange(extent), 1.0) if lattice is None else lattice
        for lattice, extent in zip(found, shape, strict=True)
    )
    return Blocks(drawn.parallel_axis, (rows[0], columns[0]), (rows[1], columns[1]), (shape[0], shape[1]))


def in_blocks(drawn: DrawnStructure, complete: Callable[[DrawnStructure], Field]) -> Field:
    """Complete a structure on its own pixels, where the slices show that they are coarser."""
    blocks = blocks_of(drawn)
    return complete(drawn) if blocks is None else blocks.repeated(complete(blocks.coarse(drawn)))


def _changes(masks: Iterable[Flags], shape: tuple[int, ...]) -> list[Indices | None]:
    """The rows, and the columns, at which any mask changes; None where they can't be those of blocks."""
    from medseg.interpolation.row_changes import mark_changes

    changed = [np.zeros(extent + 1, dtype=np.bool_) for extent in shape]
    most = [0, 0]
    possible = (True, True)
    for mask in masks:
        *counts, rows_apart, columns_apart = mark_changes(for_loops(mask), *changed)
        most = [max(n, count) for n, count in zip(most, counts, strict=True)]
        possible = rows_apart, columns_apart
        if not any(possible):
            return [None, None]
    # At the border of the image a mask may be cut off in the middle of a block.
    return [
        np.flatnonzero(one[1:-1]) + 1 if possible[n] and most[n] >= MIN_CHANGES_OF_A_SLICE else None
        for n, one in enumerate(changed)
    ]


def _lattice(changes: Indices, extent: int) -> tuple[Indices, float] | None:
    """The blocks of a regular lattice that changes only at some rows, and their mean length."""
    if len(changes) < MIN_CHANGES:
        return None
    lengths = np.diff(changes)
    single = lengths[lengths < 2 * lengths.min()].mean()
    number = np.concatenate([[0], np.cumsum(np.rint(lengths / single))])
    pitch, offset = np.polyfit(number, changes, 1).tolist()
    if np.abs(offset + pitch * number - changes).max() > MOST_OFF:
        return None
    first = int(np.ceil(-offset / pitch))
    numbers = np.arange(first, int(np.floor((extent - 1 - offset) / pitch)) + 1)
    unseen = np.rint(offset + pitch * numbers[~np.isin(numbers, number)]).astype(np.int64)
    starts = np.concatenate([[0], changes, unseen[(unseen > 0) & (unseen < extent)]])
    return np.unique(starts), pitch
