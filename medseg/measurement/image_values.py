"""The values that an image has within a structure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from medseg.errors import GridMismatchError
from medseg.measurement.concepts import NO_UNIT
from medseg.measurement.requirements import Mask, require_on_grid
from medseg.space import Box, Grid, box_at
from medseg.volume import Volume


@dataclass(frozen=True, eq=False)
class ImageValues:
    """The values of an image within a structure.

    Attributes:
        voxels: The whole image, ``[k, j, i]``.
        grid: Its grid.
        indices: The structure's voxels that have a value, ``(n, 3)``, in the whole image.
        values: Their values, ``(n,)``.
        missing: How many of the structure's voxels have none: not a number, or infinite.
        unit: The unit of the values.
    """

    voxels: npt.NDArray[Any]
    grid: Grid
    indices: npt.NDArray[np.intp]
    values: npt.NDArray[np.float64]
    missing: int
    unit: str


def image_values(mask: Mask, volume: Volume, box: Box | None = None) -> ImageValues:
    """Look up the values of an image within a mask.

    Args:
        mask: ``[k, j, i]``, of the whole image or of a box of it.
        volume: The image.
        box: Where the mask lies; None for the whole.

    Raises:
        GridMismatchError: The mask is not of this shape.
    """
    grid = volume.grid
    where = box_at((0, 0, 0), grid.shape_kji) if box is None else box
    require_on_grid(mask, grid.within(where))
    inside = volume.voxels[where]
    if inside.shape != mask.shape:
        raise GridMismatchError(
            f"expected a box within {grid.shape_kji} voxels (k, j, i), got {where}",
            expected=list(grid.shape_kji),
        )
    found = inside[mask].astype(np.float64)
    has_value = np.isfinite(found)
    indices = np.argwhere(mask) + [side.start for side in where]
    missing = int(len(found) - np.count_nonzero(has_value))
    if missing:
        found, indices = found[has_value], indices[has_value]
    return ImageValues(volume.voxels, grid, indices, found, missing, volume.quantity.unit or NO_UNIT)
