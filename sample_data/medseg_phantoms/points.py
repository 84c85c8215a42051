"""Points: where in the patient the voxels of a slice lie."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from medseg.space import Grid

Field = npt.NDArray[np.float32]
"""One number for each point. Single precision: 1e-5 mm within a patient, at half the memory."""

Window = tuple[slice, slice]
"""A rectangle of rows and columns."""


@dataclass(frozen=True, eq=False)
class Points:
    """Points in LPS mm, each coordinate an array of one shape."""

    x_mm: Field
    y_mm: Field
    z_mm: Field

    def window(self, rectangle: Window) -> Points:
        """The points of a rectangle of rows and columns."""
        return Points(self.x_mm[rectangle], self.y_mm[rectangle], self.z_mm[rectangle])

    def moved(self, x_mm: float, y_mm: float, z_mm: float) -> Points:
        """The same points seen from another origin."""
        x, y, z = np.float32(x_mm), np.float32(y_mm), np.float32(z_mm)
        return Points(self.x_mm - x, self.y_mm - y, self.z_mm - z)

    def mirrored(self) -> Points:
        """The points with the patient's left and right exchanged."""
        return Points(-self.x_mm, self.y_mm, self.z_mm)


def mixed(one: float, other: float, share: Field) -> Field:
    """``one`` where the share is 0 or less, ``other`` where it is 1 or more, a mixture between."""
    return np.asarray(one + np.clip(share, 0, 1) * np.float32(other - one), dtype=np.float32)


def slice_points(grid: Grid, k: float) -> Points:
    """The voxel centres of one slice; a fractional ``k`` lies between two.

    Sums of outer products rather than a matrix product: the digits of a matrix product may depend on the
    library that computes it and on its threads, and a phantom must be the same everywhere.
    """
    _, rows, columns = grid.shape_kji
    j, i = np.arange(rows)[:, None], np.arange(columns)[None, :]
    matrix = grid.index_to_lps_mm
    x_mm, y_mm, z_mm = (
        (matrix[axis, 3] + matrix[axis, 0] * k + matrix[axis, 1] * j + matrix[axis, 2] * i).astype(np.float32)
        for axis in range(3)
    )
    return Points(x_mm, y_mm, z_mm)
