"""Lines on a plane that are drawn over the image: contours, what a tool is at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_medseg.napari_private import add_lines, remove_lines, show_lines

Points = npt.NDArray[np.float64]

DASH_PX, SPACE_PX = 7.0, 5.0
"""On the screen, whatever the zoom."""

MAX_DASHES = 20_000
"""Of a line that is far longer than the screen the dashes get longer."""


@dataclass(frozen=True, eq=False)
class Polyline:
    """A line.

    Attributes:
        points_mm: ``(down, across)`` in the world of the view, shape ``(n, 2)``.
        color: ``#rrggbb``.
        closed: Whether it goes back to its first point.
        dashed: Whether it is drawn in dashes: a proposal.
    """

    points_mm: Points
    color: str
    closed: bool = False
    dashed: bool = False


class PlaneLines:
    """The lines over one canvas, in groups that are drawn anew each by itself.

    Args:
        canvas: Gives napari's canvas, which this does not keep.
    """

    def __init__(self, canvas: Callable[[], Any]) -> None:
        self._canvas = canvas
        self._groups: dict[str, Any] = {}
        self._shown: dict[str, tuple[Polyline, ...]] = {}

    def show(self, group: str, lines: Sequence[Polyline], *, mm_per_px: float, width_px: float = 2.0) -> None:
        """Show lines instead of those that the group showed.

        Args:
            group: Name of the group.
            lines: The lines.
            mm_per_px: How much of the world a pixel shows: dashes keep their length on the screen.
            width_px: Width of the lines.
        """
        self._shown[group] = tuple(lines)
        if group not in self._groups:
            if not lines:
                return
            self._groups[group] = add_lines(self._canvas())
        strokes = [(_segments(line, mm_per_px), _rgba(line.color)) for line in lines]
        points = np.concatenate([np.zeros((0, 2)), *(ends for ends, _ in strokes)])
        colors = np.concatenate(
            [np.zeros((0, 4)), *(np.tile(rgba, (len(ends), 1)) for ends, rgba in strokes)]
        )
        show_lines(self._groups[group], points, colors, width_px)

    def shown(self, group: str) -> tuple[Polyline, ...]:
        """The lines that a group shows."""
        return self._shown.get(group, ())

    def clear(self) -> None:
        """Show nothing."""
        for group in self._groups:
            self.show(group, (), mm_per_px=1.0)

    def remove(self) -> None:
        """Take all lines off the canvas."""
        for node in self._groups.values():
            remove_lines(node)
        self._groups.clear()
        self._shown.clear()


def _segments(line: Polyline, mm_per_px: float) -> Points:
    """The ends of the strokes of a line, shape ``(2 m, 2)``."""
    points = np.asarray(line.points_mm, dtype=np.float64)
    if line.closed and len(points) > 1:
        points = np.concatenate([points, points[:1]])
    if len(points) < 2:
        return np.zeros((0, 2))
    if line.dashed:
        return _dashes(points, mm_per_px)
    return np.asarray(np.repeat(points, 2, axis=0)[1:-1])


def _dashes(points: Points, mm_per_px: float) -> Points:
    """Cut a line into dashes, which follow it around its corners."""
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    length = along[-1]
    period = max((DASH_PX + SPACE_PX) * mm_per_px, length / MAX_DASHES)
    if not (length > 0 and period > 0):
        return np.zeros((0, 2))
    starts = np.arange(0.0, length, period)
    ends = np.minimum(starts + period * DASH_PX / (DASH_PX + SPACE_PX), length)
    # Corners inside of a dash are ends of strokes, too.
    cuts = np.unique(np.concatenate([starts, ends, along]))
    middle = (cuts[:-1] + cuts[1:]) / 2
    drawn = np.mod(middle, period) < period * DASH_PX / (DASH_PX + SPACE_PX)
    at = np.column_stack([np.interp(cuts, along, points[:, axis]) for axis in range(2)])
    pairs = np.stack([at[:-1], at[1:]], axis=1)[drawn]
    return np.asarray(pairs.reshape(-1, 2))


def _rgba(color: str) -> npt.NDArray[np.float64]:
    return np.array([int(color[n : n + 2], 16) / 255 for n in (1, 3, 5)] + [1.0])
