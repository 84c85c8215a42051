"""How far several readers agree, structure by structure, and on which slices they differ most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np

from medseg.errors import LabelMapError
from medseg.labelmap import LabelMap, Structure
from medseg.labelmap.label_map import ancestors
from medseg.measurement.agreement import TOLERANCE_MM, Agreement, agreement
from medseg.measurement.requirements import Mask
from medseg.measurement.structures import StructureVoxels, voxels_of_each
from medseg.measurement.surface_elements import SurfaceElements, surface_elements
from medseg.progress import Progress, silent
from medseg.space import Box, Grid, box_around


@dataclass(frozen=True, eq=False)
class Reader:
    """Who delineated, and what.

    Attributes:
        name: What the reader is called.
        label_map: What he delineated.
    """

    name: str
    label_map: LabelMap

    @cached_property
    def voxels(self) -> Mapping[str, StructureVoxels]:
        """What he marked, by id of the structure, each with its parts."""
        return {one.structure.id: one for one in voxels_of_each(self.label_map)}

    def has(self, structure_id: str) -> bool:
        """Whether his table names a structure, be it one without voxels."""
        return structure_id in self.voxels


@dataclass(frozen=True, eq=False)
class Marked:
    """What readers marked of one structure, its parts included, cut out of their label maps.

    Attributes:
        structure: Which.
        names: Of the readers whose table names it.
        masks: What each of them marked, within the box.
        box: Around all of it in the label maps.
        grid: Where the box lies.
    """

    structure: Structure
    names: tuple[str, ...]
    masks: tuple[Mask, ...]
    box: Box
    grid: Grid

    @cached_property
    def surfaces(self) -> tuple[SurfaceElements, ...]:
        """The surface of each of the masks: each is compared with all others."""
        return tuple(surface_elements(mask, self.grid) for mask in self.masks)


@dataclass(frozen=True)
class PairAgreement:
    """Two readers and one structure.

    Attributes:
        first: Name of the one.
        second: Name of the other one.
        agreement: The numbers.
    """

    first: str
    second: str
    agreement: Agreement


@dataclass(frozen=True)
class DifferingSlice:
    """A slice on which readers differ.

    Attributes:
        axis: Of the array: 0, 1, 2 for k, j, i.
        index: Along it.
        voxels: How many voxels some marked and others did not.
    """

    axis: int
    index: int
    voxels: int

    def as_dict(self) -> dict[str, Any]:
        """The slice as a JSON object."""
        return {"axis": "kji"[self.axis], "index": self.index, "voxels": self.voxels}


@dataclass(frozen=True)
class StructureAgreement:
    """How far readers agree on one structure. Its parts belong to it: the liver takes its tumour in.

    Attributes:
        structure: Which, as the first reader who has it describes it.
        readers: Names of those whose table names it.
        missing: Names of those whose table does not: nothing is known of what they think of it.
        pairs: Each two of those who have it.
        differing: Slices of the acquisition on which they differ, those with most voxels first.
        remarks: What a user should know, one sentence each.
    """

    structure: Structure
    readers: tuple[str, ...]
    missing: tuple[str, ...]
    pairs: tuple[PairAgreement, ...]
    differing: tuple[DifferingSlice, ...]
    remarks: tuple[str, ...] = ()


def structures_of(readers: Sequence[Reader]) -> tuple[Structure, ...]:
    """Every structure that a reader has, by id: those of the first reader first."""
    found: dict[str, Structure] = {}
    for reader in readers:
        for structure in reader.label_map.structures:
            found.setdefault(structure.id, structure)
    return tuple(found.values())


def marked(readers: Sequence[Reader], structure_id: str) -> Marked:
    """What readers marked of one structure, on the grid of all of them.

    Raises:
        LabelMapError: None of them has it.
    """
    who = [reader for reader in readers if reader.has(structure_id)]
    if not who:
        raise LabelMapError(f"no reader has a structure {structure_id!r}")
    cut_out = [reader.voxels[structure_id] for reader in who]
    box = box_around([one.box for one in cut_out if not one.is_empty] or [cut_out[0].box])
    masks = []
    for one in cut_out:
        mask = np.zeros([side.stop - side.start for side in box], dtype=bool)
        if not one.is_empty:
            mask[_within(one.box, box)] = one.mask
        masks.append(mask)
    names = tuple(reader.name for reader in who)
    return Marked(cut_out[0].structure, names, tuple(masks), box, who[0].label_map.grid.within(box))


def compare_readers(
    readers: Sequence[Reader], tolerance_mm: float = TOLERANCE_MM, *, progress: Progress = silent
) -> tuple[StructureAgreement, ...]:
    """Compare what readers delineated on one image. Structures are the same where their ids are.

    Args:
        readers: At least two, with different names.
        tolerance_mm: Of the surface Dice.
        progress: Called before each structure.

    Raises:
        GridMismatchError: Their label maps lie on different grids.
        ValueError: Fewer than two readers, or two of one name.
    """
    require_comparable(readers)
    structures = structures_of(readers)
    found = []
    for number, structure in enumerate(structures):
        progress(structure.name, number, len(structures))
        found.append(_of(marked(readers, structure.id), readers, tolerance_mm))
    return tuple(found)


def require_comparable(readers: Sequence[Reader]) -> None:
    """Refuse readers whose voxels have no counterparts.

    Raises:
        GridMismatchError: Their label maps lie on different grids.
        ValueError: Fewer than two readers, or two of one name.
    """
    if len(readers) < 2 or len({reader.name for reader in readers}) < len(readers):
        raise ValueError("expected two readers or more, each with a name of its own")
    first, *others = readers
    for other in others:
        other.label_map.grid.require_same_as(first.label_map.grid, f"label map of {other.name}")


def _of(of_readers: Marked, readers: Sequence[Reader], tolerance_mm: float) -> StructureAgreement:
    grid = of_readers.grid
    each = zip(of_readers.names, of_readers.masks, of_readers.surfaces, strict=True)
    return StructureAgreement(
        of_readers.structure,
        of_readers.names,
        tuple(reader.name for reader in readers if reader.name not in of_readers.names),
        tuple(
            PairAgreement(first, second, agreement(a, b, grid, tolerance_mm, elements=(on_a, on_b)))
            for (first, a, on_a), (second, b, on_b) in combinations(each, 2)
        ),
        _differing(of_readers),
        remarks_on_parts(readers, of_readers.structure.id),
    )


def remarks_on_parts(readers: Sequence[Reader], structure_id: str) -> tuple[str, ...]:
    """Say which parts belong to a structure in the table of one reader and not in that of another.

    A tumour in the table of both that only one calls part of the liver is a hole in the liver of the other:
    the same voxels are two livers.
    """
    who = [reader for reader in readers if reader.has(structure_id)]
    remarks = []
    for part in structures_of(who):
        having = [reader for reader in who if reader.has(part.id)]
        within = [reader.name for reader in having if _is_part(reader, part.id, structure_id)]
        without = [reader.name for reader in having if reader.name not in within]
        if within and without:
            name = who[0].label_map.structure(structure_id).name
            remarks.append(
                f"{name}: takes {part.name} in where {', '.join(within)} delineated it, "
                f"but not where {', '.join(without)} did: their tables differ, not only their voxels"
            )
    return tuple(remarks)


def _is_part(reader: Reader, part_id: str, whole_id: str) -> bool:
    by_id = {structure.id: structure for structure in reader.label_map.structures}
    return whole_id in ancestors(by_id[part_id], by_id)


def _differing(of_readers: Marked) -> tuple[DifferingSlice, ...]:
    some = np.logical_or.reduce(of_readers.masks)
    every = np.logical_and.reduce(of_readers.masks)
    voxels = np.count_nonzero(some & ~every, axis=(1, 2))
    most = np.argsort(-voxels, kind="stable")
    start = of_readers.box[0].start
    return tuple(DifferingSlice(0, int(k) + start, int(voxels[k])) for k in most if voxels[k])


def _within(box: Box, outer: Box) -> Box:
    k, j, i = (slice(a.start - b.start, a.stop - b.start) for a, b in zip(box, outer, strict=True))
    return k, j, i
