"""Clicks of a reader who is not there: where the last proposal was wrong, as DeepEdit trains and measures.

Source: A. Diaz-Pinto et al., DeepEdit (arXiv:2305.10655); the middle of the largest mistake as in A. Sakinis
et al., "Interactive segmentation of medical images through fully convolutional neural networks"
(arXiv:1903.08205).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Labels = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Click:
    """A click.

    Attributes:
        label: What is truly there; 0 for the background.
        at: Index of the voxel.
    """

    label: int
    at: tuple[int, ...]


def corrective_click(
    proposed: Labels, truth: Labels, spacing_mm: tuple[float, ...], *, least_voxels: int = 1
) -> Click | None:
    """Where a reader would click next: amid the largest mistake, on what is truly there.

    Args:
        proposed: Labels of one shape.
        truth: Likewise.
        spacing_mm: Size of a voxel along each axis.
        least_voxels: Smaller mistakes are left alone.

    Returns:
        The click: the voxel of the largest connected mistake that is farthest from its surface; None where
        there is no mistake.
    """
    best: tuple[int, int, Labels] | None = None
    for label in np.unique(truth[proposed != truth]).tolist():
        pieces, count = ndimage.label((proposed != truth) & (truth == label))
        if not count:
            continue
        sizes = np.bincount(pieces.ravel())[1:]
        largest = int(sizes.argmax())
        if best is None or sizes[largest] > best[0]:
            best = int(sizes[largest]), label, pieces == largest + 1
    if best is None or best[0] < least_voxels:
        return None
    _, label, piece = best
    box = ndimage.find_objects(piece.astype(np.uint8))[0]
    depth_mm = ndimage.distance_transform_edt(np.pad(piece[box], 1), sampling=spacing_mm)
    deepest = np.argwhere(depth_mm == depth_mm.max())
    # A flat piece is as deep in many places: the middle one.
    inner = deepest[np.linalg.norm(deepest - deepest.mean(axis=0), axis=1).argmin()]
    at = tuple(int(n) - 1 + side.start for n, side in zip(inner, box, strict=True))
    return Click(int(label), at)
