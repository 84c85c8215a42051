"""Plane: a flat sheet in the patient with its own two axes in mm."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from medseg.errors import GeometryError

FloatArray = npt.NDArray[np.float64]

UNIT_TOLERANCE = 1e-6
"""How far ``u`` and ``v`` may be from unit length and from a right angle: rounding, not shear."""


@dataclass(frozen=True, eq=False)
class Plane:
    """An oriented plane in LPS patient space with a right-angled frame in mm.

    Args:
        origin_lps_mm: The point ``(0, 0)`` of the plane.
        u: Unit vector of the first in-plane coordinate.
        v: Unit vector of the second, at a right angle to ``u``.

    Raises:
        GeometryError: The vectors are not finite, not of unit length or not at a right angle.
    """

    origin_lps_mm: FloatArray
    u: FloatArray
    v: FloatArray

    def __post_init__(self) -> None:
        for name in ("origin_lps_mm", "u", "v"):
            vector = np.array(getattr(self, name), dtype=np.float64)
            if vector.shape != (3,) or not np.isfinite(vector).all():
                raise GeometryError(f"a plane's {name} must be three finite numbers, got {vector}")
            vector.setflags(write=False)
            object.__setattr__(self, name, vector)
        errors = (self.u @ self.u - 1, self.v @ self.v - 1, self.u @ self.v)
        if np.abs(errors).max() > UNIT_TOLERANCE:
            raise GeometryError(
                f"a plane's u and v must be unit vectors at a right angle, got {self.u} and {self.v}"
            )

    @classmethod
    def spanned_by(cls, origin_lps_mm: npt.ArrayLike, along: npt.ArrayLike, across: npt.ArrayLike) -> Plane:
        """The plane through a point that holds two directions, which need not be at a right angle.

        ``u`` is ``along``; ``v`` is the part of ``across`` at a right angle to it.
        """
        u = np.asarray(along, dtype=np.float64)
        u = u / np.linalg.norm(u)
        v = np.asarray(across, dtype=np.float64)
        v = v - (v @ u) * u
        length = np.linalg.norm(v)
        if not length > 0:
            raise GeometryError("two parallel directions span no plane")
        v = v / length
        return cls(np.asarray(origin_lps_mm, dtype=np.float64), u, v - (v @ u) * u)

    @cached_property
    def normal(self) -> FloatArray:
        """Unit vector ``u × v``."""
        return np.cross(self.u, self.v)

    def to_lps_mm(self, points_uv_mm: npt.ArrayLike) -> FloatArray:
        """Take in-plane points of shape ``(..., 2)`` to LPS, shape ``(..., 3)``."""
        points = np.asarray(points_uv_mm, dtype=np.float64)
        return self.origin_lps_mm + points @ np.stack([self.u, self.v])

    def to_plane_mm(self, points_lps_mm: npt.ArrayLike) -> FloatArray:
        """Project LPS points of shape ``(..., 3)`` at a right angle into the plane, shape ``(..., 2)``."""
        offset = np.asarray(points_lps_mm, dtype=np.float64) - self.origin_lps_mm
        return offset @ np.stack([self.u, self.v]).T

    def distance_mm(self, points_lps_mm: npt.ArrayLike) -> FloatArray:
        """Signed distance of LPS points of shape ``(..., 3)`` along the normal."""
        offset = np.asarray(points_lps_mm, dtype=np.float64) - self.origin_lps_mm
        return np.asarray(offset @ self.normal)
