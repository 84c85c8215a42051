"""Pieces of crossing planes that nothing was joined to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from medseg.contour import Placement, voxels_of
from medseg.interpolation.drawn import DrawnStructure, window_of
from medseg.interpolation.field import Field
from medseg.labelmap import MIN_DEPTH_MM


@dataclass(frozen=True)
class LonePiece:
    """Pieces that were drawn on a plane and have nothing of the structure on either side of it.

    Attributes:
        structure_id: Which structure.
        where: The plane.
        pieces: How many of its pieces.
    """

    structure_id: str
    where: Placement
    pieces: int


def lone_pieces(drawn: DrawnStructure, field: Field) -> Iterator[LonePiece]:
    """Find drawn pieces that stayed a single layer of voxels.

    Between parallel slices :func:`~medseg.interpolation.unjoined.unjoined` tells more; there is none here.

    Args:
        drawn: A structure on planes of several directions.
        field: What it was completed to, with its drawn planes.
    """
    if drawn.parallel_axis is not None:
        return
    from scipy.ndimage import label

    for where, mask in drawn.masks.items():
        window = window_of(mask)
        labels, count = label(mask[window])
        voxels = voxels_of(where, mask, drawn.grid.shape_kji)
        rows, columns = np.delete(voxels, where.axis, axis=1).T
        of_voxel = labels[rows - window[0].start, columns - window[1].start]
        joined = np.zeros(count + 1, dtype=np.bool_)
        at = (voxels - field.corner_kji).T
        for step in (-1, 1):
            joined[of_voxel[_inside_beside(field.depth_mm, at, where.axis, step)]] = True
        # Of a piece without voxels on the grid nothing is known.
        on_grid = np.unique(of_voxel)
        alone = int(np.count_nonzero(~joined[on_grid]))
        if alone:
            yield LonePiece(drawn.structure_id, where, alone)


def _inside_beside(
    depth_mm: npt.NDArray[np.float32], at: npt.NDArray[np.intp], axis: int, step: int
) -> npt.NDArray[np.bool_]:
    """Which voxels have one inside so many steps along an axis; ``at`` are indices of shape ``(3, n)``."""
    beside = at.copy()
    beside[axis] += step
    found: npt.NDArray[np.bool_] = (beside[axis] >= 0) & (beside[axis] < depth_mm.shape[axis])
    k, j, i = beside[:, found]
    found[found] = depth_mm[k, j, i] > MIN_DEPTH_MM
    return found
