"""Two lines across a plane that meet where the other planes cut it.

They lie beside the canvas in its window, not in its scene: a canvas whose slice stays need not be drawn anew
when another plane goes on, and drawing three canvases is what takes the time of a step.
"""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFrame, QWidget

from napari_medseg.views.plane_view import PlaneView

COLOR = "#7fd4ff"

GAP_PX = 12
"""Left free around the place itself, so that what lies there can be seen."""

Box = tuple[int, int, int, int]
"""Left, top, width and height in pixels of the canvas."""


def strips(at_px: tuple[float, float], image_px: tuple[float, float, float, float], canvas: Box) -> list[Box]:
    """The parts of the crosshair, one pixel wide.

    Args:
        at_px: The place ``(x, y)``.
        image_px: Left, top, right and bottom of the image.
        canvas: What there is to draw on.

    Returns:
        Those of the four that have a length.
    """
    x, y = round(at_px[0]), round(at_px[1])
    left, top = max(round(image_px[0]), canvas[0]), max(round(image_px[1]), canvas[1])
    right = min(round(image_px[2]), canvas[0] + canvas[2])
    bottom = min(round(image_px[3]), canvas[1] + canvas[3])
    parts: list[Box] = []
    if top <= y < bottom:
        parts += [(left, y, min(x - GAP_PX, right) - left, 1)]
        parts += [(start := max(x + GAP_PX, left), y, right - start, 1)]
    if left <= x < right:
        parts += [(x, top, 1, min(y - GAP_PX, bottom) - top)]
        parts += [(x, start := max(y + GAP_PX, top), 1, bottom - start)]
    return [part for part in parts if part[2] > 0 and part[3] > 0]


class Crosshair:
    """The crosshair of one canvas; it lets the mouse through.

    Args:
        view: The plane on the canvas.

    Attributes:
        shown: The parts that are shown.
    """

    def __init__(self, view: PlaneView) -> None:
        self._view = view
        self._frames = [_strip(view.canvas.parentWidget()) for _ in range(4)]
        self.shown: list[Box] = []

    def show(self, parts: list[Box]) -> None:
        """Show these parts; nothing where there are none."""
        if parts == self.shown:
            return
        self.shown = parts
        canvas = self._view.canvas
        for frame, part in zip(self._frames, parts, strict=False):
            x, y, width, height = part
            frame.setGeometry(canvas.x() + x, canvas.y() + y, width, height)
        for number, frame in enumerate(self._frames):
            frame.setVisible(number < len(parts))

    def remove(self) -> None:
        """Take it off."""
        for frame in self._frames:
            frame.hide()
            frame.deleteLater()
        self._frames = []


def _strip(parent: QWidget | None) -> QFrame:
    frame = QFrame(parent)
    frame.setStyleSheet(f"background: {COLOR};")
    frame.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    frame.hide()
    return frame
