"""Cavities: a hollow structure taken apart into its outer surface and what that encloses."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import numpy as np
import numpy.typing as npt

from medseg.contour.sheet import Placement, nearest_index, voxels_of
from medseg.contour.slices import Slice
from medseg.interpolation.drawn import DrawnStructure, window_of

STRUCTURE, OUTSIDE = 0, 1
"""Labels of a plane's pixels. From 2 on come the pieces of background that the structure encloses on it."""

Labels = npt.NDArray[np.int32]


def taken_apart(drawn: DrawnStructure) -> tuple[DrawnStructure, DrawnStructure | None]:
    """Tell the outer surface of a structure from its cavities.

    What a structure encloses on one plane may be a cavity, or part of a groove or tunnel that is open
    elsewhere. It is a cavity if two planes at least show it, and none of those that cross it or lie next to
    it leads outside, from plane to plane.

    Args:
        drawn: The structure as it was drawn.

    Returns:
        The structure with its cavities filled; and the cavities, None where there are none.
    """
    if not any(_enclosing(mask) for mask in drawn.masks.values()):
        return drawn, None
    numbers = count(OUTSIDE + 1)
    labels = {where: _labelled(mask, numbers) for where, mask in drawn.masks.items()}
    enclosed = next(numbers) - OUTSIDE - 1
    closed = _closed(labels, enclosed, drawn)
    if not closed.any():
        return drawn, None
    cavities = {where: closed[of_plane] for where, of_plane in labels.items()}
    filled = {where: mask | cavities[where] for where, mask in drawn.masks.items()}
    return replace(drawn, masks=filled), replace(drawn, masks=cavities)


def _enclosing(mask: npt.NDArray[np.bool_]) -> bool:
    """Whether a plane has pieces of background that the structure encloses."""
    return _background(mask[window_of(mask)])[1] > 1


def _background(mask: npt.NDArray[np.bool_]) -> tuple[Labels, int]:
    """The pieces of background, by number, and how many; the first is all that is not enclosed."""
    from scipy.ndimage import label

    # The frame joins all background around the structure; its piece is found first.
    pieces, found = label(np.pad(~mask, 1, constant_values=True))
    return pieces[1:-1, 1:-1], found


def _labelled(mask: npt.NDArray[np.bool_], numbers: count[int]) -> Labels:
    """Label a plane's pixels; pieces of background that are enclosed take the next numbers."""
    labels = np.where(mask, STRUCTURE, OUTSIDE).astype(np.int32)
    window = window_of(mask)
    pieces, found = _background(mask[window])
    of_piece = np.array([STRUCTURE, OUTSIDE, *(next(numbers) for _ in range(found - 1))], np.int32)
    labels[window] = of_piece[pieces]
    return labels


def _closed(labels: dict[Placement, Labels], enclosed: int, drawn: DrawnStructure) -> npt.NDArray[np.bool_]:
    """For each label whether it is part of a cavity."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    size = OUTSIDE + 1 + enclosed
    links = [
        (piece, leads_to)
        for where, of_plane in labels.items()
        for piece, leads_to in _links(where, of_plane, labels, drawn)
        if leads_to != STRUCTURE
    ]
    starts, ends = np.array(links, dtype=np.intp).reshape(-1, 2).T
    graph = coo_array((np.ones(len(starts)), (starts, ends)), shape=(size, size))
    _, group = connected_components(graph, directed=False)
    return np.asarray((group != group[OUTSIDE]) & (np.bincount(group)[group] > 1))


def _links(
    where: Placement, of_plane: Labels, labels: dict[Placement, Labels], drawn: DrawnStructure
) -> list[tuple[int, int]]:
    """What most of each enclosed piece is on the planes that cross it or lie next to it."""
    voxels = voxels_of(where, of_plane > OUTSIDE, drawn.grid.shape_kji)
    if not len(voxels):
        return []
    pieces = of_plane[tuple(np.delete(voxels, where.axis, axis=1).T)]
    beside = _beside(where, drawn)
    links = []
    for other, of_other in labels.items():
        columns = tuple(np.delete(voxels, other.axis, axis=1).T)
        met = np.full(len(voxels), other in beside)
        if other not in beside:
            met = voxels[:, other.axis] == nearest_index(other, of_other.shape)[columns]
        for piece in np.unique(pieces[met]) if other != where else ():
            found, times = np.unique(of_other[columns][met & (pieces == piece)], return_counts=True)
            links.append((int(piece), int(found[times.argmax()])))
    return links


def _beside(where: Placement, drawn: DrawnStructure) -> set[Placement]:
    """The next parallel slices on both sides on which the structure was drawn."""
    if not isinstance(where, Slice):
        return set()
    filled = [
        other
        for other, mask in drawn.masks.items()
        if isinstance(other, Slice) and other.axis == where.axis and mask.any()
    ]
    return {
        *sorted(other for other in filled if other < where)[-1:],
        *sorted(other for other in filled if other > where)[:1],
    }
