"""Segmenters in the window, by mouse and keys: they are shown, taken over in part or whole, and recorded."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt, QTimer
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from assist.made_bundles import oblique, thresholding_bundle
from medseg.contour import Origin
from medseg.io.nifti.write import write_voxels
from medseg.space import Grid
from medseg.volume import Quantity, Source, Volume
from medseg.workflows.delineate import label_map_of
from medseg.workflows.open_label_map import open_label_map
from medseg.workflows.predict import predict
from napari_medseg.case import Case
from napari_medseg.views.outlines import HINTS, OFFERED
from window_reader import SHIFT, Reader

pytestmark = pytest.mark.gui

LONGEST_GAP_S = 0.25

CONTROL = Qt.KeyboardModifier.ControlModifier

GRID = Grid.from_axes(
    (20, 44, 48),
    origin_lps_mm=(-35.0, -33.0, 100.0),
    step_k_mm=(0.0, 0.0, 3.0),
    step_j_mm=(0.0, 1.5, 0.0),
    step_i_mm=(1.5, 0.0, 0.0),
)
CENTRE = np.array([0.0, 0.0, 130.0])
RADIUS_MM = 13.0
PLACES = GRID.to_lps_mm(np.stack(np.indices(GRID.shape_kji), axis=-1))
OFF_MM = np.linalg.norm(PLACES - CENTRE, axis=-1)
BALL = OFF_MM <= RADIUS_MM


def volume(values: Any, quantity: Quantity = Quantity.HU) -> Volume:
    noise = np.random.default_rng(5).standard_normal(GRID.shape_kji)
    voxels = (values + noise * np.ptp(values) / 30).astype(np.float32)
    return Volume(
        GRID, voxels, quantity, Source("phantom", modality="PT" if quantity is not Quantity.HU else "CT")
    )


def tumour() -> Volume:
    return volume(40 + 80 * BALL)


def uptake() -> Volume:
    return volume(1 + 7 * BALL * np.exp(-((OFF_MM / 40) ** 2)), Quantity.SUVBW)


VESSEL_AT = np.column_stack([np.linspace(-24, 24, 60), 8 * np.sin(np.linspace(0, 3, 60)), np.full(60, 130.0)])
VESSEL = np.min([np.linalg.norm(PLACES - at, axis=-1) for at in VESSEL_AT], axis=0) <= 4.0


def dice(first: Any, second: Any) -> float:
    return float(2 * np.count_nonzero(first & second) / (np.count_nonzero(first) + np.count_nonzero(second)))


class Desk:
    """A reader at the window with one image and one structure."""

    def __init__(self, panel: Any, wait: Any, image: Volume) -> None:
        self.panel, self._wait = panel, wait
        self.case = Case(image, "phantom")
        self.case.set_author("Ada Adams")
        panel.show_case(self.case)
        panel.structuring.add("Tumour")
        panel.tabs.setCurrentWidget(panel.assist)
        QApplication.processEvents()
        self.reader = Reader(panel.binding.main)
        self.go_to(CENTRE)

    def go_to(self, lps_mm: Any) -> None:
        self.panel.binding.go_to_lps(lps_mm)
        QApplication.processEvents()

    def choose(self, title: str) -> None:
        """By the keyboard, from the top of the list down."""
        method = self.panel.assist.method
        QTest.keyClick(method, Qt.Key.Key_Home)
        while method.currentText() != title:
            before = method.currentIndex()
            QTest.keyClick(method, Qt.Key.Key_Down)
            assert method.currentIndex() == before + 1, f"there is no {title}"
        QApplication.processEvents()

    def point(self, lps_mm: Any, *, beside: bool = False) -> None:
        if self.panel.desk.box.in_hand is not self.panel.desk.box.point:
            self.reader.key(Qt.Key.Key_I)
        self.reader.click(self.reader.px(lps_mm), SHIFT if beside else Qt.KeyboardModifier.NoModifier)

    def ball(self, lps_mm: Any, radius_mm: float) -> None:
        if self.panel.desk.box.in_hand is not self.panel.desk.box.ball:
            self.reader.key(Qt.Key.Key_J)
        middle = self.reader.px(lps_mm)
        rim = self.reader.px(np.asarray(lps_mm) + np.array([radius_mm, 0, 0]))
        self.reader.stroke(np.linspace(middle, rim, 6))

    def circle(self, k: int, radius_mm: float) -> None:
        """Draw freehand around the centre on an axial slice."""
        self.go_to(PLACES[k, 0, 0] * [0, 0, 1])
        if self.panel.desk.box.in_hand is not self.panel.desk.box.freehand:
            self.reader.key(Qt.Key.Key_D)
        angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
        places = np.column_stack([np.cos(angles), np.sin(angles), np.zeros(40)]) * radius_mm
        places[:, 2] = PLACES[k, 0, 0][2]
        self.reader.stroke(np.array([self.reader.px(at) for at in places]))

    def ask(self) -> None:
        self.reader.key(Qt.Key.Key_P, SHIFT)
        self.wait()

    def accept_all(self) -> None:
        self.reader.key(Qt.Key.Key_Space, SHIFT)
        self.wait()

    def wait(self) -> None:
        self._wait(self.panel)

    @property
    def offered(self) -> Any:
        found = np.zeros(GRID.shape_kji, dtype=bool)
        offered = self.panel.assisting.offered
        assert offered is not None, self.panel.messages.text
        found[offered.proposal.region] = offered.proposal.masks["tumour"]
        return found

    @property
    def mask(self) -> Any:
        """The structure's voxels, as they would be saved."""
        return label_map_of(self.case.delineation, GRID).mask("tumour")


