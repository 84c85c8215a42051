"""The worklist, comments and earlier revisions in the window."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QLineEdit, QWidget

from medseg.study.records import CaseUncertainty, Ranking
from medseg.workflows import study as use
from napari_medseg.napari_private import dock_of, main_window
from napari_medseg.study.worklist_model import DOUBT
from study_cases import CASE

pytestmark = pytest.mark.gui

YESTERDAY = date.today() - timedelta(days=1)  # noqa: DTZ011 - the day where the reader is


@pytest.fixture
def three_cases(window: Any) -> Any:
    """Ada has two cases, one of them late; the third is nobody's."""
    window.add("ada", case_id="case-0001", structures=["Liver"])
    window.add("ada", case_id="case-0002", due=YESTERDAY)
    window.add(case_id="case-0003", structures=["Spleen"])
    return window


def test_my_cases_and_all_cases(three_cases: Any) -> None:
    window, worklist = three_cases, three_cases.dock.worklist
    window.enter("ada")
    assert worklist.whose.currentText() == "My cases"
    assert window.rows() == ["case-0002", "case-0001"], "what is due comes first"
    assert worklist.count.text() == "2 cases, 1 overdue"
    worklist.whose.setCurrentText("All cases")
    window.wait()
    assert window.rows() == ["case-0002", "case-0001", "case-0003"]
    states = [worklist.state.itemText(n) for n in range(worklist.state.count())]
    assert states == ["any state (3)", "unassigned (1)", "assigned (2)"]


@pytest.mark.parametrize(
    ("narrow", "expected"),
    [
        (lambda w: w.text.setText("0003"), ["case-0003"]),
        (lambda w: w.state.setCurrentIndex(1), ["case-0003"]),
        (lambda w: w.due.setCurrentText("overdue"), ["case-0002"]),
        (lambda w: (w.structure.setText("Liver"), w.structure.editingFinished.emit()), ["case-0001"]),
        (lambda w: w.comments.setChecked(True), ["case-0002"]),
        (lambda w: w.text.setText("nothing"), []),
    ],
)
def test_filters(three_cases: Any, narrow: Any, expected: list[str]) -> None:
    window, worklist = three_cases, three_cases.dock.worklist
    use.add_comment(window.site.study, window.site.who("cory"), "case-0002", "please by Friday")
    window.enter("ada")
    worklist.whose.setCurrentText("All cases")
    window.wait()
    narrow(worklist)
    window.wait()
    assert window.rows() == expected
    if not expected:
        assert worklist.count.text() == "No case passes these filters"
        assert not worklist.open.isEnabled()


def test_the_order_by_a_models_uncertainty_is_offered_where_there_is_one(three_cases: Any) -> None:
    window, worklist = three_cases, three_cases.dock.worklist
    window.enter("ada")
    assert not worklist.order.isVisible()
    assert worklist.table.isColumnHidden(DOUBT)
    with window.site.study.store.transaction() as t:
        ranking = t.put_ranking(Ranking(0, "aa" * 32, "finder", "1.2", samples=8, seed=0, mirrored=False))
        for case_id, value in (("case-0001", 0.75), ("case-0003", None)):
            image_sha256 = window.site.case(case_id).image_sha256
            at = datetime.now().astimezone()
            t.put_uncertainty(CaseUncertainty(ranking.number, case_id, image_sha256, value, (), at))
    worklist.whose.setCurrentText("All cases")
    window.wait()
    assert window.rows() == ["case-0002", "case-0001", "case-0003"]
    assert worklist.order.isVisible()
    assert worklist.order.toolTip() == "The model is finder 1.2"
    worklist.order.setCurrentIndex(1)
    window.wait()
    assert window.rows() == ["case-0001", "case-0003", "case-0002"]
    assert not worklist.table.isColumnHidden(DOUBT)
    texts = [worklist.model.index(row, DOUBT).data() for row in range(3)]
    assert texts == ["0.75", "found none", ""]
    worklist.state.setCurrentIndex(1)
    window.wait()
    assert window.rows() == ["case-0003"], "in the same order within a state"


