"""Box: a part of an array, where it lies in the whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Box = tuple[slice, slice, slice]
"""A box of voxels, as an index into an array ``[k, j, i]``."""


def box_at(corner_kji: Sequence[int], shape_kji: Sequence[int]) -> Box:
    """The box of a shape whose first voxel has an index."""
    k, j, i = (slice(start, start + n) for start, n in zip(corner_kji, shape_kji, strict=True))
    return k, j, i


def box_around(boxes: Iterable[Box]) -> Box:
    """The smallest box that holds all that hold anything; an empty one where none does."""
    filled = [box for box in boxes if all(side.stop > side.start for side in box)]
    k, j, i = (
        slice(
            min((box[axis].start for box in filled), default=0),
            max((box[axis].stop for box in filled), default=0),
        )
        for axis in range(3)
    )
    return k, j, i
