"""A delineation → its voxels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from medseg.contour import ContourSet, Slice
from medseg.labelmap import LabelMap, Structure, ancestors, by_containment, rasterise
from medseg.space import Grid
from medseg.workflows.delineate.delineation import Delineation
from medseg.workflows.delineate.on_planes import planes_of


@dataclass(frozen=True, eq=False)
class LayerPart:
    """What lies in one layer, as a label map of one layer: structures overlap between layers only.

    Attributes:
        number: Which layer.
        structures: Its structures, as those of layer 0.
        contours: Their contours.
    """

    number: int
    structures: tuple[Structure, ...]
    contours: ContourSet


def by_layer(delineation: Delineation) -> tuple[LayerPart, ...]:
    """What each layer holds; there is always one."""
    count = 1 + max((s.layer for s in delineation.structures), default=0)
    return tuple(_part(delineation, number) for number in range(count))


def label_map_of(delineation: Delineation, grid: Grid) -> LabelMap:
    """The voxels of a delineation: each contour fills its own plane, nothing between.

    A structure that came as voxels keeps them on all slices on which it has no contours; what was drawn in
    its layer goes before them, unless it contains the structure.

    Args:
        delineation: What was drawn and accepted.
        grid: The grid of the image.

    Raises:
        ContourError: A contour lies on a slice beyond the first or the last one of the grid.
    """
    layers = [_layer(part, grid) for part in by_layer(delineation)]
    by_id = {s.id: s for s in delineation.structures}
    for structure, mask in _kept_voxels(delineation, grid):
        layer = layers[structure.layer]
        around = (by_id[one] for one in ancestors(structure, by_id))
        wholes = [whole.label for whole in around if whole.layer == structure.layer]
        mask &= np.isin(layer, [0, *wholes])
        layer = layer.astype(np.promote_types(layer.dtype, np.min_scalar_type(structure.label)))
        layer[mask] = structure.label
        layers[structure.layer] = layer
    return LabelMap.painted(grid, layers, delineation.structures)


def _part(delineation: Delineation, number: int) -> LayerPart:
    inside = [s for s in delineation.structures if s.layer == number]
    ids = {s.id for s in inside}
    structures = tuple(replace(s, layer=0, part_of=s.part_of if s.part_of in ids else None) for s in inside)
    return LayerPart(
        number, structures, ContourSet(tuple(c for c in delineation.contours if c.structure_id in ids))
    )


def _layer(part: LayerPart, grid: Grid) -> npt.NDArray[Any]:
    if not part.contours:
        return np.zeros(grid.shape_kji, dtype=np.uint8)
    return rasterise(part.contours, grid, part.structures).voxels


def _kept_voxels(delineation: Delineation, grid: Grid) -> Iterator[tuple[Structure, npt.NDArray[np.bool_]]]:
    for structure in by_containment(delineation.structures):
        if delineation.voxels is None or not delineation.came_as_voxels(structure.id):
            continue
        mask = delineation.voxels.mask(structure.id)
        for where in planes_of(delineation, structure.id, grid):
            if isinstance(where, Slice):
                index: list[slice | int] = [slice(None)] * 3
                index[where.axis] = where.index
                mask[tuple(index)] = False
        yield structure, mask
