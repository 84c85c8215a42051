"""Landmark: a named point of the patient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from medseg.errors import GeometryError
from medseg.space.plane import FloatArray

MAX_COORDINATE_MM = 1e6
"""A kilometre from the origin of a scanner is damage and no place in a patient."""


@dataclass(frozen=True, eq=False)
class Landmark:
    """A named point in LPS patient space.

    Args:
        name: What people read; printable characters.
        position_lps_mm: Where it lies, three numbers.
        description: What is said about it.

    Raises:
        GeometryError: The position is not three finite numbers within a kilometre, or the name or the
            description is no single line of printable characters.
    """

    name: str
    position_lps_mm: FloatArray
    description: str = ""

    def __post_init__(self) -> None:
        position = np.array(self.position_lps_mm, dtype=np.float64)
        if position.shape != (3,) or not (np.abs(position) <= MAX_COORDINATE_MM).all():
            raise GeometryError(
                f"a landmark's position must be three numbers within {MAX_COORDINATE_MM:g} mm, "
                f"got {position}",
                reason="landmark",
            )
        position.setflags(write=False)
        object.__setattr__(self, "position_lps_mm", position)
        if not self.name.strip() or not (self.name + self.description).isprintable():
            raise GeometryError(
                "a landmark needs a name of printable characters, got "
                f"{self.name[:60]!r} with the description {self.description[:60]!r}",
                reason="landmark",
            )
