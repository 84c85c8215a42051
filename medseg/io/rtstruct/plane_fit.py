"""The plane through points that a file says are coplanar."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from medseg.space import Plane

Points = npt.NDArray[np.float64]

ROUNDING_MM = 1e-3
"""How far points may lie off a plane that is taken over from a larger contour: coordinates of two to three
decimals are off by less, and a thin contour of such coordinates does not know its own direction."""

MAX_DIRECTIONS = 16
"""How many directions are tried: a structure is drawn on slices of one direction, or of a few."""


class PlaneFinder:
    """Finds the plane of each contour of one structure; contours on parallel slices get parallel planes.

    Feed it the contours in descending order of their extent.
    """

    def __init__(self) -> None:
        self._directions: list[tuple[Points, Points]] = []

    def plane_of(self, points_lps_mm: Points) -> Plane:
        """The plane of a contour.

        Args:
            points_lps_mm: Vertices of shape ``(n, 3)``, at least three that don't lie on one line.

        Returns:
            A plane at right angles to a patient axis where all points share that coordinate, so that the
            others stay as they are, bit for bit; else one of a direction found before, if it fits; else the
            one that fits best.
        """
        level = _level_plane(points_lps_mm)
        if level is not None:
            return level
        middle = points_lps_mm.mean(axis=0)
        for u, v in self._directions:
            plane = Plane(middle, u, v)
            if np.abs(plane.distance_mm(points_lps_mm)).max() <= ROUNDING_MM:
                return plane
        # The two directions in which the points spread most (singular value decomposition).
        u, v, _ = np.linalg.svd(points_lps_mm - middle, full_matrices=False)[2]
        plane = Plane.spanned_by(middle, u, v)
        if len(self._directions) < MAX_DIRECTIONS:
            self._directions.append((plane.u, plane.v))
        return plane


def _level_plane(points_lps_mm: Points) -> Plane | None:
    for axis in (2, 1, 0):
        if np.ptp(points_lps_mm[:, axis]) == 0:
            origin = np.zeros(3)
            origin[axis] = points_lps_mm[0, axis]
            u, v = np.delete(np.eye(3), axis, axis=0)
            return Plane(origin, u, v)
    return None