def test_who_reviews_is_offered_what_waits_for_review(three_cases: Any) -> None:
    window = three_cases
    window.site.save("ada", case_id="case-0002")
    window.site.step("ada", "submitted", case_id="case-0002")
    window.enter("ben")
    window.dock.worklist.whose.setCurrentText("For review")
    window.wait()
    assert window.rows() == ["case-0002"]
    window.enter("cory")
    assert window.dock.worklist.whose.currentText() == "All cases"


def test_refusals_at_the_door_are_said_in_words(window: Any) -> None:
    window.enter("ada", passphrase="wrong")
    assert "the passphrase is wrong" in window.said
    assert window.dock.desk.study is None
    assert window.dock.sign_in.sign_in.isVisible()
    window.dock.sign_in.study.setText("/nowhere")
    window.dock.sign_in.passphrase.setText("correct horse")
    window.dock.sign_in.sign_in.click()
    window.wait()
    assert "there is no study in /nowhere" in window.said


def test_what_is_not_there_yet_is_said(three_cases: Any) -> None:
    three_cases.enter("ben")
    three_cases.open("case-0001")
    assert "there is nothing of case-0001 to be looked at yet" in three_cases.panel.messages.text
    assert three_cases.case.is_locked


def test_the_dock_opens_the_panel_that_it_needs(
    viewer: Any, site: Any, tmp_path: Any, nifti_of: Any, volume_of: Any, qtbot: Any
) -> None:
    from study_window import StudyWindow

    _, dock = viewer.window.add_plugin_dock_widget("medseg", "Worklist")
    window = StudyWindow(site, viewer, dock, nifti_of(volume_of(), tmp_path / "image.nii.gz"), qtbot)
    window.add("ada")
    window.enter("ada")
    window.open()
    assert window.panel.case is window.case


def test_the_worklist_stands_left_with_the_structures(three_cases: Any) -> None:
    three_cases.enter("ada")
    three_cases.open("case-0001")
    panel, structures = three_cases.panel, three_cases.panel.contours.structures
    main = main_window(panel.desk.viewer)

    def side_of(widget: QWidget) -> Any:
        dock = dock_of(widget)
        assert dock is not None
        return main.dockWidgetArea(dock)

    left, right = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea
    assert (side_of(three_cases.dock), side_of(structures), side_of(panel)) == (left, left, right)
    assert dock_of(structures) in main.tabifiedDockWidgets(dock_of(three_cases.dock))
    assert not structures.visibleRegion().isEmpty(), "who draws sees the structures"
    dock_of(three_cases.dock).hide()
    main.addDockWidget(right, dock_of(three_cases.dock))
    dock_of(three_cases.dock).show()
    QApplication.processEvents()
    assert side_of(three_cases.dock) == right, "where the reader has put it, it stays"


def test_another_image_ends_the_case(three_cases: Any, case: Any) -> None:
    three_cases.enter("ada")
    three_cases.open("case-0001")
    three_cases.panel.show_case(case)
    assert three_cases.dock.opened is None
    assert not three_cases.dock.status.isVisible()
    assert three_cases.panel.sign_off.signing.isVisibleTo(three_cases.panel.sign_off)


@pytest.fixture
def reviewed(window: Any, draw_square: Any) -> Any:
    """Ada has saved two revisions and submitted; Ben looks at the second."""
    window.add("ada", structures=["Liver"])
    window.enter("ada")
    window.open()
    draw_square(3)
    window.save()
    draw_square(5)
    window.save()
    window.site.step("ada", "submitted")
    window.enter("ben")
    window.open()
    return window


