"""Several structures into one label map, without overlap and with nothing drawn ever altered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from medseg.labelmap.label_map import LabelMap, by_containment
from medseg.labelmap.structure import Structure
from medseg.space import Grid

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


def overlay(claims: Iterable[Claim], grid: Grid, structures: Sequence[Structure]) -> LabelMap:
    """Decide for each voxel which structure has it.

    A part goes before what it is part of. Between others the one in which the voxel lies deeper has it,
    so that a drawn voxel (``inf``) beats any proposed one; at equal depth the later in ``structures``.

    Args:
        claims: What the structures claim; several claims of one structure unite.
        grid: The grid of the result.
        structures: The structures of the result, each in its layer.
    """
    by_structure: dict[str, list[Claim]] = {}
    for claim in claims:
        by_structure.setdefault(claim.structure_id, []).append(claim)
    dtype = np.uint8 if max((s.label for s in structures), default=0) <= 255 else np.uint16
    layer_count = 1 + max((s.layer for s in structures), default=0)
    layers = [np.zeros(grid.shape_kji, dtype=dtype) for _ in range(layer_count)]
    deepest = [np.zeros(grid.shape_kji, dtype=np.float32) for _ in range(layer_count)]
    for structure in (s for level in by_containment(structures) for s in level):
        layer, best = layers[structure.layer], deepest[structure.layer]
        gives_way = _labels_of_ancestors(structure, structures)
        for claim in by_structure.get(structure.id, ()):
            box = tuple(
                slice(start, start + n) for start, n in zip(claim.corner_kji, claim.depth.shape, strict=True)
            )
            taken = (claim.depth > MIN_DEPTH_MM) & (
                (claim.depth >= best[box]) | np.isin(layer[box], gives_way)
            )
            layer[box][taken] = structure.label
            best[box][taken] = claim.depth[taken]
    return LabelMap(grid, tuple(layers), tuple(structures))


def _labels_of_ancestors(structure: Structure, structures: Sequence[Structure]) -> list[int]:
    by_id = {s.id: s for s in structures}
    labels = []
    parent = structure.part_of
    while parent is not None and parent in by_id:
        if by_id[parent].layer == structure.layer:
            labels.append(by_id[parent].label)
        parent = by_id[parent].part_of
    return labels
