"""What a structure looks like beside its outline, learnt on the planes on which it was drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Voxels = npt.NDArray[np.intp]
"""Indices ``(k, j, i)`` counted from the first voxel of the looked-at box, shape ``(n, 3)``."""

Triple = tuple[float, float, float]
Result = TypeVar("Result")

SCALES_MM = (0.0, 2.0)
"""Standard deviations of the smoothings at which an image is looked at.

As it is, it has the sharp edges; smoothed, it tells tissues apart whose difference drowns in noise.
"""

BINS = 24
"""Ranks into which values are sorted. Only a value's rank counts, never its unit."""

REACH_MM = 8.0
"""Standard deviation of the neighbourhood that a place learns from.

What a structure borders on changes along its outline: from lung to rib, from fat to muscle.
"""

CELLS_IN_REACH = 1.5
"""How finely the neighbourhoods are laid out."""

PRIOR_MM2 = 30.0
"""How much drawn area weighs as much, in a neighbourhood, as all that holds for the whole structure."""

MAX_LOG_ODDS = 3.0
"""No value proves more than this, which is 20 to 1: the rest is noise, calcium and contrast agent."""

MIN_SHARE = 1e-4
"""Shares below this are as good as none."""

MAX_THREADS = 4


@dataclass(frozen=True, eq=False)
class Sample:
    """Voxels beside a drawn outline.

    Attributes:
        voxels: Where they lie.
        inside: Which of them were drawn as inside, shape ``(n,)``.
        area_mm2: How much of the plane each of them stands for.
    """

    voxels: Voxels
    inside: npt.NDArray[np.bool_]
    area_mm2: float


@dataclass(frozen=True, eq=False)
class RankedImage:
    """An image at several scales, and the values that divide it into ranks.

    Attributes:
        images: For each scale the image in a box, ``[k, j, i]``; NaN where it has no value.
        edges: For each scale the values between the ranks, ascending.
        spacing_kji_mm: Distance of voxel centres.
    """

    images: tuple[npt.NDArray[np.float32], ...]
    edges: tuple[npt.NDArray[np.float32], ...]
    spacing_kji_mm: Triple

    @property
    def tells_apart(self) -> bool:
        """Whether the image has different values beside the outlines."""
        return any(edges.size and edges[0] < edges[-1] for edges in self.edges)

    def ranks(self, scale: int, voxels: Voxels) -> npt.NDArray[np.intp]:
        """Rank of the value at each voxel, from 0 to ``BINS - 1``; -1 where there is none."""
        values = self.images[scale][voxels[:, 0], voxels[:, 1], voxels[:, 2]]
        ranks = np.searchsorted(self.edges[scale], values)
        ranks[np.isnan(values)] = -1
        return ranks


def rank(image: npt.NDArray[np.float32], beside: Voxels, spacing_kji_mm: Triple) -> RankedImage:
    """Look at an image at several scales.

    Args:
        image: The image in a box, ``[k, j, i]``; NaN where it has no value.
        beside: The voxels beside the drawn outlines: their values are divided into equal parts.
        spacing_kji_mm: Distance of voxel centres.
    """
    images, edges = [], []
    for scale_mm in SCALES_MM:
        smoothed = _smoothed(image, [scale_mm / mm for mm in spacing_kji_mm])
        values = smoothed[beside[:, 0], beside[:, 1], beside[:, 2]]
        values = values[~np.isnan(values)]
        images.append(smoothed)
        # Edges that fall on each other leave ranks that nothing has, which does no harm.
        between = np.quantile(values, np.arange(1, BINS) / BINS) if values.size else np.empty(0)
        edges.append(between.astype(np.float32))
    return RankedImage(tuple(images), tuple(edges), spacing_kji_mm)


@dataclass(frozen=True, eq=False)
class Appearance:
    """How much each value speaks for the inside of a structure, from place to place.

    Attributes:
        log_odds: For each scale, rank and cell the log of the odds, ``(scales, BINS, cells k, j, i)``.
        cells_per_voxel: How many cells a voxel measures along k, j and i.
    """

    log_odds: npt.NDArray[np.float32]
    cells_per_voxel: npt.NDArray[np.float64]

    def evidence(self, image: RankedImage, voxels: Voxels) -> npt.NDArray[np.float32]:
        """Log of the odds that voxels lie inside, given nothing but their values, shape ``(n,)``.

        It is the mean over the scales, and 0 where there is no value.
        """
        from medseg.interpolation.image_cells import add_log_odds

        total = np.zeros(len(voxels), dtype=np.float32)
        for scale, log_odds in enumerate(self.log_odds):
            add_log_odds(log_odds, image.ranks(scale, voxels), voxels, self.cells_per_voxel, total)
        return total / np.float32(len(self.log_odds))


