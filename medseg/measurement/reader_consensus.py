"""One label map from those of several readers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np

from medseg.labelmap import LabelMap, Structure
from medseg.labelmap.overlay import Claim, overlay
from medseg.measurement.agreement import TOLERANCE_MM, Agreement, agreement
from medseg.measurement.consensus import FloatArray, majority, staple, votes
from medseg.measurement.reader_agreement import (
    Marked,
    Reader,
    marked,
    remarks_on_parts,
    require_comparable,
    structures_of,
)
from medseg.measurement.requirements import Mask
from medseg.measurement.surface_elements import SurfaceElements, surface_elements
from medseg.progress import Progress, silent


class ConsensusMethod(StrEnum):
    """How a consensus is found; see :mod:`medseg.measurement.consensus`."""

    STAPLE = "staple"
    MAJORITY = "majority"


@dataclass(frozen=True)
class ReaderAgainstConsensus:
    """One reader and the consensus of all, of one structure.

    Attributes:
        structure: Which structure.
        reader: Name of the reader.
        agreement: Of the consensus, as the first one, with his delineation.
        sensitivity: The share of the structure that he marked, as STAPLE estimates it; None by majority.
        specificity: The share of the rest, within the box around all delineations, that he left out.
    """

    structure: Structure
    reader: str
    agreement: Agreement
    sensitivity: float | None = None
    specificity: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """The numbers as a JSON object."""
        return {
            "structure": self.structure.id,
            "name": self.structure.name,
            "reader": self.reader,
            **self.agreement.as_dict(),
            "sensitivity": self.sensitivity,
            "specificity": self.specificity,
        }


@dataclass(frozen=True, eq=False)
class ReaderConsensus:
    """What readers agree on.

    Attributes:
        method: How it was found.
        label_map: The consensus, on their grid.
        readers: How each of them compares with it, structure by structure.
        remarks: What a user should know, one sentence each.
    """

    method: ConsensusMethod
    label_map: LabelMap
    readers: tuple[ReaderAgainstConsensus, ...]
    remarks: tuple[str, ...]


def consensus_of(
    readers: Sequence[Reader],
    method: ConsensusMethod = ConsensusMethod.STAPLE,
    tolerance_mm: float = TOLERANCE_MM,
    *,
    progress: Progress = silent,
) -> ReaderConsensus:
    """Find the consensus of several readers, structure by structure.

    Each structure is looked at with its parts and within the box around what any reader marked. Only readers
    whose table names it have a vote. Where two structures would have one voxel, a part goes before its whole,
    and else the one that is more probable or has more votes.

    Args:
        readers: At least two, with different names, on one grid.
        method: By STAPLE or by majority.
        tolerance_mm: Of the surface Dice of each reader with the consensus.
        progress: Called before each structure.

    Raises:
        GridMismatchError: Their label maps lie on different grids.
        ValueError: Fewer than two readers, two of one name, or too many for STAPLE.
    """
    require_comparable(readers)
    structures = _with_own_labels(structures_of(readers))
    claims, against, remarks = [], [], []
    for done, structure in enumerate(structures):
        progress(structure.name, done, len(structures))
        of_readers = marked(readers, structure.id)
        one = _found(of_readers, method)
        depth = np.where(one.mask, one.certainty, -np.inf).astype(np.float32)
        corner = tuple(side.start for side in of_readers.box)
        claims.append(Claim(structure.id, (corner[0], corner[1], corner[2]), depth))
        surface = surface_elements(one.mask, of_readers.grid)
        against += [
            _against(one, surface, of_readers, number, tolerance_mm)
            for number in range(len(of_readers.names))
        ]
        remarks += list(_remarks(of_readers, one, readers))
    label_map = overlay(claims, readers[0].label_map.grid, structures)
    return ReaderConsensus(method, label_map, tuple(against), tuple(remarks))


@dataclass(frozen=True, eq=False)
class _Found:
    """The consensus on one structure, in its box."""

    mask: Mask
    certainty: FloatArray
    sensitivities: tuple[float, ...] = ()
    specificities: tuple[float, ...] = ()
    converged: bool = True


def _found(of_readers: Marked, method: ConsensusMethod) -> _Found:
    if method is ConsensusMethod.MAJORITY:
        return _Found(majority(of_readers.masks), votes(of_readers.masks) / len(of_readers.masks))
    one = staple(of_readers.masks)
    return _Found(one.mask, one.probability, one.sensitivities, one.specificities, one.converged)


def _against(
    one: _Found, surface: SurfaceElements, of_readers: Marked, reader: int, tolerance_mm: float
) -> ReaderAgainstConsensus:
    return ReaderAgainstConsensus(
        of_readers.structure,
        of_readers.names[reader],
        agreement(
            one.mask,
            of_readers.masks[reader],
            of_readers.grid,
            tolerance_mm,
            elements=(surface, of_readers.surfaces[reader]),
        ),
        one.sensitivities[reader] if one.sensitivities else None,
        one.specificities[reader] if one.specificities else None,
    )


def _remarks(of_readers: Marked, one: _Found, readers: Sequence[Reader]) -> list[str]:
    name, count = of_readers.structure.name, len(of_readers.names)
    remarks = list(remarks_on_parts(readers, of_readers.structure.id))
    if count < len(readers):
        remarks.append(f"{name}: a consensus of {count} of {len(readers)} readers; the others do not have it")
    if one.sensitivities and count == 2 and (of_readers.masks[0] != of_readers.masks[1]).any():
        remarks.append(f"{name}: of two readers STAPLE can hardly tell who is right")
    if not one.converged:
        remarks.append(f"{name}: STAPLE was stopped before it stood still")
    return remarks


def _with_own_labels(structures: Sequence[Structure]) -> tuple[Structure, ...]:
    """Each with a label that no other one of its layer has: readers may have counted differently."""
    taken: dict[int, set[int]] = {}
    own = []
    for structure in structures:
        labels = taken.setdefault(structure.layer, set())
        label = structure.label
        if label in labels:
            reserved = {each.label for each in structures if each.layer == structure.layer} | labels
            label = next(n for n in range(1, len(reserved) + 2) if n not in reserved)
        labels.add(label)
        own.append(replace(structure, label=label))
    return tuple(own)
