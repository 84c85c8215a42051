"""Make the pictures of the real window in docs/images.

It needs a display, or Xvfb: ``xvfb-run -a -s "-screen 0 1600x1000x24" python tools/make_screenshots.py``.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import napari
import numpy as np
import pydicom
from PIL import Image
from pydicom.uid import generate_uid
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QWidget
from study_screenshots import StudyPictures

from medseg.contour import Contour, ContourSet, Slice, trace_slice
from medseg.io.dicom import write_series
from medseg.labelmap import LabelMap, Structure
from medseg.volume import Volume
from medseg.workflows.export_label_map import export_label_map
from medseg.workflows.import_label_map import filled
from medseg.workflows.open_image import open_image
from medseg.workflows.sample_data import sample_volume
from medseg.workflows.save import save_label_map
from napari_medseg.case import Case
from napari_medseg.napari_private import main_window
from napari_medseg.panel.contouring import ContouringPanel
from napari_medseg.panel.unsaved import Answer
from napari_medseg.study.panel import WorklistPanel

IMAGES = Path(__file__).parents[1] / "docs" / "images"
WINDOW_PX = (1280, 800)
SETTLE_S = 2.0
"""The surfaces are made beside."""
EVERY = 3
MIN_AREA_MM2 = 40
"""Smaller pieces are left out, as a reader would."""


def main(size: str = "full") -> None:
    """Make all pictures."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as state:
        # Whose work was left unsaved is nobody's business here.
        os.environ["MEDSEG_STATE"] = state
        make(size)


def make(size: str) -> None:
    """Make them one after the other, in one window."""
    viewer = napari.Viewer(show=True)
    panel = ContouringPanel(viewer)
    viewer.window.add_dock_widget(panel, name="medseg: contouring", area="right")
    main_window(viewer).resize(*WINDOW_PX)
    panel.ask = lambda *_: Answer.DISCARD

    with TemporaryDirectory() as folder:
        save_brought_in(panel, viewer, Path(folder), size)
    volume, truth = sample_volume("abdomen", size)
    middle = contour_from_truth(panel, volume, truth, ("liver", "tumour"), name="abdominal-ct")
    panel.tabs.setCurrentWidget(panel.sign_off)
    panel.sign_off.author.setText("Ada Adams")
    panel.sign_off.path.setText("abdominal-ct_dseg.nii.gz")
    panel.sign_off.key.setText("ada.pem")
    panel.sign_off.passphrase.setText("not a real passphrase")
    show(panel, middle)
    save(viewer, "window-sign-off.png")
    panel.tabs.setCurrentWidget(panel.contours)

    volume, truth = sample_volume("brain", size)
    middle = contour_from_truth(panel, volume, truth, ("oedema", "tumour"), name="brain-mr")
    show(panel, middle)
    save(viewer, "window-mr-oblique.png")
    with TemporaryDirectory() as folder:
        save_chooser(panel, make_study(Path(folder) / "study", size))
    with TemporaryDirectory() as folder:
        save_study(panel, viewer, Path(folder))
    viewer.close()


def save_study(panel: ContouringPanel, viewer: napari.Viewer, folder: Path) -> None:
    """Take the pictures of a study: the worklist and every state of a case.

    A small phantom does: it is drawn, saved and opened some dozen times.
    """
    dock = WorklistPanel(viewer)
    viewer.window.add_dock_widget(dock, name="Worklist", area="right", tabify=True)
    main_window(viewer).resize(*WINDOW_PX)

    def picture(widget: QWidget | None, name: str) -> None:
        save_widget(widget or main_window(viewer), name)

    volume, truth = sample_volume("abdomen", "small")
    panel.close_case()
    StudyPictures(viewer, panel, dock, folder, volume, truth, by_hand, picture).make()
    dock.leave()


