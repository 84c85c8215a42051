"""Pieces of drawn slices that end in a gap, though the next slice has the structure too."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from medseg.contour import Slice
from medseg.interpolation.completion import OpenGap
from medseg.interpolation.drawn import DrawnStructure
from medseg.interpolation.field import Field
from medseg.labelmap import MIN_DEPTH_MM

if TYPE_CHECKING:
    from medseg.interpolation.pieces import Pieces


def unjoined(drawn: DrawnStructure, field: Field) -> Iterator[OpenGap]:
    """Find the gaps in which pieces were not joined with the next drawn slice.

    A piece is joined if one can go from it to the other slice without leaving the structure, corners
    included. A gap beside a slice that was drawn as empty is none: there every piece has to end.

    Args:
        drawn: A structure on slices along one array axis.
        field: What it was completed to.
    """
    axis = drawn.parallel_axis
    if axis is None:
        return
    from medseg.interpolation.pieces import Pieces

    depth = np.moveaxis(field.depth_mm, axis, 0)
    start = field.corner_kji[axis]
    rows, columns = (part for other, part in enumerate(field.box) if other != axis)
    pieces = {
        where.index: Pieces.of(mask[rows, columns])
        for where, mask in drawn.masks.items()
        if isinstance(where, Slice)
    }
    for first, last in pairwise(sorted(pieces)):
        sides = pieces[first], pieces[last]
        if last - first > 1 and len(sides[0].boxes) and len(sides[1].boxes):
            ended = _pieces_that_end(sides, depth[first - start : last + 1 - start])
            if ended:
                yield OpenGap(drawn.structure_id, Slice(axis, first), Slice(axis, last), ended)


def _pieces_that_end(sides: tuple[Pieces, Pieces], depth_mm: npt.NDArray[np.float32]) -> int:
    """Number of pieces on either side that the slices between them do not join with the other side."""
    from medseg.interpolation.reach import reaches_last

    inside = depth_mm > MIN_DEPTH_MM
    straight = np.asarray(inside.all(axis=0))
    ended = 0
    for pieces, ordered in zip(sides, (inside, inside[::-1]), strict=True):
        # Most pieces overlap their counterpart all along: only the others are followed.
        unsure = np.flatnonzero(~pieces.touched(straight))
        seen = np.zeros(ordered.shape if len(unsure) else (0, 0, 0), dtype=np.int32)
        for number, piece in enumerate(unsure.tolist(), start=1):
            row, column = pieces.runs[pieces.runs[:, 3] == piece][0, :2].tolist()
            ended += not reaches_last(ordered, row, column, number, seen)
    return ended
