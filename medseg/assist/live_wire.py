"""Live-wire: the path along edges of the image from a seed to the mouse.

Source:
    Mortensen & Barrett, Intelligent scissors for image composition, SIGGRAPH 1995: a step costs little where
    the gradient is steep and at its maximum across the edge, and the path with the least cost is found by
    Dijkstra's algorithm (scikit-image's ``MCP_Geometric``). Diagonal steps and pixels that are no squares
    count by their length in mm. The place of an edge between pixels is the vertex of a parabola across it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

REACH_PX = 96
"""Half the width of the region around a seed in which paths are sought: 20 ms on a plane of any size."""

FLAT_COST = 1.0
EDGE_COST = 0.3
"""Of a step over flat tissue and along the sharpest edge, whose way may so be three times longer. With less
it wanders off to sharper edges elsewhere: outlines of real tumours came out worse."""

BESIDE_EDGE = 0.5
"""Share of an edge's gain beside its crest, where paths would else cut corners."""

SHARPEST_PERCENTILE = 99.0
"""A few sharper edges, such as those of metal, must not make all others look flat."""

LEAST_EDGE = 0.1
"""Of the sharpest edge: on less a path stays on pixels, for noise has crests everywhere."""

SMOOTHING_MM = 1.0
"""Standard deviation of the filter before the gradient: less follows noise, more rounds corners off."""

MARGIN_PX = 6
"""Around the region, so that the filter sees what lies beyond its edge."""


class LiveWire:
    """The paths from one seed.

    Args:
        values: The image on a plane, ``[row, column]``.
        spacing_mm: Distance between rows and between columns.
        seed: ``(row, column)``, fractional; the nearest pixel is taken.
    """

    def __init__(self, values: npt.NDArray[Any], spacing_mm: Sequence[float], seed: Sequence[float]) -> None:
        from skimage.graph import MCP_Geometric

        spacing = np.asarray(spacing_mm, dtype=np.float64)
        shape = np.array(values.shape)
        at = np.clip(np.rint(np.asarray(seed, dtype=np.float64)).astype(int), 0, shape - 1)
        self._corner = np.maximum(at - REACH_PX, 0)
        end = np.minimum(at + REACH_PX + 1, shape)
        self._last = end - self._corner - 1
        self._edges = _edges_in(values, spacing, self._corner, end)
        self._paths = MCP_Geometric(self._edges.costs, sampling=tuple(spacing.tolist()))
        self._paths.find_costs([tuple(at - self._corner)])

    def path_to(self, point: Sequence[float]) -> Floats:
        """The path from the seed to a point.

        Args:
            point: ``(row, column)``, fractional; beyond the region the nearest pixel in it is taken.

        Returns:
            Places ``(row, column)`` from the seed on, shape ``(n, 2)``: the pixels of the path, each moved by
            at most one pixel onto the crest of its edge.
        """
        at = np.rint(np.asarray(point, dtype=np.float64)).astype(int) - self._corner
        at = np.clip(at, 0, self._last)
        pixels = np.array(self._paths.traceback(tuple(at)), dtype=np.intp)
        return np.asarray(pixels + self._edges.to_crest[pixels[:, 0], pixels[:, 1]] + self._corner)


@dataclass(frozen=True, eq=False)
class _Edges:
    """What a step costs on each pixel, and the way in rows and columns to the crest of the edge there."""

    costs: Floats
    to_crest: Floats


def _edges_in(values: npt.NDArray[Any], spacing_mm: Floats, corner: Indices, end: Indices) -> _Edges:
    """The edges in a region of an image, of which a margin around it is looked at, too."""
    start = np.maximum(corner - MARGIN_PX, 0)
    region = values[start[0] : end[0] + MARGIN_PX, start[1] : end[1] + MARGIN_PX]
    row, column = corner - start
    rows, columns = end - corner
    window = (slice(row, row + rows), slice(column, column + columns))
    slope, across = _slope(region, spacing_mm)
    before, behind = _beside(slope, -across)[window], _beside(slope, across)[window]
    slope, across = slope[window], across[window]
    sharpest = float(np.percentile(slope, SHARPEST_PERCENTILE))
    sharpness = np.clip(slope / sharpest, 0.0, 1.0) if sharpest > 0 else np.zeros_like(slope)
    is_crest = (slope >= before) & (slope >= behind)
    gain = sharpness * np.where(is_crest, 1.0, BESIDE_EDGE)
    bend = before - 2 * slope + behind
    is_edge = (sharpness >= LEAST_EDGE) & (bend < 0)
    shift = np.where(is_edge, 0.5 * (before - behind) / np.where(bend < 0, bend, -1.0), 0.0)
    to_crest = np.clip(shift, -1.0, 1.0)[..., None] * across
    return _Edges(FLAT_COST - (FLAT_COST - EDGE_COST) * gain, to_crest)


def _slope(region: npt.NDArray[Any], spacing_mm: Floats) -> tuple[Floats, Floats]:
    """How steep the image is, per mm, and a step across the edge in rows and columns, a small pixel long."""
    from scipy.ndimage import gaussian_filter

    finite = np.nan_to_num(region.astype(np.float64), posinf=0.0, neginf=0.0)
    sigma = SMOOTHING_MM / spacing_mm
    down, right = (
        gaussian_filter(finite, sigma, order=order, mode="nearest") / mm
        for order, mm in zip(((1, 0), (0, 1)), spacing_mm, strict=True)
    )
    slope = np.hypot(down, right)
    steep = np.where(slope > 0, slope, 1.0)
    step_mm = float(spacing_mm.min())
    across = step_mm * np.stack([down / steep / spacing_mm[0], right / steep / spacing_mm[1]], axis=-1)
    return slope, across


def _beside(slope: Floats, step: Floats) -> Floats:
    """How steep the image is one step from each pixel."""
    from scipy.ndimage import map_coordinates

    at = np.indices(slope.shape, dtype=np.float64) + np.moveaxis(step, -1, 0)
    return np.asarray(map_coordinates(slope, at, order=1, mode="nearest"))
