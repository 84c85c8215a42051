"""Where to correct next what a model proposed: on the slices where it is least sure."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import numpy.typing as npt

from medseg.contour import Origin, Slice
from medseg.interpolation import Suggestion, uncertain_slices
from medseg.space import Box, Grid, box_grown, box_of
from medseg.workflows.delineate.delineation import Delineation
from medseg.workflows.delineate.on_planes import planes_of

NEAR_MM = 20.0
"""How far from a structure what a model is unsure of is still about it."""

NOT_BY_HAND = (Origin.ASSISTED, Origin.IMPORTED)
"""Contours that nobody has corrected yet."""


def is_proposed(delineation: Delineation, structure_id: str) -> bool:
    """Whether a structure is what a model made of it, as far as nobody has corrected it."""
    if delineation.came_as_voxels(structure_id):
        return True
    return any(contour.origin is Origin.ASSISTED for contour in delineation.contours.of(structure_id))


def least_sure_slices(
    delineation: Delineation, structure_id: str, grid: Grid, entropy_bits: npt.NDArray[np.float32]
) -> list[Suggestion]:
    """The slices on which a structure that a model made is most worth correcting, the best first.

    They run along the axis on which it was corrected already, the first one where it was not. Where there
    are several structures, what is far from this one is about another.

    Args:
        delineation: What there is now.
        structure_id: The structure.
        grid: The grid of the image.
        entropy_bits: For each voxel ``[k, j, i]`` of the grid how unsure the model is of it, 0 to 1 bit.

    Raises:
        GridMismatchError: The map is of another shape.
    """
    drawn = _corrected(delineation, structure_id, grid)
    axis = Counter(where.axis for where in drawn).most_common(1)[0][0] if drawn else 0
    near = _around(delineation, structure_id, grid) if len(delineation.structures) > 1 else None
    return uncertain_slices(entropy_bits, grid, drawn=drawn, near=near, axes=(axis,))


def _corrected(delineation: Delineation, structure_id: str, grid: Grid) -> list[Slice]:
    # Of what came as voxels, a slice gets contours when it is corrected, and not before.
    is_voxels = delineation.came_as_voxels(structure_id)
    return [
        where
        for where, contours in planes_of(delineation, structure_id, grid).items()
        if isinstance(where, Slice) and (is_voxels or any(c.origin not in NOT_BY_HAND for c in contours))
    ]


def _around(delineation: Delineation, structure_id: str, grid: Grid) -> Box | None:
    voxels = delineation.voxels
    if voxels is not None and delineation.came_as_voxels(structure_id):
        box = box_of(voxels.mask_with_parts(structure_id))
    else:
        contours = delineation.contours.of(structure_id).contours
        index = grid.to_index(np.concatenate([contour.points_lps_mm for contour in contours]))
        low = np.maximum(np.floor(index.min(axis=0)), 0).astype(int).tolist()
        high = np.minimum(np.ceil(index.max(axis=0)) + 1, grid.shape_kji).astype(int).tolist()
        k, j, i = (slice(a, b) for a, b in zip(low, high, strict=True))
        box = (k, j, i)
    if box is None:
        return None
    return box_grown(box, [math.ceil(NEAR_MM / mm) for mm in grid.spacing_kji_mm], grid.shape_kji)
