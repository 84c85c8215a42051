"""Vertices at an even spacing along the outline."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from medseg.contour.contour import Contour, Origin
from medseg.contour.requirements import positive
from medseg.errors import ContourError

MIN_POINTS = 8
"""Fewer would not show a shape at all, however small a contour is."""

MAX_POINTS = 100_000
"""More is a mistake of units: an outline of 1 m has a vertex every hundredth of a millimetre."""


def resample(contours: Iterable[Contour], spacing_mm: float) -> tuple[Contour, ...]:
    """Replace the vertices by others that lie evenly along the outline.

    Args:
        contours: Contours, of any planes and structures.
        spacing_mm: Distance between neighbouring vertices, measured along the outline. It is rounded so
            that a whole number of them fits, 8 at least.

    Returns:
        Drawn contours that begin at the same vertices. Corners between two new vertices are cut off.

    Raises:
        ContourError: The spacing is not above 0, or so fine that an outline had over 100,000 vertices.
    """
    spacing = positive(spacing_mm, "the spacing")
    return tuple(_resampled(contour, spacing) for contour in contours)


def _resampled(contour: Contour, spacing_mm: float) -> Contour:
    count = perimeter_mm(contour.points_mm) / spacing_mm
    if count > MAX_POINTS:
        raise ContourError(
            f"expected at most {MAX_POINTS} vertices in a contour, but {spacing_mm:.3g} mm between them "
            f"makes {count:.0f}",
            hint="give the spacing in mm",
        )
    points = even_points(contour.points_mm, max(round(count), MIN_POINTS))
    return replace(contour, points_mm=points, origin=Origin.DRAWN)


def perimeter_mm(ring: npt.NDArray[np.float64]) -> float:
    """Length of a closed ring."""
    return float(np.linalg.norm(np.roll(ring, -1, axis=0) - ring, axis=1).sum())


def even_points(ring: npt.NDArray[np.float64], count: int) -> npt.NDArray[np.float64]:
    """Points at an even spacing along a closed ring, from its first vertex on."""
    closed = np.vstack([ring, ring[:1]])
    travelled = np.concatenate([[0.0], np.linalg.norm(np.diff(closed, axis=0), axis=1).cumsum()])
    stations = np.arange(count) * (travelled[-1] / count)
    return np.column_stack([np.interp(stations, travelled, coordinate) for coordinate in closed.T])
