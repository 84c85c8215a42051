"""What masks must be, before anything is measured on them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from medseg.errors import GridMismatchError
from medseg.space import Grid

Mask = npt.NDArray[np.bool_]
"""The voxels of a structure, ``[k, j, i]``."""


def require_on_grid(mask: npt.NDArray[Any], grid: Grid) -> None:
    """Refuse a mask that is not one of a grid.

    Raises:
        TypeError: It is not an array of bool: labels would be taken for voxels of one structure.
        GridMismatchError: It has another shape than the grid.
    """
    require_same_shape(mask, mask)
    if mask.shape != grid.shape_kji:
        raise GridMismatchError(
            f"expected a mask of shape {grid.shape_kji} (k, j, i), got {mask.shape}",
            expected=list(grid.shape_kji),
            found=list(mask.shape),
        )


def require_same_shape(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> None:
    """Refuse two masks that do not lie on one grid.

    Raises:
        TypeError: One is not an array of bool.
        GridMismatchError: Their shapes differ.
    """
    for mask in (a, b):
        if mask.dtype != np.bool_:
            raise TypeError(f"expected a mask of bool, got {mask.dtype}")
    if a.shape != b.shape:
        raise GridMismatchError(
            f"expected two masks of one shape (k, j, i), got {a.shape} and {b.shape}",
            expected=list(a.shape),
            found=list(b.shape),
        )
