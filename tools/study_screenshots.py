"""The pictures of a study in the window: the worklist, and every state of a case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import napari
import numpy as np
from qtpy.QtCore import QEvent
from qtpy.QtWidgets import QApplication, QWidget

from medseg.contour import Contour, Slice
from medseg.io.nifti.image import write_image
from medseg.labelmap import LabelMap
from medseg.volume import Volume
from medseg.workflows import study as use
from medseg.workflows.people import create_key
from napari_medseg.panel.contouring import ContouringPanel
from napari_medseg.study.panel import WorklistPanel

PHRASE = "a phrase for the pictures"

PEOPLE = {
    "ada": ("Ada Adams", "annotator"),
    "emil": ("Emil Ernst", "annotator"),
    "bela": ("Bela Bartók", "radiologist"),
    "cleo": ("Cleo Costa", "radiologist"),
    "dora": ("Dora Dahl", "qa"),
    "cory": ("Cory Chen", "coordinator"),
}

ByHand = Callable[[np.ndarray, Volume, list[Slice], str], list[Contour]]


@dataclass
class StudyPictures:
    """Makes the pictures.

    Attributes:
        viewer: The viewer.
        panel: The contouring panel.
        dock: The worklist.
        folder: Where the study is made.
        volume: The phantom.
        truth: Its structures.
        by_hand: Contours as a reader draws them.
        save: Takes the picture of a widget.
    """

    viewer: napari.Viewer
    panel: ContouringPanel
    dock: WorklistPanel
    folder: Path
    volume: Volume
    truth: LabelMap
    by_hand: ByHand
    save: Callable[[QWidget | None, str], None]

    def make(self) -> None:
        """Make all of them."""
        study = self._make_study()
        self._add_cases(study)
        self._from_work_to_changes()
        self._from_changes_to_release()
        self._amended_and_withdrawn()
        self._blind_reads()
        self._worklist()
        study.close()

    def _from_work_to_changes(self) -> None:
        self._enter("ada")
        self._open("case-0001")
        self._draw(every=6, size=0.9)
        self._press_save()
        self.dock_in_front()
        self.save(None, "study-in-progress.png")
        self._ask("submitted")
        self.save(self.dock.signing.dialog, "study-sign.png")
        self._sign()
        self._enter("bela")
        self._open("case-0001")
        self.save(None, "study-submitted.png")
        self._comment("The dome of the liver is missing.", (0.28, 0.5, 0.42))
        self._comment("Take the vessel out of the tumour.", (0.5, 0.45, 0.35))
        self._ask("changes-requested")
        self.dock.signing.dialog.reason.setPlainText("The dome is missing, see the comments.")
        self._sign()
        self._enter("ada")
        self._open("case-0001")
        self.dock.tabs.setCurrentIndex(2)
        self.dock.comments.list.setCurrentRow(1)
        self.dock.comments.go.click()
        self.dock_in_front()
        self.save(None, "study-changes-requested.png")

    def _from_changes_to_release(self) -> None:
        self._contour(every=3, size=1.0)
        self._press_save()
        self._sign_as("submitted")
        self._enter("bela")
        self._open("case-0001")
        self.dock.case.outline.setChecked(True)
        self._wait()
        self.dock.case.compare.click()
        self._wait()
        self.save(None, "study-outline.png")
        self._ask("approved")
        self.save(self.dock.signing.dialog, "study-approve.png")
        self._sign()
        self.save(None, "study-approved.png")
        self._enter("dora")
        self._open("case-0001")
        self._sign_as("released")
        self.save(None, "study-released.png")

    def _amended_and_withdrawn(self) -> None:
        self._enter("bela")
        self._open("case-0001")
        self._ask("amended")
        self.dock.signing.dialog.reason.setPlainText("A second metastasis was found in segment VII.")
        self._sign()
        self.save(None, "study-amended.png")
        self._enter("ada")
        self._open("case-0001")
        self._contour(every=2, size=1.04)
        self._press_save()
        self._sign_as("submitted")
        self._enter("bela")
        self._open("case-0001")
        self._sign_as("approved")
        self.dock.case.outline.setChecked(True)
        self._wait()
        self.dock_in_front()
        self.save(None, "study-superseded.png")
        self._enter("ada")
        self._open("case-0006")
        self._draw(every=6, size=1.0)
        self._press_save()
        self._sign_as("submitted")
        self._enter("bela")
        self._open("case-0006")
        self._sign_as("withdrawn", "The image is that of another examination.")
        self.save(None, "study-withdrawn.png")

    def _blind_reads(self) -> None:
        for person, size in (("ada", 1.0), ("emil", 0.82)):
            self._enter(person)
            self._open("case-0002")
            self._draw(every=5, size=size)
            self._press_save()
            if person == "emil":
                self.dock_in_front()
                self.save(None, "study-blind.png")
            self._sign_as("read")
        self._enter("cleo")
        self._open("case-0002")
        self.save(None, "study-adjudication.png")

    def _worklist(self) -> None:
        self._enter("ada")
        self._open("case-0004")
        self._draw(every=6, size=1.0)
        self._press_save()
        self._sign_as("submitted")
        self._enter("bela")
        self._open("case-0004")
        self._sign_as("approved")
        self.dock.tabs.setCurrentIndex(0)
        self.dock.worklist.whose.setCurrentText("All cases")
        self._wait()
        self.dock_in_front()
        self.save(None, "study-worklist.png")

    def dock_in_front(self) -> None:
        """Show the worklist instead of the structures."""
        from napari_medseg.napari_private import raise_dock

        raise_dock(self.dock)

    def _make_study(self) -> use.Study:
        keys = self.folder / "keys"
        keys.mkdir()
        for person, (name, role) in PEOPLE.items():
            create_key(keys / f"{person}.pem", name=name, role=role, passphrase=PHRASE, person_id=person)
        return use.create_study(
            self.folder / "liver-study",
            people=[keys / f"{person}.person.json" for person in PEOPLE],
            founders=[(keys / f"{person}.pem", PHRASE) for person in ("bela", "dora")],
        )

    def _add_cases(self, study: use.Study) -> None:
        image = self.folder / "phantom.nii.gz"
        write_image(self.volume, image)
        cory = use.sign_in(study, self.folder / "keys" / "cory.pem", PHRASE)
        today = date.today()  # noqa: DTZ011 - the day where the reader is
        for number in range(1, 8):
            blind = number == 2
            case = use.add_case(study, cory, image, reads=2 if blind else 1)
            readers = ("ada", "emil") if blind else ("ada",) if number % 2 == 0 or number == 1 else ("emil",)
            if number < 7:
                due = today + timedelta(days=3 * number - 8)
                use.assign(study, cory, case.id, readers, adjudicator="cleo" if blind else None, due=due)

    def _draw(self, *, every: int, size: float) -> None:
        case = self.dock.opened.case
        for structure_id in ("liver", "tumour"):
            self.panel.structuring.add(
                self.truth.structure(structure_id).name, case.structures[0].id if case.structures else ""
            )
        self._contour(every=every, size=size)

    def _contour(self, *, every: int, size: float) -> None:
        case = self.dock.opened.case
        for structure, names in zip(case.structures, (("liver", "tumour"), ("tumour",)), strict=True):
            mask = np.any([self.truth.mask(name) for name in names], axis=0)
            slices = np.flatnonzero(mask.any(axis=(1, 2)))
            first = slices[0] + round((1 - size) * len(slices))
            chosen = [Slice(0, int(k)) for k in slices if k % every == 2 % every and k >= first]
            drawn = [_scaled(one, size) for one in self.by_hand(mask, case.volume, chosen, structure.id)]
            case.edit_contours(structure.id, case.contours.of(structure.id), drawn)
        self.panel.drawing.interpolate()
        self._wait()
        self._show_middle()

    def _show_middle(self) -> None:
        middle = np.array([np.median(indices) for indices in np.nonzero(self.truth.mask("tumour"))])
        self.panel.binding.go_to_lps(self.volume.grid.to_lps_mm(middle[None])[0])

    def _comment(self, text: str, fraction: tuple[float, float, float]) -> None:
        grid = self.volume.grid
        index = np.array(fraction) * np.array(grid.shape_kji)
        place = grid.to_lps_mm(index.reshape(1, 3))[0]
        self.dock.tabs.setCurrentIndex(2)
        self.dock.comments.text.setPlainText(text)
        self.dock.comments.place.setText(", ".join(f"{value:.1f}" for value in place))
        self.dock.comments.structure.setCurrentIndex(1)
        self.dock.comments.add.click()
        self._wait()

    def _enter(self, person: str) -> None:
        if self.dock.desk.who is not None:
            self.dock.leave()
        self.dock.sign_in.study.setText(str(self.folder / "liver-study"))
        self.dock.sign_in.key.setText(str(self.folder / "keys" / f"{person}.pem"))
        self.dock.sign_in.passphrase.setText(PHRASE)
        self.dock.enter()
        self._wait()

    def _open(self, case_id: str) -> None:
        self.dock.open_case(case_id)
        self._wait()
        self._show_middle()
        self.viewer.reset_view()

    def _press_save(self) -> None:
        self.panel.keeping.save()
        self._wait()

    def _ask(self, meaning: str) -> Any:
        step = next(push for (each, _), push in self.dock.case.steps.items() if each.value == meaning)
        step.click()
        self._wait()
        return self.dock.signing.dialog

    def _sign(self) -> None:
        dialog = self.dock.signing.dialog
        dialog.passphrase.setText(PHRASE)
        dialog.sign.click()
        self._wait()

    def _sign_as(self, meaning: str, reason: str = "") -> None:
        self._ask(meaning).reason.setPlainText(reason)
        self._sign()

    def _wait(self) -> None:
        for _ in range(5):
            QApplication.processEvents()
            # Only an event loop that runs would delete what napari has done with.
            QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
            while any(one.busy for one in self._backgrounds()) or self._follows():
                QApplication.processEvents()

    def _follows(self) -> bool:
        """Whether the engine has not come as far as the contours."""
        return self.panel.live is not None and self.panel.live.busy

    def _backgrounds(self) -> list[Any]:
        dialog = self.dock.signing.dialog
        mine = [self.dock.background, self.dock.listing, self.dock.reading, self.panel.background]
        return [*mine, *([dialog.background] if dialog is not None else [])]


def _scaled(contour: Contour, size: float) -> Contour:
    """A contour that is smaller or larger about its middle: what another reader would draw."""
    middle = contour.points_mm.mean(axis=0)
    return Contour(contour.plane, middle + (contour.points_mm - middle) * size, contour.structure_id)
