"""Words on the edges of a plane: where the patient's right, head and front are, what the mouse points at."""

from __future__ import annotations

import weakref

import numpy as np
import numpy.typing as npt
from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtWidgets import QLabel, QWidget

from medseg.space import AnatomicalOrder, Grid
from napari_medseg.display import PLANE_NAMES
from napari_medseg.later import later
from napari_medseg.views.plane_view import PlaneView
from napari_medseg.views.scale_bar import hide_scale_bar, show_scale_bar

LETTERS = (("L", "R"), ("P", "A"), ("S", "I"))
"""For each axis of LPS the letters of its two directions (DICOM PS3.3 C.7.6.1.1.1, F for I in quadrupeds)."""

SECOND_LETTER = 0.2588
"""The sine of 15°: a plane that leans by more is told by a second letter."""

STYLE = "QLabel { color: #ffd35c; background: rgba(0, 0, 0, 190); border-radius: 3px; padding: 1px 4px; }"
EDGE_PX = 4
EDGES = ("left", "right", "top", "bottom")


def letters_of(direction_lps: npt.ArrayLike) -> str:
    """The letters of a direction in the patient, the nearest axis first: ``A``, or ``AR`` where it leans.

    >>> letters_of((1, 0, 0)), letters_of((0, -0.9, 0.4))
    ('L', 'AS')
    """
    direction = np.asarray(direction_lps, dtype=np.float64)
    direction = direction / np.linalg.norm(direction)
    order = np.argsort(-np.abs(direction), kind="stable")
    letters = [LETTERS[axis][0 if direction[axis] > 0 else 1] for axis in order]
    told = [
        letter
        for number, (letter, axis) in enumerate(zip(letters, order, strict=True))
        if number == 0 or abs(direction[axis]) > SECOND_LETTER
    ]
    return "".join(told)


def edge_letters(grid: Grid, axis: int, *, superior_up: bool) -> dict[str, str]:
    """The letters at the left, right, top and bottom edge of a plane.

    Args:
        grid: The grid that is shown.
        axis: The display axis that the plane lies across.
        superior_up: Whether the first axis of the plane grows upwards.
    """
    order = AnatomicalOrder.of(grid)
    towards = []
    for display in (a for a in range(3) if a != axis):
        step = grid.index_to_lps_mm[:3, order.axes[display]]
        towards.append(-step if order.flipped[display] else step)
    down, across = towards
    if superior_up:
        down = -down
    return {
        "left": letters_of(-across),
        "right": letters_of(across),
        "top": letters_of(-down),
        "bottom": letters_of(down),
    }


class EdgeTexts(QObject):
    """The words of one view; they let the mouse through.

    Args:
        view: The plane.
    """

    def __init__(self, view: PlaneView) -> None:
        super().__init__(view.canvas)
        self._view = weakref.ref(view)
        self._removed = False
        self._labels = {
            # Beside the canvas, not in it: what is written does not have it drawn anew.
            name: _label(view.canvas.parentWidget())
            for name in ("left", "right", "top", "bottom", "place", "name")
        }
        self._labels["place"].hide()
        view.canvas.installEventFilter(self)
        view.when_resized(self._on_resized)
        self.show()

    def show(self) -> None:
        """Show what belongs to the plane that is shown now."""
        view = self._view()
        if view is None:
            return
        up = view.viewer.scene.camera.orientation2d[0] == "up"
        for name, text in edge_letters(view.grid, view.axis, superior_up=up).items():
            self._labels[name].setText(text)
        show_scale_bar(view.viewer, view.mm_per_px, view.canvas.width())
        last = view.last_index
        self._labels["name"].setText(f"{PLANE_NAMES[view.axis]} {view.position[view.axis]} / {last}")
        self._place(view.canvas)

    def say(self, text: str) -> None:
        """Show lines under the name of the plane; none where there is no text."""
        label = self._labels["place"]
        if label.text() != text:
            label.setText(text)
            label.setVisible(bool(text))
            view = self._view()
            if view is not None:
                self._place(view.canvas)

    @property
    def texts(self) -> dict[str, str]:
        """What is written where."""
        return {name: label.text() for name, label in self._labels.items()}

    def remove(self) -> None:
        """Take the words off."""
        self._removed = True
        view = self._view()
        if view is not None:
            view.canvas.removeEventFilter(self)
            hide_scale_bar(view.viewer)
        for label in self._labels.values():
            # At once: Qt takes it apart only when it comes to it, and the next case has words of its own.
            label.hide()
            label.deleteLater()
        self.deleteLater()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Qt calls this before the canvas gets an event."""
        if (
            event.type() == QEvent.Type.Resize
            and getattr(self, "_labels", None)
            and isinstance(watched, QWidget)
        ):
            self._place(watched)
        return False

    def _on_resized(self, _event: object) -> None:
        # Later: it is drawing.
        later(self._follow)

    def _follow(self) -> None:
        if not self._removed:
            self.show()

    def _place(self, canvas: QWidget) -> None:
        for name, label in self._labels.items():
            _fit(label, canvas.width() - 2 * EDGE_PX)
            across, down = canvas.width() - label.width(), canvas.height() - label.height()
            x = {"right": across - EDGE_PX, "top": across // 2, "bottom": across // 2}.get(name, EDGE_PX)
            y = {"left": down // 2, "right": down // 2, "bottom": down - EDGE_PX}.get(name, EDGE_PX)
            if name == "place":
                y += self._labels["name"].height() + EDGE_PX
            label.move(canvas.x() + x, canvas.y() + y)
            label.raise_()


def _fit(label: QLabel, widest_px: int) -> None:
    """Give a label the size of its text, in several lines where one would be too long."""
    label.setWordWrap(False)
    label.setMinimumSize(0, 0)
    label.adjustSize()
    if label.width() > widest_px:
        label.setWordWrap(True)
        label.resize(widest_px, label.heightForWidth(widest_px))


def _label(parent: QWidget | None) -> QLabel:
    label = QLabel(parent)
    label.setStyleSheet(STYLE)
    label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    label.show()
    return label
