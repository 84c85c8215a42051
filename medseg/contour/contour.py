"""Contour: one closed polygon on one plane, in mm."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

import numpy as np
import numpy.typing as npt

from medseg.errors import ContourError
from medseg.space import Plane


class Origin(StrEnum):
    """How a contour came to be."""

    DRAWN = "drawn"
    IMPORTED = "imported"
    INTERPOLATED = "interpolated"
    ASSISTED = "assisted"


@dataclass(frozen=True, eq=False)
class Contour:
    """A closed planar polygon that bounds a structure, or a hole in it.

    The polygon closes itself: the first point is not repeated at the end. What lies inside one polygon
    is decided by the even-odd rule, so that a self-crossing one has a defined inside.

    Args:
        plane: The plane that it lies on.
        points_mm: Vertices ``(u, v)`` in the plane's frame, shape ``(n, 2)``.
        structure_id: The structure that it belongs to.
        hole: Whether it bounds a hole.
        origin: How it came to be.
        time_index: Of a 4-D image the volume that it belongs to, from 0; None for a contour of all volumes.

    Raises:
        ContourError: Fewer than three distinct vertices, not finite, or without any extent.
    """

    plane: Plane
    points_mm: npt.NDArray[np.float64]
    structure_id: str
    hole: bool = False
    origin: Origin = Origin.DRAWN
    time_index: int | None = None

    def __post_init__(self) -> None:
        points = np.array(self.points_mm, dtype=np.float64)
        if points.ndim != 2 or points.shape[1] != 2:
            raise ContourError(f"expected vertices of shape (n, 2), got {points.shape}")
        if not np.isfinite(points).all():
            raise ContourError("a contour's vertices must be finite numbers")
        if len(points) > 1 and np.array_equal(points[0], points[-1]):
            points = points[:-1]
        if len(points) < 3 or np.linalg.matrix_rank(points - points[0]) < 2:
            raise ContourError(
                f"a contour needs three vertices that don't lie on one line, got {len(points)}",
                hint="draw at least a triangle",
                vertices=len(points),
            )
        if self.time_index is not None and self.time_index < 0:
            raise ContourError(f"expected the index of a time point from 0, got {self.time_index}")
        points.setflags(write=False)
        object.__setattr__(self, "points_mm", points)

    @property
    def points_lps_mm(self) -> npt.NDArray[np.float64]:
        """The vertices in patient space, shape ``(n, 3)``."""
        return self.plane.to_lps_mm(self.points_mm)

    @property
    def signed_area_mm2(self) -> float:
        """Area by the shoelace formula, positive when the vertices run from ``u`` towards ``v``."""
        x, y = (self.points_mm - self.points_mm[0]).T
        return float(0.5 * (x @ np.roll(y, -1) - y @ np.roll(x, -1)))

    def with_origin(self, origin: Origin) -> Self:
        """The same polygon with another origin."""
        return replace(self, origin=origin)

    def with_structure(self, structure_id: str) -> Self:
        """The same polygon as a contour of another structure."""
        return replace(self, structure_id=structure_id)

    def with_time(self, time_index: int | None) -> Self:
        """The same polygon at a time point, or at all; itself where it is there already."""
        return self if self.time_index == time_index else replace(self, time_index=time_index)
