"""Two people read a case blind in the window, and a third decides between them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from medseg.review.states import State
from napari_medseg.study.opened_case import READING_COLORS
from study_cases import CASE

pytestmark = pytest.mark.gui


@pytest.fixture
def half_read(window: Any, draw_square: Any) -> Any:
    """Ada has submitted her reading; Abe is signed in and has the case open."""
    window.add("ada", "abe", reads=2, adjudicator="carl", structures=["Liver"])
    _read(window, draw_square, "ada", 30)
    assert window.steps() == []
    window.enter("abe")
    window.open()
    return window


@pytest.fixture
def read_twice(half_read: Any, draw_square: Any) -> Any:
    """Both have submitted."""
    _draw_and_submit(half_read, draw_square, 20)
    return half_read


def _read(window: Any, draw_square: Any, person: str, size_mm: float) -> None:
    window.enter(person)
    window.open()
    _draw_and_submit(window, draw_square, size_mm)


def _draw_and_submit(window: Any, draw_square: Any, size_mm: float) -> None:
    draw_square(3, size_mm=size_mm)
    window.save()
    assert "Saved as revision 1 of" in window.panel.messages.text, "not the second one, which would tell"
    assert window.dock.case.shown.text().startswith("Revision 1,")
    assert window.steps() == ["read"]
    window.sign("read")


def test_a_reader_sees_nothing_of_the_other(half_read: Any, viewer: Any) -> None:
    window = half_read
    (of_ada,) = window.site.revisions()
    assert window.case.result is None
    assert len(window.case.contours) == 0
    assert window.dock.outlines.layers == []
    assert window.dock.case.revisions.count() == 0
    assert window.dock.case.signatures.count() == 0
    told = _all_texts(window.dock) + _all_texts(window.panel)
    assert of_ada.digest[:8] not in told
    assert "submitted reading" not in told
    assert "The other readings are hidden" in told
    assert {layer.name for layer in viewer.layers} == {CASE}


def _all_texts(part: Any) -> str:
    from qtpy.QtWidgets import QLabel, QLineEdit, QListWidget

    found = [label.text() for label in part.findChildren(QLabel)]
    found += [line.text() for line in part.findChildren(QLineEdit)]
    for each in part.findChildren(QListWidget):
        found += [each.item(number).text() for number in range(each.count())]
    return "\n".join(found)


def test_who_has_read_waits_for_the_other(half_read: Any) -> None:
    half_read.enter("ada")
    half_read.open()
    assert half_read.case.state is State.ADJUDICATION
    assert "waits for the other readings" in half_read.panel.messages.text
    assert half_read.case.is_locked


def test_the_adjudicator_chooses_between_two_outlines(read_twice: Any) -> None:
    window = read_twice
    of_ada, of_abe = window.site.revisions()
    window.enter("carl")
    assert window.dock.worklist.whose.currentText() == "My cases"
    window.open()
    assert window.case.state is State.ADJUDICATION
    layers = window.dock.outlines.layers
    assert [layer.name for layer in layers] == ["reading 1", "reading 2"]
    assert all(layer.contour == 1 for layer in layers)
    sizes = [int(np.count_nonzero(np.asarray(layer.data))) for layer in layers]
    assert sizes[0] > sizes[1] > 0
    colors = [layer.colormap.color_dict[1] for layer in layers]
    assert not np.allclose(colors[0], colors[1]), READING_COLORS
    layers[0].mode = "fill"
    window.wait()
    assert layers[0].mode == "pan_zoom", "an outline can't be painted"
    assert window.steps() == ["adjudicated", "adjudicated"]
    dialog = window.ask("adjudicated", of_abe.digest)
    assert dialog.structures.item(0).text() == "Liver"
    dialog.reject()
    window.sign("adjudicated", digest=of_abe.digest, reason="the dome is in")
    case = window.site.case()
    assert (case.state, case.leading) == (State.SUBMITTED, 2)
    assert window.dock.opened.shown.digest == of_abe.digest
    assert window.dock.outlines.layers == []
    window.sign("approved")
    assert window.site.case().in_force == of_abe.digest
    window.enter("dora")
    window.open()
    window.sign("released")
    meanings = [one.meaning.value for one in window.site.verify(of_abe).signatures]
    assert meanings == ["read", "adjudicated", "approved", "released"]
    assert of_ada.digest != of_abe.digest


def test_the_adjudicator_draws_one_of_his_own(read_twice: Any, draw_square: Any) -> None:
    window = read_twice
    window.enter("carl")
    window.open()
    window.dock.case.draw_own.click()
    window.wait()
    assert window.case.look_only is None
    assert [layer.name for layer in window.dock.outlines.layers] == ["reading 1", "reading 2"]
    draw_square(3, size_mm=25)
    window.save()
    assert "submitted" in window.steps()
    window.sign("submitted", reason="both missed the caudate lobe")
    case = window.site.case()
    assert (case.state, case.leading) == (State.SUBMITTED, 3)
    assert window.steps() == ["withdrawn"], "who drew it does not approve it"
    window.enter("ben")
    window.open()
    window.sign("approved")
    assert window.site.case().state is State.APPROVED


def test_nobody_else_decides(read_twice: Any) -> None:
    read_twice.enter("ben")
    read_twice.open()
    assert read_twice.steps() == []
    assert not read_twice.dock.case.draw_own.isVisible()
    assert [layer.name for layer in read_twice.dock.outlines.layers] == ["reading 1", "reading 2"]
