"""Solids: analytic shapes in patient space, as distances to their surface.

A solid tells for each point how far outside it lies, in mm: negative inside, zero on the surface. The
distance is exact at the surface to first order, which is what partial volume needs, and only
roughly right far from it.

Source:
    Distance fields after J. C. Hart, "Sphere tracing", The Visual Computer 12 (1996), 527-545; the
    first-order distance to an ellipsoid after I. Quilez, "Ellipsoid SDF" (2008).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from medseg_phantoms.points import Field, Points

Triple = tuple[float, float, float]
Box = tuple[Triple, Triple]
"""Lowest and highest corner in LPS mm."""

EVERYWHERE: Box = ((-1e4, -1e4, -1e4), (1e4, 1e4, 1e4))

_TINY = np.float32(1e-6)


class Solid(Protocol):
    """Anything that has a surface."""

    @property
    def box_mm(self) -> Box:
        """A box in LPS mm that holds the solid."""

    def distance_mm(self, points: Points) -> Field:
        """How far outside the solid each point lies, negative inside."""


@dataclass(frozen=True)
class Ellipsoid:
    """An ellipsoid, turned about the z axis and then about the x axis if need be.

    Args:
        centre_mm: Centre in LPS mm.
        radii_mm: Half axes along x, y and z before turning.
        yaw_deg: Turn about z, from x towards y.
        pitch_deg: Turn about x, from y towards z.
    """

    centre_mm: Triple
    radii_mm: Triple
    yaw_deg: float = 0.0
    pitch_deg: float = 0.0

    @property
    def box_mm(self) -> Box:
        """A box that holds it however it is turned."""
        reach = self.radii_mm
        if self.yaw_deg or self.pitch_deg:
            reach = (max(self.radii_mm),) * 3
        return _box_around(self.centre_mm, reach)

    def distance_mm(self, points: Points) -> Field:
        """First-order distance."""
        p = _turned(points.moved(*self.centre_mm), self.yaw_deg, self.pitch_deg)
        a, b, c = (np.float32(r) for r in self.radii_mm)
        u, v, w = p.x_mm / a, p.y_mm / b, p.z_mm / c
        level = np.sqrt(u * u + v * v + w * w)
        slope = np.sqrt((u / a) ** 2 + (v / b) ** 2 + (w / c) ** 2)
        return np.asarray(level * (level - 1) / (slope + _TINY), dtype=np.float32)


@dataclass(frozen=True)
class Column:
    """An upright column with a superelliptic cross-section, endless unless cut by ``z_mm``.

    Args:
        centre_mm: Centre of the cross-section, x and y.
        radii_mm: Half axes along x and y.
        power: 2 is an ellipse, more is squarer.
        z_mm: Lower and upper end.
    """

    centre_mm: tuple[float, float]
    radii_mm: tuple[float, float]
    power: float = 2.0
    z_mm: tuple[float, float] = (-1e4, 1e4)

    @property
    def box_mm(self) -> Box:
        """The column's box."""
        (x, y), (a, b) = self.centre_mm, self.radii_mm
        return (x - a, y - b, self.z_mm[0]), (x + a, y + b, self.z_mm[1])

    def distance_mm(self, points: Points) -> Field:
        """First-order distance to the side, exact distance to the ends."""
        (x, y), (a, b) = self.centre_mm, (np.float32(r) for r in self.radii_mm)
        u, v = np.abs(points.x_mm - np.float32(x)) / a, np.abs(points.y_mm - np.float32(y)) / b
        power = np.float32(self.power)
        if self.power == 2:
            level = np.sqrt(u * u + v * v)
            slope = np.sqrt((u / a) ** 2 + (v / b) ** 2) / (level + _TINY)
        else:
            level = (u**power + v**power) ** (1 / power)
            flat = (level + _TINY) ** (1 - power)
            slope = flat * np.sqrt((u ** (power - 1) / a) ** 2 + (v ** (power - 1) / b) ** 2)
        side = (level - 1) / (slope + _TINY)
        low, high = (np.float32(z) for z in self.z_mm)
        return np.asarray(
            np.maximum(side, np.maximum(low - points.z_mm, points.z_mm - high)), dtype=np.float32
        )


@dataclass(frozen=True)
class Rod:
    """A straight rod with round ends that tapers from one radius to another: a piece of vessel or bone."""

    start_mm: Triple
    end_mm: Triple
    start_radius_mm: float
    end_radius_mm: float

    @property
    def box_mm(self) -> Box:
        """The rod's box."""
        reach = max(self.start_radius_mm, self.end_radius_mm)
        low = tuple(min(a, b) - reach for a, b in zip(self.start_mm, self.end_mm, strict=True))
        high = tuple(max(a, b) + reach for a, b in zip(self.start_mm, self.end_mm, strict=True))
        return low, high  # type: ignore[return-value]

    def distance_mm(self, points: Points) -> Field:
        """Distance to the axis less the radius there."""
        p = points.moved(*self.start_mm)
        dx, dy, dz = (np.float32(b - a) for a, b in zip(self.start_mm, self.end_mm, strict=True))
        along = np.clip((p.x_mm * dx + p.y_mm * dy + p.z_mm * dz) / (dx * dx + dy * dy + dz * dz), 0, 1)
        x, y, z = p.x_mm - along * dx, p.y_mm - along * dy, p.z_mm - along * dz
        radius = np.float32(self.start_radius_mm) + along * np.float32(
            self.end_radius_mm - self.start_radius_mm
        )
        return np.asarray(np.sqrt(x * x + y * y + z * z) - radius, dtype=np.float32)


@dataclass(frozen=True)
class HalfSpace:
    """Everything behind a plane.

    Args:
        point_mm: A point on the plane.
        outward: The direction that leaves the solid; need not be of unit length.
    """

    point_mm: Triple
    outward: Triple

    @property
    def box_mm(self) -> Box:
        """A half space has no bounds."""
        return EVERYWHERE

    def distance_mm(self, points: Points) -> Field:
        """Exact distance."""
        length = float(np.hypot(np.hypot(self.outward[0], self.outward[1]), self.outward[2]))
        a, b, c = (np.float32(n / length) for n in self.outward)
        p = points.moved(*self.point_mm)
        return np.asarray(a * p.x_mm + b * p.y_mm + c * p.z_mm)


def _box_around(centre_mm: Triple, reach_mm: Triple) -> Box:
    low = tuple(c - r for c, r in zip(centre_mm, reach_mm, strict=True))
    high = tuple(c + r for c, r in zip(centre_mm, reach_mm, strict=True))
    return low, high  # type: ignore[return-value]


def _turned(points: Points, yaw_deg: float, pitch_deg: float) -> Points:
    if yaw_deg:
        c, s = (np.float32(f(np.deg2rad(yaw_deg))) for f in (np.cos, np.sin))
        points = Points(c * points.x_mm + s * points.y_mm, c * points.y_mm - s * points.x_mm, points.z_mm)
    if pitch_deg:
        c, s = (np.float32(f(np.deg2rad(pitch_deg))) for f in (np.cos, np.sin))
        points = Points(points.x_mm, c * points.y_mm + s * points.z_mm, c * points.z_mm - s * points.y_mm)
    return points
