"""The difference between two label maps of one image, structure by structure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from medseg.labelmap import Code, LabelMap, Structure
from medseg.measurement.overlap import dice
from medseg.measurement.size import volume_mm3
from medseg.measurement.surface_distance import SurfaceDistance, largest_surface_distance
from medseg.space import FLOAT32_TOLERANCE_MM, Grid


@dataclass(frozen=True)
class TableChange:
    """A cell of the structure table that differs.

    Attributes:
        field: ``name``, ``label``, ``color``, ``code``, ``part_of`` or ``layer``.
        first: What the first label map says.
        second: What the second one says.
    """

    field: str
    first: str
    second: str

    def as_dict(self) -> dict[str, Any]:
        """The change as a JSON object."""
        return {"field": self.field, "first": self.first, "second": self.second}


@dataclass(frozen=True)
class StructureDifference:
    """How a structure differs. Its parts belong to it: the liver takes its tumour in.

    Attributes:
        id: Id of the structure.
        name: Its name, in the second label map where it has one there.
        first_mm3: Its volume in the first label map; None where the table does not have it.
        second_mm3: Its volume in the second one; likewise.
        added_mm3: Volume that only the second one has. It and the following are None where the structure is
            in one table only, or the grids differ.
        removed_mm3: Volume that only the first one has.
        voxels_changed: How many voxels were added or removed.
        dice: Dice coefficient; see :func:`medseg.measurement.overlap.dice`.
        largest: Largest distance between the surfaces; None also where one has no voxels.
        table: What the table says differently.
    """

    id: str
    name: str
    first_mm3: float | None
    second_mm3: float | None
    added_mm3: float | None = None
    removed_mm3: float | None = None
    voxels_changed: int | None = None
    dice: float | None = None
    largest: SurfaceDistance | None = None
    table: tuple[TableChange, ...] = ()

    @property
    def is_changed(self) -> bool:
        """Whether there is anything to look at."""
        only_one = self.first_mm3 is None or self.second_mm3 is None
        return only_one or self.voxels_changed != 0 or bool(self.table)

    def as_dict(self) -> dict[str, Any]:
        """The difference as a JSON object."""
        return {
            "structure": self.id,
            "name": self.name,
            "first_mm3": self.first_mm3,
            "second_mm3": self.second_mm3,
            "added_mm3": self.added_mm3,
            "removed_mm3": self.removed_mm3,
            "voxels_changed": self.voxels_changed,
            "dice": self.dice,
            "largest_distance": self.largest and self.largest.as_dict(),
            "table": [change.as_dict() for change in self.table],
        }


@dataclass(frozen=True)
class LabelMapDifference:
    """How two label maps differ.

    Attributes:
        structures: Every structure of either, those of the second one first, in its order.
        grid: How the grids differ, in words; empty where they are the same.
    """

    structures: tuple[StructureDifference, ...]
    grid: str = ""

    @property
    def changed(self) -> tuple[StructureDifference, ...]:
        """The structures that differ."""
        return tuple(structure for structure in self.structures if structure.is_changed)

    def as_dict(self) -> dict[str, Any]:
        """The difference as a JSON object."""
        return {"grid": self.grid or None, "structures": [each.as_dict() for each in self.structures]}


def difference_between(first: LabelMap, second: LabelMap) -> LabelMapDifference:
    """Compare two label maps of one image. Structures are the same where their ids are.

    Args:
        first: The earlier one.
        second: The later one. Where it lies on another grid only volumes and tables are compared: voxels that
            lie elsewhere have no counterpart.
    """
    grid = _grid_change(first.grid, second.grid)
    # Structures of the second, then those that are gone.
    ids = dict.fromkeys(structure.id for structure in (*second.structures, *first.structures))
    return LabelMapDifference(tuple(_of(each, first, second, comparable=not grid) for each in ids), grid)


def _of(structure_id: str, first: LabelMap, second: LabelMap, *, comparable: bool) -> StructureDifference:
    before, after = _find(first, structure_id), _find(second, structure_id)
    name = (after or before or second.structure(structure_id)).name
    a = None if before is None else first.mask_with_parts(structure_id)
    b = None if after is None else second.mask_with_parts(structure_id)
    alone = StructureDifference(
        structure_id,
        name,
        first_mm3=None if a is None else volume_mm3(a, first.grid),
        second_mm3=None if b is None else volume_mm3(b, second.grid),
        table=tuple(_table_changes(before, after)) if before and after else (),
    )
    if a is None or b is None or not comparable:
        return alone
    added, removed = int(np.count_nonzero(b & ~a)), int(np.count_nonzero(a & ~b))
    return replace(
        alone,
        added_mm3=added * second.grid.voxel_volume_mm3,
        removed_mm3=removed * second.grid.voxel_volume_mm3,
        voxels_changed=added + removed,
        dice=dice(a, b),
        largest=largest_surface_distance(a, b, second.grid),
    )


def _find(label_map: LabelMap, structure_id: str) -> Structure | None:
    return next((structure for structure in label_map.structures if structure.id == structure_id), None)


def _table_changes(before: Structure, after: Structure) -> Iterator[TableChange]:
    for field in ("name", "label", "color", "code", "part_of", "layer"):
        old, new = getattr(before, field), getattr(after, field)
        if old != new:
            yield TableChange(field, _said(old), _said(new))


def _said(value: object) -> str:
    if isinstance(value, Code):
        return f"{value.scheme} {value.value} {value.meaning}".strip()
    return "" if value is None else str(value)


def _grid_change(first: Grid, second: Grid) -> str:
    if first.shape_kji != second.shape_kji:
        return f"{first.shape_kji} voxels (k, j, i) became {second.shape_kji}"
    if first.is_same_as(second, FLOAT32_TOLERANCE_MM):
        return ""
    return f"the corners moved by up to {first.max_corner_distance_mm(second):.4g} mm"
