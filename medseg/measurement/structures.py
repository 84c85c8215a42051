"""The numbers of one structure, and the voxels that they are taken from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from medseg.labelmap import LabelMap, Structure
from medseg.measurement.concepts import CONCEPTS, NO_UNIT, Concept
from medseg.measurement.measured import Measured
from medseg.measurement.requirements import Mask
from medseg.space import Box, Grid, box_around, box_at


@dataclass(frozen=True, eq=False)
class StructureVoxels:
    """A structure cut out of its label map.

    Attributes:
        structure: Which.
        mask: Its voxels and those of its parts, within the box, ``[k, j, i]``.
        grid: Where the box lies.
        box: Where it lies in the label map: just around the voxels; the first voxel of all, which the mask
            does not hold, where there are none.
    """

    structure: Structure
    mask: Mask
    grid: Grid
    box: Box

    @property
    def is_empty(self) -> bool:
        """Whether the structure has no voxel."""
        return not self.mask.any()


@dataclass(frozen=True)
class StructureMeasurements:
    """What was measured of one structure.

    Attributes:
        structure: Which.
        measured: The numbers, in the order of their families.
    """

    structure: Structure
    measured: tuple[Measured, ...]

    def get(self, key: str) -> Measured | None:
        """The first number of a concept, such as ``volume-mesh``; None where it was not measured."""
        return next((one for one in self.measured if one.concept == key), None)

    def value(self, key: str) -> float | None:
        """The first value of a concept; None where it was not measured or is not defined."""
        found = self.get(key)
        return found.value if found else None

    def as_dicts(self) -> list[dict[str, Any]]:
        """One JSON object a number."""
        return [_as_dict(self.structure, one) for one in self.measured]


def concept_of(measured: Measured) -> Concept:
    """What a number is."""
    return CONCEPTS[measured.concept]


def unit_of(measured: Measured) -> str:
    """The unit of a number: its own or its concept's; :data:`NO_UNIT` of plain numbers."""
    return measured.unit or concept_of(measured).unit or NO_UNIT


def voxels_of(label_map: LabelMap, structure_id: str) -> StructureVoxels:
    """Cut one structure out, with its parts.

    Raises:
        LabelMapError: There is no such structure.
    """
    return next(voxels_of_each(label_map, [structure_id]))


def voxels_of_each(
    label_map: LabelMap, structure_ids: Iterable[str] | None = None
) -> Iterator[StructureVoxels]:
    """Cut structures out, each with its parts, after one pass over the voxels.

    Args:
        label_map: Whose structures.
        structure_ids: Which ones, in which order; None for all, in the order of the table.

    Raises:
        LabelMapError: There is no such structure.
    """
    ids = [each.id for each in label_map.structures] if structure_ids is None else list(structure_ids)
    boxes = _boxes(label_map) if ids else []
    for structure_id in ids:
        yield _cut(label_map, label_map.structure(structure_id), boxes)


def family_of(label_map: LabelMap, structure_id: str) -> tuple[Structure, ...]:
    """A structure and all that is part of it, and of its parts."""
    found = [label_map.structure(structure_id)]
    for whole in found:
        found += [part for part in label_map.structures if part.part_of == whole.id]
    return tuple(found)


_Boxes = Sequence[Mapping[int, Box]]
"""For each layer the boxes of its labels."""


def _boxes(label_map: LabelMap) -> _Boxes:
    # Imported here: compiled loops.
    from medseg.labelmap.label_boxes import label_boxes

    return [label_boxes(layer) for layer in label_map.layers]


def _cut(label_map: LabelMap, structure: Structure, boxes: _Boxes) -> StructureVoxels:
    members = family_of(label_map, structure.id)
    filled = [boxes[member.layer][member.label] for member in members if member.label in boxes[member.layer]]
    box = box_around(filled) if filled else box_at((0, 0, 0), (1, 1, 1))
    mask = np.zeros(tuple(side.stop - side.start for side in box), bool)
    for member in members:
        mask |= label_map.layers[member.layer][box] == member.label
    return StructureVoxels(structure, mask, label_map.grid.within(box), box)


def _as_dict(structure: Structure, measured: Measured) -> dict[str, Any]:
    concept = concept_of(measured)
    return {
        "structure": structure.id,
        "name": structure.name,
        "label": structure.label,
        "concept": concept.key,
        "ibsi": concept.ibsi,
        "value": measured.value,
        "unit": unit_of(measured),
        "method": concept.definition,
        "source": concept.source,
        "parameters": dict(measured.parameters),
        "line": measured.line and measured.line.as_dict(),
    }
