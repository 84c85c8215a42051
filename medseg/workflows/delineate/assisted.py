"""Take over what a segmenter proposes: all of it, one slice, or what a brush passed over.

What a person drew stays as it is, unless the reader takes over the very slice. What is taken over as a whole
stays voxels until a slice of it is edited; a slice alone becomes a contour of origin ``assisted``, from which
the engine goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from medseg.assist.segmenter import Method, Proposal
from medseg.contour import ContourSet, Origin, Slice, columns_shape, trace_slice
from medseg.errors import ContourError, LockedError
from medseg.labelmap import LabelMap, Structure, ancestors, fill
from medseg.provenance.record import Model
from medseg.space import Grid
from medseg.workflows.delineate.delineation import Delineation
from medseg.workflows.delineate.on_planes import Placements, contours_on, with_contours_on
from medseg.workflows.delineate.voxels import label_map_of

__all__ = [
    "Model",
    "model_of",
    "proposed_on",
    "taken_by_others",
    "with_proposed",
    "with_proposed_on",
    "without_on",
]

Mask = npt.NDArray[np.bool_]

STAYS = (Origin.DRAWN, Origin.IMPORTED)
"""What a proposal that is taken over as a whole goes around."""


def model_of(method: Method) -> Model:
    """A segmenter and the settings that it ran with, for the record."""
    return Model(method.name, method.version, method.weights_sha256, method.parameters)


def taken_by_others(delineation: Delineation, structure_ids: Sequence[str], grid: Grid) -> Mask:
    """Voxels ``[k, j, i]`` that no proposal for some structures may have.

    They belong to other structures of their layer: neither to what the proposed ones are part of, nor to
    their own parts, which have the voxels that both claim.
    """
    by_id = {s.id: s for s in delineation.structures}
    asked = [by_id[structure_id] for structure_id in structure_ids]
    beside = [
        other
        for other in delineation.structures
        if other.id not in structure_ids and any(_are_beside(other, one, by_id) for one in asked)
    ]
    label_map = label_map_of(delineation, grid)
    taken = np.zeros(grid.shape_kji, dtype=bool)
    for other in beside:
        taken |= label_map.mask(other.id)
    return taken


def with_proposed(
    delineation: Delineation, proposal: Proposal, grid: Grid, *, notes: Iterable[str] = ()
) -> Delineation:
    """Take over a proposal as a whole: what each structure has in its region is what was proposed.

    Slices that were drawn or imported stay as they are, and so does what lies outside of the region.

    Args:
        delineation: What there is.
        proposal: What a segmenter proposes.
        grid: The grid of the image.
        notes: What a reader of the record should know.

    Raises:
        LockedError: A structure is locked.
    """
    _require_unlocked(delineation, proposal.masks)
    before = label_map_of(delineation, grid)
    after = delineation
    for structure_id, proposed in proposal.masks.items():
        mask = before.mask_with_parts(structure_id)
        mask[proposal.region] = proposed
        after = _with_voxels(after, structure_id, mask, grid)
    return _told(after, proposal, proposal.masks, notes)


def with_proposed_on(
    delineation: Delineation,
    proposal: Proposal,
    where: Slice,
    placements: Placements,
    *,
    within: Mask | None = None,
    notes: Iterable[str] = (),
) -> Delineation:
    """Take over a proposal on one slice.

    Args:
        delineation: What there is.
        proposal: What a segmenter proposes.
        where: A slice along any axis of the image.
        placements: Where contours lie on the grid of the image.
        within: Pixels of the slice that a brush passed over: what is proposed there comes to what there is.
            None for the slice as a whole: it becomes what is proposed.
        notes: What a reader of the record should know.

    Raises:
        LockedError: A structure that would change is locked.
        ContourError: Nothing that is new is proposed there.
    """
    grid = placements.grid
    changed: dict[str, Mask] = {}
    for structure_id in proposal.masks:
        own = fill(contours_on(delineation, structure_id, where, placements), grid, where)
        wanted = _wanted(own, proposal, structure_id, where, within)
        if wanted is not None and not np.array_equal(wanted, own):
            changed[structure_id] = wanted
    if not changed:
        raise ContourError(
            "nothing new is proposed here", hint="go to where the proposal is shown", reason="not-proposed"
        )
    _require_unlocked(delineation, changed)
    after = delineation
    for structure_id, mask in changed.items():
        contours = trace_slice(mask, grid, where, structure_id, Origin.ASSISTED)
        after = with_contours_on(after, structure_id, where, contours, placements)
    return _told(after, proposal, changed, notes)


def without_on(proposal: Proposal, where: Slice, within: Mask) -> Proposal:
    """A proposal without what a brush passed over on a slice: the reader does not want it."""
    if not _meets(proposal, where):
        return proposal
    kept = ~within[_inside(proposal, where)]
    index: list[slice | int] = [slice(None)] * 3
    index[where.axis] = where.index - proposal.region[where.axis].start
    masks = {structure_id: mask.copy() for structure_id, mask in proposal.masks.items()}
    for mask in masks.values():
        mask[tuple(index)] &= kept
    return replace(proposal, masks=masks)


def proposed_on(proposal: Proposal, structure_id: str, where: Slice, grid: Grid) -> Mask:
    """What is proposed on a slice: all of its pixels."""
    found = np.zeros(columns_shape(where, grid.shape_kji), dtype=bool)
    if _meets(proposal, where):
        found[_inside(proposal, where)] = _part_on(proposal, structure_id, where)
    return found


def _wanted(
    own: Mask, proposal: Proposal, structure_id: str, where: Slice, within: Mask | None
) -> Mask | None:
    """What a structure is to have on a slice; None where nothing is proposed there."""
    if not _meets(proposal, where):
        return None
    part, inside = _part_on(proposal, structure_id, where), _inside(proposal, where)
    wanted = own.copy()
    if within is not None:
        wanted[inside] |= part & within[inside]
        return wanted
    if not part.any():  # a contour of nothing can't be kept: the slice would be open again
        return None
    wanted[inside] = part
    return wanted


def _meets(proposal: Proposal, where: Slice) -> bool:
    along = proposal.region[where.axis]
    return bool(along.start <= where.index < along.stop)


def _part_on(proposal: Proposal, structure_id: str, where: Slice) -> Mask:
    index = where.index - proposal.region[where.axis].start
    return np.asarray(proposal.masks[structure_id].take(index, axis=where.axis))


def _inside(proposal: Proposal, where: Slice) -> tuple[slice, slice]:
    first, second = (side for axis, side in enumerate(proposal.region) if axis != where.axis)
    return first, second


def _with_voxels(delineation: Delineation, structure_id: str, mask: Mask, grid: Grid) -> Delineation:
    """The delineation with other voxels of a structure, and of its contours what a person answers for."""
    structure = delineation.structure(structure_id)
    before = delineation.voxels
    count = max(structure.layer + 1, len(before.layers) if before else 1)
    layers: list[npt.NDArray[Any]] = list(before.layers) if before else []
    layers += [np.zeros(grid.shape_kji, dtype=np.uint8) for _ in range(count - len(layers))]
    others = tuple(s for s in before.structures if s.id != structure_id) if before else ()
    by_id = {s.id: s for s in delineation.structures}
    wholes = ancestors(structure, by_id)
    labels = [s.label for s in others if s.layer == structure.layer and s.id in wholes]
    layer = layers[structure.layer]
    layer = layer.astype(np.promote_types(layer.dtype, np.min_scalar_type(structure.label)))
    if before and delineation.came_as_voxels(structure_id):
        # Where a part is no longer, there is what it was part of.
        layer[before.mask(structure_id)] = labels[0] if labels else 0
    layer[mask & ((layer == 0) | np.isin(layer, labels))] = structure.label
    layers[structure.layer] = layer
    whole = structure.part_of if structure.part_of in {s.id for s in others} else None
    own = replace(structure, part_of=whole)
    structures = sorted((*others, own), key=lambda one: one.label)
    contours = [c for c in delineation.contours if c.structure_id != structure_id or c.origin in STAYS]
    return replace(
        delineation,
        contours=ContourSet(tuple(contours)),
        voxels=LabelMap.painted(grid, layers, structures),
        completed={key: how for key, how in delineation.completed.items() if key != structure_id},
    )


def _told(
    delineation: Delineation, proposal: Proposal, structure_ids: Iterable[str], notes: Iterable[str]
) -> Delineation:
    model = model_of(proposal.method)
    models = {**delineation.models, **dict.fromkeys(structure_ids, model)}
    told = dict.fromkeys((*delineation.notes, *notes))
    return replace(delineation, models=models, notes=tuple(told))


def _require_unlocked(delineation: Delineation, structure_ids: Iterable[str]) -> None:
    names = [delineation.structure(one).name for one in structure_ids if one in delineation.locked]
    if names:
        raise LockedError(f"{', '.join(names)} is locked", hint="unlock it in the list of structures")


def _are_beside(other: Structure, asked: Structure, by_id: dict[str, Structure]) -> bool:
    """Whether two structures can't share a voxel."""
    if other.layer != asked.layer:
        return False
    return other.id not in ancestors(asked, by_id) and asked.id not in ancestors(other, by_id)
