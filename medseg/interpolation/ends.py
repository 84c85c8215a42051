"""How a structure ends: pieces with no counterpart on the next drawn slice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from medseg.compiled import compiled
from medseg.interpolation.gap import Gap

OUTSIDE = 2.0
"""No pixel counts as further outside than this, in depths of the deepest one inside.

So a branch that is drawn back is gone after a third of the gap at the earliest, however long it is.
"""


def with_ends(gap: Gap) -> tuple[Gap, npt.NDArray[np.bool_]]:
    """Let pieces that end in a gap end half-way through it.

    The distance from such a piece to whatever else there is on the other slice says nothing of it, and
    would make it vanish at once. Instead the piece, and a cavity likewise, is met there by a depth as much
    outside as it is inside at its deepest: it tapers, and is gone half-way.

    Args:
        gap: A gap with at least one piece on one of the slices next to it.

    Returns:
        The same gap with finite depths, in which an empty slice beyond the two is left out; and where the
        pieces lie that end for certain, shape ``(rows, columns)``.
    """
    from medseg.interpolation.pieces import Pieces

    ended = without_empty_beyond(gap)
    before, masks, depth = ended.before, ended.masks, ended.depth_mm
    sides = depth[before : before + 2]
    deepest = np.float32(sides.max())
    for side in sides:
        if np.isneginf(side[0, 0]):
            side[:] = -deepest
    pieces = [Pieces.of(mask) for mask in masks[before : before + 2]]
    ends = [~pieces[here].touched(masks[before + there]) for here, there in ((0, 1), (1, 0))]
    ending = np.zeros(masks.shape[1:], dtype=np.bool_)
    if ends[0].any() or ends[1].any():
        original = sides.copy()
        # Where pieces end on both sides they may be the same, which moved: they count as going on.
        moved = ends[0].any() and ends[1].any()
        for here, there in ((0, 1), (1, 0)):
            _taper(pieces[here].runs, ends[here], original[here], sides[there])
            if not moved:
                ending |= pieces[here].painted(np.flatnonzero(ends[here]).tolist(), (0, 0, *masks.shape[1:]))
    np.maximum(depth, -OUTSIDE * deepest, out=depth)
    return ended, ending


def without_empty_beyond(gap: Gap) -> Gap:
    """A gap with a copy of its depths that leaves out the empty slices beyond the two next to it."""
    kept = [n for n in range(len(gap.indices)) if n in (gap.before, gap.before + 1) or gap.masks[n].any()]
    if len(kept) == len(gap.indices):
        return replace(gap, depth_mm=gap.depth_mm.copy())
    indices = tuple(gap.indices[n] for n in kept)
    before = kept.index(gap.before)
    return replace(gap, indices=indices, before=before, masks=gap.masks[kept], depth_mm=gap.depth_mm[kept])


@compiled
def _taper(
    runs: npt.NDArray[np.int32],
    ends: npt.NDArray[np.bool_],
    depth: npt.NDArray[np.float32],
    other_depth: npt.NDArray[np.float32],
) -> None:
    deepest = np.zeros(len(ends), np.float32)
    for row, start, stop, piece in runs:
        if ends[piece]:
            deepest[piece] = max(deepest[piece], depth[row, start:stop].max())
    for row, start, stop, piece in runs:
        if ends[piece]:
            for c in range(start, stop):
                other_depth[row, c] = max(other_depth[row, c], -deepest[piece])
