"""Opening a folder that holds several volumes: what is offered, how it looks, and what is opened."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from qtpy.QtCore import Qt, QTimer
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QDialogButtonBox, QLabel, QProgressDialog, QPushButton

from medseg.errors import Cancelled, NotOneVolumeError
from medseg.io.dicom import write_series
from medseg.volume import Quantity, Source, Volume
from medseg.workflows.list_volumes import list_volumes
from mr_images import PLANES
from mr_images import write_volumes as write_mr_volumes
from napari_medseg.case import Case
from napari_medseg.napari_private import main_window
from napari_medseg.opening import Choice, open_case
from napari_medseg.panel.unsaved import Answer
from napari_medseg.panel.volume_chooser import VolumeChooser
from napari_medseg.panel.waiting import wait_for
from napari_medseg.slice_picture import slice_picture

pytestmark = pytest.mark.gui

CORONAL = ((0, 1, 0), (0, 0, -1), (1, 0, 0))
ECHO_TIMES_MS = (4.6, 9.2, 13.8)


def write(volume: Volume, folder: Path, number: int, description: str, modality: str = "CT") -> Path:
    write_series(
        volume,
        folder,
        modality=modality,
        uid_seed=description,
        patient_name="PHANTOM^TEST",
        patient_id="P1",
        series_description=description,
        series_number=number,
    )
    return folder


def edit_each(folder: Path, change: Callable[[Any], None]) -> None:
    for path in folder.iterdir():
        dataset = pydicom.dcmread(path)
        change(dataset)
        dataset.save_as(path)


def make_localizer(dataset: Any) -> None:
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]


@pytest.fixture
def study(tmp_path: Path, volume_of: Any) -> Path:
    """An axial CT, a coronal MR, a CT of which a slice is missing, and a localizer."""
    folder = tmp_path / "study"
    coronal = volume_of(CORONAL, shape_kji=(8, 30, 40), spacing_kji_mm=(3.0, 2.0, 1.0))
    write(coronal, folder / "b", 2, "T1 cor", modality="MR")
    write(volume_of(), folder / "a", 4, "Abdomen <portal venous>")
    torn = write(volume_of(shape_kji=(6, 20, 20)), folder / "c", 3, "Torn")
    sorted(torn.iterdir())[2].unlink()
    scout = write(volume_of(shape_kji=(2, 20, 20)), folder / "d", 1, "Scout")
    edit_each(scout, make_localizer)
    return folder


@pytest.fixture
def echoes(tmp_path: Path) -> Path:
    """Three echoes of an MR."""

    def set_echo(dataset: Any, t: int, k: int) -> None:
        dataset.EchoTime, dataset.EchoNumbers = str(ECHO_TIMES_MS[t]), str(t + 1)
        dataset.SeriesDescription = "Multi-echo"

    write_mr_volumes(tmp_path / "echoes", "GE", PLANES["axial"], 3, 5, set_echo)
    return tmp_path / "echoes"


@pytest.fixture
def open_in(panel: Any, wait: Any, qtbot: Any) -> Callable[[Path], Any]:
    """Types a path; returns the chooser with all its pictures, or None where there is nothing to choose."""

    def open_path(path: Path) -> Any:
        panel.opening.path.setText(str(path))
        panel.opening.path.returnPressed.emit()
        wait(panel)
        if panel.chooser is not None:
            qtbot.waitUntil(lambda: not panel.chooser.thumbnails.waiting, timeout=20_000)
            qtbot.waitExposed(panel.chooser)
        return panel.chooser

    return open_path


def texts_of(row: Any) -> list[str]:
    labels = [label for label in row.findChildren(QLabel) if label is not row.picture]
    return [label.text() for label in labels]


def test_several_volumes_are_offered_in_words_and_pictures(open_in: Any, study: Path) -> None:
    chooser = open_in(study)
    mr, ct, torn = chooser.rows
    assert texts_of(mr) == ["<b>MR · T1 cor</b>", "coronal · 40×30×8 · 1×2×3 mm"]
    assert texts_of(ct) == [
        "<b>CT · Abdomen &lt;portal venous&gt;</b>",
        "axial · 80×60×12 · 0.8×1×4 mm · HU",
    ]
    title, images, reason = texts_of(torn)
    assert (title, images) == ("<b>CT · Torn</b>", "5 images")
    assert reason.startswith("Can&#x27;t be opened: expected 4 mm between slices, found 8 mm")
    assert "fetch the whole series again" in reason
    assert chooser.also_here.text() == "Also here: 2 localizer images"
    for row in (mr, ct):
        assert not row.picture.pixmap().isNull()
    size = mr.picture.pixmap().deviceIndependentSize()
    assert (size.width(), size.height()) == (64, 96), "40 mm across and 60 mm down"
    assert torn.picture.pixmap().isNull()
    # Nothing is clipped: each text has the room that it asks for.
    for row in chooser.rows:
        assert row.height() >= row.heightForWidth(row.width())
    assert chooser.list.horizontalScrollBar().maximum() == 0
    chooser.reject()


def test_arrows_and_enter_choose_and_pass_over_what_is_refused(
    panel: Any, open_in: Any, study: Path, wait: Any, volume_of: Any
) -> None:
    chooser = open_in(study)
    assert chooser.list.currentRow() == 0
    for _ in range(3):
        QTest.keyClick(chooser.list, Qt.Key.Key_Down)
    assert chooser.list.currentRow() == 1, "the refused one can't be marked"
    QTest.keyClick(chooser.list, Qt.Key.Key_Return)
    wait(panel)
    assert panel.chooser is None
    assert np.array_equal(panel.case.volume.voxels, volume_of().voxels)
    assert panel.case.volume.grid.is_same_as(volume_of().grid)
    ct = next(one for one in list_volumes(study) if one.series_number == 4)
    assert panel.case.name == f"study_{ct.summary.id}", "two volumes of a folder are saved under two names"
    assert "Abdomen" not in panel.sign_off.path.text(), (
        "what was typed at the scanner is for the screen alone"
    )


def test_a_click_on_what_is_refused_marks_nothing(open_in: Any, study: Path) -> None:
    chooser = open_in(study)
    torn = chooser.rows[2]
    QTest.mouseClick(torn, Qt.MouseButton.LeftButton, pos=torn.rect().center())
    assert chooser.list.currentRow() != 2 or not chooser.open_button.isEnabled()
    QTest.mouseDClick(torn, Qt.MouseButton.LeftButton, pos=torn.rect().center())
    assert chooser.isVisible()
    chooser.reject()


def test_a_double_click_opens(panel: Any, open_in: Any, study: Path, wait: Any) -> None:
    row = open_in(study).rows[1]
    QTest.mouseClick(row, Qt.MouseButton.LeftButton, pos=row.rect().center())
    QTest.mouseDClick(row, Qt.MouseButton.LeftButton, pos=row.rect().center())
    wait(panel)
    assert panel.case.volume.source.modality == "CT"


def test_escape_leaves_everything_as_it_was(panel: Any, open_in: Any, study: Path, case: Case) -> None:
    panel.show_case(case)
    chooser = open_in(study)
    QTest.keyClick(chooser.list, Qt.Key.Key_Escape)
    assert panel.chooser is None
    assert panel.case is case
    assert not panel.background.busy
    with pytest.raises(RuntimeError):
        chooser.thumbnails.ask(chooser.rows, 0)


def test_a_volume_of_a_series_is_chosen_by_its_echo(
    panel: Any, open_in: Any, echoes: Path, wait: Any, qtbot: Any
) -> None:
    chooser = open_in(echoes)
    (row,) = chooser.rows
    assert texts_of(row)[:3] == [
        "<b>MR · Multi-echo</b>",
        "axial · 16×16×5 · 2×2×3 mm",
        "3 echoes: 4.6 to 13.8 ms",
    ]
    assert chooser.position.text() == "Volume 1 of 3: echo 4.6 ms"
    first = row.picture.pixmap().toImage()
    QTest.keyClick(chooser.slider, Qt.Key.Key_Right)
    QTest.keyClick(chooser.slider, Qt.Key.Key_Right)
    assert chooser.position.text() == "Volume 3 of 3: echo 13.8 ms"
    qtbot.waitUntil(lambda: not chooser.thumbnails.waiting, timeout=20_000)
    assert row.picture.pixmap().toImage() != first, "the picture is of the chosen volume"
    chooser.open_button.click()
    wait(panel)
    stored = [pydicom.dcmread(path) for path in echoes.iterdir()]
    third = [dataset for dataset in stored if float(dataset.EchoTime) == ECHO_TIMES_MS[2]]
    third.sort(key=lambda dataset: float(dataset.ImagePositionPatient[2]))
    expected = np.stack([dataset.pixel_array for dataset in third])
    assert np.array_equal(panel.case.volume.voxels, expected)
    assert len(panel.case.volume.source.files) == 5, "the other echoes were not read"
    assert panel.case.name.endswith("_vol3")
    assert "Volume 3 of 3 of a 4-D series: echo 13.8 ms." in panel.messages.text


HANGING = {
    "axial": ((0, 0, 1), (0, 1, 0), (1, 0, 0)),
    "axial, upside down": ((0, 0, -1), (0, -1, 0), (1, 0, 0)),
    "coronal": CORONAL,
    "coronal, head first row last": ((0, 1, 0), (0, 0, 1), (-1, 0, 0)),
    "sagittal": ((1, 0, 0), (0, 0, -1), (0, 1, 0)),
}


@pytest.mark.parametrize("name", HANGING)
def test_pictures_hang_as_the_planes_do(volume_of: Any, name: str) -> None:
    directions = np.array(HANGING[name])
    volume = volume_of(HANGING[name], shape_kji=(1, 30, 20), spacing_kji_mm=(3.0, 2.0, 1.0))
    # Bright towards the patient's left, back and head: down and right in axial, up and right elsewhere.
    towards_lps = np.array([1.0, 1.0, 1.0])
    index = np.indices((1, 30, 20)).astype(float)
    steps = directions @ towards_lps
    voxels = (100 * (index * steps[:, None, None, None]).sum(axis=0)).astype(np.int16)
    marked = Volume(volume.grid, voxels, Quantity.ARBITRARY, Source("phantom"))
    picture = slice_picture(marked)
    assert (picture.down_mm, picture.across_mm) == (60.0, 20.0)
    bottom = name.startswith("axial")
    brightest = np.unravel_index(int(picture.grey.argmax()), picture.grey.shape)
    rows, columns = picture.grey.shape
    assert (brightest[0] > rows / 2, brightest[1] > columns / 2) == (bottom, True)


def test_a_slice_that_cant_be_read_leaves_a_remark(viewer: Any, study: Path, qtbot: Any) -> None:
    listed = list_volumes(study)
    for path in (study / "a").iterdir():
        path.write_bytes(b"")
    chooser = VolumeChooser(Choice(listed, study), main_window(viewer))
    chooser.open()
    qtbot.waitUntil(lambda: not chooser.thumbnails.waiting, timeout=20_000)
    mr, ct, _ = chooser.rows
    assert ct.picture.text() == "no picture"
    assert "changed while it was read" in ct.picture.toolTip()
    assert not mr.picture.pixmap().isNull()
    chooser.reject()


def test_the_only_volume_opens_at_once(panel: Any, open_in: Any, study: Path) -> None:
    for name in ("b", "c"):
        for path in (study / name).iterdir():
            path.unlink()
    assert open_in(study) is None
    assert panel.case.name == "study", "a localizer beside it leaves no choice"


def test_the_only_series_is_refused_with_its_numbers(panel: Any, open_in: Any, study: Path) -> None:
    assert open_in(study / "c") is None
    assert panel.case is None
    assert "expected 4 mm between slices, found 8 mm" in panel.messages.text
    assert "fetch the whole series again" in panel.messages.text


def test_a_damaged_file_beside_a_volume_is_shown(open_in: Any, study: Path) -> None:
    path = study / "a" / "IM0003.dcm"
    path.write_bytes(path.read_bytes()[:300])
    chooser = open_in(study / "a")
    reason = texts_of(chooser.rows[-1])[-1]
    assert "IM0003.dcm" in reason
    assert "copy or export it again" in reason
    chooser.reject()


def test_refusals_alone_are_listed_and_nothing_can_be_opened(open_in: Any, study: Path) -> None:
    for name in ("a", "b"):
        sorted((study / name).iterdir())[3].unlink()
    chooser = open_in(study)
    assert len(chooser.rows) == 3
    assert chooser.chosen is None
    assert not chooser.open_button.isEnabled()
    QTest.keyClick(chooser.list, Qt.Key.Key_Return)
    assert chooser.isVisible()
    chooser.reject()


def test_unsaved_contours_are_asked_about_first(panel: Any, open_in: Any, study: Path, case: Case) -> None:
    panel.show_case(case)
    panel.structuring.add("Tumour")
    asked: list[str] = []
    panel.ask = lambda _window, name: asked.append(name) or Answer.CANCEL
    assert open_in(study) is None
    assert asked == ["phantom"]
    assert panel.case is case


def test_the_label_map_goes_on_the_chosen_volume(
    panel: Any, wait: Any, study: Path, tmp_path: Path, volume_of: Any
) -> None:
    from napari_medseg.completing import Snapshot
    from napari_medseg.saving import result_to_save, save_case

    drawn = Case(volume_of(), "abdomen")
    drawn.add_structure("Tumour")
    drawn.set_author("Ada Adams")
    drawn.accept_result(result_to_save(Snapshot.of(drawn)))
    label_map = save_case(drawn, tmp_path / "abdomen_dseg.nii.gz")
    choice = open_case([study, label_map])
    assert isinstance(choice, Choice)

    panel.choose(choice)
    panel.chooser.list.setCurrentRow(0)
    panel.chooser.accept()
    wait(panel)
    assert "label map and image" in panel.messages.text, "it does not lie on the MR"
    panel.choose(choice)
    panel.chooser.list.setCurrentRow(1)
    panel.chooser.accept()
    wait(panel)
    assert [structure.name for structure in panel.case.structures] == ["Tumour"]
    assert panel.case.path == label_map.resolve()


def when_shown(kind: type, act: Callable[[Any], None]) -> None:
    """Do something with a modal window as soon as it is there."""

    def look() -> None:
        window = QApplication.activeModalWidget()
        if isinstance(window, kind) and window.isVisible():
            act(window)
        else:
            QTimer.singleShot(20, look)

    QTimer.singleShot(20, look)


def test_napari_itself_asks_too(viewer: Any, study: Path) -> None:
    def choose_second(chooser: Any) -> None:
        QTest.keyClick(chooser.list, Qt.Key.Key_Down)
        QTest.keyClick(chooser.list, Qt.Key.Key_Return)

    when_shown(VolumeChooser, choose_second)
    (layer,) = viewer.open(study, plugin="medseg")
    assert layer.data.shape == (12, 60, 80)

    when_shown(VolumeChooser, VolumeChooser.reject)
    assert viewer.open(study, plugin="medseg") == []
    assert len(viewer.layers) == 1


def test_a_script_without_a_window_is_told_what_there_is(
    npe2pm: Any, make_napari_viewer: Any, study: Path
) -> None:
    with npe2pm.tmp_plugin(package="medseg"):
        viewer = make_napari_viewer(show=False)
        with pytest.raises(NotOneVolumeError, match="expected one series, found") as caught:
            viewer.open(study, plugin="medseg")
        for listed in list_volumes(study):
            if listed.plan:
                assert listed.summary.id in caught.value.message
        (layer,) = viewer.open(study / "a", plugin="medseg")
        assert layer.data.shape == (12, 60, 80)


def test_looking_through_a_folder_can_be_cancelled(viewer: Any) -> None:
    reported = 0

    def work(progress: Any) -> None:
        nonlocal reported
        for reported in range(10_000):
            progress("reading headers", reported, 10_000)
            time.sleep(0.005)

    def cancel(dialog: QProgressDialog) -> None:
        assert dialog.labelText() == "reading headers"
        assert dialog.maximum() == 10_000
        dialog.findChild(QPushButton).click()

    when_shown(QProgressDialog, cancel)
    with pytest.raises(Cancelled):
        wait_for("Opening", work, main_window(viewer))
    assert 0 < reported < 9_999


def test_long_words_are_not_cut_off(open_in: Any, study: Path) -> None:
    first = sorted((study / "b").iterdir())[0]
    content = first.read_bytes()
    first.unlink()
    name = f"{'7' * 120}.dcm"
    (study / "b" / name).write_bytes(content[:-10])
    chooser = open_in(study)
    refused = next(row for row in chooser.rows if "damaged" in texts_of(row)[-1])
    label = refused.findChildren(QLabel)[-1]
    assert name in label.text().replace("\u200b", "")
    assert label.minimumSizeHint().width() <= label.width()
    chooser.reject()


def test_buttons_say_what_they_do(open_in: Any, study: Path) -> None:
    chooser = open_in(study)
    buttons = chooser.findChild(QDialogButtonBox).buttons()
    assert {button.text() for button in buttons} == {"Open", "Cancel"}
    assert chooser.open_button.isDefault()
    chooser.reject()


REAL = {
    "three modalities": (
        "sarcoma_pet_ct_mr/dicom/STS_001",
        ["PET", "CT", "MR"],
        "Also here: 3 sets of contours",
    ),
    "mosaics": ("mr_4d_nih/In/20180918Si", ["MR"] * 4, ""),
    "a refused one": ("ct_gantry_tilt", ["CT", "CT"], "Also here: 1 localizer image"),
}


@pytest.mark.parametrize("name", REAL)
def test_real_studies(name: str, real_data: Path, panel: Any, open_in: Any, wait: Any) -> None:
    folder, modalities, also_here = REAL[name]
    chooser = open_in(real_data / folder)
    assert [texts_of(row)[0][3:].split(" ")[0].removesuffix("</b>") for row in chooser.rows] == modalities
    assert chooser.also_here.text() == also_here
    pictures = [row.picture.pixmap() for row in chooser.rows]
    refused = [number for number, picture in enumerate(pictures) if picture.isNull()]
    assert refused == ([1] if name == "a refused one" else [])
    if refused:
        assert "found 1.14 to 7.38 mm" in texts_of(chooser.rows[1])[-1]
    if name == "mosaics":
        chooser.slider.setValue(1)
        assert chooser.position.text() == "Volume 2 of 2: time 2.435 s"
    chooser.open_button.click()
    wait(panel)
    assert panel.case is not None, panel.messages.text
