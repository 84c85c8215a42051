"""Structures that were drawn inside others without being said to be part of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations

import numpy as np
import numpy.typing as npt

from medseg.labelmap.label_map import ancestors
from medseg.labelmap.structure import Structure

NESTED_FRACTION = 0.9
"""This part of a structure's drawn voxels lies inside the other one: contours drawn by hand run over."""


def can_nest(first: Structure, second: Structure, by_id: Mapping[str, Structure]) -> bool:
    """Whether two structures compete: in one layer, and neither a part of the other."""
    related = first.id in ancestors(second, by_id) or second.id in ancestors(first, by_id)
    return first.layer == second.layer and not related


def nested_voxels(
    drawn: Mapping[str, npt.NDArray[np.int64]], structures: Sequence[Structure]
) -> tuple[tuple[str, str], ...]:
    """Find each structure whose drawn voxels nearly all lie among those of a larger one.

    Args:
        drawn: For each structure id its voxels as flat indices, sorted, each once.
        structures: The structures.

    Returns:
        Ids of the inner and the outer structure. Two outlines of one thing are not nested.
    """
    by_id = {structure.id: structure for structure in structures}
    pairs = []
    for inner, outer in permutations(drawn, 2):
        mine, others = drawn[inner], drawn[outer]
        if not 0 < len(mine) < len(others) or not can_nest(by_id[inner], by_id[outer], by_id):
            continue
        if mine[0] > others[-1] or mine[-1] < others[0]:
            continue
        within = len(np.intersect1d(mine, others, assume_unique=True))
        if within >= NESTED_FRACTION * len(mine):
            pairs.append((inner, outer))
    return tuple(pairs)
