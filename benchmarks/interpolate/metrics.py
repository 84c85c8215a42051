"""How alike two masks are."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from medseg.contour import Slice

Mask = npt.NDArray[np.bool_]


def dice(found: Mask, truth: Mask) -> float:
    """Twice the common voxels over the sum of both; 1 where both are empty."""
    total = int(found.sum()) + int(truth.sum())
    return 2 * int((found & truth).sum()) / total if total else 1.0


def not_given(shape_kji: tuple[int, int, int], drawn: Mapping[Slice, Mask]) -> Mask:
    """The voxels that lie on none of the drawn slices."""
    unknown = np.ones(shape_kji, dtype=bool)
    for where in drawn:
        np.moveaxis(unknown, where.axis, 0)[where.index] = False
    return unknown


def dice_not_given(found: Mask, truth: Mask, drawn: Mapping[Slice, Mask]) -> float:
    """Dice of the voxels that were not given: what lies on a drawn slice counts for nothing."""
    unknown = not_given(truth.shape, drawn)
    return dice(found & unknown, truth & unknown)


def volume_not_given(found: Mask, truth: Mask, drawn: Mapping[Slice, Mask]) -> float | None:
    """The volume of what was not given as a share of the truth's; None where the truth has none there."""
    unknown = not_given(truth.shape, drawn)
    known = int((truth & unknown).sum())
    return int((found & unknown).sum()) / known if known else None


def changed(found: Mask, drawn: Mapping[Slice, Mask]) -> int:
    """How many voxels of drawn slices came out otherwise than drawn."""
    return sum(int((found.take(where.index, where.axis) != mask).sum()) for where, mask in drawn.items())


def hd95_mm(found: Mask, truth: Mask, spacing_kji_mm: tuple[float, float, float]) -> float:
    """95 % Hausdorff distance of the whole structures.

    The larger of the two directed 95th percentiles of the distance from each surface voxel's centre to
    the nearest surface voxel's centre of the other. A surface voxel has one of its six neighbours outside
    the structure or off the array. Infinite where one of the two is empty.
    """
    from scipy.spatial import KDTree

    one, other = (np.argwhere(_surface(mask)) * spacing_kji_mm for mask in (found, truth))
    if not len(one) or not len(other):
        return float("inf")
    there, back = KDTree(other).query(one)[0], KDTree(one).query(other)[0]
    return float(max(np.percentile(there, 95), np.percentile(back, 95)))


def _surface(mask: Mask) -> Mask:
    from scipy.ndimage import binary_erosion

    return mask & ~binary_erosion(mask)
