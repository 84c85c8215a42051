"""Delineation: all that a reader may change, as it is at one moment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from medseg.contour import Contour, ContourSet
from medseg.labelmap import LabelMap, Structure, find_structure
from medseg.provenance.record import Interpolated, Model


@dataclass(frozen=True, eq=False)
class Delineation:
    """Structures and what was drawn of them.

    It never changes: an edit makes another one, which shares all that stayed. To undo is to go back to the
    earlier one, so that what comes back is what was there, to the last bit.

    Attributes:
        structures: In the order of their labels.
        contours: Every contour, as it is stored.
        voxels: Structures that came as voxels; a slice on which such a structure has contours is theirs.
        completed: For each structure with accepted slices how these were interpolated.
        locked: Ids of the structures that must not be written.
        notes: What a reader of the record should know of what was accepted.
        models: For each structure id the segmenter whose proposal was accepted last.
    """

    structures: tuple[Structure, ...] = ()
    contours: ContourSet = field(default_factory=ContourSet)
    voxels: LabelMap | None = None
    completed: Mapping[str, Interpolated] = field(default_factory=dict)
    locked: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    models: Mapping[str, Model] = field(default_factory=dict)

    def structure(self, structure_id: str) -> Structure:
        """The structure with an id.

        Raises:
            LabelMapError: There is none.
        """
        return find_structure(self.structures, structure_id)

    def came_as_voxels(self, structure_id: str) -> bool:
        """Whether a structure was brought in as voxels."""
        return self.voxels is not None and structure_id in {s.id for s in self.voxels.structures}

    def with_contours(self, contours: Iterable[Contour]) -> Self:
        """The same with other contours."""
        return replace(self, contours=ContourSet(tuple(contours)))