@pytest.fixture
def desk_of(panel: Any, wait: Any) -> Any:
    return lambda image: Desk(panel, wait, image)


def point_at_it(desk: Desk) -> None:
    desk.point(CENTRE)


def ball_around_it(desk: Desk) -> None:
    desk.ball(CENTRE, RADIUS_MM + 5)


def seeds(desk: Desk) -> None:
    desk.point(CENTRE)
    for beside in ([22.0, 0, 0], [-22.0, 0, 0], [0, 22.0, 0], [0, -22.0, 0]):
        desk.point(CENTRE + np.array(beside), beside=True)
    desk.ball(CENTRE, RADIUS_MM + 6)


def rough_contours(desk: Desk) -> None:
    for k in (7, 10, 13):
        half_mm = abs(PLACES[k, 0, 0][2] - CENTRE[2])
        desk.circle(k, np.sqrt(RADIUS_MM**2 - half_mm**2) + 2)


def both_ends(desk: Desk) -> None:
    desk.point(VESSEL_AT[2])
    desk.point(VESSEL_AT[-3])


@pytest.mark.parametrize(
    ("title", "image", "truth", "hint", "least"),
    [
        ("Threshold in a ball", tumour, BALL, ball_around_it, 0.95),
        ("Region growing", tumour, BALL, point_at_it, 0.95),
        ("Confidence connected", tumour, BALL, point_at_it, 0.9),
        ("Grow from seeds", tumour, BALL, seeds, 0.95),
        ("Geodesic active contour", tumour, BALL, rough_contours, 0.9),
        ("PET, fraction of SUVmax", uptake, BALL, ball_around_it, 0.9),
        ("PET, gradient", uptake, BALL, ball_around_it, 0.9),
        ("Vessel between two points", lambda: volume(40 + 120 * VESSEL), VESSEL, both_ends, 0.75),
    ],
)
def test_each_segmenter_by_mouse_and_keys(
    title: str, image: Any, truth: Any, hint: Any, least: float, desk_of: Any, qtbot: Any, live_engine: None
) -> None:
    desk = desk_of(image())
    desk.choose(title)
    hint(desk)
    if desk.case.contours:
        qtbot.waitUntil(lambda: desk.panel.live.is_current, timeout=30_000)
    before = desk.case.delineation
    desk.ask()
    assert desk.case.delineation is before, "nothing is changed before it is accepted"
    assert dice(desk.offered, truth) > least, desk.panel.messages.text
    desk.go_to(CENTRE)
    assert desk.reader.view.lines.shown(OFFERED)
    proposed = desk.offered
    desk.accept_all()
    drawn = {where.index for where in map(desk.case.placements.of, desk.case.contours)}
    others = [k for k in range(GRID.shape_kji[0]) if k not in drawn]
    assert np.array_equal(desk.mask[others], proposed[others])
    assert desk.panel.assisting.offered is None
    assert not desk.reader.view.lines.shown(OFFERED)


def test_a_window_that_has_just_opened_needs_a_ball_and_two_keys(panel: Any, wait: Any) -> None:
    case = Case(tumour(), "phantom")
    panel.show_case(case)
    panel.structuring.add("Tumour")
    panel.binding.go_to_lps(CENTRE)
    QApplication.processEvents()
    assert panel.tabs.currentWidget() is not panel.assist
    reader = Reader(panel.binding.main)
    reader.key(Qt.Key.Key_J)
    rim = CENTRE + np.array([RADIUS_MM + 5, 0, 0])
    reader.stroke(np.linspace(reader.px(CENTRE), reader.px(rim), 6))
    wait(panel)
    reader.key(Qt.Key.Key_Space, SHIFT)
    wait(panel)
    assert dice(label_map_of(case.delineation, GRID).mask("tumour"), BALL) > 0.95
    assert case.delineation.models["tumour"].name == "threshold-in-sphere"


