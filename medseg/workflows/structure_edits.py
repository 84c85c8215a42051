"""Edits of what a delineation is made of: structures come, go, and change their name, colour, code or place.

Each takes a delineation and gives another one: the caller passes it to the one door of every edit, which
refuses what is locked and remembers the step.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from medseg.errors import LabelMapError
from medseg.labelmap import Code, LabelMap, Structure, find_structure, structure_id_for
from medseg.workflows.anatomy import Anatomy, recognised_anatomy
from medseg.workflows.anatomy_colors import color_beside
from medseg.workflows.delineate import Delineation
from medseg.workflows.templates import Template


class Edit(Protocol):
    """An edit of one structure."""

    def __call__(self, before: Delineation, structure_id: str, /) -> Delineation:
        """The delineation after it."""


def added(
    before: Delineation,
    name: str,
    *,
    anatomy: Anatomy | None = None,
    part_of: str | None = None,
    layer: int | None = None,
) -> Delineation:
    """Add a structure with the next free label.

    Args:
        before: What there is.
        name: What people read.
        anatomy: What it is; by default what its name says, if that is in the list.
        part_of: Id of the structure that contains it.
        layer: Which layer holds its voxels; by default the one of its whole, which then gives way where both
            claim a voxel, and else the first.

    Raises:
        LabelMapError: The name is empty or taken, or there is nothing that it could be part of.
    """
    name = _free_name(before, name)
    anatomy = anatomy or recognised_anatomy(name)
    if layer is None:
        layer = before.structure(part_of).layer if part_of else 0
    structure = Structure(
        structure_id_for(name, {s.id for s in before.structures}),
        name,
        max((s.label for s in before.structures), default=0) + 1,
        code=anatomy.code if anatomy else None,
        part_of=part_of or None,
        layer=layer,
    )
    color = color_beside(anatomy.color if anatomy else structure.color, _colors(before))
    return replace(before, structures=(*before.structures, replace(structure, color=color)))


def added_another(before: Delineation, structure_id: str) -> Delineation:
    """Add one more of the kind of a structure: the next number, the same code and whole, another colour.

    Raises:
        LabelMapError: There is no such structure.
    """
    like = before.structure(structure_id)
    code = like.code
    name = next_name(like.name, {s.name.casefold() for s in before.structures})
    after = added(before, name, part_of=like.part_of, layer=like.layer)
    return _changed(after, after.structures[-1].id, code=code)


def next_name(name: str, taken: Collection[str]) -> str:
    """The first free name of a series.

    Args:
        name: Such as ``Liver metastasis 1``.
        taken: Names that there are, case-folded.

    >>> next_name("Liver metastasis 1", {"liver metastasis 1"})
    'Liver metastasis 2'
    >>> next_name("Nodule", {"nodule"})
    'Nodule 2'
    """
    stem = re.sub(r"\s+\d+$", "", name)
    found = re.search(r"\s(\d+)$", name)
    number = int(found[1]) if found else 1
    while name.casefold() in taken:
        number += 1
        name = f"{stem} {number}"
    return name


def with_template(before: Delineation, template: Template) -> Delineation:
    """Add the structures of a template, as far as there are none of their names."""
    after = before
    for part in template.parts:
        by_name = {s.name.casefold(): s.id for s in after.structures}
        if part.name.casefold() in by_name:
            continue
        whole = by_name[part.part_of.casefold()] if part.part_of else None
        layer = None if whole else part.layer
        after = added(after, part.name, anatomy=part.anatomy, part_of=whole, layer=layer)
    return after


def renamed(before: Delineation, structure_id: str, name: str) -> Delineation:
    """Give a structure another name; its id stays, by which everything else knows it.

    Raises:
        LabelMapError: The name is empty or taken.
    """
    if name == before.structure(structure_id).name:
        return before
    return _changed(before, structure_id, name=_free_name(before, name, besides=structure_id))


def recolored(before: Delineation, structure_id: str, color: str) -> Delineation:
    """Give a structure another colour, ``#rrggbb``."""
    return _changed(before, structure_id, color=color)


def recoded(before: Delineation, structure_id: str, code: Code | None) -> Delineation:
    """Say what a structure is; None takes that back."""
    return _changed(before, structure_id, code=code)


