"""Whether contours lie on one plane."""

from __future__ import annotations

from medseg.contour.contour import Contour

SAME_PLANE_TOLERANCE_MM = 0.02
"""How far a vertex of one contour may lie from the plane of another that lies on the same plane.

A coordinate of an RTSTRUCT is rounded by up to 5e-4 mm, and a plane that was fitted to a small contour is
off by a multiple of that further away. Planes that a reader means to be two are a tenth of a voxel apart.
"""


def are_coplanar(first: Contour, second: Contour, tolerance_mm: float = SAME_PLANE_TOLERANCE_MM) -> bool:
    """Whether the vertices of each of two contours lie on the plane of the other.

    Compared where the contours are: two planes that lean apart by rounding are far apart somewhere.
    """
    return all(
        abs(one.plane.distance_mm(other.points_lps_mm)).max() <= tolerance_mm
        for one, other in ((first, second), (second, first))
    )
