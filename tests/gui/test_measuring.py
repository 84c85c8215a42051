"""The numbers in the window: they follow the contours, and show where they were measured."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtWidgets import QApplication

from medseg.errors import LabelMapError
from medseg.labelmap import Structure
from medseg.measurement.structures import StructureMeasurements
from napari_medseg.case import Case
from napari_medseg.panel.measuring.live_numbers import REST_MS, LiveNumbers
from napari_medseg.panel.measuring.to_measure import Numbers
from napari_medseg.views.outlines import MEASURED

pytestmark = pytest.mark.gui

SIDE_MM, SLICE_MM = 30.0, 4.0
DIAGONAL_MM = SIDE_MM * 2**0.5


def _settle(panel: Any, qtbot: Any) -> None:
    """Wait until the numbers are those of what is drawn."""
    qtbot.waitUntil(
        lambda: (
            panel.live.is_current
            and panel.measuring.numbers is not None
            and panel.measuring.numbers.of.proposal is panel.desk.proposal
            and not panel.measuring.live.busy
        ),
        timeout=30_000,
    )


def _value(panel: Any, name: str) -> float:
    return next(float(text.split()[0]) for row, text, _ in panel.numbers.list.cells if row == name)


def test_the_numbers_follow_what_is_drawn_and_show_where_they_are(
    panel: Any,
    viewer: Any,
    case: Case,
    draw_square: Any,
    qtbot: Any,
    live_engine: None,
    tmp_path: Path,
    wait: Any,
) -> None:
    panel.show_case(case)
    panel.structuring.add("Tumour")
    assert panel.numbers.list.cells == []
    for k in (3, 7):
        draw_square(k)
    _settle(panel, qtbot)
    assert _value(panel, "Volume") == pytest.approx(5 * SLICE_MM * SIDE_MM**2 / 1000, rel=0.05)
    assert _value(panel, "Longest diameter") == pytest.approx(DIAGONAL_MM, abs=2)
    assert _value(panel, "Mean") == pytest.approx(5 * 150 + 25 + 25 / 0.8, abs=5)
    assert panel.numbers.note.text() == "With what is only proposed, on 3 slices."
    assert "ml" in panel.contours.summary.text()
    assert not panel.contours.summary.isHidden()

    panel.acting.take(None)
    panel.acting.do("diameters")
    assert panel.numbers.lines.isChecked()
    where = next(place for row, _, place in panel.numbers.list.cells if row == "Longest diameter")
    assert where == f"axial {panel.binding.main.where.index}", "the key goes to the slice"
    lines = panel.binding.main.lines
    assert len(lines.shown(MEASURED)) == 6, "two lines, and an end at each end"
    panel.binding.main.step(1)
    assert lines.shown(MEASURED) == ()
    panel.acting.do("diameters")
    assert not panel.numbers.lines.isChecked()
    panel.numbers.list.itemClicked.emit(panel.numbers.list.topLevelItem(1), 0)
    assert len(lines.shown(MEASURED)) == 6, "a click on the row shows them, too"

    before = _value(panel, "Volume")
    draw_square(5, margin_mm=8)
    _settle(panel, qtbot)
    assert _value(panel, "Volume") < before
    panel.numbers.copy.click()
    copied = QApplication.clipboard().text().splitlines()
    assert copied[0] == "Tumour"
    assert copied[1] == f"Volume\t{panel.numbers.list.cells[0][1].split()[0]}\tml"

    panel.numbers.all.setChecked(True)
    _settle(panel, qtbot)
    assert {"Sphericity", "Median intensity"} < {name for name, _, _ in panel.numbers.list.cells}
    target = tmp_path / "numbers.csv"
    panel.measuring.ask_where = lambda _parent, _suggested: target
    panel.numbers.save.click()
    wait(panel)
    table = target.read_text(encoding="utf-8")
    assert "volume-voxel" in table
    assert "only proposed: Tumour on 2 slices" in panel.messages.text
    panel.numbers.save.click()
    wait(panel)
    assert target.name in panel.messages.text
    assert target.read_text(encoding="utf-8") == table, "what is there is not replaced"

    panel.contours.structures.delete.click()
    qtbot.waitUntil(lambda: panel.measuring.numbers is None, timeout=20_000)
    assert panel.numbers.list.cells == []
    assert lines.shown(MEASURED) == ()


class _Wish:
    """Something to measure."""

    def __init__(self, name: str) -> None:
        self.name = name

    def is_same_as(self, other: object) -> bool:
        return self is other


@pytest.fixture
def live_numbers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The thread beside the reader, which measures what the test lets it."""
    may_go, begun = threading.Event(), []

    def measured(wish: Any) -> Numbers:
        begun.append(wish.name)
        may_go.wait(10)
        if wish.name == "refused":
            raise LabelMapError("no such structure")
        return Numbers(wish, StructureMeasurements(Structure("tumour", wish.name, 1), ()))

    monkeypatch.setattr("napari_medseg.panel.measuring.live_numbers.measured", measured)
    told: list[str] = []
    live = LiveNumbers(lambda error: told.append(error.message), lambda: live.drawing)
    live.drawing, live.may_go, live.begun, live.told, live.came = False, may_go, begun, told, []
    live.measured.connect(lambda numbers: live.came.append(numbers.measurements.structure.name))
    yield live
    may_go.set()
    live.stop()


def test_only_what_was_asked_for_last_is_told(live_numbers: Any, qtbot: Any) -> None:
    live = live_numbers
    live.drawing = True
    for name in ("first", "second"):
        live.ask(_Wish(name))
    qtbot.wait(2 * REST_MS)
    assert live.begun == [], "nothing is measured in the middle of a stroke"
    live.drawing = False
    qtbot.waitUntil(lambda: live.begun == ["second"])
    live.ask(_Wish("third"))
    live.may_go.set()
    qtbot.waitUntil(lambda: live.came == ["third"])
    assert live.begun == ["second", "third"]
    assert not live.busy
    live.ask(_Wish("refused"))
    qtbot.waitUntil(lambda: live.told == ["no such structure"])
    live.ask(_Wish("gone"))
    live.ask(None)
    qtbot.wait(2 * REST_MS)
    assert live.begun[-1] == "refused", "nothing is left to measure"
