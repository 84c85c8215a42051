"""How a structure ends: pieces with no counterpart on the next drawn slice."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from medseg.compiled import compiled
from medseg.interpolation.gap import Gap
from medseg.interpolation.pieces import pieces_of, touched

Map = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Runs = npt.NDArray[np.int32]

OUTSIDE = 2.0
"""No pixel counts as further outside than this, in depths of the deepest one inside.

So a branch that is drawn back is gone after a third of the gap at the earliest, however long it is.
"""


def with_ends(gap: Gap) -> tuple[Gap, Mask]:
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
    ended = without_empty_beyond(gap)
    before = ended.before
    return ended, _let_end(ended.masks[before], ended.masks[before + 1], ended.depth_mm, before)


def without_empty_beyond(gap: Gap) -> Gap:
    """A gap with a copy of its depths that leaves out the empty slices beyond the two next to it."""
    kept = [n for n in range(len(gap.indices)) if n in (gap.before, gap.before + 1) or gap.masks[n].any()]
    if len(kept) == len(gap.indices):
        return Gap(gap.indices, gap.before, gap.masks, gap.depth_mm.copy(), gap.spacing_mm)
    indices = tuple(gap.indices[n] for n in kept)
    before = kept.index(gap.before)
    return Gap(indices, before, gap.masks[kept], gap.depth_mm[kept], gap.spacing_mm)


@compiled
def _let_end(first: Mask, last: Mask, depth: Map, before: int) -> Mask:
    """Let pieces end in all depths of a gap, changed in place; return where some end for certain."""
    rows, columns = first.shape
    first_depth, last_depth = depth[before], depth[before + 1]
    deepest = first_depth[0, 0]
    for r in range(rows):
        for c in range(columns):
            deepest = max(deepest, first_depth[r, c], last_depth[r, c])
    _let_be_outside(first_depth, deepest)
    _let_be_outside(last_depth, deepest)
    first_runs, first_boxes = pieces_of(first)
    last_runs, last_boxes = pieces_of(last)
    first_joined = touched(first_runs, len(first_boxes), last)
    last_joined = touched(last_runs, len(last_boxes), first)
    first_ends, last_ends = _any_not(first_joined), _any_not(last_joined)
    ending = np.zeros(first.shape, np.bool_)
    if first_ends or last_ends:
        original = first_depth.copy()
        _taper(last_runs, last_joined, last_depth, first_depth)
        _taper(first_runs, first_joined, original, last_depth)
        # Where pieces end on both sides they may be the same, which moved: they count as going on.
        if not (first_ends and last_ends):
            _mark(first_runs, first_joined, ending)
            _mark(last_runs, last_joined, ending)
    least = -OUTSIDE * deepest
    for n in range(len(depth)):
        for r in range(rows):
            for c in range(columns):
                depth[n, r, c] = max(depth[n, r, c], least)
    return ending


@compiled
def _let_be_outside(depth: Map, deepest: np.float32) -> None:
    """Make an empty slice as much outside throughout as the other one is inside at its deepest."""
    if depth[0, 0] == -np.inf:
        for r in range(depth.shape[0]):
            for c in range(depth.shape[1]):
                depth[r, c] = -deepest


@compiled
def _any_not(flags: Mask) -> bool:
    found = False
    for flag in flags:
        found |= not flag
    return found


@compiled
def _taper(runs: Runs, joined: Mask, depth: Map, other_depth: Map) -> None:
    """Meet the pieces of a slice that end by a depth as much outside on the other slice."""
    deepest = np.zeros(len(joined), np.float32)
    for row, start, stop, piece in runs:
        for c in range(start, stop):
            deepest[piece] = max(deepest[piece], depth[row, c])
    for row, start, stop, piece in runs:
        if not joined[piece]:
            for c in range(start, stop):
                other_depth[row, c] = max(other_depth[row, c], -deepest[piece])


@compiled
def _mark(runs: Runs, joined: Mask, ending: Mask) -> None:
    for row, start, stop, piece in runs:
        if not joined[piece]:
            ending[row, start:stop] = True
