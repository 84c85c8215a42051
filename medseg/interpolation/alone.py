"""Pieces of crossing planes that nothing was joined to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from medseg.contour import Placement, voxels_of
from medseg.interpolation.drawn import DrawnStructure
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

    inside = field.depth_mm > MIN_DEPTH_MM
    for where, mask in drawn.masks.items():
        labels, count = label(mask)
        joined = np.zeros(count + 1, dtype=np.bool_)
        voxels = voxels_of(where, mask, drawn.grid.shape_kji)
        of_voxel = labels[tuple(np.delete(voxels, where.axis, axis=1).T)]
        for step in (-1, 1):
            beside = voxels.copy()
            beside[:, where.axis] += step
            joined[of_voxel[_is_inside(inside, beside - field.corner_kji)]] = True
        # Of a piece without voxels on the grid nothing is known.
        on_grid = np.unique(of_voxel)
        alone = int(np.count_nonzero(~joined[on_grid]))
        if alone:
            yield LonePiece(drawn.structure_id, where, alone)


def _is_inside(inside: npt.NDArray[np.bool_], index_kji: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
    in_box = np.all((index_kji >= 0) & (index_kji < inside.shape), axis=1)
    found = np.zeros(len(index_kji), dtype=np.bool_)
    found[in_box] = inside[tuple(index_kji[in_box].T)]
    return found
