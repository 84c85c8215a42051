"""The surface of a structure as it is proposed, for looking at in 3-D."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from medseg.labelmap import MIN_DEPTH_MM
from medseg.workflows.delineate.live_proposal import Proposal

MAX_VOXELS = 2_000_000
"""Of a larger box every second or third voxel is taken: a surface to look at needs no more."""


SMOOTHING_VOXELS = 0.8
"""Standard deviation of the filter that takes steps away."""


@dataclass(frozen=True, eq=False)
class Solid:
    """A surface of triangles.

    Attributes:
        structure_id: Of which structure.
        vertices_lps_mm: Shape ``(n, 3)``.
        triangles: Shape ``(m, 3)``: indices of vertices.
    """

    structure_id: str
    vertices_lps_mm: npt.NDArray[np.float64]
    triangles: npt.NDArray[np.int32]


def solid_of(proposal: Proposal, structure_id: str) -> Solid | None:
    """The surface of a structure, where its depth is 0; None where it has none.

    Args:
        proposal: What the engine proposes.
        structure_id: Of which structure.

    Source:
        Marching cubes (Lewiner et al. 2003), by scikit-image.
    """
    completed = proposal.completed(structure_id)
    if completed is None or not (completed.field.depth_mm > MIN_DEPTH_MM).any():
        return None
    from scipy.ndimage import gaussian_filter
    from skimage.measure import marching_cubes

    step = max(1, round((completed.field.depth_mm.size / MAX_VOXELS) ** (1 / 3)))
    depth_mm = completed.field.depth_mm[::step, ::step, ::step]
    far_mm = step * max(proposal.grid.spacing_kji_mm)
    # What was drawn is infinitely deep; one layer more closes what reaches the edge of the box.
    padded = np.pad(np.clip(depth_mm, -far_mm, far_mm), 1, constant_values=-far_mm)
    # The planes that were drawn stand out by a step else: this is for looking at, not for measuring.
    padded = gaussian_filter(padded, SMOOTHING_VOXELS)
    if not (padded > 0).any():
        return None
    vertices, triangles, _, _ = marching_cubes(padded, 0.0, allow_degenerate=False)
    index_kji = (vertices - 1) * step + completed.field.corner_kji
    return Solid(structure_id, proposal.grid.to_lps_mm(index_kji), triangles.astype(np.int32))
