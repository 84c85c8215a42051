"""Relief: how a surface departs from its smooth shape, as a function of patient mm.

Sums of plane waves with fixed directions and phases: smooth, without seams, and the same at every
resolution.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from medseg_phantoms.points import Field, Points


@dataclass(frozen=True)
class Waves:
    """A sum of plane waves in random directions.

    Args:
        height_mm: The most by which the sum departs from zero.
        wavelength_mm: Mean distance between two crests; single waves differ by up to a quarter.
        seed: Chooses directions and phases.
        count: Number of waves: few look regular, many look like noise.
    """

    height_mm: float
    wavelength_mm: float
    seed: int
    count: int = 5

    def __call__(self, points: Points) -> Field:
        """The relief at each point, in mm."""
        total = np.zeros(points.x_mm.shape, dtype=np.float32)
        for (a, b, c), phase in self._waves:
            total += np.sin(a * points.x_mm + b * points.y_mm + c * points.z_mm + phase)
        return total * np.float32(self.height_mm / self.count)

    @cached_property
    def _waves(self) -> list[tuple[Field, np.float32]]:
        """Wave vector in radians per mm and phase of each wave."""
        rng = np.random.default_rng(self.seed)
        waves = []
        for _ in range(self.count):
            direction = rng.standard_normal(3)
            direction *= 2 * np.pi / np.sqrt((direction**2).sum()) / self.wavelength_mm
            direction *= rng.uniform(0.75, 1.25)
            waves.append((direction.astype(np.float32), np.float32(rng.uniform(0, 2 * np.pi))))
        return waves