def test_a_ball_asks_only_whom_it_is_enough_for(desk_of: Any) -> None:
    desk = desk_of(tumour())
    desk.choose("Region growing")
    ball_around_it(desk)
    desk.wait()
    assert desk.panel.assisting.offered is None
    assert desk.panel.messages.text == ""
    desk.choose("Threshold in a ball")
    desk.ball(CENTRE, RADIUS_MM + 5)
    desk.wait()
    assert dice(desk.offered, BALL) > 0.95
    first = desk.panel.assisting.offered
    desk.panel.messages.clear()
    desk.panel.assisting.ask()
    assert desk.panel.desk.background.busy
    desk.panel.assisting.ask()
    assert desk.panel.messages.text == "", "asked again for what is being made already"
    desk.wait()
    second = desk.panel.assisting.offered
    assert second is not first
    desk.ball(CENTRE, RADIUS_MM + 8)
    desk.wait()
    assert desk.panel.assisting.offered is not second, "another ball asks anew"
    assert dice(desk.offered, BALL) > 0.95


def test_slices_that_were_drawn_meanwhile_stay_as_drawn(desk_of: Any) -> None:
    desk = desk_of(tumour())
    desk.choose("Threshold in a ball")
    ball_around_it(desk)
    desk.ask()
    proposed = desk.offered
    desk.circle(10, 5.0)
    drawn = desk.mask
    assert drawn[10].any()
    desk.accept_all()
    assert np.array_equal(desk.mask[10], drawn[10])
    assert np.array_equal(np.delete(desk.mask, 10, axis=0), np.delete(proposed, 10, axis=0))


def test_slices_and_strokes_of_a_brush_are_taken_over_and_undone(desk_of: Any) -> None:
    desk = desk_of(tumour())
    desk.choose("Threshold in a ball")
    ball_around_it(desk)
    assert desk.reader.view.lines.shown(HINTS)
    desk.ask()
    proposed = desk.offered
    states = [desk.case.delineation]
    desk.reader.key(Qt.Key.Key_Space)
    states.append(desk.case.delineation)
    k = desk.reader.view.where.index
    expected = np.zeros(GRID.shape_kji, dtype=bool)
    expected[k] = proposed[k]
    assert np.array_equal(desk.mask, expected)
    assert {c.origin for c in desk.case.contours} == {Origin.ASSISTED}

    # The brush takes over half of the next slice, and leaves the other half.
    desk.go_to(PLACES[k + 1, 0, 0] * [0, 0, 1])
    desk.panel.desk.box.take_over.radius_mm = 6.0
    desk.reader.key(Qt.Key.Key_B, SHIFT)
    left, right = (np.array([x, 0, PLACES[k + 1, 0, 0][2]]) for x in (-9.0, 9.0))
    desk.reader.stroke(np.linspace(desk.reader.px(left), desk.reader.px([-5, 0, left[2]]), 5))
    states.append(desk.case.delineation)
    taken = desk.mask[k + 1]
    assert taken.any()
    assert not (taken & ~proposed[k + 1]).any()
    assert not taken[:, PLACES[k + 1, 0, :, 0] > 2].any()

    # With Shift the brush takes out of the proposal, and changes nothing.
    desk.reader.stroke(np.linspace(desk.reader.px(right), desk.reader.px([7, 0, right[2]]), 5), SHIFT)
    assert desk.case.delineation is states[-1]
    left_out = proposed & ~desk.offered
    assert left_out[k + 1].any()
    assert np.array_equal(np.flatnonzero(left_out.any(axis=(1, 2))), [k + 1])

    desk.reader.key(Qt.Key.Key_Space)
    states.append(desk.case.delineation)
    assert np.array_equal(desk.mask[k + 1], desk.offered[k + 1])
    for state in reversed(states[:-1]):
        desk.reader.key(Qt.Key.Key_V)
        desk.reader.key(Qt.Key.Key_Z, CONTROL)
        assert desk.case.delineation is state
    for state in states[1:]:
        desk.reader.key(Qt.Key.Key_Y, CONTROL)
        assert desk.case.delineation is state


