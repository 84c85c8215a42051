"""Completing structures in the window: planes of all kinds, what is said of them, where to draw next."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtWidgets import QApplication

from medseg.contour import Contour, ContourSet, Origin, Slice, by_placement
from medseg.errors import Cancelled, ContourError
from medseg.labelmap import fill
from medseg.progress import Progress
from medseg.workflows.delineate import Delineation
from medseg.workflows.verify import State
from napari_medseg.case import Case, Result
from napari_medseg.completing import Snapshot, all_accepted, result_of
from napari_medseg.panel import drawing as drawing_module
from napari_medseg.panel.contour_section import DRAW_FIRST
from napari_medseg.panel.messages import AT_FIRST, MAX_HEIGHT_PX, Messages
from napari_medseg.panel.warming import EngineWarmUp
from napari_medseg.places import Places
from napari_medseg.saving import result_to_save

pytestmark = pytest.mark.gui

CENTRE_MM = np.array([22.0, 30.0, 30.0])
RADII_MM = np.array([16.0, 14.0, 14.0])
FEET_LAST = ((0, 0, -1), (0, 1, 0), (1, 0, 0))


@pytest.fixture
def drawing(panel: Any, case: Case) -> Any:
    """A panel with a case and one structure."""
    panel.show_case(case)
    panel.structuring.add("Tumour")
    return panel


@pytest.fixture
def draw_ellipse(drawing: Any, viewer: Any, mouse: Any) -> Callable[..., None]:
    """Draws the section of an ellipsoid with a plane, by the panel's buttons and the mouse."""
    scale = np.array(viewer.layers[0].scale)

    def draw(axis: int, position: int, *, larger: float = 1.0) -> None:
        drawing.opening.planes.button(axis).click()
        viewer.dims.set_current_step(axis, position)
        drawing.drawing.draw(on=True)
        at_mm = position * scale[axis]
        section = np.sqrt(1 - ((at_mm - CENTRE_MM[axis]) / RADII_MM[axis]) ** 2) * larger
        others = [other for other in range(3) if other != axis]
        angles = np.linspace(0, 2 * np.pi, 16, endpoint=False)
        rim = np.column_stack([np.sin(angles), np.cos(angles)]) * RADII_MM[others] * section
        mouse.draw_polygon(np.insert(rim + CENTRE_MM[others], axis, at_mm, axis=1))

    return draw


def assert_as_drawn(case: Case) -> None:
    """Every drawn plane is in the label map as it was filled, the latest where two cross."""
    voxels = case.result.label_map.voxels
    later: set[tuple[int, int, int]] = set()
    for where, group in reversed(by_placement(case.contours, case.volume.grid).items()):
        mask = fill(group, case.volume.grid, where)
        shown = voxels.take(where.index, axis=where.axis) > 0
        for cell in np.argwhere(shown != mask):
            assert tuple(np.insert(cell, where.axis, where.index)) in later, where
        later |= {tuple(np.insert(cell, where.axis, where.index)) for cell in np.ndindex(mask.shape)}


def test_planes_of_all_directions_complete_together(drawing: Any, draw_ellipse: Any, wait: Any) -> None:
    for axis, position in ((0, 5), (1, 30), (2, 38)):
        draw_ellipse(axis, position)
    drawing.contours.interpolate.click()
    wait(drawing)
    case = drawing.case
    assert_as_drawn(case)
    spacing_mm = np.array(case.volume.grid.spacing_kji_mm)
    index = np.indices(case.volume.grid.shape_kji)
    inside = (((index.T * spacing_mm - CENTRE_MM) / RADII_MM) ** 2).sum(axis=-1).T < 1
    made = case.result.label_map.voxels > 0
    dice = 2 * (made & inside).sum() / (made.sum() + inside.sum())
    assert dice > 0.85, "three planes through the middle make an ellipsoid"
    assert case.result.completed["tumour"].method == "blended"


