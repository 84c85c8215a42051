"""Draw here next, on a label map that a model made: the slices where the model is least sure.

Between planes that a reader drew, the engine's own uncertainty decides
(:mod:`~medseg.interpolation.draw_next`): what a model is unsure of says where the image is hard to read, not
where the engine is wrong, and taking it into account chose no better planes (see
``docs/decisions/0022-uncertainty.md``). Where the voxels are the model's own, its errors are, too.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt

from medseg.contour import Slice
from medseg.errors import GridMismatchError
from medseg.interpolation.draw_next import MIN_SETTLED_VOXELS, Suggestion
from medseg.space import Box, Grid

_TABLE = 1001

REASON = "the model is least sure there"


def chances_of(entropy_bits: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    """The chance of a wrong label of which votes have an entropy: the share of the fewer votes.

    Args:
        entropy_bits: 0 to 1 bit.

    Returns:
        0 to 0.5.
    """
    share = np.linspace(0, 0.5, _TABLE)
    with np.errstate(divide="ignore", invalid="ignore"):
        bits = np.nan_to_num(-share * np.log2(share) - (1 - share) * np.log2(1 - share))
    return np.asarray(np.interp(entropy_bits, bits, share), dtype=np.float32)


def uncertain_slices(
    entropy_bits: npt.NDArray[np.floating],
    grid: Grid,
    *,
    drawn: Collection[Slice] = (),
    near: Box | None = None,
    axes: Sequence[int] = (0,),
) -> list[Suggestion]:
    """The slices of a model's label map that are most worth correcting, the best first.

    Correcting a slice puts right its own voxels: of as many as the model is expected to have wrong there. Of
    neighbours, which are about as uncertain, only the worst is named.

    Args:
        entropy_bits: For each voxel ``[k, j, i]`` of the grid how unsure the model is of it, 0 to 1 bit, as
            ``medseg predict --uncertainty`` writes it.
        grid: The grid of the case.
        drawn: Slices that were corrected already: they are not named, and what they hold is sure.
        near: Where the structure lies that is asked about; by default everywhere.
        axes: Array axes along which to look.

    Raises:
        GridMismatchError: The map is of another shape.
    """
    if entropy_bits.shape != grid.shape_kji:
        raise GridMismatchError(
            f"expected a map of uncertainty of shape {grid.shape_kji} (k, j, i), got {entropy_bits.shape}"
        )
    chances = np.zeros(grid.shape_kji, dtype=np.float32)
    box = (slice(None), slice(None), slice(None)) if near is None else near
    chances[box] = chances_of(entropy_bits[box])
    for where in drawn:
        chances[(slice(None),) * where.axis + (where.index,)] = 0
    found = [
        Suggestion(Slice(axis, index), voxels * grid.voxel_volume_mm3, REASON)
        for axis in sorted(set(axes))
        for index, voxels in _peaks(chances.sum(axis=tuple(a for a in range(3) if a != axis), dtype=float))
    ]
    return sorted(found, key=lambda suggestion: (-suggestion.settles_mm3, suggestion.where))


def _peaks(voxels: npt.NDArray[np.float64]) -> list[tuple[int, float]]:
    """Where there is as much as on either side; the first of equal ones that lie side by side."""
    around = np.concatenate([[-1.0], voxels, [-1.0]])
    is_peak = (voxels > around[:-2]) & (voxels >= around[2:]) & (voxels >= MIN_SETTLED_VOXELS)
    return [(int(index), float(voxels[index])) for index in np.flatnonzero(is_peak)]