def learn(
    image: RankedImage, samples: Sequence[Sample], reach_kji_mm: Triple = (REACH_MM, REACH_MM, REACH_MM)
) -> Appearance:
    """Learn what a structure looks like beside its outline.

    Around each place the values inside and those outside are counted, the near ones weighing more. Where
    few were drawn nearby, those of the whole structure count.

    Args:
        image: The image.
        samples: Voxels beside the outlines, one sample for each drawn plane.
        reach_kji_mm: Standard deviation of the neighbourhood along k, j and i.
    """
    from medseg.interpolation.image_cells import count

    reach, spacing = np.array(reach_kji_mm), np.array(image.spacing_kji_mm)
    cells_per_voxel = spacing / np.maximum(reach / CELLS_IN_REACH, spacing)
    shape = image.images[0].shape
    cells = np.floor((np.array(shape) - 1) * cells_per_voxel).astype(int) + 2
    reach_in_cells = reach / spacing * cells_per_voxel
    log_odds = np.empty((len(image.images), BINS, *cells.tolist()), dtype=np.float32)
    for scale, result in enumerate(log_odds):
        shares = []
        for inside in (True, False):
            counts = np.zeros(result.shape, dtype=np.float32)
            for sample in samples:
                voxels = sample.voxels[sample.inside == inside]
                ranks = image.ranks(scale, voxels)
                count(counts, ranks, voxels, cells_per_voxel, sample.area_mm2)
            shares.append(_shares(counts, reach_in_cells))
        np.log(shares[0], out=result)
        result -= np.log(shares[1], out=shares[1])
        np.clip(result, -MAX_LOG_ODDS, MAX_LOG_ODDS, out=result)
    return Appearance(log_odds, cells_per_voxel)


def _shares(
    counts: npt.NDArray[np.float32], reach_in_cells: npt.NDArray[np.float64]
) -> npt.NDArray[np.float32]:
    """Turn the counts of each cell, in mm², into the shares of the ranks around it."""
    from scipy.ndimage import gaussian_filter, gaussian_filter1d

    # A value speaks for its neighbours, too.
    blur = gaussian_filter1d(np.eye(BINS, dtype=np.float32), 1.0, axis=0, mode="nearest", truncate=3.0)
    counts = (blur @ counts.reshape(BINS, -1)).reshape(counts.shape)
    overall = counts.sum(axis=(1, 2, 3), dtype=np.float64) + MIN_SHARE
    overall = (overall / overall.sum()).astype(np.float32)[:, None, None, None]
    # A weight of 1 in the middle of the neighbourhood.
    peak = np.float32(np.prod(np.sqrt(2 * np.pi) * reach_in_cells))

    def spread(one_rank: npt.NDArray[np.float32]) -> None:
        gaussian_filter(one_rank, reach_in_cells, output=one_rank, mode="constant", truncate=2.5)

    in_threads(spread, counts)
    counts *= peak
    amount = counts.sum(axis=0)
    counts += PRIOR_MM2 * overall
    counts /= amount + np.float32(PRIOR_MM2)
    counts += np.float32(MIN_SHARE)
    return counts


def in_threads(function: Callable[[Any], Result], items: Iterable[Any]) -> list[Result]:
    """Call a function that releases the interpreter's lock for each item; the results in order."""
    with ThreadPoolExecutor(min(MAX_THREADS, cpu_count() or 1)) as pool:
        return list(pool.map(function, items))


def _smoothed(image: npt.NDArray[np.float32], sigma_kji: Sequence[float]) -> npt.NDArray[np.float32]:
    """The mean around each voxel of what has a value."""
    if not any(sigma_kji):
        return image
    missing = np.isnan(image)
    if not missing.any():
        return _blurred(image, sigma_kji)
    weight = _blurred((~missing).astype(np.float32), sigma_kji)
    total = _blurred(np.where(missing, np.float32(0), image), sigma_kji)
    total[missing] = np.nan
    return np.divide(total, weight, out=total, where=~missing)


def _blurred(image: npt.NDArray[np.float32], sigma_kji: Sequence[float]) -> npt.NDArray[np.float32]:
    from scipy.ndimage import gaussian_filter, gaussian_filter1d

    across, *within = sigma_kji
    result = np.empty_like(image)

    def blur_across(rows: slice) -> None:
        gaussian_filter1d(image[:, rows], across, axis=0, output=result[:, rows], truncate=3.0)

    def blur_within(one_slice: npt.NDArray[np.float32]) -> None:
        gaussian_filter(one_slice, within, output=one_slice, truncate=3.0)

    in_threads(blur_across, (slice(row, row + 16) for row in range(0, image.shape[1], 16)))
    in_threads(blur_within, result)
    return result
