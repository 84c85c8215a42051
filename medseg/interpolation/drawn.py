"""DrawnStructure: what is known of one structure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from medseg.contour.sheet import Placement
from medseg.contour.slices import Slice
from medseg.space import Grid


def window_of(mask: npt.NDArray[np.bool_]) -> tuple[slice, slice]:
    """The part of a plane that holds all of a mask; an empty one where it is empty."""
    rows = np.flatnonzero(mask.any(axis=1))
    if not len(rows):
        return slice(0, 0), slice(0, 0)
    columns = np.flatnonzero(mask[rows[0] : rows[-1] + 1].any(axis=0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def for_loops(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """The mask row by row in memory of its own: one type of array, for which loops are compiled once."""
    return mask if mask.flags.carray else np.array(mask, order="C")


@dataclass(frozen=True, eq=False)
class DrawnStructure:
    """One structure on the planes on which it was drawn.

    Attributes:
        structure_id: Which structure.
        grid: The grid of the image.
        masks: For each drawn plane the structure on it: a mask with the two array axes other than the
            plane's, in array order, of the grid's full extent. In the order in which they were drawn:
            where two cross and disagree, the later one counts. A mask without voxels says that the
            structure is known not to be there.
    """

    structure_id: str
    grid: Grid
    masks: Mapping[Placement, npt.NDArray[np.bool_]]

    @property
    def parallel_axis(self) -> int | None:
        """The array axis along which all planes are slices; None where they are mixed or oblique."""
        axes = {where.axis if isinstance(where, Slice) else None for where in self.masks}
        return axes.pop() if len(axes) == 1 else None
