"""A label map and its contours → a delineation in which everything can be edited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from medseg.contour import Contour, ContourSet, Origin, Slice, trace_slice
from medseg.labelmap import LabelMap, Structure
from medseg.provenance.record import Interpolated, Model
from medseg.workflows.delineate.delineation import Delineation
from medseg.workflows.delineate.on_planes import planes_of
from medseg.workflows.delineate.voxels import label_map_of

Mask = npt.NDArray[np.bool_]


def opened(
    label_map: LabelMap,
    contours: ContourSet,
    completed: Mapping[str, Interpolated] | None = None,
    models: Mapping[str, Model] | None = None,
) -> Delineation:
    """What was saved or brought in, so that its voxels are those of the label map.

    A structure without contours stays voxels. Of one that has both, the slices that no contour accounts for
    become contours too: interpolated ones where the record says so, assisted ones where it names a model,
    else imported ones.

    Args:
        label_map: The voxels.
        contours: The contours that lie beside them.
        completed: For each structure id how it was interpolated, if it was.
        models: For each structure id the segmenter that proposed it, if one did.

    Raises:
        ContourError: A contour lies on a slice beyond the first or the last one of the grid.
    """
    drawn = Delineation(
        label_map.structures, contours, completed=dict(completed or {}), models=dict(models or {})
    )
    without = [s for s in label_map.structures if not contours.of(s.id) and label_map.mask(s.id).any()]
    traced = _unaccounted(drawn, label_map) if contours else ()
    voxels = _only(label_map, without) if without else None
    return replace(drawn, contours=ContourSet((*contours, *traced)), voxels=voxels)


def _only(label_map: LabelMap, structures: list[Structure]) -> LabelMap:
    """The label map of some structures alone."""
    layers = []
    for number, layer in enumerate(label_map.layers):
        labels = [s.label for s in structures if s.layer == number]
        layers.append(np.where(np.isin(layer, labels), layer, layer.dtype.type(0)))
    return LabelMap.painted(label_map.grid, layers, structures)


def _unaccounted(drawn: Delineation, label_map: LabelMap) -> list[Contour]:
    filled = label_map_of(drawn, label_map.grid)
    found: list[Contour] = []
    for structure in label_map.structures:
        if not drawn.contours.of(structure.id):
            continue
        wanted = label_map.mask(structure.id)
        if np.array_equal(wanted, filled.mask(structure.id)):
            continue
        found += _traced(drawn, structure, wanted, filled.mask(structure.id), label_map)
    return found


def _traced(
    drawn: Delineation, structure: Structure, wanted: Mask, filled: Mask, label_map: LabelMap
) -> list[Contour]:
    """The slices of a structure that differ from its contours and have none."""
    grid = label_map.grid
    contoured = planes_of(drawn, structure.id, grid)
    axes = {where.axis for where in contoured if isinstance(where, Slice)}
    axis = axes.pop() if len(axes) == 1 else 0
    others = tuple(a for a in range(3) if a != axis)
    differing = np.flatnonzero((wanted != filled).any(axis=others))
    slices = [Slice(axis, int(index)) for index in differing]
    # A whole is outlined around its parts, which have the voxels that both claim.
    whole = label_map.mask_with_parts(structure.id)
    origin = _origin_without_contours(drawn, structure.id)
    found: list[Contour] = []
    for where in slices:
        if where not in contoured:
            mask = np.asarray(whole.take(where.index, axis=axis))
            found += trace_slice(mask, grid, where, structure.id, origin)
    return found


def _origin_without_contours(drawn: Delineation, structure_id: str) -> Origin:
    if structure_id in drawn.completed:
        return Origin.INTERPOLATED
    return Origin.ASSISTED if structure_id in drawn.models else Origin.IMPORTED
