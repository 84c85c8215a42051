"""Several structures into one label map, without overlap and with nothing drawn ever altered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from medseg.labelmap.label_map import LabelMap, ancestors, by_containment
from medseg.labelmap.structure import Structure
from medseg.space import Box, Grid, box_around, box_at

MIN_DEPTH_MM = 1e-4
"""A voxel this deep is inside. Distances that cancel out would else be decided by a float's last digit."""


@dataclass(frozen=True, eq=False)
class Claim:
    """One structure's claim to a box of voxels.

    Attributes:
        structure_id: Who claims.
        corner_kji: Index of the box's first voxel in the grid.
        depth: For each voxel of the box how deep it lies inside the structure, in mm: positive inside,
            ``inf`` where it was drawn, ``-inf`` where it was drawn as outside.
    """

    structure_id: str
    corner_kji: tuple[int, int, int]
    depth: npt.NDArray[np.float32]

    @property
    def box(self) -> Box:
        """The box in the grid."""
        return box_at(self.corner_kji, self.depth.shape)


def overlay(
    claims: Iterable[Claim],
    grid: Grid,
    structures: Sequence[Structure],
    nested: Collection[tuple[str, str]] = (),
) -> LabelMap:
    """Decide for each voxel which structure has it.

    A part goes before what it is part of. Between others the one in which the voxel lies deeper has it,
    so that a drawn voxel (``inf``) beats any proposed one; at equal depth the later in ``structures``.

    Args:
        claims: What the structures claim; several claims of one structure unite.
        grid: The grid of the result.
        structures: The structures of the result, each in its layer.
        nested: Ids of structures and of those that they lie in without being part of them. The first
            goes before the second wherever that one was not drawn.
    """
    claims = list(claims)
    layers = _empty_layers(grid.shape_kji, structures)
    box = box_around([claim.box for claim in claims])
    for layer, labels in zip(layers, resolve(claims, box, structures, nested), strict=True):
        layer[box] = labels
    return LabelMap.painted(grid, layers, structures)


def resolve(
    claims: Iterable[Claim],
    box: Box,
    structures: Sequence[Structure],
    nested: Collection[tuple[str, str]] = (),
) -> tuple[npt.NDArray[Any], ...]:
    """Decide as :func:`overlay` does, within a box of the grid alone.

    Returns:
        The labels of each layer within the box.
    """
    by_id = {s.id: s for s in structures}
    claims = [claim for claim in claims if claim.structure_id in by_id]
    layers = _empty_layers([side.stop - side.start for side in box], structures)
    claimed = Counter(by_id[claim.structure_id].layer for claim in claims)
    # Kept only where claims compete: four times as large as the labels.
    deepest = {n: np.zeros(layers[n].shape, np.float32) for n, count in claimed.items() if count > 1}
    for structure in _inner_last(structures, nested):
        wholes = _labels(ancestors(structure, by_id), structure.layer, by_id)
        outers = _labels([outer for inner, outer in nested if inner == structure.id], structure.layer, by_id)
        for claim in claims:
            if claim.structure_id != structure.id:
                continue
            here, there = _overlap(claim.box, box)
            depth, layer = claim.depth[there], layers[structure.layer][here]
            taken = depth > MIN_DEPTH_MM
            if structure.layer in deepest:
                best = deepest[structure.layer][here]
                undrawn = np.isin(layer, outers) & ~np.isposinf(best) if outers else False
                taken &= (depth >= best) | np.isin(layer, wholes) | undrawn
                np.copyto(best, depth, where=taken)
            layer[taken] = structure.label
    return layers


def _inner_last(structures: Sequence[Structure], nested: Collection[tuple[str, str]]) -> list[Structure]:
    """The order in which structures are laid down: a part after its whole, what is nested at the end."""
    by_id = {s.id: s for s in structures}
    depth = Counter(inner for inner, _ in nested)

    def rank(structure: Structure) -> int:
        return depth[structure.id] + sum(depth[whole] for whole in ancestors(structure, by_id))

    return sorted(by_containment(structures), key=rank)


def _empty_layers(shape: Sequence[int], structures: Sequence[Structure]) -> tuple[npt.NDArray[Any], ...]:
    dtype = np.uint8 if max((s.label for s in structures), default=0) <= 255 else np.uint16
    count = 1 + max((s.layer for s in structures), default=0)
    return tuple(np.zeros(shape, dtype=dtype) for _ in range(count))


def _overlap(claimed: Box, box: Box) -> tuple[Box, Box]:
    """Where two boxes overlap, counted from the corner of ``box`` and from that of ``claimed``."""
    starts = [max(a.start, b.start) for a, b in zip(claimed, box, strict=True)]
    stops = [max(start, min(a.stop, b.stop)) for start, a, b in zip(starts, claimed, box, strict=True)]
    here, there = (
        tuple(
            slice(start - b.start, stop - b.start)
            for start, stop, b in zip(starts, stops, origin, strict=True)
        )
        for origin in (box, claimed)
    )
    return here, there  # type: ignore[return-value]


def _labels(ids: Iterable[str], layer: int, by_id: Mapping[str, Structure]) -> list[int]:
    return [by_id[one].label for one in ids if by_id[one].layer == layer]
