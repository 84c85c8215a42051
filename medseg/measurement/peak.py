"""Intensity peaks: the mean over a ball of 1 cm³ (IBSI local intensity; SUVpeak in PET)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from medseg.measurement.image_values import ImageValues
from medseg.space import Grid, box_at, box_grown

FloatArray = npt.NDArray[np.float64]

BALL_MM3 = 1000.0
BALL_RADIUS_MM = (3 * BALL_MM3 / (4 * np.pi)) ** (1 / 3)
"""About 6.2 mm."""


@dataclass(frozen=True)
class IntensityPeaks:
    """Means over a ball of 1 cm³.

    Attributes:
        at_maximum: Around the voxel of the largest value; of several such voxels the highest.
        highest: The highest around any voxel of the structure.
        highest_at_kji: Around which.
    """

    at_maximum: float
    highest: float
    highest_at_kji: tuple[int, int, int]


def intensity_peaks(values: ImageValues) -> IntensityPeaks:
    """The peaks of a structure.

    A voxel belongs to a ball where its centre does, in patient mm, whether or not it belongs to the
    structure. Voxels beyond the image, or without a value, are left out of the mean.

    Args:
        values: Of a structure that has some.
    """
    means = _ball_means(values)
    best = int(np.argmax(means))
    k, j, i = (int(n) for n in values.indices[best])
    at_maximum = float(means[values.values == values.values.max()].max())
    return IntensityPeaks(at_maximum, float(means[best]), (k, j, i))


def _ball_means(values: ImageValues) -> FloatArray:
    """The mean over the ball around each voxel of the structure, ``(n,)``."""
    # Imported here: compiled loops.
    from medseg.measurement.peak_loops import ball_means

    rows = ball_rows(values.grid)
    k, j, first, last = (int(n) for n in np.abs(rows).max(axis=0))
    reach = max(first, last)
    lowest = values.indices.min(axis=0)
    tight = box_at(lowest.tolist(), (values.indices.max(axis=0) - lowest + 1).tolist())
    box = box_grown(tight, (k, j, reach), values.grid.shape_kji)
    mask = np.zeros(tuple(side.stop - side.start for side in tight), bool)
    mask[tuple((values.indices - lowest).T)] = True
    corner = [int(inner.start - outer.start) for inner, outer in zip(tight, box, strict=True)]
    around = values.voxels[box].astype(np.float64)
    has_value = np.isfinite(around)
    return ball_means(
        _running_sums(np.where(has_value, around, 0.0), reach),
        _running_sums(has_value, reach),
        mask,
        (corner[0], corner[1], corner[2] + reach),
        rows,
    )


def ball_rows(grid: Grid) -> npt.NDArray[np.int64]:
    """The voxels of a ball of 1 cm³ around the voxel 0, 0, 0, as rows along i.

    On a sheared grid, too: what counts is the distance of the centres in mm. Voxels farther away than the
    image is large are left out.

    Returns:
        ``(m, 4)`` of k, j, first i, last i.
    """
    steps = grid.index_to_lps_mm[:3, :3]
    # How far the ball reaches along each index: the rows of the inverse are normal to its planes.
    reach = np.floor(BALL_RADIUS_MM * np.linalg.norm(np.linalg.inv(steps), axis=1) + 1e-9).astype(int)
    # What is beyond the image anyhow need not be listed: of a microscope's grid that would be millions.
    reach = np.minimum(reach, np.array(grid.shape_kji) - 1)
    k, j, i = (np.arange(-n, n + 1) for n in reach)
    offsets = np.stack(np.meshgrid(k, j, i, indexing="ij"), axis=-1)
    inside = np.linalg.norm(offsets @ steps.T, axis=-1) <= BALL_RADIUS_MM
    # A ball is convex: the voxels of a row are neighbours.
    first = inside.argmax(axis=2) - reach[2]
    last = reach[2] - inside[:, :, ::-1].argmax(axis=2)
    filled = np.argwhere(inside.any(axis=2))
    a, b = filled.T
    return np.column_stack([filled - reach[:2], first[a, b], last[a, b]]).astype(np.int64)


def _running_sums(array: FloatArray | npt.NDArray[np.bool_], reach: int) -> FloatArray:
    """For each voxel the sum of those before it in its row, with so many zeros around the row."""
    padded = np.pad(array, ((0, 0), (0, 0), (reach + 1, reach)))
    return np.cumsum(padded, axis=2, dtype=np.float64)