def moved(before: Delineation, structure_id: str, part_of: str | None) -> Delineation:
    """Make a structure part of another one, or of nothing.

    It goes into the layer of its whole, which then gives way where both claim a voxel; a structure that came
    as voxels stays where these lie.

    Raises:
        LabelMapError: It would be part of itself, by way of others.
    """
    structure = before.structure(structure_id)
    if part_of is None:
        return _changed(before, structure_id, part_of=None)
    whole = before.structure(part_of)
    if structure_id in {part_of, *_containing(before, part_of)}:
        raise LabelMapError(
            f"{structure.name} can't be part of {whole.name}, which is part of {structure.name}",
            hint="choose another structure that contains it",
        )
    held = {(s.layer, s.label) for s in before.structures if s.id != structure_id}
    may_go = not before.came_as_voxels(structure_id) and (whole.layer, structure.label) not in held
    layer = whole.layer if may_go else structure.layer
    return _changed(before, structure_id, part_of=part_of, layer=layer)


def locked(before: Delineation, structure_id: str, *, on: bool) -> Delineation:
    """Keep a structure from being written, or stop that."""
    before.structure(structure_id)
    now = before.locked | {structure_id} if on else before.locked - {structure_id}
    return before if now == before.locked else replace(before, locked=now)


def without(before: Delineation, structure_id: str) -> Delineation:
    """Delete a structure with all its contours and voxels.

    Its parts become parts of what it was part of, and that one has its voxels: where a tumour is deleted
    there is liver.
    """
    gone = before.structure(structure_id)
    structures = _without(before.structures, gone)
    return replace(
        before.with_contours(c for c in before.contours if c.structure_id != structure_id),
        structures=structures,
        voxels=_voxels_without(before.voxels, gone),
        completed={key: how for key, how in before.completed.items() if key != structure_id},
        models={key: one for key, one in before.models.items() if key != structure_id},
        locked=before.locked - {structure_id},
    )


def _without(structures: tuple[Structure, ...], gone: Structure) -> tuple[Structure, ...]:
    return tuple(
        replace(s, part_of=gone.part_of) if s.part_of == gone.id else s for s in structures if s.id != gone.id
    )


def _voxels_without(voxels: LabelMap | None, gone: Structure) -> LabelMap | None:
    """The voxels without a structure; None where nothing is left."""
    if voxels is None or gone.id not in {s.id for s in voxels.structures}:
        return voxels
    # The voxels know their own structures; what they were part of may be drawn, or gone.
    own = voxels.structure(gone.id)
    left = _without(voxels.structures, replace(own, part_of=gone.part_of))
    whole = next((s for s in left if s.id == gone.part_of and s.layer == own.layer), None)
    layers = [
        _relabelled(layer, own.label, whole.label if whole else 0) if number == own.layer else layer
        for number, layer in enumerate(voxels.layers)
    ]
    return LabelMap.painted(voxels.grid, layers, _with_wholes(left)) if left else None


def _with_wholes(structures: tuple[Structure, ...]) -> tuple[Structure, ...]:
    """Structures without a word of wholes that are not among them."""
    ids = {s.id for s in structures}
    return tuple(s if s.part_of in ids else replace(s, part_of=None) for s in structures)


def _relabelled(layer: npt.NDArray[Any], label: int, to: int) -> npt.NDArray[Any]:
    return np.where(layer == label, layer.dtype.type(to), layer)


def _changed(before: Delineation, structure_id: str, **fields: Any) -> Delineation:
    structure = before.structure(structure_id)
    changed = replace(structure, **fields)
    if changed == structure:
        return before
    structures = tuple(changed if s is structure else s for s in before.structures)
    return replace(before, structures=structures)


def _free_name(before: Delineation, name: str, besides: str | None = None) -> str:
    name = " ".join(name.split())
    if name.casefold() in {s.name.casefold() for s in before.structures if s.id != besides}:
        raise LabelMapError(f"there is a structure {name!r} already", hint="choose another name")
    return name


def _containing(before: Delineation, structure_id: str) -> tuple[str, ...]:
    whole = find_structure(before.structures, structure_id).part_of
    return () if whole is None else (whole, *_containing(before, whole))


def _colors(before: Delineation) -> list[str]:
    return [s.color for s in before.structures]
