"""Which rings of one plane lie inside which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

Ring = npt.NDArray[np.float64]

MAX_RINGS = 2000
MAX_PAIRS = 100_000
"""More on one plane, or more that lie in or across each other, no structure of a patient has.

All pairs of a million triangles, which fit into a small file, would fill any memory.
"""


@dataclass(frozen=True)
class Nesting:
    """How rings lie to each other.

    Attributes:
        inside: For each ring the rings around it, the innermost first.
    """

    inside: tuple[tuple[int, ...], ...]

    def depth(self, ring: int) -> int:
        """How many rings are around one."""
        return len(self.inside[ring])


def nesting_of(rings: Sequence[Ring]) -> Nesting | None:
    """How simple rings lie to each other.

    Args:
        rings: Vertices in one frame, each of shape ``(n, 2)`` in mm.

    Returns:
        None where a ring crosses itself or another one, or runs along it: then they don't simply nest. Also
        where there are more than :data:`MAX_RINGS`, or more than :data:`MAX_PAIRS` that meet.
    """
    if len(rings) > MAX_RINGS:
        return None
    polygons = np.array([shapely.Polygon(ring) for ring in rings])
    if not shapely.is_valid(polygons).all():
        return None
    around: list[list[int]] = [[] for _ in rings]
    first, second = shapely.STRtree(polygons).query(polygons, predicate="intersects")
    if len(first) > 2 * MAX_PAIRS:
        return None
    for one, other in zip(first.tolist(), second.tolist(), strict=True):
        if one >= other:
            continue
        if shapely.area(shapely.intersection(polygons[one], polygons[other])) == 0:
            # They touch; along an edge they would be one piece, and a nested one no hole.
            if shapely.length(shapely.intersection(polygons[one], polygons[other])) > 0:
                return None
            continue
        outer, inner = (one, other) if polygons[one].area >= polygons[other].area else (other, one)
        if not shapely.Polygon(rings[outer], [rings[inner]]).is_valid:
            return None
        around[inner].append(outer)
    areas = shapely.area(polygons)
    return Nesting(tuple(tuple(sorted(those, key=lambda n: float(areas[n]))) for those in around))
