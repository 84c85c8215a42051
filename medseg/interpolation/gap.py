"""Gap: what a method for parallel slices is given, and what it must return."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class Gap:
    """The missing slices between two neighbouring drawn ones of a structure.

    The drawn slices are those two and, where there are any, one more beyond on either side: two to four.
    One of them may be empty: the structure is known not to be there. All are cut to a window that is
    given by the two slices next to the gap.

    Attributes:
        indices: Ascending indices of the drawn slices.
        before: Which of them comes just before the gap, 0 or 1; the next one comes just after it.
        masks: The structure on each, shape ``(len(indices), rows, columns)``.
        depth_mm: How deep each pixel lies inside the structure on each drawn slice, measured within the
            slice: positive inside, negative outside, ``-inf`` throughout an empty slice. It takes in what
            the window cuts off. Same shape.
        spacing_mm: Distance of slices, of rows and of columns.
    """

    indices: tuple[int, ...]
    before: int
    masks: npt.NDArray[np.bool_]
    depth_mm: npt.NDArray[np.float32]
    spacing_mm: tuple[float, float, float]

    @property
    def missing(self) -> range:
        """Indices of the slices to fill."""
        return range(self.indices[self.before] + 1, self.indices[self.before + 1])


GapMethod = Callable[[Gap], npt.NDArray[np.float32]]
"""Fills a gap: how deep each pixel of each missing slice lies inside the structure, in mm, negative
outside, shape ``(len(gap.missing), rows, columns)``. The same gap always gives the same bits."""
