"""Smooth outlines that keep their area."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import shapely

from medseg.contour.contour import Contour
from medseg.contour.region import Points, region_of, rings_of
from medseg.contour.requirements import positive, together
from medseg.contour.resampling import even_points, perimeter_mm

POINTS_PER_SIGMA = 4
"""The shortest wave that these points can hold is then filtered out altogether: none aliases."""

MIN_POINTS, MAX_POINTS = 64, 16384

ATTEMPTS = 5
"""How often the smoothing is halved where an outline would come to cross itself, as a thin one does."""


def smooth(contours: Iterable[Contour], sigma_mm: float) -> tuple[Contour, ...]:
    """Smooth the outlines.

    Of a wave along an outline that is twice ``sigma_mm`` long 1 % is left, of one four times as long half,
    of one ten times as long 97 %. Each outline keeps its area to rounding, and none vanishes: one that is
    smaller than ``sigma_mm`` becomes nearly an ellipse.

    Args:
        contours: Contours of one structure on one plane.
        sigma_mm: Standard deviation of the smoothing, along the outline.

    Returns:
        Drawn contours with vertices at an even spacing of about a quarter of ``sigma_mm``.

    Raises:
        ContourError: The contours don't belong together, or sigma is not above 0.

    Source:
        Low-pass filter of a closed curve after Taubin (SIGGRAPH 1995), here exactly, in the frequency
        domain: 1 - (1 - g)² with a Gaussian g. What little area that takes is given back by moving the
        outline along its normals.
    """
    group = together(contours)
    sigma = positive(sigma_mm, "sigma")
    if not group:
        return ()
    frame = group[0].plane
    return tuple(
        Contour(frame, _smoothed(ring, sigma), group[0].structure_id, hole=hole)
        for ring, hole in rings_of(region_of(group, frame))
    )


def _smoothed(ring: Points, sigma_mm: float) -> Points:
    area = _signed_area(ring)
    # A circle of this radius has the outline's length; smoothed over more, nothing but its centre is left.
    sigma = min(sigma_mm, perimeter_mm(ring) / (2 * np.pi))
    for _ in range(ATTEMPTS):
        filtered = _with_area(_low_pass(ring, sigma), area)
        if filtered is not None and shapely.is_simple(shapely.LinearRing(filtered)):
            return filtered
        sigma /= 2
    return ring


def _low_pass(ring: Points, sigma_mm: float) -> Points:
    length_mm = perimeter_mm(ring)
    count = int(np.clip(POINTS_PER_SIGMA * length_mm / sigma_mm, MIN_POINTS, MAX_POINTS))
    x, y = even_points(ring, count).T
    waves_per_mm = np.fft.fftfreq(count, d=length_mm / count)
    gaussian = np.exp(-0.5 * (2 * np.pi * waves_per_mm * sigma_mm) ** 2)
    filtered = np.fft.ifft(np.fft.fft(x + 1j * y) * (1 - (1 - gaussian) ** 2))
    return np.column_stack([filtered.real, filtered.imag])


def _with_area(ring: Points, area: float) -> Points | None:
    """Move a ring along its normals until it has a signed area; None where no distance does that."""
    along = np.roll(ring, -1, axis=0) - np.roll(ring, 1, axis=0)
    normals = np.column_stack([along[:, 1], -along[:, 0]]) / np.linalg.norm(along, axis=1, keepdims=True)
    # The area of ring + t * normals is a parabola in t: known at three points, solved exactly.
    now, turns = _signed_area(ring), _signed_area(normals)
    growth = _signed_area(ring + normals) - now - turns
    roots = np.roots([turns, growth, now - area])
    real = roots[np.isreal(roots)].real
    if not real.size:
        return None
    shift_mm = float(real[np.abs(real).argmin()])
    return np.asarray(ring + shift_mm * normals)


def _signed_area(ring: Points) -> float:
    x, y = (ring - ring[0]).T
    return float(0.5 * (x @ np.roll(y, -1) - y @ np.roll(x, -1)))
