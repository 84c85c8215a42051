"""One table of labels over many label maps: what the same structure is called in each becomes one number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from medseg.errors import LabelMapError
from medseg.labelmap.label_map import LabelMap, ancestors, by_containment
from medseg.labelmap.structure import MAX_LABEL, Structure


def name_key(name: str) -> str:
    """What two spellings of one name have in common.

    >>> name_key("  Liver  Metastasis ") == name_key("liver metastasis")
    True
    """
    return " ".join(name.split()).casefold()


@dataclass(frozen=True)
class LabelTable:
    """Which structure has which label in all label maps: by its name, in which case and spaces don't count.

    Ids are made anew in each label map, so that ``liver`` and ``liver-2`` may be the same organ.

    Args:
        names: The names; the first has label 1.

    Raises:
        LabelMapError: A name occurs twice, there are none, or too many.
    """

    names: tuple[str, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.names) <= MAX_LABEL:
            raise LabelMapError(f"expected 1 to {MAX_LABEL} structures, got {len(self.names)}")
        if len({name_key(name) for name in self.names}) != len(self.names):
            raise LabelMapError(f"a structure is named twice in {list(self.names)}")

    @property
    def labels(self) -> dict[str, int]:
        """The label of each name."""
        return {name: label for label, name in enumerate(self.names, start=1)}

    def labels_for(self, structures: Iterable[Structure]) -> dict[str, int]:
        """For each structure id the label that its voxels get.

        A structure that the table does not name belongs to the nearest one that it is part of and that the
        table names, as a liver takes in its tumour; without such a one it is background, 0.
        """
        structures = tuple(structures)
        by_id = {structure.id: structure for structure in structures}
        by_key = {name_key(name): label for name, label in self.labels.items()}

        def label_of(structure: Structure) -> int:
            line = (structure, *(by_id[each] for each in ancestors(structure, by_id)))
            return next((by_key[key] for key in map(name_key, (s.name for s in line)) if key in by_key), 0)

        return {structure.id: label_of(structure) for structure in structures}

    def missing_in(self, structures: Iterable[Structure]) -> tuple[str, ...]:
        """The names that no structure has."""
        there = {name_key(structure.name) for structure in structures}
        return tuple(name for name in self.names if name_key(name) not in there)


def relabelled(label_map: LabelMap, labels: Mapping[str, int]) -> npt.NDArray[Any]:
    """Bring all layers of a label map into one array of other labels.

    Args:
        label_map: The label map.
        labels: The new label of each structure id; 0 makes it background.

    Returns:
        Shape ``[k, j, i]``, uint8 or uint16. A part lies on top of what it is part of.

    Raises:
        LabelMapError: Two structures of different labels hold the same voxel, and neither is part of the
            other: one array can't say so. The reason is ``overlap``.
    """
    by_id = {structure.id: structure for structure in label_map.structures}
    dtype = np.uint8 if max(labels.values(), default=0) <= np.iinfo(np.uint8).max else np.uint16
    merged: npt.NDArray[Any] = np.zeros(label_map.grid.shape_kji, dtype)
    for structure in by_containment(label_map.structures):
        label = labels[structure.id]
        if not label:
            continue
        mask = label_map.mask(structure.id)
        below = merged[mask]
        covered = {label, *(labels[each] for each in ancestors(structure, by_id))}
        taken = below[(below != 0) & ~np.isin(below, list(covered))]
        if taken.size:
            others = [s.name for s in label_map.structures if labels[s.id] in np.unique(taken)]
            raise LabelMapError(
                f"{structure.name} and {' and '.join(others)} share {taken.size} voxels, and neither is part "
                "of the other",
                hint="choose structures that do not overlap, or make one part of the other",
                reason="overlap",
                voxels=int(taken.size),
            )
        merged[mask] = label
    return merged
