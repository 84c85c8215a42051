"""LabelMap: which voxels belong to which structure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from medseg.errors import GridMismatchError, LabelMapError
from medseg.labelmap.structure import Structure, find_structure
from medseg.space import Grid
from medseg.volume import locked


@dataclass(frozen=True, eq=False)
class LabelMap:
    """Structures as voxels on a grid.

    Args:
        grid: Where the voxels lie: the grid of the image.
        layers: Arrays ``[k, j, i]`` of uint8 or uint16; 0 is background. Usually one: structures that
            truly overlap lie in further ones.
        structures: What each label means. A structure without voxels is allowed, a voxel without a
            structure is not.

    Raises:
        GridMismatchError: A layer's shape is not the grid's.
        LabelMapError: A label without a structure, two structures with one id or one label in a layer,
            a ``part_of`` that leads nowhere or in a circle, or a wrong type of voxel.
    """

    grid: Grid
    layers: tuple[npt.NDArray[Any], ...]
    structures: tuple[Structure, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "structures", tuple(self.structures))
        object.__setattr__(self, "layers", tuple(locked(layer) for layer in self.layers))
        _require_consistent(self.structures, len(self.layers))
        for number, layer in enumerate(self.layers):
            self._require_valid_layer(number, layer)

    def _require_valid_layer(self, number: int, layer: npt.NDArray[Any]) -> None:
        if layer.shape != self.grid.shape_kji:
            raise GridMismatchError(
                f"expected a label map of shape {self.grid.shape_kji} (k, j, i), got {layer.shape}",
                expected=list(self.grid.shape_kji),
                found=list(layer.shape),
            )
        if layer.dtype not in (np.uint8, np.uint16):
            raise LabelMapError(f"expected labels of type uint8 or uint16, got {layer.dtype}")
        known = {s.label for s in self.structures if s.layer == number}
        unknown = sorted(set(labels_in(layer)) - known)
        if unknown:
            raise LabelMapError(
                f"layer {number} holds voxels of {len(unknown)} label(s) that no structure explains: "
                f"{unknown[:8]}",
                hint="add a structure for each label, or remove the voxels",
                labels=unknown,
            )

    @classmethod
    def painted(
        cls, grid: Grid, layers: Sequence[npt.NDArray[Any]], structures: Sequence[Structure]
    ) -> LabelMap:
        """A label map whose layers were painted from the structures' own labels.

        Only reading every voxel would show a label that no structure explains, which takes longer than
        completing a small tumour; whoever paints knows that there is none.
        """
        label_map = object.__new__(cls)
        structures = tuple(structures)
        _require_consistent(structures, len(layers))
        for name, value in (
            ("grid", grid),
            ("layers", tuple(map(locked, layers))),
            ("structures", structures),
        ):
            object.__setattr__(label_map, name, value)
        return label_map

    @property
    def voxels(self) -> npt.NDArray[Any]:
        """The only layer.

        Raises:
            LabelMapError: There are several.
        """
        if len(self.layers) != 1:
            raise LabelMapError(f"expected a label map of one layer, this one has {len(self.layers)}")
        return self.layers[0]

    def structure(self, structure_id: str) -> Structure:
        """The structure with an id.

        Raises:
            LabelMapError: There is none.
        """
        return find_structure(self.structures, structure_id)

    def mask(self, structure_id: str) -> npt.NDArray[np.bool_]:
        """The voxels labelled with one structure, without its parts."""
        structure = self.structure(structure_id)
        return np.asarray(self.layers[structure.layer] == structure.label)

    def mask_with_parts(self, structure_id: str) -> npt.NDArray[np.bool_]:
        """The voxels of one structure and of all that is part of it: the whole liver, tumour included."""
        mask = self.mask(structure_id)
        for part in self.structures:
            if part.part_of == structure_id:
                mask |= self.mask_with_parts(part.id)
        return mask


def labels_in(layer: npt.NDArray[Any]) -> list[int]:
    """The labels that occur in a contiguous array of uint8 or uint16, background left out, ascending."""
    flat = layer.ravel()
    # Eight bytes at a time: most of a label map is background.
    words = flat[: flat.size - flat.size % 8].view(np.uint64)
    labelled = words[words != 0].view(layer.dtype)
    # A table of 65,536 flags is ten times faster than sorting all voxels, as np.unique does.
    seen = np.zeros(np.iinfo(layer.dtype).max + 1, dtype=bool)
    seen[labelled] = True
    seen[flat[words.size * (8 // layer.itemsize) :]] = True
    return [int(label) for label in np.flatnonzero(seen) if label != 0]


def ancestors(structure: Structure, by_id: Mapping[str, Structure]) -> tuple[str, ...]:
    """Ids of what a structure is part of, and what that is part of, and so on."""
    found: list[str] = []
    parent = structure.part_of
    while parent is not None and parent in by_id:
        found.append(parent)
        parent = by_id[parent].part_of
    return tuple(found)


def by_containment(structures: Iterable[Structure]) -> list[Structure]:
    """Sort structures: those that are part of nothing, then their parts, and so on.

    Where two structures claim a voxel, the deeper level has it: a tumour lies on top of its liver.
    """
    structures = list(structures)
    by_id = {s.id: s for s in structures}
    return sorted(structures, key=lambda structure: len(ancestors(structure, by_id)))


def _require_consistent(structures: Sequence[Structure], layers: int) -> None:
    if layers < 1:
        raise LabelMapError("a label map needs at least one layer")
    _require_unique("id", [s.id for s in structures])
    _require_unique("layer and label", [(s.layer, s.label) for s in structures])
    parents = {s.id: s.part_of for s in structures}
    for structure in structures:
        if structure.layer >= layers:
            raise LabelMapError(f"structure {structure.id!r} names layer {structure.layer} of {layers}")
        _require_sound_ancestry(structure.id, parents)


def _require_sound_ancestry(structure_id: str, parents: dict[str, str | None]) -> None:
    visited = {structure_id}
    parent = parents[structure_id]
    while parent is not None:
        if parent not in parents:
            raise LabelMapError(f"structure {structure_id!r} is part of {parent!r}, which is not there")
        if parent in visited:
            raise LabelMapError(f"structure {structure_id!r} is part of itself by way of {parent!r}")
        visited.add(parent)
        parent = parents[parent]


def _require_unique(what: str, values: Sequence[object]) -> None:
    twice = [value for value, count in Counter(values).items() if count > 1]
    if twice:
        raise LabelMapError(f"each structure needs its own {what}, but {twice[0]!r} occurs twice")
