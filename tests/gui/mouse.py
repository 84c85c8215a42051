"""Synthetic mouse events on the canvas: ``QTest.mouseMove`` would move the real pointer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from napari_medseg.napari_private import canvas_position, canvas_widget
from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import QApplication


def send(widget: Any, kind: QEvent.Type, x: float, y: float, *, pressed: bool) -> None:
    at = QPointF(x, y)
    button = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseMove else Qt.MouseButton.LeftButton
    buttons = Qt.MouseButton.LeftButton if pressed else Qt.MouseButton.NoButton
    event = QMouseEvent(
        kind, at, QPointF(widget.mapToGlobal(at.toPoint())), button, buttons, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(widget, event)
    QApplication.processEvents()


def click(widget: Any, x: float, y: float) -> None:
    send(widget, QEvent.Type.MouseMove, x, y, pressed=False)
    send(widget, QEvent.Type.MouseButtonPress, x, y, pressed=True)
    send(widget, QEvent.Type.MouseButtonRelease, x, y, pressed=False)


def draw_polygon(
    viewer: Any, corners_world_mm: Iterable[tuple[float, float, float]]
) -> list[tuple[int, int]]:
    """Click the corners of a polygon and close it by a double click on the last.

    Args:
        viewer: The napari viewer.
        corners_world_mm: Positions in napari's world.

    Returns:
        The canvas pixels that were clicked.
    """
    widget = canvas_widget(viewer)
    QApplication.processEvents()
    pixels = []
    for corner in corners_world_mm:
        x, y = (round(value) for value in canvas_position(viewer, corner))
        assert 0 <= x < widget.width(), "the corner must be in view"
        assert 0 <= y < widget.height(), "the corner must be in view"
        click(widget, x, y)
        pixels.append((x, y))
    x, y = pixels[-1]
    # The second press of a double click comes as MouseButtonDblClick.
    send(widget, QEvent.Type.MouseButtonDblClick, x, y, pressed=True)
    send(widget, QEvent.Type.MouseButtonRelease, x, y, pressed=False)
    return pixels
