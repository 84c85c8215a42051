"""The region that a round brush paints."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import shapely

from medseg.contour.contour import Contour
from medseg.contour.region import quarter_segments, rings_of
from medseg.contour.requirements import positive
from medseg.errors import ContourError
from medseg.space import Plane


def brush_stroke(
    path_mm: Sequence[Sequence[float]] | npt.NDArray[np.float64],
    radius_mm: float,
    plane: Plane,
    structure_id: str,
) -> tuple[Contour, ...]:
    """Outline what a disc sweeps along a path: the other side of a boolean with a plane's contours.

    Args:
        path_mm: Where the disc's centre went, ``(u, v)`` in the plane's frame, shape ``(n, 2)``; one point
            is a dab.
        radius_mm: The disc's radius.
        plane: The plane that was painted on.
        structure_id: The structure that was painted.

    Returns:
        One outer contour, and a hole for each place that the path goes around.

    Raises:
        ContourError: The path is empty or not finite, or the radius not above 0.
    """
    path = np.asarray(path_mm, dtype=np.float64)
    radius = positive(radius_mm, "the brush's radius")
    if path.ndim != 2 or path.shape[1] != 2 or not len(path) or not np.isfinite(path).all():
        raise ContourError(f"expected a path of finite points of shape (n, 2), got {path.shape}")
    line = shapely.LineString(path) if len(path) > 1 else shapely.Point(path[0])
    swept = line.buffer(radius, quad_segs=quarter_segments(radius))
    return tuple(Contour(plane, ring, structure_id, hole=hole) for ring, hole in rings_of(swept))
