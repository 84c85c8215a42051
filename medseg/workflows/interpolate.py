"""Complete structures between the planes on which they were drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from medseg.contour import Slice
from medseg.errors import LabelMapError
from medseg.interpolation import (
    AUTO,
    METHODS,
    Completion,
    Suggestion,
    draw_next,
    interpolate,
    interpolate_masks,
    uncertain_slices,
    uncertainty_map,
)
from medseg.labelmap import LabelMap
from medseg.progress import Progress, silent
from medseg.provenance.record import Interpolated
from medseg.volume import Volume
from medseg.workflows.method_parameters import parameters_of
from medseg.workflows.remarks import remarks_on

METHOD_NAMES = (AUTO, *METHODS)
"""What ``--method`` offers."""

__all__ = [
    "METHOD_NAMES",
    "Completion",
    "Interpolated",
    "Suggestion",
    "cut",
    "draw_next",
    "how_completed",
    "interpolate",
    "interpolate_label_map",
    "remarks_on",
    "uncertain_slices",
    "uncertainty_map",
]


def interpolate_label_map(
    sparse: LabelMap,
    *,
    drawn: Sequence[Slice] | None = None,
    method: str = AUTO,
    image: Volume | None = None,
    progress: Progress = silent,
) -> Completion:
    """Complete a label map in which only some slices are meaningful.

    Args:
        sparse: The label map. Voxels off the drawn slices are ignored.
        drawn: The slices that count for every structure, along any of the array axes: one without voxels
            on such a slice is known to be absent there. By default each structure's own axial slices,
            those where it has voxels. The parts of a structure count as voxels of it.
        method: One of :data:`METHOD_NAMES`.
        image: The image on the same grid, which takes part where it is proven to help.
        progress: Called between the steps.

    Raises:
        ContourError: The method can't take the drawn slices.
        LabelMapError: A drawn slice lies outside the label map, or none holds any voxel.
    """
    masks = {}
    for structure in sparse.structures:
        mask = sparse.mask_with_parts(structure.id)
        own = drawn
        if own is None:
            own = [Slice(0, int(k)) for k in np.flatnonzero(mask.any(axis=(1, 2)))]
        masks[structure.id] = {where: cut(mask, where) for where in own}
    if not any(mask.any() for slices in masks.values() for mask in slices.values()):
        raise LabelMapError(
            "none of the drawn slices holds a label",
            hint="name the slices that were drawn, such as --drawn k=3,7,12",
        )
    return interpolate_masks(
        masks, sparse.grid, sparse.structures, method=method, image=image, progress=progress
    )


def how_completed(completion: Completion) -> dict[str, Interpolated]:
    """For the record: each structure's method with its settings, and whether the image took part."""
    return {
        structure_id: Interpolated(
            one.method,
            image_used=one.image.used if one.image else None,
            image_reason=one.image.reason if one.image else "",
            parameters=parameters_of(one),
        )
        for structure_id, one in completion.structures.items()
    }


def cut(mask: npt.NDArray[np.bool_], where: Slice) -> npt.NDArray[np.bool_]:
    """One slice of a mask.

    Raises:
        LabelMapError: There is no such slice.
    """
    if not 0 <= where.index < mask.shape[where.axis]:
        raise LabelMapError(
            f"slice {where} lies outside the label map, which has {mask.shape[where.axis]} of them"
        )
    return np.asarray(mask.take(where.index, axis=where.axis))