def test_a_slice_of_what_was_taken_over_can_be_deleted(desk_of: Any) -> None:
    desk = desk_of(tumour())
    desk.choose("Region growing")
    desk.point(CENTRE)
    desk.ask()
    desk.accept_all()
    taken = desk.mask
    assert taken[10].any()
    desk.go_to(PLACES[10, 0, 0] * [0, 0, 1])
    desk.reader.key(Qt.Key.Key_Delete)
    desk.wait()
    assert not desk.mask[10].any()
    assert np.array_equal(np.delete(desk.mask, 10, axis=0), np.delete(taken, 10, axis=0))
    desk.reader.key(Qt.Key.Key_Z, CONTROL)
    desk.wait()
    assert np.array_equal(desk.mask, taken)


def test_what_was_taken_over_is_saved_with_its_method_and_opened_again(desk_of: Any, tmp_path: Path) -> None:
    desk = desk_of(tumour())
    desk.choose("Region growing")
    point_at_it(desk)
    desk.ask()
    desk.accept_all()
    out = tmp_path / "tumour_dseg.nii.gz"
    panel = desk.panel
    panel.sign_off.path.setText(str(out))
    panel.sign_off.author.setText("Ada Adams")
    panel.sign_off.save.click()
    desk.wait()
    saved = open_label_map(out)
    assert np.array_equal(saved.label_map.mask("tumour"), desk.mask)
    model = saved.record.models["tumour"]
    assert model.name == "region-growing"
    assert model.parameters == panel.assist.settings.values
    assert any("Tumour: proposed by region-growing" in note for note in saved.record.notes)
    slices = [f"k={k}" for k in np.flatnonzero(desk.mask.any(axis=(1, 2)))]
    assert list(saved.record.structures["tumour"].assisted) == slices
    voxels = desk.mask
    panel.open_path(out)
    desk.wait()
    assert panel.case is not desk.case
    desk.case = panel.case
    assert np.array_equal(desk.mask, voxels)
    assert panel.case.delineation.models == {"tumour": model}


def test_locks_hold_and_what_is_missing_is_said(desk_of: Any) -> None:
    desk = desk_of(tumour())
    desk.choose("Region growing")
    assert "a point within the structure" in desk.panel.assist.says.text()
    desk.ask()
    assert "a point within the structure" in desk.panel.messages.text
    point_at_it(desk)
    assert "needed" not in desk.panel.assist.says.text()
    desk.ask()
    desk.reader.key(Qt.Key.Key_L, SHIFT)
    before = desk.case.delineation
    for key, modifiers in ((Qt.Key.Key_Space, Qt.KeyboardModifier.NoModifier), (Qt.Key.Key_Space, SHIFT)):
        desk.panel.messages.clear()
        desk.reader.key(key, modifiers)
        desk.wait()
        assert "locked" in desk.panel.messages.text
        assert desk.case.delineation is before
    desk.panel.messages.clear()
    desk.ask()
    assert "Tumour is locked" in desk.panel.messages.text


def test_a_proposal_and_hints_are_done_away_with(desk_of: Any) -> None:
    desk = desk_of(tumour())
    desk.choose("Region growing")
    point_at_it(desk)
    desk.point(CENTRE + np.array([3.0, 0, 0]))
    desk.reader.key(Qt.Key.Key_Z, CONTROL)
    assert len(desk.panel.assisting.hints.points) == 1
    desk.ask()
    desk.reader.key(Qt.Key.Key_Backspace, CONTROL)
    assert desk.panel.assisting.offered is None
    assert not desk.reader.view.lines.shown(OFFERED)
    assert desk.panel.assisting.hints.points, "asked again with another setting"
    desk.reader.key(Qt.Key.Key_Backspace, CONTROL)
    assert desk.panel.assisting.hints.is_empty
    assert not desk.reader.view.lines.shown(HINTS)


def test_true_planes_show_what_is_proposed_on_slices_that_lean(desk_of: Any, volume_of: Any) -> None:
    leaning = volume_of(directions_lps=((0, -0.3, 0.954), (0, 0.954, 0.3), (1, 0, 0)), shape_kji=(16, 60, 60))
    grid = leaning.grid
    centre = grid.to_lps_mm(np.array([[8.0, 30.0, 30.0]]))[0]
    off_mm = np.linalg.norm(grid.to_lps_mm(np.stack(np.indices(grid.shape_kji), axis=-1)) - centre, axis=-1)
    values = (40 + 80 * (off_mm <= RADIUS_MM)).astype(np.float32)
    desk = desk_of(Volume(grid, values, Quantity.HU, Source("phantom", modality="CT")))
    desk.choose("Threshold in a ball")
    desk.go_to(centre)
    desk.ball(centre, RADIUS_MM + 5)
    desk.ask()
    proposal = desk.panel.assisting.offered.proposal
    desk.reader.key(Qt.Key.Key_U)
    assert desk.panel.binding.is_upright
    assert desk.panel.assisting.offered.proposal is proposal
    view = desk.panel.binding.main
    (outline,) = view.lines.shown(OFFERED)
    desk.go_to(centre)
    (outline,) = view.lines.shown(OFFERED)
    across_mm = np.ptp(outline.points_mm, axis=0)
    assert across_mm == pytest.approx([2 * RADIUS_MM] * 2, abs=4)
    assert desk.panel.assisting.hints.sphere is not None
    desk.reader.key(Qt.Key.Key_Space)
    assert "true anatomical plane" in desk.panel.messages.text
    desk.accept_all()
    mask = label_map_of(desk.case.delineation, grid).mask("tumour")
    assert dice(mask, off_mm <= RADIUS_MM) > 0.95


