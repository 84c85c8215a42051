"""Work that was not saved when the program ended is offered back in the window."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtWidgets import QApplication

from drawn_history import require_same_history
from medseg.workflows.delineate import found_journals
from napari_medseg.case import Case

pytestmark = pytest.mark.gui


@pytest.fixture
def drawn(panel: Any, case: Case, nifti_of: Any, draw_square: Any, tmp_path: Path, wait: Any) -> Any:
    """A panel with an image from disk, two contours saved, and one that is not."""
    panel.open_path(nifti_of(case.volume, tmp_path / "chest.nii.gz"))
    wait(panel)
    panel.sign_off.author.setText("Ada Adams")
    panel.structuring.add("Tumour")
    draw_square(3)
    draw_square(5)
    panel.sign_off.path.setText(str(tmp_path / "chest_dseg.nii.gz"))
    panel.sign_off.save.click()
    wait(panel)
    draw_square(8)
    return panel


def _end_of_the_program(panel: Any, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a killed program leaves: its journals, without the locks; the next one finds them."""
    shutil.copytree(os.environ["MEDSEG_STATE"], state, ignore=shutil.ignore_patterns("*.lock"))
    panel.recovering.give_up()
    panel.close_case()
    monkeypatch.setenv("MEDSEG_STATE", str(state))


def test_after_a_crash_work_is_taken_up_where_it_ended(
    drawn: Any, viewer: Any, draw_square: Any, tmp_path: Path, wait: Any, qtbot: Any, monkeypatch: Any
) -> None:
    before = drawn.case
    assert drawn.status.text().endswith("Ada Adams · in the journal, unsaved")
    _end_of_the_program(drawn, tmp_path / "next", monkeypatch)
    drawn.recovering.look()
    qtbot.waitUntil(drawn.recovery.isVisible, timeout=10_000)
    assert "chest, 1 step by Ada Adams" in drawn.recovery.text.text()

    drawn.recovery.later.click()
    assert not drawn.recovery.isVisible()
    drawn.recovering.look()
    QApplication.processEvents()
    drawn.open_path(tmp_path / "chest.nii.gz")
    wait(drawn)
    assert not drawn.recovery.isVisible(), "it was drawn upon a label map that is not open"
    drawn.open_path(tmp_path / "chest_dseg.nii.gz")
    wait(drawn)
    assert drawn.recovery.isVisible(), "it belongs to what is open now"

    drawn.recovery.take_up.click()
    wait(drawn)
    assert not drawn.recovery.isVisible()
    assert "as it was when the program ended" in drawn.messages.text
    case = drawn.case
    assert case is not before
    require_same_history(case.history, before.history)
    assert case.path == tmp_path / "chest_dseg.nii.gz"
    assert drawn.status.text().endswith("in the journal, unsaved")

    draw_square(9)
    assert case.undo()
    assert case.undo()
    assert case.redo()
    _end_of_the_program(drawn, tmp_path / "third", monkeypatch)
    drawn.recovering.look()
    qtbot.waitUntil(drawn.recovery.isVisible, timeout=10_000)
    assert drawn.case is None
    drawn.recovery.take_up.click()
    wait(drawn)
    require_same_history(drawn.case.history, case.history)
    assert found_journals() == ()
    drawn.sign_off.save.click()
    wait(drawn)
    assert drawn.status.text().endswith("Ada Adams · saved")
    drawn.close_case()
    assert list((tmp_path / "third" / "journals").iterdir()) == []


def test_where_the_journal_can_not_be_written_drawing_goes_on_and_discarding_asks_twice(
    drawn: Any, draw_square: Any, tmp_path: Path, qtbot: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr("medseg.io.journal_thread.RETRY_S", 0.05)
    journals = Path(os.environ["MEDSEG_STATE"]) / "journals"
    shutil.rmtree(journals)
    journals.write_text("a file where the folder was")
    draw_square(9)
    qtbot.waitUntil(lambda: "can't be written to the journal" in drawn.messages.text, timeout=10_000)
    assert drawn.status.text().endswith("only in memory, unsaved")
    draw_square(10)
    assert len(drawn.case.contours) == 5
    journals.unlink()
    qtbot.waitUntil(lambda: "written again" in drawn.messages.text, timeout=10_000)
    assert drawn.status.text().endswith("in the journal, unsaved")

    _end_of_the_program(drawn, tmp_path / "next", monkeypatch)
    drawn.recovering.look()
    qtbot.waitUntil(drawn.recovery.isVisible, timeout=10_000)
    assert "3 steps" in drawn.recovery.text.text()
    drawn.recovery.discard.click()
    assert len(found_journals()) == 1
    assert drawn.recovery.discard.text() == "Really discard"
    drawn.recovery.discard.click()
    assert found_journals() == ()
    assert not drawn.recovery.isVisible()


def test_in_a_study_it_comes_back_with_its_case(
    window: Any, draw_square: Any, tmp_path: Path, monkeypatch: Any, qtbot: Any
) -> None:
    window.add("ada", structures=["Liver"])
    window.enter("ada")
    window.open()
    draw_square(3)
    window.save()
    draw_square(5)
    before = window.panel.case
    assert window.panel.status.text().endswith("in the journal, unsaved")
    _end_of_the_program(window.panel, tmp_path / "next", monkeypatch)
    window.panel.recovering.look()
    qtbot.waitUntil(window.panel.recovery.isVisible, timeout=10_000)
    window.panel.recovery.take_up.click()
    window.wait()
    assert "open it in the worklist" in window.panel.messages.text
    window.panel.recovery.later.click()
    window.open()
    assert window.panel.recovery.isVisible()
    window.panel.recovery.take_up.click()
    require_same_history(window.panel.case.history, before.history)
    assert window.panel.case.keeper is not None
    window.save()
    assert window.panel.status.text().endswith("saved")
    assert len(window.ledger("saved")) == 2
