"""A reader's hand over a view of the window: synthetic events of mouse and keys."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtGui import QKeyEvent, QMouseEvent
from qtpy.QtWidgets import QApplication

from napari_medseg.views.plane_view import PlaneView

LEFT, NO_BUTTON = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
PLAIN, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier

Points = npt.NDArray[np.float64]


class Reader:
    """A reader's hand over one view."""

    def __init__(self, view: PlaneView) -> None:
        self.view = view

    def mouse(self, kind: QEvent.Type, at: Points, *, held: bool, modifiers: Any = PLAIN) -> None:
        button = NO_BUTTON if kind == QEvent.Type.MouseMove else LEFT
        point = QPointF(float(at[0]), float(at[1]))
        on_screen = QPointF(self.view.canvas.mapToGlobal(point.toPoint()))
        buttons = LEFT if held else NO_BUTTON
        event = QMouseEvent(kind, point, on_screen, button, buttons, modifiers)
        QApplication.sendEvent(self.view.canvas, event)

    def stroke(self, path_px: Points, modifiers: Any = PLAIN) -> None:
        """Press, move, release."""
        self.mouse(QEvent.Type.MouseMove, path_px[0], held=False, modifiers=modifiers)
        self.mouse(QEvent.Type.MouseButtonPress, path_px[0], held=True, modifiers=modifiers)
        for at in path_px[1:]:
            self.mouse(QEvent.Type.MouseMove, at, held=True, modifiers=modifiers)
        self.mouse(QEvent.Type.MouseButtonRelease, path_px[-1], held=False, modifiers=modifiers)
        QApplication.processEvents()

    def click(self, at: Points, modifiers: Any = PLAIN) -> None:
        """Press and release at one place."""
        self.stroke(np.asarray([at]), modifiers)

    def clicks(self, path_px: Points) -> None:
        """Click at each place, the last one twice."""
        for at in path_px:
            self.mouse(QEvent.Type.MouseMove, at, held=False)
            self.mouse(QEvent.Type.MouseButtonPress, at, held=True)
            self.mouse(QEvent.Type.MouseButtonRelease, at, held=False)
        self.mouse(QEvent.Type.MouseButtonDblClick, path_px[-1], held=True)
        self.mouse(QEvent.Type.MouseButtonRelease, path_px[-1], held=False)
        QApplication.processEvents()

    def key(self, key: Qt.Key, modifiers: Any = PLAIN, text: str = "") -> None:
        event = QKeyEvent(QEvent.Type.KeyPress, key, modifiers, text)
        QApplication.sendEvent(self.view.canvas, event)
        QApplication.processEvents()

    def mm(self, path_px: Points) -> Points:
        """Where the pixels lie on the plane."""
        return np.array([self.view.to_plane_mm(*at) for at in path_px])

    def px(self, lps_mm: npt.ArrayLike) -> Points:
        """Where a place in the patient is drawn."""
        at = np.atleast_2d(np.asarray(lps_mm, dtype=np.float64))
        return np.asarray(self.view.to_px(self.view.plane.to_plane_mm(at))[0])
