"""A reader's unsteady hand: contours displaced by smooth noise of known size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from zlib import crc32

import numpy as np
import numpy.typing as npt

from medseg.contour import Slice, trace_slice
from medseg.labelmap import fill
from medseg.space import Grid

Mask = npt.NDArray[np.bool_]

CORRELATION_MM = 10.0
"""Along the outline, displacements this far apart correlate by exp(−1/2)."""

STEP_MM = 0.5
"""Distance of the vertices that are displaced: half a pixel, well below the noise's length."""

NORMAL_SMOOTHING_MM = 1.5
"""Standard deviation over which the outline's direction is smoothed: a traced mask has pixel steps."""


def jittered(drawn: Mapping[Slice, Mask], grid: Grid, sd_mm: float, name: str) -> dict[Slice, Mask]:
    """Displace the outline on each slice along its normal.

    The displacement is Gaussian noise of standard deviation ``sd_mm`` at every vertex, of autocovariance
    ``exp(−d² / 2 CORRELATION_MM²)`` in the distance ``d`` along the outline, each outline on its own. The
    seed is made of the name and the slice, so that a slice is drawn alike however many others are drawn.
    A slice whose last voxel would go stays as it is.

    Args:
        drawn: The mask on each slice.
        grid: Their grid.
        sd_mm: Standard deviation; 0 changes nothing.
        name: The case's name, which seeds the noise.
    """
    return {where: _jittered_slice(mask, grid, where, sd_mm, name) for where, mask in drawn.items()}


def _jittered_slice(mask: Mask, grid: Grid, where: Slice, sd_mm: float, name: str) -> Mask:
    if not sd_mm:
        return mask
    random = np.random.default_rng([crc32(name.encode()), where.axis, where.index])
    contours = [
        replace(contour, points_mm=displaced(contour.points_mm, sd_mm, random))
        for contour in trace_slice(mask, grid, where, "structure")
    ]
    moved = fill(contours, grid, where)
    return moved if moved.any() else mask


def displaced(
    points_mm: npt.NDArray[np.float64], sd_mm: float, random: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Move a closed outline, shape ``(n, 2)``, along its normals; returns vertices ``STEP_MM`` apart."""
    even = _evenly(points_mm)
    smooth = _convolved(even, _bell(len(even), NORMAL_SMOOTHING_MM))
    tangent = np.roll(smooth, -1, axis=0) - np.roll(smooth, 1, axis=0)
    length = np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), np.finfo(float).eps)
    normal = np.column_stack([tangent[:, 1], -tangent[:, 0]]) / length
    # White noise through a bell of width L/√2 has the autocovariance of width L.
    bell = _bell(len(even), CORRELATION_MM / np.sqrt(2))
    noise = _convolved(random.standard_normal((len(even), 1)), bell / np.linalg.norm(bell))
    return even + sd_mm * noise * normal


def _evenly(points_mm: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    closed = np.vstack([points_mm, points_mm[:1]])
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))])
    count = max(int(along[-1] / STEP_MM), 8)
    at = np.arange(count) * along[-1] / count
    return np.column_stack([np.interp(at, along, column) for column in closed.T])


def _bell(count: int, sd_mm: float) -> npt.NDArray[np.float64]:
    """A Gaussian of sum 1 around a closed outline of ``count`` steps."""
    distance_mm = STEP_MM * np.minimum(np.arange(count), count - np.arange(count))
    bell = np.exp(-(distance_mm**2) / (2 * sd_mm**2))
    return bell / bell.sum()


def _convolved(values: npt.NDArray[np.float64], kernel: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    spectrum = np.fft.rfft(values, axis=0) * np.fft.rfft(kernel)[:, None]
    return np.fft.irfft(spectrum, n=len(values), axis=0)
