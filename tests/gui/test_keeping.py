"""Saving, signing and closing in the window."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from qtpy.QtGui import QCloseEvent
from qtpy.QtWidgets import QApplication

from napari_medseg.case import Case, State
from napari_medseg.napari_private import main_window
from napari_medseg.panel.unsaved import Answer

pytestmark = pytest.mark.gui


@pytest.fixture
def drawn(panel: Any, case: Case, draw_square: Any, tmp_path: Path, wait: Any) -> Any:
    """A panel with two contours, interpolated, not saved."""
    panel.show_case(case)
    panel.drawing.add_structure("Tumour")
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
    assert drawn.status.text() == "phantom · draft · Ada Adams · saved"


def test_an_outdated_label_map_is_renewed_before_it_is_saved(drawn: Any, draw_square: Any, wait: Any) -> None:
    draw_square(10, size_mm=10)
    assert drawn.status.text().endswith("unsaved · label map older than contours")
    drawn.sign_off.save.click()
    wait(drawn)
    shown = np.asarray(drawn.binding.result_layer.data)
    assert shown[10].any()
    assert shown[9].any(), "it was interpolated, as before"
    assert np.array_equal(np.asarray(nibabel.load(_file(drawn)).dataobj).T, shown)


def test_contours_that_cant_be_interpolated_are_still_saved(
    drawn: Any, viewer: Any, mouse: Any, wait: Any
) -> None:
    drawn.opening.planes.button(1).click()
    viewer.dims.set_current_step(1, 40)
    drawn.contours.draw.setChecked(True)
    drawn.drawing.draw(on=True)
    mouse.draw_polygon([(12, 40, 10), (12, 40, 30), (30, 40, 30), (30, 40, 10)])
    assert len(drawn.case.contours) == 3
    drawn.sign_off.save.click()
    wait(drawn)
    assert "Not interpolated" in drawn.messages.text
    assert np.array_equal(
        np.asarray(nibabel.load(_file(drawn)).dataobj).T, np.asarray(drawn.binding.result_layer.data)
    )


def test_no_author_no_save(drawn: Any, wait: Any) -> None:
    drawn.sign_off.author.clear()
    drawn.sign_off.save.click()
    wait(drawn)
    assert "the record needs an author" in drawn.messages.text
    assert not _file(drawn).exists()


def test_a_file_of_another_case_is_not_overwritten(drawn: Any, wait: Any) -> None:
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
    assert drawn.binding.layer_of("tumour").nshapes == 2


def test_writer_saves_the_labels_layer(drawn: Any, viewer: Any, tmp_path: Path) -> None:
    drawn.sign_off.author_changed.emit("Ada Adams")
    path = tmp_path / "by_menu_dseg.nii.gz"
    assert viewer.layers.save(str(path), plugin="medseg", selected=False) == [] or True
    drawn.binding.result_layer.save(str(path), plugin="medseg")
    assert np.array_equal(
        np.asarray(nibabel.load(path).dataobj).T, np.asarray(drawn.binding.result_layer.data)
    )
    assert path.with_name("by_menu_contours.json").exists()


def test_sign_off_by_two_people(drawn: Any, signers: Any, draw_square: Any, wait: Any) -> None:
    drawn.sign_off.submit.click()
    assert "there is unsaved work" in drawn.messages.text
    drawn.sign_off.save.click()
    wait(drawn)
    _sign(drawn, drawn.sign_off.submit, signers.ada, signers, wait, passphrase="wrong")
    assert "the passphrase is wrong" in drawn.messages.text
    assert drawn.case.state is State.DRAFT

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
    layer = panel.binding.layer_of("tumour")
    layer.mode = "direct"
    QApplication.processEvents()
    assert layer.mode == "pan_zoom"
    layer.data = []
    QApplication.processEvents()
    assert panel.case.contours is before
    assert layer.nshapes == 2, "the layer shows the approved contours again"
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
    voxels = np.array(image.dataobj)
    voxels[0, 0, 0] = 1
    changed = nibabel.Nifti1Image(voxels, None, image.header)
    image.uncache()
    changed.to_filename(_file(drawn))
    _sign(drawn, drawn.sign_off.submit, signers.ada, signers, wait)
    assert "is no longer what this window shows" in drawn.messages.text
    assert drawn.case.state is State.DRAFT


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


@pytest.mark.parametrize(
    ("answer", "closes", "saves"),
    [(Answer.CANCEL, False, False), (Answer.DISCARD, True, False), (Answer.SAVE, True, True)],
)
def test_closing_asks_once_about_unsaved_work(
    drawn: Any, viewer: Any, answer: Answer, closes: bool, saves: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def ask(parent: Any, name: str) -> Answer:
        asked.append(name)
        return answer

    drawn.ask = ask
    window = main_window(viewer)
    # What napari does on closing is napari's; the question is whether it gets there.
    arrived = []
    monkeypatch.setattr(type(window), "closeEvent", lambda self, event: (arrived.append(1), event.ignore()))
    event = QCloseEvent()
    QApplication.sendEvent(window, event)
    assert asked == ["phantom"]
    assert bool(arrived) is closes
    assert _file(drawn).exists() is saves
    assert drawn.case.saved is saves
