"""What a reader points out to a segmenter: clicks, and a ball around what is meant."""

from __future__ import annotations

from collections.abc import Callable

from medseg.workflows.segmenters import Point, Sphere


class HintBoard:
    """The hints on one case. They change nothing of it, and are gone with it.

    Attributes:
        points: Clicks in structures, and on what belongs to none.
        sphere: The ball; None where there is none.
    """

    def __init__(self) -> None:
        self.points: tuple[Point, ...] = ()
        self.sphere: Sphere | None = None
        self._listeners: list[Callable[[], None]] = []

    @property
    def is_empty(self) -> bool:
        """Whether nothing is pointed out."""
        return not self.points and self.sphere is None

    def add(self, point: Point) -> None:
        """Add a click."""
        self.points = (*self.points, point)
        self._tell()

    def set_sphere(self, sphere: Sphere | None) -> None:
        """Put the ball elsewhere, or take it away."""
        self.sphere = sphere
        self._tell()

    def take_back(self) -> bool:
        """Take back the last click; False where there is none."""
        if not self.points:
            return False
        self.points = self.points[:-1]
        self._tell()
        return True

    def clear(self) -> None:
        """Point nothing out."""
        if not self.is_empty:
            self.points, self.sphere = (), None
            self._tell()

    def subscribe(self, listener: Callable[[], None]) -> None:
        """Have a function called when a hint comes or goes."""
        self._listeners.append(listener)

    def _tell(self) -> None:
        for listener in tuple(self._listeners):
            listener()
