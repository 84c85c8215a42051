"""A case of a study from the first stroke to the release, in the window."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qtpy.QtWidgets import QApplication

from medseg.contour import Origin
from medseg.review.states import State
from medseg.workflows import study as use
from study_cases import CASE

pytestmark = pytest.mark.gui


@pytest.fixture
def drawn(window: Any, draw_square: Any) -> Any:
    """Ada has drawn and saved."""
    window.add("ada", structures=["Liver"])
    window.enter("ada")
    window.open()
    draw_square(3)
    draw_square(8)
    window.panel.contours.interpolate.click()
    window.wait()
    window.save()
    return window


def test_from_the_first_stroke_to_the_release(drawn: Any, draw_square: Any) -> None:
    window = drawn
    assert "Saved as revision 1" in window.panel.messages.text
    (first,) = window.site.revisions()
    assert window.site.case().state is State.IN_PROGRESS
    assert [one.name for one in window.case.structures] == ["Liver"], "what is wanted is there to be drawn"
    assert window.steps() == ["submitted"]

    window.sign("submitted")
    assert window.site.case().state is State.SUBMITTED, window.said
    assert f"{CASE} is submitted now" in window.said
    _assert_locked(window, draw_square)

    window.enter("ben")
    window.open()
    assert window.steps() == ["approved", "changes-requested", "withdrawn"]
    _assert_locked(window, draw_square)
    window.sign("changes-requested", reason="the dome is missing")
    assert window.site.case().state is State.CHANGES_REQUESTED
    _assert_locked(window, draw_square)

    window.enter("ada")
    window.open()
    assert "the dome is missing" in window.dock.case.signatures.item(1).text()
    assert window.case.state is State.CHANGES_REQUESTED
    draw_square(10, size_mm=20)
    window.save()
    assert window.case.saved, window.panel.messages.text
    second = window.site.revisions()[-1]
    assert (second.number, second.parent) == (2, first.digest)
    window.sign("submitted")

    window.enter("ben")
    window.open()
    assert window.dock.opened.shown.digest == second.digest
    window.sign("approved", reason="complete")
    assert window.site.case().in_force == second.digest
    assert window.case.approval == "approved by Ben Radiologist"

    window.enter("dora")
    window.open()
    window.sign("released")
    assert window.site.case().state is State.RELEASED
    meanings = [one.meaning.value for one in window.site.verify(second).signatures]
    assert meanings == ["submitted", "changes-requested", "submitted", "approved", "released"]
    assert window.ledger("viewed"), "who looked is written down"
    window.site.require_sound()


def _assert_locked(window: Any, draw_square: Any) -> None:
    panel = window.panel
    before = panel.case.contours
    panel.contours.draw.click()
    assert "can be looked at, not be changed" in panel.messages.text
    assert not panel.contours.draw.isChecked()
    draw_square(3, size_mm=5)
    assert panel.case.contours is before, "no tool gets around that"
    panel.binding.result_layer.mode = "paint"
    QApplication.processEvents()
    assert panel.binding.result_layer.mode == "pan_zoom"
    assert not panel.sign_off.save.isEnabled()
    assert not panel.sign_off.signing.isVisible(), "a case of a study is signed in the study"


def test_state_author_and_approver_are_always_in_sight(drawn: Any) -> None:
    window = drawn
    window.sign("submitted")
    window.enter("ben")
    window.open()
    window.sign("approved")
    told = f"{CASE} · approved · Ada Annotator · approved by Ben Radiologist · view only"
    assert window.dock.status.text() == told
    assert window.panel.status.text() == told
    overlay = window.viewer.canvas.overlays.text
    assert overlay.visible, "on the picture, whatever dock is hidden"
    assert overlay.text.split("\n") == [
        f"{CASE} · approved",
        "Ada Annotator",
        "approved by Ben Radiologist",
        "view only",
    ]
    window.dock.sign_in.sign_out.click()
    assert not overlay.visible
    assert window.panel.case is None, "who signs out takes the case along"


def test_the_window_shows_all_of_what_is_signed(drawn: Any) -> None:
    (revision,) = drawn.site.revisions()
    dialog = drawn.ask("submitted")
    texts = " ".join(label.text() for label in dialog.findChildren(type(drawn.dock.status)))
    assert CASE in texts
    assert revision.digest in texts.replace(" ", "").replace("\n", "")
    assert "Ada Annotator, annotator" in texts
    assert "submitted: I drew it" in texts
    assert dialog.structures.item(0).text() == "Liver"
    dialog.cancel.click()
    assert drawn.site.case().state is State.IN_PROGRESS


def test_each_signature_asks_for_the_passphrase(drawn: Any) -> None:
    dialog = drawn.ask("submitted")
    dialog.sign.click()
    assert "no passphrase was typed" in dialog.messages.text
    dialog.passphrase.setText("wrong")
    dialog.sign.click()
    drawn.wait()
    assert "the passphrase is wrong" in dialog.messages.text
    assert dialog.passphrase.text() == "", "it is not kept"
    assert drawn.site.case().state is State.IN_PROGRESS
    dialog.passphrase.setText("correct horse")
    dialog.sign.click()
    drawn.wait()
    assert drawn.site.case().state is State.SUBMITTED


def test_after_the_time_out_key_and_passphrase_are_asked_for(drawn: Any) -> None:
    drawn.dock.desk.who.session.end()
    drawn.dock._show_identity()
    assert "time is up" in drawn.dock.sign_in.identity.text()
    dialog = drawn.ask("submitted")
    dialog.passphrase.setText("correct horse")
    dialog.sign.click()
    assert "no key file was named" in dialog.messages.text
    dialog.key.setText(str(drawn.site.key("ben")))
    dialog.passphrase.setText("correct horse")
    dialog.sign.click()
    drawn.wait()
    assert "this key is that of Ben Radiologist, but Ada Annotator is signed in" in dialog.messages.text
    dialog.key.setText(str(drawn.site.key("ada")))
    dialog.passphrase.setText("correct horse")
    dialog.sign.click()
    drawn.wait()
    assert drawn.site.case().state is State.SUBMITTED
    assert "time is up" not in drawn.dock.sign_in.identity.text(), "the session starts anew"


def test_unsaved_work_is_not_signed(drawn: Any, draw_square: Any) -> None:
    draw_square(10, size_mm=20)
    assert drawn.ask("submitted") is None
    assert "there is unsaved work" in drawn.said


def test_who_drew_is_offered_no_approval(drawn: Any) -> None:
    drawn.sign("submitted")
    assert drawn.steps() == []
    assert drawn.dock.case.nothing.isVisible()


def test_two_approvers_at_once(drawn: Any) -> None:
    """The second is told that the case has moved on, and reloads."""
    drawn.sign("submitted")
    drawn.enter("ben")
    drawn.open()
    drawn.site.step("cleo", "changes-requested", reason="the dome is missing")
    drawn.sign("approved")
    assert drawn.site.case().state is State.CHANGES_REQUESTED
    assert drawn.dock.reload.isVisible(), drawn.said
    assert drawn.said
    drawn.dock.reload.click()
    drawn.wait()
    assert drawn.case.state is State.CHANGES_REQUESTED
    assert not drawn.dock.reload.isVisible()


def test_an_approval_can_cover_some_structures(drawn: Any, draw_square: Any) -> None:
    window = drawn
    window.panel.structuring.add("Spleen")
    draw_square(3, origin_mm=(10, 45), size_mm=10)
    draw_square(8, origin_mm=(10, 45), size_mm=10)
    window.save()
    window.sign("submitted")
    window.enter("ben")
    window.open()
    window.sign("approved", structures=["Liver"])
    assert window.site.case().state is State.SUBMITTED
    assert window.case.approval == "approved in part by Ben Radiologist"
    dialog = window.ask("approved")
    assert [dialog.structures.item(n).text() for n in range(2)] == [
        "Liver  ·  approved by Ben Radiologist",
        "Spleen",
    ]
    dialog.reject()
    window.sign("approved")
    assert window.site.case().state is State.APPROVED


def test_amending_leaves_the_approval_in_force_until_the_next_one(drawn: Any, draw_square: Any) -> None:
    window = drawn
    window.sign("submitted")
    window.enter("ben")
    window.open()
    window.sign("approved")
    first = window.site.revisions()[0]
    dialog = window.ask("amended")
    dialog.passphrase.setText("correct horse")
    dialog.sign.click()
    assert "a reason is needed" in dialog.messages.text
    dialog.reject()
    assert "amended" in window.steps()
    window.sign("amended", reason="a vessel was missed", reader="ben")
    assert window.site.case().in_force == first.digest
    assert window.case.state is State.IN_PROGRESS
    assert window.case.look_only is None, "Ben goes on himself"
    assert "Revision 1 stays in force" in window.dock.case.in_force.text()
    assert window.steps() == [], "nothing was changed yet"
    draw_square(5, origin_mm=(10, 45), size_mm=12)
    window.save()
    window.sign("submitted")
    second = window.site.revisions()[-1]
    window.enter("cleo")
    window.open()
    window.sign("approved")
    assert window.site.case().in_force == second.digest
    assert [one.meaning.value for one in window.site.verify(first).signatures][-1] == "superseded"


def test_withdrawing(drawn: Any) -> None:
    drawn.sign("submitted")
    drawn.enter("ben")
    drawn.open()
    drawn.sign("approved")
    drawn.sign("withdrawn", reason="wrong patient")
    assert drawn.site.case().state is State.WITHDRAWN
    assert drawn.case.approval == ""


def test_a_refused_save_keeps_every_contour(drawn: Any, draw_square: Any) -> None:
    """Somebody submitted the case meanwhile: the revision is refused, the working copy has the work."""
    draw_square(10, size_mm=20)
    drawn.site.step("ada", "submitted")
    drawn.save()
    assert "safe in your working copy" in drawn.panel.messages.text
    assert not drawn.case.saved
    assert len(drawn.site.revisions()) == 1
    contours = drawn.case.contours
    assert len([c for c in contours if c.origin is Origin.DRAWN]) == 3
    work = drawn.site.study.folder.work(CASE, "ada").nifti
    from medseg.workflows.open_label_map import open_label_map

    assert len(open_label_map(work).contours) == len(contours)


def test_work_of_a_closed_window_comes_back(drawn: Any, draw_square: Any) -> None:
    """The working copy was written and the revision was not, as when the power fails in between."""
    draw_square(10, size_mm=20)
    case = drawn.case
    from napari_medseg.completing import Snapshot
    from napari_medseg.saving import result_to_save, writing_of

    case.accept_result(result_to_save(Snapshot.of(case)))
    writing_of(case, case.result, case.keeper.path)()
    voxels = np.asarray(case.result.label_map.layers[0]).copy()
    drawn.panel.close_case()
    drawn.open()
    assert "Your working copy holds work that no revision has" in drawn.said
    assert not drawn.case.saved
    assert np.array_equal(drawn.case.result.label_map.layers[0], voxels)
    drawn.save()
    assert drawn.case.saved
    assert len(drawn.site.revisions()) == 2


def test_a_revision_that_was_changed_outside_is_not_shown(drawn: Any) -> None:
    drawn.sign("submitted")
    (revision,) = drawn.site.revisions()
    table = drawn.site.study.folder.revision(CASE, revision.digest).nifti.with_name(f"{CASE}_dseg.tsv")
    table.chmod(0o644)
    table.write_text(table.read_text().replace("Liver", "Spleen"))
    drawn.enter("ben")
    drawn.open()
    assert "was changed outside of medseg" in drawn.said
    assert drawn.dock.opened is None


def test_saving_by_naparis_menu_makes_a_copy_and_no_revision(drawn: Any, viewer: Any, tmp_path: Any) -> None:
    viewer.layers.selection.active = drawn.panel.binding.result_layer
    viewer.layers.save(str(tmp_path / "copy_dseg.nii.gz"), selected=True, plugin="medseg")
    assert (tmp_path / "copy_dseg.nii.gz").exists()
    assert len(drawn.site.revisions()) == 1
    assert drawn.case.path == drawn.case.keeper.path
    assert [entry["details"]["to"] for entry in drawn.ledger("exported")] == ["nifti"]
    drawn.site.require_sound()


def test_a_reader_signs_in_by_keyboard_alone(window: Any) -> None:
    window.add("ada")
    dock = window.dock
    dock.sign_in.study.setText(str(window.site.path))
    dock.sign_in.study.returnPressed.emit()
    dock.sign_in.key.setText(str(window.site.key("ada")))
    dock.sign_in.passphrase.setText("correct horse")
    dock.sign_in.passphrase.returnPressed.emit()
    window.wait()
    assert "Ada Annotator · annotator" in dock.sign_in.identity.text()
    assert dock.sign_in.passphrase.text() == ""
    dock.worklist.table.entered_row.emit()
    window.wait()
    assert window.case.name == CASE
    assert use.show_case(window.site.study, CASE).case.state is State.ASSIGNED
