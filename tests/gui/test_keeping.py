"""Saving, signing and closing in the window."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from qtpy.QtCore import QEvent, QObject
from qtpy.QtGui import QCloseEvent
from qtpy.QtWidgets import QApplication

from medseg.contour import Origin
from medseg.errors import LockedError
from medseg.workflows.verify import State
from napari_medseg.case import Case
from napari_medseg.completing import Snapshot
from napari_medseg.napari_private import CloseGuard, main_window
from napari_medseg.panel.unsaved import Answer

pytestmark = pytest.mark.gui


@pytest.fixture
def drawn(panel: Any, case: Case, draw_square: Any, tmp_path: Path, wait: Any) -> Any:
    """A panel with two contours, interpolated, not saved."""
    panel.show_case(case)
    panel.structuring.add("Tumour")
    draw_square(3)
    draw_square(8)
    panel.contours.interpolate.click()
    wait(panel)
    panel.sign_off.author.setText("Ada Adams")
    panel.sign_off.path.setText(str(tmp_path / "tumour_dseg.nii.gz"))
    return panel


def _file(panel: Any) -> Path:
    return Path(panel.sign_off.path.text())


def _sign(panel: Any, button: Any, key: Path, signers: Any, wait: Any, passphrase: str = "") -> None:
    panel.sign_off.key.setText(str(key))
    panel.sign_off.trust.setText(str(signers.trust))
    panel.sign_off.passphrase.setText(passphrase or signers.passphrase)
    button.click()
    wait(panel)


def test_what_is_saved_is_what_is_shown(drawn: Any, wait: Any) -> None:
    drawn.sign_off.save.click()
    wait(drawn)
    shown = np.asarray(drawn.binding.result_layer.data)
    assert np.array_equal(np.asarray(nibabel.load(_file(drawn)).dataobj).T, shown)
    assert drawn.status.text() == "phantom · in-progress · Ada Adams · saved"


def test_an_outdated_label_map_is_renewed_before_it_is_saved(drawn: Any, draw_square: Any, wait: Any) -> None:
    draw_square(10, size_mm=10)
    assert drawn.status.text().endswith("unsaved")
    drawn.sign_off.save.click()
    wait(drawn)
    shown = np.asarray(drawn.binding.result_layer.data)
    assert shown[10].any()
    assert shown[5].any(), "what was accepted stays"
    assert not shown[9].any(), "what is proposed is not saved before it is accepted"
    assert np.array_equal(np.asarray(nibabel.load(_file(drawn)).dataobj).T, shown)


def test_contours_on_planes_of_several_directions_are_saved_completed(
    drawn: Any, viewer: Any, mouse: Any, wait: Any
) -> None:
    drawn.opening.planes.button(1).click()
    viewer.dims.set_current_step(1, 25)
    drawn.drawing.draw(on=True)
    mouse.draw_polygon([(12, 25, 10), (12, 25, 40), (32, 25, 40), (32, 25, 10)])
    assert len([c for c in drawn.case.contours if c.origin is Origin.DRAWN]) == 3
    drawn.sign_off.save.click()
    wait(drawn)
    assert "Saved" in drawn.messages.text
    saved = np.asarray(nibabel.load(_file(drawn)).dataobj).T
    assert np.array_equal(saved, np.asarray(drawn.binding.result_layer.data))
    assert saved[6, 20:30, 20:40].all(), "it is completed between the axial contours"
    record = json.loads(_file(drawn).with_name("tumour_dseg.json").read_text())["medseg"]
    assert record["structures"]["tumour"]["method"] == "combined"
    assert record["structures"]["tumour"]["drawn"] == ["k=3", "k=8", "j=25"]


def test_saving_is_refused_in_words(drawn: Any, wait: Any) -> None:
    drawn.sign_off.author.clear()
    drawn.sign_off.save.click()
    wait(drawn)
    assert "the record needs an author" in drawn.messages.text
    assert not _file(drawn).exists()
    drawn.sign_off.author.setText("Ada Adams")
    _file(drawn).write_bytes(b"someone else's")
    drawn.sign_off.save.click()
    wait(drawn)
    assert "exists already" in drawn.messages.text
    assert _file(drawn).read_bytes() == b"someone else's"


def test_saved_contours_are_editable_again(drawn: Any, wait: Any) -> None:
    drawn.sign_off.save.click()
    wait(drawn)
    before = [contour.points_lps_mm for contour in drawn.case.contours]
    drawn.open_path(_file(drawn))
    wait(drawn)
    after = [contour.points_lps_mm for contour in drawn.case.contours]
    assert all(np.allclose(a, b, atol=1e-9) for a, b in zip(after, before, strict=True))
    assert drawn.case.saved
    assert drawn.case.author == "Ada Adams"
    assert len(after) == len(before) >= 2


def test_a_note_that_was_carried_onto_other_voxels_is_told(drawn: Any, wait: Any) -> None:
    drawn.sign_off.save.click()
    wait(drawn)
    saved = nibabel.load(_file(drawn))
    flipped = nibabel.Nifti1Image(np.asarray(saved.dataobj)[::-1], None, saved.header)
    alone = _file(drawn).with_name("carried_dseg.nii.gz")
    nibabel.save(flipped, alone)
    drawn.open_path(alone)
    wait(drawn)
    assert "belongs to another image" in drawn.messages.text


def test_writer_saves_the_labels_layer(drawn: Any, viewer: Any, tmp_path: Path) -> None:
    drawn.sign_off.author_changed.emit("Ada Adams")
    path = tmp_path / "by_menu_dseg.nii.gz"
    viewer.layers.selection.active = drawn.binding.result_layer
    viewer.layers.save(str(path), selected=True, plugin="medseg")
    assert np.array_equal(
        np.asarray(nibabel.load(path).dataobj).T, np.asarray(drawn.binding.result_layer.data)
    )
    assert path.with_name("by_menu_dseg_contours.json").exists()


def test_sign_off_by_two_people(drawn: Any, signers: Any, draw_square: Any, wait: Any) -> None:
    drawn.sign_off.submit.click()
    assert "there is unsaved work" in drawn.messages.text
    drawn.sign_off.save.click()
    wait(drawn)
    _sign(drawn, drawn.sign_off.submit, signers.ada, signers, wait, passphrase="wrong")
    assert "the passphrase is wrong" in drawn.messages.text
    assert drawn.case.state is State.IN_PROGRESS

    _sign(drawn, drawn.sign_off.submit, signers.ada, signers, wait)
    assert drawn.case.state is State.SUBMITTED, drawn.messages.text
    assert drawn.sign_off.passphrase.text() == ""
    _sign(drawn, drawn.sign_off.approve, signers.ada, signers, wait)
    assert "who submitted it may not sign it as approved" in drawn.messages.text

    _sign(drawn, drawn.sign_off.approve, signers.bela, signers, wait)
    assert drawn.case.state is State.APPROVED, drawn.messages.text
    assert "approved by Bela Bartók (radiologist)" in drawn.messages.text
    assert drawn.status.text() == "phantom · approved · Ada Adams · saved"

    _assert_locked(drawn, draw_square)
    drawn.sign_off.verify.click()
    wait(drawn)
    assert drawn.messages.text.startswith("valid · approved")


def _assert_locked(panel: Any, draw_square: Any) -> None:
    before = panel.case.contours
    panel.contours.draw.click()
    assert "this case is approved: its contours can't be changed" in panel.messages.text
    assert not panel.contours.draw.isChecked()
    draw_square(3, size_mm=5)
    assert panel.case.contours is before, "no tool gets around that"
    with pytest.raises(LockedError):
        panel.case.undo()
    assert not panel.sign_off.save.isEnabled()


def test_changes_can_be_requested(drawn: Any, signers: Any, draw_square: Any, wait: Any) -> None:
    drawn.sign_off.save.click()
    wait(drawn)
    _sign(drawn, drawn.sign_off.submit, signers.ada, signers, wait)
    _sign(drawn, drawn.sign_off.request_changes, signers.bela, signers, wait)
    assert "needs a reason" in drawn.messages.text
    drawn.sign_off.reason.setText("The dome is missing")
    _sign(drawn, drawn.sign_off.request_changes, signers.bela, signers, wait)
    assert drawn.case.state is State.CHANGES_REQUESTED, drawn.messages.text
    draw_square(10)
    drawn.sign_off.save.click()
    wait(drawn)
    assert drawn.case.saved, drawn.messages.text


def test_what_is_not_shown_is_not_signed(drawn: Any, signers: Any, wait: Any) -> None:
    drawn.sign_off.save.click()
    wait(drawn)
    image = nibabel.load(_file(drawn))
    voxels = np.asarray(image.dataobj).copy()
    voxels[0, 0, 0] = 1
    changed = nibabel.Nifti1Image(voxels, None, image.header)
    image.uncache()
    changed.to_filename(_file(drawn))
    _sign(drawn, drawn.sign_off.submit, signers.ada, signers, wait)
    assert "belongs to other voxels" in drawn.messages.text
    assert drawn.case.state is State.IN_PROGRESS


def test_a_submitted_file_opens_locked(drawn: Any, signers: Any, wait: Any) -> None:
    drawn.sign_off.save.click()
    wait(drawn)
    _sign(drawn, drawn.sign_off.submit, signers.ada, signers, wait)
    drawn.open_path(_file(drawn))
    wait(drawn)
    assert drawn.case.state is State.SUBMITTED
    assert "submitted" in drawn.status.text()
    assert not drawn.sign_off.save.isEnabled()
    assert drawn.sign_off.approve.isEnabled()


def test_a_bad_folder_is_an_error_in_words(panel: Any, tmp_path: Path, wait: Any) -> None:
    (tmp_path / "empty").mkdir()
    panel.opening.path.setText(str(tmp_path / "empty"))
    panel.opening.path.returnPressed.emit()
    wait(panel)
    assert panel.case is None
    assert panel.messages.text
    assert panel.messages.isVisible()
    assert "Traceback" not in panel.messages.text
    assert panel.status.text() == "No case is open"


class CloseRecorder(QObject):
    """Stands behind the guard and keeps the window open for the next question."""

    def __init__(self) -> None:
        super().__init__()
        self.closings = 0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() == QEvent.Type.Close:
            self.closings += 1
        return event.type() == QEvent.Type.Close


def test_closing_asks_once_about_unsaved_work(drawn: Any, viewer: Any) -> None:
    window, recorder = main_window(viewer), CloseRecorder()
    guard = window.findChild(CloseGuard)
    # Qt asks the filter first that was installed last.
    window.removeEventFilter(guard)
    window.installEventFilter(recorder)
    window.installEventFilter(guard)
    asked = []
    answers = {Answer.CANCEL: (0, False), Answer.DISCARD: (1, False), Answer.SAVE: (2, True)}
    for answer, (closings, saves) in answers.items():
        drawn.ask = partial(_answer, asked, answer)
        QApplication.sendEvent(window, QCloseEvent())
        assert recorder.closings == closings
        assert _file(drawn).exists() is drawn.case.saved is saves
    assert asked == ["phantom"] * 3
    QApplication.sendEvent(window, QCloseEvent())
    assert (len(asked), recorder.closings) == (3, 3), "nothing is asked where everything is saved"
    window.removeEventFilter(recorder)


def _answer(asked: list[str], answer: Answer, parent: Any, name: str) -> Answer:
    asked.append(name)
    return answer


def test_program_opens_image_and_label_map(
    tmp_path: Path, case: Case, nifti_of: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    from napari_medseg.__main__ import main
    from napari_medseg.opening import open_case
    from napari_medseg.saving import result_to_save, save_case

    image = nifti_of(case.volume, tmp_path / "image.nii.gz")
    case.add_structure("Tumour")
    case.set_author("Ada Adams")
    case.accept_result(result_to_save(Snapshot.of(case)))
    label_map = save_case(case, tmp_path / "tumour_dseg")
    opened = open_case([label_map, image])
    assert [s.name for s in opened.structures] == ["Tumour"]
    assert opened.path == label_map.resolve()

    assert main([str(tmp_path / "missing")]) == 4
    assert "there is no file or folder" in capsys.readouterr().err
    assert main([str(label_map)]) == 4
    assert "expected one image and at most one label map" in capsys.readouterr().err
