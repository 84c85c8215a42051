"""ContourSet: all the contours of a case."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

from medseg.contour.contour import Contour


@dataclass(frozen=True)
class ContourSet:
    """An immutable collection of contours, in the order in which they came.

    Where contours of one structure lie on one plane, a point is inside the structure when it lies in
    more outer polygons than holes: overlapping pieces unite, a hole is cut out, an island in a hole stays.
    """

    contours: tuple[Contour, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "contours", tuple(self.contours))

    def __iter__(self) -> Iterator[Contour]:
        return iter(self.contours)

    def __len__(self) -> int:
        return len(self.contours)

    def of(self, structure_id: str) -> Self:
        """The contours of one structure."""
        return type(self)(tuple(c for c in self.contours if c.structure_id == structure_id))

    def with_added(self, contours: Iterable[Contour]) -> Self:
        """This set and more contours after it."""
        return type(self)((*self.contours, *contours))

    @property
    def structure_ids(self) -> tuple[str, ...]:
        """The structures that have contours, in the order of their first one."""
        return tuple(dict.fromkeys(c.structure_id for c in self.contours))
