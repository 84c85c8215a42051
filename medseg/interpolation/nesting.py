"""Structures that were drawn inside others without being said to be part of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations

import numpy as np

from medseg.interpolation.completion import CompletedStructure
from medseg.labelmap import MIN_DEPTH_MM, NESTED_FRACTION, Structure, can_nest


def nested_pairs(
    completed: Mapping[str, CompletedStructure], structures: Sequence[Structure]
) -> tuple[tuple[str, str], ...]:
    """Find each structure that was drawn inside another one's completion, such as a tumour in a liver.

    Between its drawn planes it would lose every voxel to the other, which is deeper there.

    Returns:
        Ids of the inner and the outer structure. Those that are ``part_of`` one another are left out, as
        are those in different layers: they do not compete.
    """
    by_id = {structure.id: structure for structure in structures}
    pairs = []
    for inner, outer in permutations(completed, 2):
        if can_nest(by_id[inner], by_id[outer], by_id) and _lies_in(completed[inner], completed[outer]):
            pairs.append((inner, outer))
    return tuple(pairs)


def _lies_in(inner: CompletedStructure, outer: CompletedStructure) -> bool:
    """Whether nearly all that was drawn of one lies where only the other's interpolation reaches."""
    corner = np.maximum(inner.field.corner_kji, outer.field.corner_kji)
    ends = [np.add(one.field.corner_kji, one.field.depth_mm.shape) for one in (inner, outer)]
    end = np.minimum(*ends)
    if (corner >= end).any():
        return False
    within = [
        one.field.depth_mm[
            tuple(slice(a - c, b - c) for a, b, c in zip(corner, end, one.field.corner_kji, strict=True))
        ]
        for one in (inner, outer)
    ]
    covered = int(np.count_nonzero(np.isposinf(within[0]) & (within[1] > MIN_DEPTH_MM)))
    drawn = sum(int(mask.sum()) for mask in inner.drawn.masks.values())
    # Two outlines of one and the same thing lie in each other: neither is nested.
    smaller = inner.field.depth_mm.size < outer.field.depth_mm.size
    return smaller and covered >= NESTED_FRACTION * drawn
