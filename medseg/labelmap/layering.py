"""Structures that may overlap → a label map of as few layers as it takes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from medseg.errors import GridMismatchError, LabelMapError
from medseg.labelmap.label_map import LabelMap
from medseg.labelmap.structure import MAX_LABEL, Structure
from medseg.space import Grid


def in_layers(grid: Grid, masks: Iterable[tuple[Structure, npt.NDArray[np.bool_]]]) -> LabelMap:
    """Stack structures so that none takes a voxel from another.

    Each goes, in the order given, into the first layer in which all its voxels are free: structures that
    don't overlap share one layer. Labels are unique over all layers, as BIDS asks of the table: one whose
    label is taken gets the next free one.

    Args:
        grid: Where the voxels lie.
        masks: Structures with their voxels ``[k, j, i]``; only one mask is held at a time.

    Raises:
        GridMismatchError: A mask has another shape.
        LabelMapError: Two structures share an id, or there are more than 65,535.
    """
    layers = [np.zeros(grid.shape_kji, np.uint16)]
    placed: list[Structure] = []
    for structure, mask in masks:
        if mask.shape != grid.shape_kji:
            raise GridMismatchError(
                f"expected a mask of shape {grid.shape_kji} (k, j, i), got {mask.shape}",
                expected=list(grid.shape_kji),
                found=list(mask.shape),
            )
        number = next((n for n, layer in enumerate(layers) if not layer[mask].any()), len(layers))
        if number == len(layers):
            layers.append(np.zeros(grid.shape_kji, np.uint16))
        taken = {s.label for s in placed}
        label = structure.label if structure.label not in taken else _next_label(taken)
        layers[number][mask] = label
        placed.append(replace(structure, label=label, layer=number))
    return LabelMap.painted(grid, [_smallest(layer) for layer in layers], placed)


def _next_label(taken: set[int]) -> int:
    label = max(taken) + 1
    if label > MAX_LABEL:
        raise LabelMapError(f"a label map holds at most {MAX_LABEL} labels")
    return label


def _smallest(layer: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint8 | np.uint16]:
    return layer.astype(np.uint8) if layer.max() <= np.iinfo(np.uint8).max else layer
