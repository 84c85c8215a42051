"""Field: how deep each voxel of a box lies inside a structure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from medseg.space import Box, box_at


@dataclass(frozen=True, eq=False)
class Field:
    """What a method proposes for a structure.

    Attributes:
        corner_kji: Index of the box's first voxel in the grid.
        depth_mm: Depth of each voxel of the box inside the structure, ``[k, j, i]``: positive inside,
            negative outside. Outside the box the structure is not.
    """

    corner_kji: tuple[int, int, int]
    depth_mm: npt.NDArray[np.float32]

    @property
    def box(self) -> Box:
        """The box as an index into the grid."""
        return box_at(self.corner_kji, self.depth_mm.shape)
