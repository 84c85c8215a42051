"""The structures' panel in the window, by keys and clicks."""

from __future__ import annotations

from typing import Any

import pytest
from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtGui import QKeyEvent, QMouseEvent
from qtpy.QtWidgets import QApplication, QWidget

from napari_medseg.case import Case
from napari_medseg.panel.structures.structure_list import LOCKED, NAME, SHOWN, VOLUME

pytestmark = pytest.mark.gui


def _type(widget: QWidget, text: str) -> None:
    for letter in text:
        _press(widget, Qt.Key.Key_unknown, letter)


def _press(widget: QWidget, key: Qt.Key, text: str = "") -> None:
    for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
        QApplication.sendEvent(widget, QKeyEvent(kind, key, Qt.KeyboardModifier.NoModifier, text))
    QApplication.processEvents()


def _click(structures: Any, number: int, column: int) -> None:
    """Click at a cell; a switch lies at its left."""
    item = structures.topLevelItem(number)
    cell = structures.visualRect(structures.indexFromItem(item, column))
    at = QPointF(cell.left() + 12, cell.center().y())
    target = structures.viewport()
    on_screen = QPointF(target.mapToGlobal(at.toPoint()))
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    for kind, buttons in ((QEvent.Type.MouseButtonPress, left), (QEvent.Type.MouseButtonRelease, none)):
        event = QMouseEvent(kind, at, on_screen, left, buttons, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(target, event)
    QApplication.processEvents()


def test_a_name_is_shown_whole(panel: Any, case: Case) -> None:
    panel.show_case(case)
    rows = panel.contours.structures.list
    for name in ("Cyst", "Cyst in the left kidney, upper pole, beside the adrenal gland"):
        panel.structuring.add(name)
    QApplication.processEvents()
    short, long = (rows.visualItemRect(rows.topLevelItem(number)) for number in (0, 1))
    line_px = rows.fontMetrics().lineSpacing()
    assert long.height() >= short.height() + line_px
    before = long.height()
    rows.setFixedWidth(rows.minimumWidth() + 200)
    QApplication.processEvents()
    assert rows.visualItemRect(rows.topLevelItem(1)).height() < before, "with room it takes fewer lines"


def test_structures_are_added_changed_and_switched(
    panel: Any, case: Case, draw_square: Any, wait: Any, qtbot: Any, live_engine: None
) -> None:
    panel.show_case(case)
    section = panel.contours.structures
    _type(section.name, "left kidn")
    assert section.anatomy.offers.item(0).text() == "Kidney"
    _press(section.name, Qt.Key.Key_Down)
    _press(section.name, Qt.Key.Key_Return)
    (kidney,) = case.structures
    assert (kidney.name, kidney.code.value) == ("Left kidney", "64033007")
    assert section.name.text() == ""
    assert not section.anatomy.offers.isVisible()

    _type(section.name, "Some lesion X")
    section.part_of.setCurrentIndex(1)
    _press(section.name, Qt.Key.Key_Return)
    lesion = case.structures[1]
    assert (lesion.name, lesion.code, lesion.part_of) == ("Some lesion X", None, kidney.id)
    assert section.structure_id == lesion.id
    assert panel.binding.hand.structure_id == lesion.id

    for k in (3, 6):
        draw_square(k)
    rows = section.list

    def proposed_volume_is_shown() -> None:
        assert panel.live.proposal is not None
        proposed_ml = panel.live.proposal.volume_mm3(lesion.id) / 1000
        assert rows.topLevelItem(1).text(VOLUME) not in ("–", "0")
        assert float(rows.topLevelItem(1).text(VOLUME)) == pytest.approx(proposed_ml, rel=0.01)

    # What is drawn is shown at once, what the engine proposes a moment later.
    qtbot.waitUntil(proposed_volume_is_shown, timeout=20_000)
    assert "2 contours" in rows.topLevelItem(1).toolTip(NAME)

    assert all(outlines.hidden == frozenset() for outlines in panel.binding.outlines)
    _click(rows, 1, SHOWN)
    assert all(outlines.hidden == {lesion.id} for outlines in panel.binding.outlines)
    panel.show_case(case)  # as other planes are shown
    assert all(outlines.hidden == {lesion.id} for outlines in panel.binding.outlines), "it stays hidden"
    qtbot.waitUntil(lambda: panel.binding.result_layer is not None, timeout=20_000)
    color = panel.binding.result_layer.colormap.color_dict
    assert lesion.label not in color
    assert kidney.label in color
    _click(rows, 1, SHOWN)
    assert lesion.label in panel.binding.result_layer.colormap.color_dict

    _click(rows, 1, LOCKED)
    assert case.delineation.locked == {lesion.id}
    section.change.click()
    section.details.name.setText("Renamed")
    _press(section.details.name, Qt.Key.Key_Return)
    assert "Some lesion X is locked" in panel.messages.text
    assert section.details.name.text() == "Some lesion X", "what was refused is not shown"
    _click(rows, 1, LOCKED)
    assert not case.delineation.locked

    section.details.name.setText("Renamed")
    _press(section.details.name, Qt.Key.Key_Return)
    _type(section.details.anatomy.line, "metast")
    _press(section.details.anatomy.line, Qt.Key.Key_Down)
    _press(section.details.anatomy.line, Qt.Key.Key_Return)
    assert rows.topLevelItem(1).text(NAME) == "Renamed\nin Left kidney · Neoplasm, Secondary"
    section.details.colors.actions()[3].trigger()
    assert case.structures[1].color == section.details.colors.actions()[3].text()
    section.details.part_of.setCurrentIndex(0)
    section.details.part_of.activated.emit(0)
    assert case.structures[1].part_of is None

    section.another.click()
    assert case.structures[2].code == case.structures[1].code
    section.delete.click()
    assert "Ctrl+Z" in panel.messages.text
    section.templates.menu().actions()[0].trigger()
    names = [rows.topLevelItem(n).text(NAME).split("\n")[0] for n in range(rows.topLevelItemCount())]
    assert names == ["Left kidney", "Renamed", "Liver", "Liver metastasis 1"]
    assert section.structure_id == "liver"
    assert panel.binding.hand.structure_id == "liver"

    while case.history.can_undo:
        case.undo()
    assert rows.topLevelItemCount() == 0
    assert section.structure_id is None
    assert panel.binding.hand.structure_id is None
