"""Bringing structures of other programs to the open case: the question, and the wait."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from qtpy.QtWidgets import QMessageBox, QWidget

from medseg.errors import Cancelled, GridMismatchError
from napari_medseg.bringing_in import BringIn, may_resample
from napari_medseg.case import Case
from napari_medseg.panel.waiting import wait_for


def ask_to_resample(parent: QWidget, name: str, difference: str) -> bool:
    """Ask whether voxels on another grid are to be resampled; by default they are not."""
    buttons = QMessageBox.StandardButton
    box = QMessageBox(
        QMessageBox.Icon.Question,
        "Another grid",
        f"{name} does not lie on the grid of the image.",
        buttons.Yes | buttons.No,
        parent,
    )
    box.setInformativeText(
        f"{difference}\n\nResample it with nearest neighbour? Borders move by up to half a voxel; the record "
        "will say so."
    )
    box.button(buttons.Yes).setText("Resample")
    box.button(buttons.No).setText("Leave it")
    box.setDefaultButton(buttons.No)
    chosen = box.exec()
    box.deleteLater()
    return chosen == buttons.Yes


def bring_in_waiting(case: Case, path: Path, window: QWidget) -> bool:
    """Bring a file to a case while the window waits; False where the user thinks better of it.

    Raises:
        MedsegError: It can't be read, or does not belong to the image.
    """
    asked = BringIn.into(case, path)
    try:
        try:
            found = wait_for("Opening", asked.read, window)
        except GridMismatchError as error:
            if not may_resample(error):
                raise
            if not ask_to_resample(window, path.name, error.message):
                return False
            found = wait_for("Resampling", partial(asked.read, resample=True), window)
    except Cancelled:
        return False
    asked.accept(case, found)
    return True