def save_chooser(panel: ContouringPanel, study: Path) -> None:
    """Take the picture of the window in which a volume is chosen."""
    panel.open_path(study)
    while panel.chooser is None or panel.chooser.thumbnails.waiting:
        QApplication.processEvents()
    chooser = panel.chooser
    chooser.list.setCurrentRow(1)
    chooser.slider.setValue(2)
    while chooser.thumbnails.waiting:
        QApplication.processEvents()
    save_widget(chooser, "window-choose.png")
    chooser.reject()


def save_brought_in(panel: ContouringPanel, viewer: napari.Viewer, folder: Path, size: str) -> None:
    """Take the picture of an RT structure set on its series."""
    abdomen, truth = sample_volume("abdomen", size)
    dicom = folder / "abdominal-ct"
    write_phantom(abdomen, dicom, "CT", 1, "Abdomen")
    image = open_image(dicom)
    names = ("liver", "tumour")
    structures = tuple(replace(truth.structure(name), part_of=None) for name in names)
    contours = []
    for name in names:
        mask = mask_with_parts(truth, truth.structure(name))
        slices = [Slice(0, int(k)) for k in np.flatnonzero(mask.any(axis=(1, 2)))]
        contours += by_hand(mask, image, slices, name)
    drawn = ContourSet(tuple(contours))
    label_map = filled(drawn, image.grid, structures)
    saved = save_label_map(
        folder / "plan_dseg.nii.gz",
        label_map,
        grid=image.grid,
        source=image.source,
        contours=drawn,
        author="Ada Adams",
    )
    export_label_map(saved.nifti, folder / "plan.dcm", to="rtstruct", image=dicom)
    panel.open_path(dicom)
    finish(panel)
    panel.open_path(folder / "plan.dcm")
    finish(panel)
    panel.contours.choose(panel.case.structures[-1].id)
    rows = panel.contours.slices
    panel.drawing.show_place(rows.item(rows.count() // 2).data(Qt.ItemDataRole.UserRole))
    finish(panel)
    save(viewer, "window-brought-in.png")


def make_study(folder: Path, size: str) -> Path:
    """A CT, an MR of three echoes, and a CT of which a slice is missing."""
    abdomen, _ = sample_volume("abdomen", size)
    brain, _ = sample_volume("brain", size)
    write_phantom(abdomen, folder / "ct", "CT", 2, "Abdomen portal venous")
    torn = write_phantom(abdomen, folder / "torn", "CT", 4, "Abdomen late")
    torn[len(torn) // 2].unlink()
    for t, echo_ms in enumerate((10.0, 30.0, 50.0)):
        signal = (brain.voxels * np.exp(-echo_ms / 60)).astype(brain.voxels.dtype)
        echo = Volume(brain.grid, signal, brain.quantity, brain.source)
        for path in write_phantom(echo, folder / f"echo{t}", "MR", 3, "T2* multi-echo"):
            dataset = pydicom.dcmread(path)
            dataset.SeriesInstanceUID = dataset.StudyInstanceUID + ".3"
            dataset.FrameOfReferenceUID = dataset.StudyInstanceUID + ".4"
            dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid(
                entropy_srcs=[str(path.relative_to(folder))]
            )
            dataset.EchoTime, dataset.EchoNumbers = str(echo_ms), str(t + 1)
            dataset.save_as(path)
    return folder


def write_phantom(
    volume: Volume, folder: Path, modality: str, number: int, description: str
) -> tuple[Path, ...]:
    """Write a phantom as one series of the study."""
    return write_series(
        volume,
        folder,
        modality=modality,
        uid_seed=folder.name,
        patient_name="PHANTOM^STUDY",
        patient_id="PHANTOM-STUDY",
        series_description=description,
        series_number=number,
        study_uid="2.25.1",
    )


def contour_from_truth(
    panel: ContouringPanel, volume: Volume, truth: LabelMap, structure_ids: Sequence[str], name: str
) -> tuple[int, ...]:
    """Open a phantom, contour some structures on every few slices and interpolate.

    Returns:
        The middle of the last structure, as shown.
    """
    case = Case(volume, name)
    case.set_author("Ada Adams")
    panel.show_case(case)
    for structure_id in structure_ids:
        structure = truth.structure(structure_id)
        panel.structuring.add(structure.name, case.structures[0].id if case.structures else "")
        mine = case.structures[-1]
        mask = mask_with_parts(truth, structure)
        slices = np.flatnonzero(mask.any(axis=(1, 2)))
        chosen = [Slice(0, int(k)) for k in slices if k % EVERY == 2]
        case.edit_contours(mine.id, (), by_hand(mask, volume, chosen, mine.id))
    interpolate(panel)
    data = np.asarray(panel.binding.result_layer.data) == case.structures[-1].label
    k, j, i = (int(indices.mean()) for indices in np.nonzero(data))
    drawn = [int(item[1]) for item in drawn_positions(panel)]
    return min(drawn, key=lambda position: abs(position - k)), j, i


def by_hand(mask: np.ndarray, volume: Volume, planes: Sequence[Slice], structure_id: str) -> list[Contour]:
    """What a reader would draw of a structure on some slices."""
    return [
        thinned(contour)
        for where in planes
        for contour in trace_slice(mask.take(where.index, where.axis), volume.grid, where, structure_id)
        if not contour.hole and abs(contour.signed_area_mm2) > MIN_AREA_MM2
    ]


def interpolate(panel: ContouringPanel) -> None:
    """Press Accept all, and wait."""
    panel.drawing.interpolate()
    finish(panel)


def finish(panel: ContouringPanel) -> None:
    """Wait for what runs in the background."""
    while panel.background.busy or (panel.live is not None and panel.live.busy):
        QApplication.processEvents()


def drawn_positions(panel: ContouringPanel) -> list[list[str]]:
    """The rows of the list of contoured slices, split into words."""
    rows = panel.contours.slices
    return [rows.item(number).text().split() for number in range(rows.count())]


def mask_with_parts(truth: LabelMap, structure: Structure) -> np.ndarray:
    """A structure with everything that is part of it."""
    mask = truth.mask(structure.id).copy()
    for part in truth.structures:
        if part.part_of == structure.id:
            mask |= mask_with_parts(truth, part)
    return mask


def thinned(contour: Contour) -> Contour:
    """The contour as a hand would draw it: about one corner every 4 mm, not a staircase of voxels."""
    points = contour.points_mm
    length_mm = np.linalg.norm(np.roll(points, -1, axis=0) - points, axis=1)
    at_mm = np.concatenate([[0], np.cumsum(length_mm)])
    corners = max(8, round(at_mm[-1] / 4))
    smooth = sum(np.roll(points, shift, axis=0) for shift in (-2, -1, 0, 1, 2)) / 5
    closed = np.vstack([smooth, smooth[:1]])
    wanted = np.linspace(0, at_mm[-1], corners, endpoint=False)
    resampled = np.column_stack([np.interp(wanted, at_mm, closed[:, axis]) for axis in (0, 1)])
    return Contour(contour.plane, resampled, contour.structure_id)


def show(panel: ContouringPanel, middle: Sequence[int]) -> None:
    """Show a place on all planes, each filling its canvas."""
    panel.binding.views.go_to(middle)
    panel.binding.views.fit()


def save(viewer: napari.Viewer, name: str) -> None:
    """Take the picture of the whole window."""
    save_widget(main_window(viewer), name)


def save_widget(widget: QWidget, name: str) -> None:
    """Wait until everything is drawn, then take the picture."""
    end = time.monotonic() + SETTLE_S
    while time.monotonic() < end:
        QApplication.processEvents()
    path = IMAGES / name
    widget.grab().save(str(path))
    with Image.open(path) as picture:
        picture.convert("RGB").save(path, optimize=True)
    print(f"{path.name}: {path.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main(*sys.argv[1:])