def test_contours_that_contradict_each_other_are_told(
    drawing: Any, draw_ellipse: Any, viewer: Any, wait: Any
) -> None:
    draw_ellipse(0, 5)
    draw_ellipse(2, 38, larger=1.4)
    drawing.contours.interpolate.click()
    wait(drawing)
    assert "the contours on axial 5 and sagittal 38 disagree by" in drawing.messages.text
    assert "the later one, on sagittal 38, counts" in drawing.messages.text
    assert "k=5" in drawing.case.result.notes[0], "a record names array slices"
    assert_as_drawn(drawing.case)

    viewer.dims.set_current_step(0, 0)
    drawing.messages._label.linkActivated.emit("k=5")
    assert (viewer.dims.order[0], viewer.dims.current_step[0]) == (0, 5)
    drawing.messages._label.linkActivated.emit("(-12.0, 40.0, 324.0) mm LPS")
    assert viewer.dims.order[0] == 0, "a point is shown on the plane that is shown"
    assert viewer.dims.current_step == (6, 30, 10)
    assert viewer.scene.camera.center[-2:] == pytest.approx((30, 8))


def test_a_long_message_stays_usable(qtbot: Any) -> None:
    messages = Messages()
    qtbot.addWidget(messages)
    messages.resize(330, 300)
    messages.show()
    messages.warn(*(f"Tumour: sentence {number} of a long list of remarks" for number in range(40)))
    assert messages.text.endswith(f"and {40 - AT_FIRST} more…")
    assert messages.text.count("\n") == AT_FIRST
    bar = messages._area.verticalScrollBar()
    assert not bar.isVisible()
    low = messages.sizeHint().height()
    messages._label.linkActivated.emit("more")
    assert messages.text.count("\n") == 39
    assert low < messages.sizeHint().height() <= MAX_HEIGHT_PX + 10
    QApplication.processEvents()
    assert bar.isVisible(), "all of it can be scrolled to"
    messages.warn("<b>", "two", "three", "four")
    assert messages.text == "<b>\ntwo\nthree\nfour", "a single one more is shown at once, and no markup"
    assert "&lt;b&gt;" in messages._label.text()


def test_places_are_named_as_the_viewer_counts(volume_of: Any) -> None:
    places = Places(volume_of(FEET_LAST).grid)
    assert places.plain("k=2, j=7 and i=9.") == "axial 9, coronal 7 and sagittal 9."
    assert places.plain("oblique, k=12.3+0.4j; k=3-0.1i") == "oblique, k=12.3+0.4j; k=3-0.1i"
    assert places.plain("nothing is drawn along j yet") == "nothing is drawn on coronal planes yet"
    assert places.plain("near (-12.0, 40.0, 292.0) mm LPS; so") == "near axial 9, coronal 30, sagittal 10; so"
    conflict = places.plain("k=7 and i=10 disagree near (-12.0, 40.0, 272.0) mm LPS")
    assert conflict == "axial 4 and sagittal 10 disagree near coronal 30"
    assert places.linked("<k=2>") == '&lt;<a href="k=2">axial 9</a>&gt;'
    assert places.target("k=2") == Slice(0, 2)
    assert places.target("(-12.0, 40.0, 9000.0) mm LPS") == (Slice(0, 0), Slice(1, 30), Slice(2, 10))


def test_draw_here_next(drawing: Any, draw_ellipse: Any, viewer: Any, wait: Any) -> None:
    assert not drawing.contours.draw_next.isEnabled()
    assert drawing.contours.draw_next.toolTip() == DRAW_FIRST
    draw_ellipse(0, 5)
    before = drawing.case.result
    drawing.contours.draw_next.click()
    wait(drawing)
    shown = viewer.dims.order[0]
    name = ("axial", "coronal", "sagittal")[shown]
    assert shown != 0, "on one axial slice nothing is known of the height"
    assert (
        f"Tumour: a contour on {name} {viewer.dims.current_step[shown]} would tell" in drawing.messages.text
    )
    assert drawing.case.result is before, "it only looks"
    draw_ellipse(shown, viewer.dims.current_step[shown])
    assert len(drawing.case.contours) == 2, "it can be drawn at once"

    drawing.structuring.add("Empty")
    assert not drawing.contours.draw_next.isEnabled()


def test_a_suggestion_for_a_case_that_was_closed_moves_nothing(
    drawing: Any, draw_ellipse: Any, viewer: Any, wait: Any, volume_of: Any
) -> None:
    draw_ellipse(0, 5)
    drawing.contours.draw_next.click()
    drawing.show_case(Case(volume_of(), "another"))
    before = viewer.dims.order, viewer.dims.current_step
    wait(drawing)
    assert (viewer.dims.order, viewer.dims.current_step) == before
    assert drawing.messages.text == ""


