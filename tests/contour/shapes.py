"""Polygons for the tests of edits, on one plane."""

from __future__ import annotations

import numpy as np
import shapely

from medseg.contour import Contour, Origin
from medseg.contour.region import region_of
from medseg.space import Plane

PLANE = Plane(np.array([3.0, -4, 5]), np.array([0.6, 0, 0.8]), np.array([0, 1.0, 0]))
SAME_SHEET = Plane(PLANE.to_lps_mm((7, -3)), -PLANE.v, PLANE.u)
"""The same plane with another origin and other axes."""

BESIDE = Plane(PLANE.origin_lps_mm + 2.5 * PLANE.normal, PLANE.u, PLANE.v)

BOW_TIE = np.array([[0, 0], [4, 4], [4, 0], [0, 4]], dtype=float)


def contour(points, **fields):
    return Contour(PLANE, np.asarray(points, dtype=float), "tumour", **fields)


def square(centre, half, **fields):
    return contour(np.add(centre, np.multiply(half, [[-1, -1], [1, -1], [1, 1], [-1, 1]])), **fields)


def circle(centre, radius, count=200, **fields):
    angles = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return contour(np.add(centre, radius * np.column_stack([np.cos(angles), np.sin(angles)])), **fields)


def seen_from(plane, drawn):
    """The same contour, written down in another frame of its plane."""
    points = plane.to_plane_mm(drawn.points_lps_mm)
    return Contour(plane, points, drawn.structure_id, hole=drawn.hole, origin=drawn.origin)


def area(contours):
    return region_of(contours, PLANE).area


def outlines(contours):
    """All outlines as one line geometry."""
    return shapely.MultiLineString([np.vstack([c.points_mm, c.points_mm[:1]]) for c in contours])


def inside(contours, points):
    """By the definition of ContourSet: in more outer polygons than holes, each by even-odd."""
    depth = np.zeros(len(points), int)
    for c in contours:
        ring = c.points_mm
        crossings = np.zeros(len(points), int)
        for (x0, y0), (x1, y1) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
            if y0 != y1:
                met = (y0 <= points[:, 1]) != (y1 <= points[:, 1])
                crossings += met & (x0 + (points[:, 1] - y0) / (y1 - y0) * (x1 - x0) <= points[:, 0])
        depth += (crossings % 2) * (-1 if c.hole else 1)
    return depth > 0


ORIGINS = (Origin.DRAWN, Origin.IMPORTED, Origin.INTERPOLATED, Origin.ASSISTED)