def test_a_comment_at_a_place_and_the_way_back(reviewed: Any, viewer: Any, mouse: Any) -> None:
    window, comments = reviewed, reviewed.dock.comments
    viewer.dims.set_current_step(0, 3)
    comments.pick.click()
    mouse.click_corners([(12.0, 25.0, 20.0)])
    x, y, z = (float(part) for part in comments.place.text().split(","))
    grid = window.case.volume.grid
    assert np.allclose(grid.to_index(np.array([[x, y, z]]))[0], (3, 25, 25), atol=1.0)
    assert not comments.pick.isChecked()
    comments.structure.setCurrentIndex(1)
    comments.text.setPlainText("the dome is missing")
    comments.add.click()
    window.wait()
    (comment,) = use.list_comments(window.site.study, window.site.who("ben"), CASE)
    assert comment.structure == "liver"
    assert np.allclose(comment.at_lps_mm, (x, y, z))
    assert comment.revision == window.dock.opened.shown.digest
    assert window.dock.pins.layer.data.shape == (1, 3)
    assert comments.text.toPlainText() == ""

    viewer.dims.set_current_step(0, 9)
    viewer.scene.camera.center = (0, 5, 5)
    comments.list.setCurrentRow(0)
    comments.go.click()
    assert viewer.dims.current_step[0] == 3
    assert np.allclose(viewer.scene.camera.center[1:], (25, 20), atol=1.0)

    comments.resolve.click()
    window.wait()
    assert comments.list.count() == 0
    assert window.dock.pins.layer is None
    comments.resolved.setChecked(True)
    assert "resolved by Ben Radiologist" in comments.list.item(0).text()


def test_a_place_can_be_typed(reviewed: Any) -> None:
    comments = reviewed.dock.comments
    comments.text.setPlainText("look here")
    comments.place.setText("here")
    comments.add.click()
    assert "expected a place as three numbers" in reviewed.said
    comments.place.setText("-12.5 40, 312.0")
    comments.add.click()
    reviewed.wait()
    (comment,) = use.list_comments(reviewed.site.study, reviewed.site.who("ben"), CASE)
    assert comment.at_lps_mm == (-12.5, 40.0, 312.0)


def test_the_reader_finds_the_comment(reviewed: Any) -> None:
    reviewed.dock.comments.text.setPlainText("the dome is missing")
    reviewed.dock.comments.add.click()
    reviewed.wait()
    reviewed.enter("ada")
    reviewed.dock.worklist.comments.setChecked(True)
    reviewed.wait()
    assert reviewed.rows() == [CASE]
    reviewed.open()
    assert reviewed.dock.tabs.tabText(2) == "Comments (1)"
    assert "Ben Radiologist" in reviewed.dock.comments.list.item(0).text()


def test_the_earlier_revision_as_an_outline(reviewed: Any, viewer: Any) -> None:
    first = reviewed.site.revisions()[0]
    assert reviewed.dock.case.earlier.digest == first.digest
    reviewed.dock.case.outline.setChecked(True)
    reviewed.wait()
    (layer,) = reviewed.dock.outlines.layers
    assert (layer.name, layer.contour) == ("revision 1", 1)
    data = np.asarray(layer.data)
    assert data[3].any()
    assert not data[5].any(), "the second contour came later"
    reviewed.dock.case.outline.setChecked(False)
    reviewed.wait()
    assert layer not in viewer.layers


def test_two_revisions_are_compared_in_words(reviewed: Any) -> None:
    reviewed.dock.case.compare.click()
    reviewed.wait()
    assert "From revision 1 to revision 2:" in reviewed.said
    assert "Liver:" in reviewed.said
    assert "Dice" in reviewed.said
    assert "mm apart at" in reviewed.said


def test_a_narrow_dock_shows_everything(reviewed: Any, viewer: Any) -> None:
    dock = reviewed.dock
    dock.parentWidget().resize(320, 760)
    for number in range(3):
        dock.tabs.setCurrentIndex(number)
        QApplication.processEvents()
        assert dock.minimumSizeHint().width() <= 320
        for part in dock.tabs.currentWidget().findChildren(QWidget):
            if part.isVisible() and isinstance(part, QLineEdit):
                assert part.width() >= 60, part.placeholderText()


def test_the_tab_key_goes_from_top_to_bottom(window: Any) -> None:
    window.add("ada")
    window.enter("ada")
    worklist = window.dock.worklist
    expected = [
        worklist.whose,
        worklist.state,
        worklist.text,
        worklist.structure,
        worklist.due,
        worklist.comments,
        worklist.table,
        worklist.open,
        worklist.reload,
    ]
    part, found = worklist.whose, [worklist.whose]
    while len(found) < len(expected):
        part = part.nextInFocusChain()
        if part.isVisible() and part.focusPolicy() & Qt.FocusPolicy.TabFocus:
            found.append(part)
    assert found == expected
