"""What a method of interpolation is given and must return."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class DrawnSlices:
    """One structure on a few parallel slices, cropped to where it was drawn.

    Attributes:
        indices: Ascending slice indices along one array axis, at least two.
        masks: The structure on each of them, shape ``(len(indices), rows, columns)``. At least one voxel
            of background surrounds it.
        spacing_mm: Distance of slices, of rows and of columns.
    """

    indices: tuple[int, ...]
    masks: npt.NDArray[np.bool_]
    spacing_mm: tuple[float, float, float]


DepthAt = Callable[[int], npt.NDArray[np.float32]]
"""Takes the index of a slice between the first and the last drawn one; returns how deep each pixel lies
inside the structure, in mm, negative outside, shape ``(rows, columns)``."""

Method = Callable[[DrawnSlices], DepthAt]
"""Prepares what all slices share and returns the function for one slice."""