def test_what_is_locked_or_busy_is_not_completed(
    drawing: Any, draw_ellipse: Any, monkeypatch: Any, wait: Any, qtbot: Any
) -> None:
    draw_ellipse(0, 5)
    buttons = (drawing.contours.interpolate, drawing.contours.draw_next, drawing.contours.image_help)
    assert all(button.isEnabled() for button in buttons)
    steps: list[int] = []

    def long_work(_snapshot: Snapshot, progress: Progress) -> Result:
        while True:
            steps.append(len(steps))
            progress("Interpolating", 0, 3)
            time.sleep(0.01)

    monkeypatch.setattr(drawing_module, "all_accepted", long_work)
    drawing.contours.interpolate.click()
    qtbot.waitUntil(lambda: len(steps) > 3)
    assert drawing.background.isVisible()
    draw_ellipse(0, 7)
    assert not any(button.isEnabled() for button in buttons), "drawing goes on meanwhile"
    drawing.background._cancel.click()
    wait(drawing)
    assert "cancelled" in drawing.messages.text
    assert drawing.case.result is None
    assert all(button.isEnabled() for button in buttons)
    drawing.case.mark_state(State.SUBMITTED)
    assert not any(button.isEnabled() for button in buttons)


def test_interpolating_stops_between_steps(drawing: Any, draw_ellipse: Any) -> None:
    draw_ellipse(0, 4)
    draw_ellipse(0, 7)

    def stop(task: str, done: int, total: int) -> None:
        raise Cancelled(task)

    with pytest.raises(Cancelled):
        all_accepted(Snapshot.of(drawing.case), stop)


def test_the_image_helps_when_it_is_let(drawing: Any, draw_ellipse: Any, wait: Any, tmp_path: Path) -> None:
    assert not drawing.contours.image_help.isChecked(), "off by default"
    for k in (3, 4, 5, 6, 7):
        draw_ellipse(0, k)
    drawing.contours.interpolate.click()
    wait(drawing)
    assert drawing.case.result.completed["tumour"].image_used is None

    drawing.contours.image_help.click()
    drawing.contours.interpolate.click()
    wait(drawing)
    how = drawing.case.result.completed["tumour"]
    assert how.image_used in (True, False)
    assert f"Tumour: {how.image_reason}" in drawing.messages.text
    assert drawing.messages.text.startswith("Accepted."), "news, no warning"

    drawing.sign_off.author.setText("Ada Adams")
    drawing.sign_off.path.setText(str(tmp_path / "a_dseg.nii.gz"))
    drawing.sign_off.save.click()
    wait(drawing)
    record = json.loads((tmp_path / "a_dseg.json").read_text())["medseg"]["structures"]["tumour"]
    assert record["image"] == {"used": how.image_used, "reason": how.image_reason}
    drawing.show_case(Case(drawing.case.volume, "the same again"))
    assert not drawing.contours.image_help.isChecked()
    drawing.open_path(tmp_path / "a_dseg.nii.gz")
    wait(drawing)
    assert drawing.contours.image_help.isChecked(), "a case goes on as it was saved"


def test_the_engine_is_made_ready_beside_the_window(
    warm_engine: None, panel: Any, qtbot: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "napari_medseg")
    qtbot.waitUntil(lambda: panel.warm_up.thread is not None, timeout=10_000)
    panel.warm_up.thread.join(120)
    assert not panel.warm_up.thread.is_alive()
    assert "could not be made ready" not in caplog.text


def test_a_window_that_closes_ends_it(
    monkeypatch: Any, warm_engine: None, viewer: Any, panel: Any, qtbot: Any
) -> None:
    def endless(progress: Progress) -> None:
        while True:
            progress("Getting ready", 0, 2)
            time.sleep(0.01)

    monkeypatch.setattr("napari_medseg.panel.warming.warm_up", endless)
    qtbot.waitUntil(lambda: panel.warm_up.thread is not None, timeout=10_000)
    thread = panel.warm_up.thread
    viewer.close()
    qtbot.waitUntil(lambda: not thread.is_alive(), timeout=10_000)


