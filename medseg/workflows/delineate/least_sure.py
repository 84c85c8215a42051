"""Where to correct next what a model proposed as voxels: on the slices where it is least sure."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import numpy.typing as npt

from medseg.contour import Slice
from medseg.interpolation import Suggestion, uncertain_slices
from medseg.space import Box, Grid, box_grown, box_of
from medseg.workflows.delineate.delineation import Delineation
from medseg.workflows.delineate.on_planes import planes_of

NEAR_MM = 20.0
"""How far from a structure what a model is unsure of is still about it."""


def least_sure_slices(
    delineation: Delineation, structure_id: str, grid: Grid, entropy_bits: npt.NDArray[np.float32]
) -> list[Suggestion]:
    """The slices on which a structure that came as voxels is most worth correcting, the best first.

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
    drawn = [where for where in planes_of(delineation, structure_id, grid) if isinstance(where, Slice)]
    axis = Counter(where.axis for where in drawn).most_common(1)[0][0] if drawn else 0
    near = _around(delineation, structure_id, grid) if len(delineation.structures) > 1 else None
    return uncertain_slices(entropy_bits, grid, drawn=drawn, near=near, axes=(axis,))


def _around(delineation: Delineation, structure_id: str, grid: Grid) -> Box | None:
    voxels = delineation.voxels
    box = None if voxels is None else box_of(voxels.mask_with_parts(structure_id))
    if box is None:
        return None
    return box_grown(box, [math.ceil(NEAR_MM / mm) for mm in grid.spacing_kji_mm], grid.shape_kji)