def test_a_bundle_proposes_the_same_voxels_as_the_command_while_the_window_lives(
    panel: Any, wait: Any, qtbot: Any, tmp_path: Path
) -> None:
    grid = oblique((48, 80, 72))
    voxels = np.random.default_rng(8).integers(-200, 400, grid.shape_kji).astype(np.int16)
    image = tmp_path / "image.nii.gz"
    write_voxels(voxels, grid, image)
    bundle = thresholding_bundle(tmp_path / "bundle", threshold=150.5)
    predict(bundle, [image], tmp_path / "out", device="cpu")
    expected = open_label_map(tmp_path / "out" / "image_dseg.nii.gz")

    panel.open_path(image)
    wait(panel)
    panel.structuring.add("Tumour")
    panel.tabs.setCurrentWidget(panel.assist)
    panel.assisting.ask_for_bundle = lambda _parent: bundle
    panel.assist.bundle.click()
    assert panel.assist.method.currentText() == "threshold"
    reader = Reader(panel.binding.main)
    longest_s = []
    for _ in range(3):
        with Heartbeat() as heart:
            reader.key(Qt.Key.Key_P, SHIFT)
            wait(panel)
        assert heart.beats > 20
        longest_s.append(heart.longest_s)
        if heart.longest_s < LONGEST_GAP_S:
            break
    assert min(longest_s) < LONGEST_GAP_S
    assert [structure.name for structure in panel.case.structures] == ["Tumour"]
    reader.key(Qt.Key.Key_Space, SHIFT)
    wait(panel)
    mask = label_map_of(panel.case.delineation, panel.case.volume.grid).mask("tumour")
    assert np.array_equal(mask, voxels > 150.5)
    assert np.array_equal(mask, expected.label_map.mask("tumour"))
    model = panel.case.delineation.models["tumour"]
    assert model.sha256 == expected.record.models["tumour"].sha256


def test_a_bundle_that_runs_is_cancelled_and_one_that_is_not_to_be_trusted_is_refused(
    desk_of: Any, tmp_path: Path
) -> None:
    desk = desk_of(tumour())
    panel = desk.panel
    trusted = thresholding_bundle(tmp_path / "trusted", threshold=80)
    panel.assisting.ask_for_bundle = lambda _parent: trusted
    panel.assist.bundle.click()
    before = desk.case.delineation
    desk.reader.key(Qt.Key.Key_P, SHIFT)
    desk.reader.key(Qt.Key.Key_Period, CONTROL)
    desk.wait()
    assert panel.assisting.offered is None
    assert "cancelled" in panel.messages.text
    desk.ask()
    assert dice(desk.offered, BALL) > 0.95
    assert desk.case.delineation is before

    evil = {"postprocessing": {"_target_": "os.system", "command": f"touch {tmp_path / 'ran'}"}}
    refused = thresholding_bundle(tmp_path / "refused", changes=evil)
    panel.assisting.ask_for_bundle = lambda _parent: refused
    panel.assist.bundle.click()
    assert "os.system" in panel.messages.text
    assert not (tmp_path / "ran").exists()
    assert panel.assist.method.currentText() == "threshold"


class Heartbeat:
    """How long the window does nothing else."""

    def __init__(self) -> None:
        self.beats, self.longest_s = 0, 0.0
        self._timer = QTimer()
        self._timer.setInterval(5)
        self._timer.timeout.connect(self._beat)

    def __enter__(self) -> Any:
        self._last_s = time.perf_counter()
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._beat()
        self._timer.stop()

    def _beat(self) -> None:
        now_s = time.perf_counter()
        self.longest_s = max(self.longest_s, now_s - self._last_s)
        self._last_s, self.beats = now_s, self.beats + 1
