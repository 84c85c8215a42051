"""Pieces of drawn slices that end in a gap, though the next slice has the structure too."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from medseg.contour import Slice
from medseg.interpolation.completion import OpenGap
from medseg.interpolation.drawn import DrawnStructure
from medseg.interpolation.field import Field
from medseg.labelmap import MIN_DEPTH_MM

Mask = npt.NDArray[np.bool_]


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
    masks = {where.index: mask for where, mask in drawn.masks.items() if isinstance(where, Slice)}
    depth = np.moveaxis(field.depth_mm, axis, 0)
    start = field.corner_kji[axis]
    rows, columns = (part for other, part in enumerate(field.box) if other != axis)
    for first, last in pairwise(sorted(masks)):
        sides = masks[first][rows, columns], masks[last][rows, columns]
        if last - first < 2 or not (sides[0].any() and sides[1].any()):
            continue
        between = depth[first + 1 - start : last - start] > MIN_DEPTH_MM
        pieces = _pieces_that_end(sides, between)
        if pieces:
            yield OpenGap(drawn.structure_id, Slice(axis, first), Slice(axis, last), pieces)


def _pieces_that_end(sides: tuple[Mask, Mask], between: Mask) -> int:
    """Number of pieces on either side that the missing slices do not join with the other side."""
    from medseg.interpolation.pieces import Pieces
    from medseg.interpolation.reach import reaches_last

    straight = between.all(axis=0) & sides[0] & sides[1]
    slices = np.stack([sides[0], *between, sides[1]])
    ended = 0
    for ordered in (slices, slices[::-1]):
        pieces = Pieces.of(ordered[0])
        # Most pieces overlap their counterpart all along: only the others are followed.
        unsure = np.flatnonzero(~pieces.touched(straight))
        seen = np.zeros(ordered.shape if len(unsure) else (0, 0, 0), dtype=np.int32)
        for number, piece in enumerate(unsure.tolist(), start=1):
            row, column = pieces.runs[pieces.runs[:, 3] == piece][0, :2].tolist()
            ended += not reaches_last(ordered, row, column, number, seen)
    return ended
