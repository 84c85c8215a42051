"""The region that a hand paints with a round brush, or draws around."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from medseg.contour.contour import Contour
from medseg.contour.region import Points, point_within, quarter_segments, rings_of
from medseg.contour.requirements import pair, positive
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


class BrushStroke:
    """What a disc sweeps, known at each moment of a stroke: a move costs the same however long it is.

    :func:`brush_stroke` gives the same, within a hundredth of a millimetre, of a path that is known whole.

    Args:
        radius_mm: The disc's radius.
        start_mm: Where its centre is set down, ``(u, v)`` in the frame of the plane.

    Attributes:
        radius_mm: The disc's radius.

    Raises:
        ContourError: The start is not finite, or the radius not above 0.
    """

    def __init__(self, radius_mm: float, start_mm: Sequence[float]) -> None:
        self.radius_mm = positive(radius_mm, "the brush's radius")
        self._last = pair(start_mm, "the brush's centre")
        self._region = self._swept(shapely.Point(self._last))

    def to(self, at_mm: Sequence[float]) -> None:
        """Move the disc on.

        Raises:
            ContourError: The point is not finite.
        """
        at = pair(at_mm, "the brush's centre")
        self._region = shapely.union(self._region, self._swept(shapely.LineString([self._last, at])))
        self._last = at

    def outline(self, plane: Plane, structure_id: str) -> tuple[Contour, ...]:
        """Outer contours and holes of what was swept so far; see :func:`brush_stroke`."""
        return tuple(Contour(plane, ring, structure_id, hole=hole) for ring, hole in rings_of(self._region))

    def _swept(self, line: BaseGeometry) -> BaseGeometry:
        return line.buffer(self.radius_mm, quad_segs=quarter_segments(self.radius_mm))


def enclosed(
    path_mm: Sequence[Sequence[float]] | npt.NDArray[np.float64], plane: Plane, structure_id: str
) -> tuple[Contour, ...]:
    """Outline what a freehand stroke goes around, closed by a straight line.

    What it goes around twice is inside as well: a stroke that ends a little beyond its beginning leaves no
    notch, as it would by the even-odd rule.

    Args:
        path_mm: Where the hand went, ``(u, v)`` in the plane's frame, shape ``(n, 2)``.
        plane: The plane that was drawn on.
        structure_id: The structure that was drawn.

    Returns:
        Outer contours, and a hole for each place that the stroke goes around without enclosing it; none
        where it bounds nothing, such as a line there and back.

    Raises:
        ContourError: The path is empty or not finite.

    Source:
        The nonzero winding rule; the winding number is counted by crossings (Sunday 2001).
    """
    path = np.asarray(path_mm, dtype=np.float64)
    if path.ndim != 2 or path.shape[1] != 2 or not len(path) or not np.isfinite(path).all():
        raise ContourError(f"expected a path of finite points of shape (n, 2), got {path.shape}")
    if len(path) < 3:
        return ()
    outline = shapely.Polygon(path)
    region = outline if outline.is_valid else _wound_around(path)
    return tuple(Contour(plane, ring, structure_id, hole=hole) for ring, hole in rings_of(region))


def _wound_around(path: Points) -> BaseGeometry:
    """The faces into which a closed path cuts the plane, without those that it doesn't go around."""
    crossed = shapely.union_all([shapely.LineString(np.vstack([path, path[:1]]))])
    faces = np.array(shapely.get_parts(shapely.polygonize([crossed])))
    inside = [_winding_number(path, point_within(face)) != 0 for face in faces]
    return shapely.coverage_union_all(faces[np.array(inside, dtype=bool)])


def _winding_number(path: Points, point: Points) -> int:
    """How often a closed path goes around a point, anticlockwise where ``v`` is up."""
    start, end = path - point, np.roll(path, -1, axis=0) - point
    is_left = start[:, 0] * end[:, 1] - end[:, 0] * start[:, 1]
    upwards = (start[:, 1] <= 0) & (end[:, 1] > 0) & (is_left > 0)
    downwards = (start[:, 1] > 0) & (end[:, 1] <= 0) & (is_left < 0)
    return int(upwards.sum()) - int(downwards.sum())
