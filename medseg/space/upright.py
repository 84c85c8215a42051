"""A grid whose slices are the true anatomical planes, for an image that lies at a slant."""

from __future__ import annotations

import numpy as np

from medseg.space.anatomical import AnatomicalOrder
from medseg.space.grid import Grid

UPRIGHT_TOLERANCE = 1e-3
"""The sine by which a direction may lean: half a mm over the 500 mm of a body."""

ROUNDING = 1e-4
"""Of a voxel: no slice is added for less."""


def is_upright(grid: Grid) -> bool:
    """Whether the slices of a grid are axial, coronal and sagittal planes as they are."""
    along = np.sort(np.abs(grid.directions), axis=0)
    return bool(along[:2].max() <= UPRIGHT_TOLERANCE)


def upright_grid(grid: Grid) -> Grid:
    """The smallest grid along the patient's axes that holds another one.

    Its axes run towards superior, posterior and left; along each the spacing is that of the axis of the other
    grid which runs nearest to it.
    """
    spacing = np.array(AnatomicalOrder.of(grid).spacing_mm(grid))
    last = np.array(grid.shape_kji) - 1
    corners = np.array([[k, j, i] for k in (0, last[0]) for j in (0, last[1]) for i in (0, last[2])])
    # Along superior, posterior and left.
    corners_spl = grid.to_lps_mm(corners)[:, ::-1]
    low, high = corners_spl.min(axis=0), corners_spl.max(axis=0)
    k, j, i = (int(n) for n in np.ceil((high - low) / spacing - ROUNDING) + 1)
    return Grid.from_axes(
        (k, j, i),
        origin_lps_mm=low[::-1],
        step_k_mm=(0, 0, spacing[0]),
        step_j_mm=(0, spacing[1], 0),
        step_i_mm=(spacing[2], 0, 0),
        frame_of_reference_uid=grid.frame_of_reference_uid,
    )
