"""How large a structure is."""

from __future__ import annotations

import numpy as np

from medseg.measurement.requirements import Mask, require_on_grid
from medseg.space import Grid

MM3_PER_ML = 1000.0


def volume_mm3(mask: Mask, grid: Grid) -> float:
    """The volume of a structure: its voxels, each of the volume that the grid's three steps span.

    Args:
        mask: Its voxels, ``[k, j, i]``.
        grid: Where they lie: oblique, anisotropic or sheared. A sheared voxel is smaller than the product of
            its edges.

    Raises:
        GridMismatchError: The mask is not of the grid's shape.
    """
    require_on_grid(mask, grid)
    return int(np.count_nonzero(mask)) * grid.voxel_volume_mm3


def volume_ml(mask: Mask, grid: Grid) -> float:
    """The volume of a structure in ml; see :func:`volume_mm3`."""
    return volume_mm3(mask, grid) / MM3_PER_ML
