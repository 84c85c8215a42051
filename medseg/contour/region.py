"""Contours of one plane ↔ the region that they bound, as a geometry of shapely in mm."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from medseg.contour.contour import Contour
from medseg.space import Plane

Points = npt.NDArray[np.float64]

MIN_RELATIVE_AREA = 1e-10
"""Area of a piece or hole, over that of the box around all, below which it is a rounding error.

Where outlines run along each other, an overlay leaves slivers as thin as a float's last digits.
"""

ARC_TOLERANCE_MM = 0.005
"""How far the straight edges that stand for an arc may lie off it: a hundredth of a small pixel."""

MAX_QUARTER_SEGMENTS = 256

MAX_CELLS = 4_000_000
"""Points times edges that are looked at in one go: an outline that crosses itself thousands of times has
so many faces that all at once would fill the memory."""


def region_of(contours: Sequence[Contour], frame: Plane) -> BaseGeometry:
    """The region that contours of one structure on one plane bound.

    A point is inside where it lies in more outer polygons than holes, each by the even-odd rule; see
    :class:`~medseg.contour.ContourSet`. A hole without an outer polygon bounds nothing.

    Args:
        contours: The contours.
        frame: The plane in whose frame the region is wanted.

    Returns:
        A valid polygon or several, possibly none.
    """
    if not contours:
        return shapely.MultiPolygon()
    rings = [in_frame(contour, frame) for contour in contours]
    if len(contours) == 1:
        polygon = shapely.Polygon(rings[0])
        if polygon.is_valid:
            return shapely.MultiPolygon() if contours[0].hole else polygon
    # The outlines cut the plane into faces. Each lies inside or outside as a whole: one point tells.
    outlines = shapely.union_all([shapely.LineString(np.vstack([ring, ring[:1]])) for ring in rings])
    faces = np.array(shapely.get_parts(shapely.polygonize([outlines])))
    points = np.array([point_within(face) for face in faces]).reshape(-1, 2)
    depth = np.zeros(len(points), dtype=np.intp)
    for contour, ring in zip(contours, rings, strict=True):
        depth += _even_odd(points, ring) * (-1 if contour.hole else 1)
    return shapely.coverage_union_all(faces[depth > 0])


def contours_of(region: BaseGeometry, before: Sequence[Contour]) -> tuple[Contour, ...]:
    """The contours that bound a region; see :func:`contours_along`.

    Args:
        region: A valid geometry in the frame of the first of ``before``.
        before: The contours that were edited: at least one.
    """
    return contours_along(rings_of(region), before)


def contours_along(rings: Iterable[tuple[Points, bool]], before: Sequence[Contour]) -> tuple[Contour, ...]:
    """Contours along the outlines that an edit leaves.

    Args:
        rings: Simple rings in the frame of the first of ``before``, and whether each is a hole.
        before: The contours that were edited: at least one. A ring that is one of theirs, vertex by
            vertex, comes back as that contour, with its origin; all others are drawn.
    """
    frame, structure_id = before[0].plane, before[0].structure_id
    known = {(_ring_key(in_frame(contour, frame)), contour.hole): contour for contour in reversed(before)}
    return tuple(
        known.get((_ring_key(ring), hole)) or Contour(frame, ring, structure_id, hole=hole)
        for ring, hole in rings
    )


def in_frame(contour: Contour, frame: Plane) -> Points:
    """The vertices of a contour in the frame of another plane that is the same sheet."""
    if contour.plane is frame:
        return contour.points_mm
    return frame.to_plane_mm(contour.points_lps_mm)


def quarter_segments(radius_mm: float) -> int:
    """How many edges a quarter of a circle needs to stay within :data:`ARC_TOLERANCE_MM`."""
    relative = min(ARC_TOLERANCE_MM / radius_mm, 0.25)
    # An edge over an angle of 2 a lies up to r (1 - cos a) off its arc.
    return min(int(np.ceil(np.pi / 4 / np.arccos(1 - relative))), MAX_QUARTER_SEGMENTS)


def point_within(face: BaseGeometry) -> Points:
    """A point inside a polygon."""
    point = shapely.point_on_surface(face)
    if not face.contains(point):
        # Where a scanline barely enters a face, GEOS may answer with a vertex.
        triangles = shapely.get_parts(shapely.constrained_delaunay_triangles(face))
        point = triangles[shapely.area(triangles).argmax()].centroid
    return np.array([point.x, point.y])


def _even_odd(points: Points, ring: Points) -> npt.NDArray[np.bool_]:
    """Which points lie inside a ring by the even-odd rule."""
    inside = np.zeros(len(points), dtype=bool)
    near = np.flatnonzero(((points >= ring.min(axis=0)) & (points <= ring.max(axis=0))).all(axis=1))
    x0, y0 = ring.T
    x1, y1 = np.roll(x0, -1), np.roll(y0, -1)
    # Level edges are never crossed: their slope does not matter.
    slope = (x1 - x0) / np.where(y1 == y0, 1, y1 - y0)
    at_once = max(1, MAX_CELLS // len(ring))
    for some in np.split(near, range(at_once, len(near), at_once)):
        x, y = points[some, :, None].transpose(1, 0, 2)
        crossed = (y0 <= y) != (y1 <= y)
        inside[some] = (crossed & (x0 + (y - y0) * slope <= x)).sum(axis=1) % 2 == 1
    return inside


def rings_of(region: BaseGeometry) -> Iterator[tuple[Points, bool]]:
    """The outlines of a region that bound more than a rounding error, and whether each is a hole.

    Holes follow the outline around them.
    """
    left, bottom, right, top = region.bounds if not region.is_empty else (0, 0, 0, 0)
    least = MIN_RELATIVE_AREA * (right - left) * (top - bottom)
    for piece in shapely.get_parts(region):
        if shapely.get_dimensions(piece) < 2 or piece.area <= least:
            continue
        yield shapely.get_coordinates(piece.exterior)[:-1], False
        for hole in piece.interiors:
            if shapely.Polygon(hole).area > least:
                yield shapely.get_coordinates(hole)[:-1], True


def _ring_key(ring: Points) -> bytes:
    """The same for all ways to write down one simple ring."""
    x, y = (ring - ring[0]).T
    if x @ np.roll(y, -1) < y @ np.roll(x, -1):
        ring = ring[::-1]
    # Adding zero turns -0.0 into 0.0.
    return (np.roll(ring, -int(np.lexsort(ring.T)[0]), axis=0) + 0.0).tobytes()