def test_a_window_that_closed_at_once_does_not_begin_it(monkeypatch: Any, warm_engine: None) -> None:
    def endless(progress: Progress) -> None:
        while True:
            progress("Getting ready", 0, 2)
            time.sleep(0.01)

    monkeypatch.setattr("napari_medseg.panel.warming.warm_up", endless)
    closed_before = EngineWarmUp()
    closed_before.stop()
    closed_before.start()
    assert closed_before.thread is None
    warm = EngineWarmUp()
    warm.start()
    warm.stop()
    warm.thread.join(10)
    assert not warm.thread.is_alive()


def test_an_engine_that_fails_to_get_ready_troubles_nobody(
    monkeypatch: Any, warm_engine: None, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(progress: Progress) -> None:
        raise ContourError("broken")

    monkeypatch.setattr("napari_medseg.panel.warming.warm_up", broken)
    warm = EngineWarmUp()
    caplog.set_level(logging.DEBUG, "napari_medseg")
    warm.start()
    warm.thread.join(10)
    assert not warm.thread.is_alive()
    assert "could not be made ready" in caplog.text


@pytest.fixture
def oblique(drawing: Any, draw_ellipse: Any) -> Contour:
    """A case with two drawn contours, opened with an oblique one between them."""
    from medseg.space import Plane

    draw_ellipse(0, 3)
    draw_ellipse(0, 8)
    grid = drawing.case.volume.grid
    middle, down, across = (
        grid.to_lps_mm(np.array([index]))[0] for index in ((5.5, 30, 37), (6.5, 40, 37), (5.5, 30, 47))
    )
    plane = Plane.spanned_by(middle, across - middle, down - middle)
    contour = Contour(plane, np.array([(-12.0, -12.0), (12, -12), (12, 12), (-12, 12)]), "tumour")
    contours = ContourSet((*drawing.case.contours, contour))
    result = result_of(Delineation(drawing.case.structures, contours), grid)
    reopened = Case(drawing.case.volume, "phantom")
    reopened.load(result, Path("nowhere_dseg.nii.gz"), State.IN_PROGRESS)
    drawing.show_case(reopened)
    return contour


def test_an_oblique_contour_is_listed_kept_and_completed(
    drawing: Any, oblique: Contour, viewer: Any, draw_ellipse: Any, wait: Any, tmp_path: Path
) -> None:
    listed = [drawing.contours.slices.item(number) for number in range(3)]
    assert [item.text() for item in listed[:2]] == ["axial 3  ·  1 outline", "axial 8  ·  1 outline"]
    assert listed[2].text().startswith("oblique, k=2.5+0.1j")
    assert not listed[2].flags()
    before = viewer.dims.current_step
    drawing.contours.slices.itemClicked.emit(listed[2])
    assert viewer.dims.current_step == before
    assert not drawing.binding.main.lines.shown("drawn"), "between the slices it can't be shown"

    draw_ellipse(0, 5)
    viewer.dims.set_current_step(0, 3)
    drawing.contours.delete.click()
    assert oblique in drawing.case.contours.contours, "edits of other contours leave it alone"
    drawing.contours.interpolate.click()
    wait(drawing)
    drawing.sign_off.author.setText("Ada Adams")
    drawing.sign_off.path.setText(str(tmp_path / "a_dseg.nii.gz"))
    drawing.sign_off.save.click()
    wait(drawing)
    drawing.open_path(tmp_path / "a_dseg.nii.gz")
    wait(drawing)
    again = drawing.case.contours.contours[1]
    assert len([c for c in drawing.case.contours if c.origin is Origin.DRAWN]) == 3
    assert np.array_equal(again.points_mm, oblique.points_mm)
    assert np.array_equal(again.plane.normal, oblique.plane.normal)


def test_a_contour_beyond_the_image_is_refused_in_words(case: Case) -> None:
    structure = case.add_structure("Tumour")
    grid = case.volume.grid
    plane = grid.plane(0, 40)
    beyond = Contour(plane, np.array([(0.0, 0.0), (9, 0), (9, 9)]), structure.id)
    with pytest.raises(ContourError, match="outside the grid"):
        case.edit_contours(structure.id, (), [beyond])
    result = Result(interpolated_nothing(case), ContourSet((beyond,)))
    with pytest.raises(ContourError, match="outside the grid"):
        case.load(result, Path("nowhere_dseg.nii.gz"), State.IN_PROGRESS)
    assert case.result is None


def interpolated_nothing(case: Case) -> Any:
    return result_to_save(Snapshot.of(case)).label_map
