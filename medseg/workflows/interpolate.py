"""Complete structures between the slices that were drawn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from medseg.contour import ContourSet, Origin, Slice, trace_slice
from medseg.errors import LabelMapError
from medseg.interpolation import DEFAULT_METHOD, METHODS, Completion, interpolate, interpolate_masks
from medseg.io.label_map_files import LabelMapFiles
from medseg.io.nifti.image import nifti_source
from medseg.io.nifti.label_map import read_label_map
from medseg.labelmap import LabelMap
from medseg.progress import Progress, silent
from medseg.workflows.save import save_label_map

METHOD_NAMES = tuple(METHODS)
"""What ``--method`` offers."""

__all__ = ["METHOD_NAMES", "interpolate", "interpolate_file", "interpolate_label_map", "remarks_on"]


def interpolate_label_map(
    sparse: LabelMap,
    *,
    drawn: Sequence[Slice] | None = None,
    method: str = DEFAULT_METHOD,
    progress: Progress = silent,
) -> Completion:
    """Complete a label map in which only some slices are meaningful.

    Args:
        sparse: The label map. Voxels off the drawn slices are ignored.
        drawn: The slices that count for every structure: one without voxels on such a slice is known to
            be absent there. By default each structure's own axial slices, those where it has voxels. The
            parts of a structure count as voxels of it.
        method: One of :data:`METHOD_NAMES`.
        progress: Called before each structure.

    Raises:
        ContourError: The drawn slices lie along more than one axis.
        LabelMapError: A drawn slice lies outside the label map, or none holds any voxel.
    """
    masks = {}
    for structure in sparse.structures:
        mask = sparse.mask_with_parts(structure.id)
        own = drawn
        if own is None:
            own = [Slice(0, int(k)) for k in np.flatnonzero(mask.any(axis=(1, 2)))]
        masks[structure.id] = {where: _cut(mask, where) for where in own}
    if not any(mask.any() for slices in masks.values() for mask in slices.values()):
        raise LabelMapError(
            "none of the drawn slices holds a label",
            hint="name the slices that were drawn, such as --drawn k=3,7,12",
        )
    return interpolate_masks(masks, sparse.grid, sparse.structures, method=method, progress=progress)


def interpolate_file(
    sparse: Path,
    out: Path,
    *,
    author: str,
    drawn: Sequence[Slice] | None = None,
    method: str = DEFAULT_METHOD,
    progress: Progress = silent,
) -> tuple[LabelMapFiles, Completion]:
    """Complete a sparse label map on disk and save the result, with its sidecars, on the same grid.

    Args:
        sparse: The sparse label map; read only.
        out: The label map to write; never overwritten.
        author: Printed name for the record.
        drawn: See :func:`interpolate_label_map`.
        method: One of :data:`METHOD_NAMES`.
        progress: Called before each structure.

    Raises:
        InputError: The sparse file is damaged.
        OutputExistsError: ``out`` exists.
    """
    label_map = read_label_map(sparse)
    completion = interpolate_label_map(label_map, drawn=drawn, method=method, progress=progress)
    contours = [
        contour
        for structure_id, slices in completion.drawn.items()
        for where in slices
        for contour in trace_slice(
            _cut(label_map.mask_with_parts(structure_id), where),
            label_map.grid,
            where,
            structure_id,
            Origin.IMPORTED,
        )
    ]
    files = save_label_map(
        out,
        completion.label_map,
        grid=label_map.grid,
        source=nifti_source(sparse),
        contours=ContourSet(tuple(contours)),
        author=author,
        method=method,
        notes=(*remarks_on(completion), *_drawn_as_absent(completion, label_map)),
    )
    return files, completion


def remarks_on(completion: Completion) -> tuple[str, ...]:
    """What a reader must know: one sentence for each gap left open and each contour without a voxel."""
    names = {s.id: s.name for s in completion.label_map.structures}
    gaps = tuple(
        f"{names[gap.structure_id]}: nothing could be interpolated between {gap.first} and {gap.last}; "
        "draw a contour between them"
        for gap in completion.open_gaps
    )
    unfilled = tuple(
        f"{names[structure_id]}: the contour on {where} holds no voxel, being too small or off the image"
        for structure_id, where in completion.unfilled
    )
    return gaps + unfilled


def _drawn_as_absent(completion: Completion, sparse: LabelMap) -> tuple[str, ...]:
    """The slices on which a structure is known not to be: they shape the result, and no contour tells."""
    return tuple(
        f"{sparse.structure(structure_id).name}: drawn as absent on {where}"
        for structure_id, slices in completion.drawn.items()
        for where in slices
        if not _cut(sparse.mask_with_parts(structure_id), where).any()
    )


def _cut(mask: npt.NDArray[np.bool_], where: Slice) -> npt.NDArray[np.bool_]:
    if not 0 <= where.index < mask.shape[where.axis]:
        raise LabelMapError(
            f"slice {where} lies outside the label map, which has {mask.shape[where.axis]} of them"
        )
    return np.asarray(mask.take(where.index, axis=where.axis))
