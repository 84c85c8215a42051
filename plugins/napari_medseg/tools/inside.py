"""Whether a point lies inside what a structure has on a plane."""

from __future__ import annotations

from collections.abc import Iterable

from medseg.contour import Contour
from medseg.space import Plane
from napari_medseg.tools.tool import At


def is_inside(contours: Iterable[Contour], plane: Plane, at: At) -> bool:
    """Whether a point lies in more outer contours than holes, each by the even-odd rule.

    Args:
        contours: Contours of one structure on one plane.
        plane: That plane.
        at: ``(u, v)`` in mm in its frame; a contour may have another one.
    """
    lps_mm = plane.to_lps_mm([at])
    depth = 0
    for contour in contours:
        u, v = contour.plane.to_plane_mm(lps_mm)[0]
        if _even_odd(contour, float(u), float(v)):
            depth += -1 if contour.hole else 1
    return depth > 0


def _even_odd(contour: Contour, u: float, v: float) -> bool:
    inside = False
    points = contour.points_mm.tolist()
    (u0, v0) = points[-1]
    for u1, v1 in points:
        if (v0 <= v) != (v1 <= v) and u0 + (v - v0) * (u1 - u0) / (v1 - v0) > u:
            inside = not inside
        u0, v0 = u1, v1
    return inside
