"""Box: a part of an array, where it lies in the whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

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


def box_of(mask: npt.NDArray[Any]) -> Box | None:
    """The smallest box that holds all voxels of a mask ``[k, j, i]`` that are not 0; None where all are."""
    sides = []
    for axis in range(3):
        filled = np.flatnonzero(mask.any(axis=tuple(other for other in range(3) if other != axis)))
        if not len(filled):
            return None
        sides.append(slice(int(filled[0]), int(filled[-1]) + 1))
        # The next axis looks at what is left: slices along the first axis are one piece of memory.
        mask = mask[(slice(None),) * axis + (sides[-1],)]
    return sides[0], sides[1], sides[2]


def box_grown(box: Box, voxels: Sequence[int], shape_kji: Sequence[int]) -> Box:
    """A box with so many more voxels along k, j and i on both sides, as far as the array goes."""
    k, j, i = (
        slice(max(side.start - more, 0), min(side.stop + more, n))
        for side, more, n in zip(box, voxels, shape_kji, strict=True)
    )
    return k, j, i
