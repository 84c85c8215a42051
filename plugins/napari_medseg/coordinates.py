"""A place of the viewer's world ↔ a place in the patient."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from medseg.space import AnatomicalOrder, Grid


def lps_of_world(world_mm: npt.ArrayLike, grid: Grid) -> tuple[float, float, float]:
    """A place of the viewer's world as a place in the patient, in LPS mm.

    Args:
        world_mm: Along the display axes, as napari's cursor has it.
        grid: The grid of the image.
    """
    order = AnatomicalOrder.of(grid)
    index = np.asarray(world_mm, dtype=np.float64).reshape(1, 3) / np.array(order.spacing_mm(grid))
    x, y, z = grid.to_lps_mm(order.to_kji(index))[0]
    return float(x), float(y), float(z)
