"""Solids made of solids: unions, cuts, growth, and surfaces that are not smooth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce

import numpy as np

from medseg_phantoms.points import Field, Points
from medseg_phantoms.solids import Box, Solid


@dataclass(frozen=True)
class Union:
    """What lies in any of several solids.

    Args:
        solids: The parts.
        blend_mm: Width over which the parts melt into each other; 0 leaves a crease.

    Source:
        Polynomial smooth minimum, I. Quilez, "Smooth minimum" (2013).
    """

    solids: tuple[Solid, ...]
    blend_mm: float = 0.0

    @property
    def box_mm(self) -> Box:
        """The box around all parts; melting adds at most a quarter of its width."""
        boxes = [solid.box_mm for solid in self.solids]
        grow = self.blend_mm / 4
        low = tuple(min(box[0][axis] for box in boxes) - grow for axis in range(3))
        high = tuple(max(box[1][axis] for box in boxes) + grow for axis in range(3))
        return low, high  # type: ignore[return-value]

    def distance_mm(self, points: Points) -> Field:
        """The least distance, melted."""
        return reduce(self._nearer, (solid.distance_mm(points) for solid in self.solids))

    def _nearer(self, a: Field, b: Field) -> Field:
        return smooth_minimum(a, b, self.blend_mm)


@dataclass(frozen=True)
class Cut:
    """What lies in a solid and in none of those taken away.

    Args:
        solid: What remains.
        away: What is taken away.
        blend_mm: Width over which the edges are rounded.
    """

    solid: Solid
    away: tuple[Solid, ...]
    blend_mm: float = 0.0

    @property
    def box_mm(self) -> Box:
        """No larger than before."""
        return self.solid.box_mm

    def distance_mm(self, points: Points) -> Field:
        """The largest of the distance and the depths in what is taken away."""
        distance = self.solid.distance_mm(points)
        for other in self.away:
            distance = -smooth_minimum(-distance, other.distance_mm(points), self.blend_mm)
        return distance


@dataclass(frozen=True)
class Within:
    """What lies in a solid and in another that bounds it.

    Args:
        solid: What is bounded; its box is the result's.
        bounds: What bounds it.
        blend_mm: Width over which the edges are rounded.
    """

    solid: Solid
    bounds: Solid
    blend_mm: float = 0.0

    @property
    def box_mm(self) -> Box:
        """No larger than before."""
        return self.solid.box_mm

    def distance_mm(self, points: Points) -> Field:
        """The larger of the two distances."""
        return -smooth_minimum(
            -self.solid.distance_mm(points), -self.bounds.distance_mm(points), self.blend_mm
        )


@dataclass(frozen=True)
class Grown:
    """A solid with a margin, or shrunk by a negative one."""

    solid: Solid
    margin_mm: float

    @property
    def box_mm(self) -> Box:
        """The box with the margin."""
        (a, b, c), (d, e, f) = self.solid.box_mm
        m = max(self.margin_mm, 0.0)
        return (a - m, b - m, c - m), (d + m, e + m, f + m)

    def distance_mm(self, points: Points) -> Field:
        """The distance less the margin."""
        return self.solid.distance_mm(points) - np.float32(self.margin_mm)


@dataclass(frozen=True)
class Mirrored:
    """A solid on the patient's other side."""

    solid: Solid

    @property
    def box_mm(self) -> Box:
        """The box on the other side."""
        (a, b, c), (d, e, f) = self.solid.box_mm
        return (-d, b, c), (-a, e, f)

    def distance_mm(self, points: Points) -> Field:
        """The distance of the mirrored points."""
        return self.solid.distance_mm(points.mirrored())


@dataclass(frozen=True)
class Rough:
    """A solid whose surface is raised and sunk.

    Args:
        solid: The smooth solid.
        relief_mm: For each point how far the surface is raised there.
        highest_mm: The most that ``relief_mm`` ever gives.
    """

    solid: Solid
    relief_mm: Callable[[Points], Field]
    highest_mm: float

    @property
    def box_mm(self) -> Box:
        """The box with the highest relief."""
        return Grown(self.solid, self.highest_mm).box_mm

    def distance_mm(self, points: Points) -> Field:
        """The distance less the relief."""
        return self.solid.distance_mm(points) - self.relief_mm(points)


def smooth_minimum(a: Field, b: Field, blend_mm: float) -> Field:
    """The smaller of two distances, rounded where they are nearly equal."""
    if not blend_mm:
        return np.minimum(a, b)
    near = np.maximum(np.float32(blend_mm) - np.abs(a - b), 0) / np.float32(blend_mm)
    return np.asarray(np.minimum(a, b) - near * near * np.float32(blend_mm / 4), dtype=np.float32)
