"""Every action by its key, whatever has the keyboard; keys that a reader sets; the buttons of the tools."""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QEvent, Qt
from qtpy.QtGui import QKeyEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import (
    QApplication,
    QLineEdit,
    QListWidget,
    QMainWindow,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from medseg.contour import Contour, Slice
from medseg.progress import Progress
from medseg.workflows.key_settings import kept_keys
from napari_medseg.actions.action import ACTIONS, Action
from napari_medseg.actions.key_filter import KeyFilter
from napari_medseg.actions.key_map import KeyMap
from napari_medseg.case import Case
from napari_medseg.napari_private import main_window
from napari_medseg.views.linked_views import Layout

pytestmark = pytest.mark.gui

LEAST_TARGET_PX = 26

Key, Modifier = Qt.Key, Qt.KeyboardModifier


@pytest.fixture(autouse=True)
def own_settings(tmp_path_factory: Any, monkeypatch: Any) -> None:
    """Keys that a test sets are not there in the next one."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("settings")))


class Actor:
    def __init__(self) -> None:
        self.done: list[str] = []

    def takes(self, action: Action) -> bool:
        return action.id != "save"

    def act(self, action: Action) -> None:
        self.done.append(action.id)


def press(widget: QWidget, key: Qt.Key, text: str = "", modifier: Any = Modifier.NoModifier) -> None:
    """A key as Qt gives it to the widget that has the keyboard: first it is asked whose it is."""
    for kind in (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress):
        event = QKeyEvent(kind, key, modifier, text)
        event.setAccepted(kind == QEvent.Type.KeyPress)
        QApplication.sendEvent(widget, event)
    QApplication.processEvents()


def test_keys_act_whatever_was_clicked_last_and_text_fields_keep_theirs(qtbot: Any) -> None:
    window, actor, keys = QMainWindow(), Actor(), KeyMap()
    qtbot.addWidget(window)
    inner = QWidget()
    window.setCentralWidget(inner)
    layout = QVBoxLayout(inner)
    line, rows, canvas = QLineEdit(), QListWidget(), QWidget()
    rows.addItems(["Dorsal", "Ventral"])
    rows.setCurrentRow(1)
    canvas.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    for widget in (line, rows, canvas):
        layout.addWidget(widget)
    keyboard = KeyFilter(lambda: keys, actor, window)
    keyboard.watch(window)
    keyboard.watch_canvas(canvas)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is window)

    line.setFocus()
    press(line, Key.Key_D, "d")
    press(line, Key.Key_Space, " ")
    press(line, Key.Key_3, "3")
    assert line.text() == "d 3"
    assert actor.done == []
    assert actor.done == []
    press(line, Key.Key_Z, "", Modifier.ControlModifier)
    assert actor.done == [], "undo of what was typed"
    press(line, Key.Key_F1)
    assert actor.done == ["help"], "what can't be typed is the window's"
    press(line, Key.Key_N, "n")
    assert line.text().endswith("n"), "and the field goes on keeping its own"

    rows.setFocus()
    press(rows, Key.Key_D, "d")
    assert actor.done == ["help", "freehand"]
    assert rows.currentRow() == 1, "the list has not searched for it"
    press(rows, Key.Key_Up)
    assert rows.currentRow() == 0, "a list is moved by its arrows"
    assert actor.done == ["help", "freehand"]

    canvas.setFocus()
    for key, text in ((Key.Key_Up, ""), (Key.Key_Tab, "\t"), (Key.Key_Space, " "), (Key.Key_Question, "?")):
        press(canvas, key, text, Modifier.ShiftModifier if text == "?" else Modifier.NoModifier)
    press(canvas, Key.Key_Space, " ", Modifier.ShiftModifier)
    press(canvas, Key.Key_Shift)
    assert actor.done[2:] == ["slice-up", "draw-next", "accept-slice", "help", "accept-all"]

    press(canvas, Key.Key_S, "", Modifier.ControlModifier)
    assert "save" not in actor.done, "what can't be done now is left to napari"
    held = QKeyEvent(QEvent.Type.KeyPress, Key.Key_D, Modifier.NoModifier, "d", True)
    QApplication.sendEvent(canvas, held)
    held = QKeyEvent(QEvent.Type.KeyPress, Key.Key_Up, Modifier.NoModifier, "", True)
    QApplication.sendEvent(canvas, held)
    assert actor.done[7:] == ["slice-up"], "a key that is held down takes no tool again and again"

    rows.setFocus()
    QApplication.sendEvent(canvas, QEvent(QEvent.Type.Enter))
    assert canvas.hasFocus(), "keys go where the mouse is"
    line.setFocus()
    QApplication.sendEvent(canvas, QEvent(QEvent.Type.Enter))
    assert line.hasFocus(), "except while somebody types"


def square(case: Case, where: Slice, size_mm: float = 20) -> Contour:
    plane = case.volume.grid.plane(where.axis, where.index)
    middle = plane.to_plane_mm(case.volume.grid.to_lps_mm([[6, 30, 40]]))[0]
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * size_mm / 2
    return Contour(plane, middle + corners, "tumour")


def test_tools_views_and_places_by_key(viewer: Any, panel: Any, case: Case, qtbot: Any, mouse: Any) -> None:
    assert set(panel.acting._what) == {action.id for action in ACTIONS}
    mouse.press_key(Key.Key_D)
    assert panel.desk.box.in_hand is None, "with no case open, keys are napari's"
    panel.show_case(case)
    tools, box = panel.contours.tools, panel.desk.box
    mouse.press_key(Key.Key_D)
    assert box.in_hand is None
    assert "Add" in panel.messages.text
    panel.structuring.add("Tumour")

    for key, name in (
        ("D", "freehand"),
        ("N", "nudge"),
        ("L", "live-wire"),
        ("P", "polygon"),
        ("B", "brush"),
    ):
        mouse.press_key(getattr(Key, f"Key_{key}"))
        assert [n for n, button in tools.buttons.items() if button.isChecked()] == [name]
        assert tools.buttons[name].text().endswith(f"\n{key}")
        assert f"({key})" in tools.buttons[name].toolTip()
    assert tools.radius.isVisible()
    for push in (one for one in panel.findChildren(QPushButton) if one.isVisible()):
        assert push.toolTip(), push.text()
        assert push.height() >= LEAST_TARGET_PX, push.text()
    for push in tools.buttons.values():
        widest = max(push.fontMetrics().horizontalAdvance(line) for line in push.text().splitlines())
        assert widest <= push.width(), "no text is clipped in the narrowest panel"
    assert tools.radius.value() == box.brush.radius_mm == 5.0
    mouse.press_key(Key.Key_BracketRight)
    assert box.brush.radius_mm == 6.25
    assert tools.radius.value() == pytest.approx(6.25, abs=0.06)
    tools.radius.setValue(12)
    assert box.brush.radius_mm == 12
    mouse.press_key(Key.Key_A)
    assert tools.erases.isChecked()
    tools.erases.click()
    assert not box.brush.erases
    mouse.press_key(Key.Key_K)
    assert box.brush.in_range == tuple(binding_limits(panel)), "at first what the window shows"
    assert tools.unit.text() == "HU"
    tools.most.setValue(100)
    assert box.brush.in_range[1] == 100
    tools.in_range.click()
    assert box.brush.in_range is None
    mouse.press_key(Key.Key_K)
    assert box.brush.in_range[1] == 100, "the range last used"
    tools.buttons["brush"].click()
    assert box.in_hand is None

    preset = next(p for p in panel.windows.presets if p.name == "Lung")
    panel.windows.activated.emit(panel.windows.presets.index(preset))
    assert binding_limits(panel) == [preset.low, preset.high]
    mouse.press_key(Key.Key_F2)
    assert binding_limits(panel) == [-160, 240]
    assert "(F2)" in panel.windows.itemText(0)
    assert panel.windows.currentIndex() == 0
    panel.binding.hand.windowed(30, 0)
    assert panel.windows.currentIndex() == -1, "a dragged window is no preset"

    for k in (2, 4, 9):
        case.edit_contours("tumour", (), [square(case, Slice(0, k))])
    viewer.dims.set_current_step(0, 4)
    mouse.press_key(Key.Key_Right)
    assert viewer.dims.current_step[0] == 9
    mouse.press_key(Key.Key_Right)
    assert "no slice beyond" in panel.messages.text
    mouse.press_key(Key.Key_Left)
    assert viewer.dims.current_step[0] == 4
    mouse.press_key(Key.Key_G)
    assert viewer.dims.current_step[0] == 6
    mouse.press_key(Key.Key_Up)
    assert viewer.dims.current_step[0] == 7
    viewer.dims.set_current_step(0, 9)
    mouse.press_key(Key.Key_Delete)
    assert len(case.contours) == 2

    main_window(viewer).activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is main_window(viewer))
    name = panel.contours.structures.name
    mouse.press_key(Key.Key_Insert)
    assert name.hasFocus()
    QTest.keyClicks(name, "Node D2")
    QTest.keyClick(name, Key.Key_Return)
    assert [s.name for s in case.structures] == ["Tumour", "Node D2"]
    assert not name.hasFocus(), "keys draw again"
    assert panel.contours.structure_id == case.structures[1].id
    mouse.press_key(Key.Key_1)
    assert panel.contours.structure_id == "tumour"
    press(mouse_canvas(panel), Key.Key_Up, "", Modifier.ControlModifier)
    assert panel.contours.structure_id == case.structures[1].id, "round the list"
    press(mouse_canvas(panel), Key.Key_L, "L", Modifier.ShiftModifier)
    assert case.delineation.locked == {case.structures[1].id}
    press(mouse_canvas(panel), Key.Key_L, "L", Modifier.ShiftModifier)
    assert not case.delineation.locked
    press(mouse_canvas(panel), Key.Key_Down, "", Modifier.ControlModifier)
    assert panel.contours.structure_id == "tumour"

    # A canvas that came later has the keys, too.
    mouse.press_key(Key.Key_F)
    assert panel.binding.views.layout is Layout.FOUR
    qtbot.waitUntil(lambda: all(view.canvas.isVisible() for view in panel.binding.views.views))
    further = panel.binding.views.views[1]
    press(further.canvas, Key.Key_N, "n")
    assert box.in_hand is box.nudge
    press(further.canvas, Key.Key_Escape)
    assert box.in_hand is None
    press(further.canvas, Key.Key_F, "f")
    assert panel.binding.views.layout is Layout.ONE


def test_what_runs_is_stopped_by_key(panel: Any, case: Case, mouse: Any, wait: Any) -> None:
    panel.show_case(case)
    panel.structuring.add("Tumour")
    for k in (2, 9):
        case.edit_contours("tumour", (), [square(case, Slice(0, k))])
    begun = threading.Event()

    def for_ever(progress: Progress) -> None:
        while True:
            begun.set()
            progress("Working", 1, 2)
            time.sleep(0.01)

    before = case.delineation
    panel.background.run("Working", for_ever, lambda _result: None)
    assert begun.wait(10)
    mouse.press_key(Key.Key_D)
    assert panel.desk.box.in_hand is panel.desk.box.freehand, "drawing goes on meanwhile"
    press(mouse_canvas(panel), Key.Key_Period, ".", Modifier.ControlModifier)
    wait(panel)
    assert "cancelled" in panel.messages.text
    assert case.delineation is before
    assert QApplication.activeModalWidget() is None


def binding_limits(panel: Any) -> list[float]:
    return [float(value) for value in panel.binding.image_layer.contrast_limits]


def test_the_list_of_keys_sets_others(panel: Any, case: Case, mouse: Any, qtbot: Any) -> None:
    panel.show_case(case)
    panel.structuring.add("Tumour")
    press(mouse_canvas(panel), Key.Key_Question, "?", Modifier.ShiftModifier)
    window, box = panel.keys_window, panel.desk.box
    assert window.isVisible()
    assert not window.isModal(), "drawing goes on beside it"
    assert all(window.keys_shown(action.id) for action in ACTIONS)

    window.choose("brush")
    QTest.keyClick(window.field, Key.Key_F)
    assert "F is the key of 'One or four'" in window.says.text()
    assert window.keys_shown("brush") == "B"
    window.take.click()
    assert window.keys_shown("brush") == "F"
    assert window.keys_shown("layout") == ""
    assert kept_keys()["brush"] == ("F",)
    mouse.press_key(Key.Key_F)
    assert box.in_hand is box.brush
    assert panel.contours.tools.buttons["brush"].text() == "Brush\nF"

    window.choose("draw-next")
    QTest.keyClick(window.field, Key.Key_J, Modifier.ControlModifier)
    assert window.keys_shown("draw-next") == "Ctrl+J"
    window.first.click()
    assert window.keys_shown("draw-next") == "Tab"
    window.search.setText("eraser")
    shown = [row for row in window._rows.values() if not row.isHidden()]
    assert [row.text(0) for row in shown] == ["Brush"]
    window.all_first.click()
    assert window.keys_shown("layout") == "F"
    assert panel.keyboard.map.own == {}
    assert kept_keys() == {}, "kept for the next start"
    window.close()


def mouse_canvas(panel: Any) -> QWidget:
    return panel.binding.main.canvas
