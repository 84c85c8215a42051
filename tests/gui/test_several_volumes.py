"""Several volumes of one patient in the window: PET on CT, and a 4-D image with its time slider."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication

from medseg.contour import Contour, Origin
from medseg.space import AnatomicalOrder, Grid
from medseg.volume import Quantity, SeriesAxis, Source, Volume, VolumeSeries
from medseg.workflows.list_volumes import list_volumes
from medseg.workflows.registered import UNKNOWN_PLACE
from medseg.workflows.time_points import TimePoints
from napari_medseg.case import Case
from napari_medseg.live import LiveCase
from napari_medseg.opening import Choice, open_chosen, put_on, read_label_map, take_time_points
from napari_medseg.views.linked_views import Layout
from napari_medseg.views.outlines import CROSSING, DRAWN

pytestmark = pytest.mark.gui

STS = "sarcoma_pet_ct_mr/dicom/STS_001"
REFERENCE_PET = "sarcoma_pet_ct_mr/nifti/STS_001/PET_image.nii.gz"
ANOTHER_PATIENT = "sarcoma_pet_ct_mr/dicom/STS_002"
EPI = "mr_4d_nih/In/20180918GE/mr_0004"
REFERENCE_EPI = "mr_4d_nih/Ref/DCM2NIIX_regression_test_4.nii"
PET_VOXEL_MM = 4.6875


def _opened(folder: Path, modality: str, time_index: int = 0) -> Case:
    listed = list_volumes(folder)
    one = next(one for one in listed if one.summary.modality == modality and one.plan is not None)
    return open_chosen(Choice(listed, folder), one, time_index)


def _circle(case: Case, k: int, centre_lps_mm: Any, radius_mm: float) -> Contour:
    plane = case.volume.grid.plane(0, k)
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    around = radius_mm * np.column_stack([np.cos(angles), np.sin(angles)])
    return Contour(plane, plane.to_plane_mm(centre_lps_mm) + around, case.structures[0].id)


def test_a_pet_lies_on_the_ct_in_every_view_and_blends(
    real_data: Path, viewer: Any, panel: Any, mouse: Any, wait: Any
) -> None:
    case = _opened(real_data / STS, "CT")
    panel.show_case(case)
    imaging, views = panel.imaging, panel.binding.views
    views.set_layout(Layout.FOUR)
    panel.images.menu.aboutToShow.emit()
    offered = [action.text() for action in panel.images.menu.actions()]
    assert offered[:2] == ["PET · IBSI_1_STS_001_PET_image", "MR · IBSI_1_STS_001_MR_T1_image"]
    panel.images.menu.actions()[0].trigger()
    wait(panel)
    assert not panel.messages.text
    (pet,) = imaging.images.beside
    assert imaging.images.front is pet

    reference = nibabel.load(real_data / REFERENCE_PET)
    suv = reference.get_fdata()
    hottest = np.unravel_index(int(np.argmax(suv)), suv.shape)
    lps_mm = nibabel.affines.apply_affine(reference.affine, hottest) * (-1, -1, 1)
    grid = case.volume.grid
    place = np.rint(AnatomicalOrder.of(grid).to_anatomical(grid.to_index(lps_mm))).astype(int)
    views.go_to(place)
    assert len(views.canvases) == 3
    for canvas in views.canvases:
        layers = canvas.viewer.layers
        assert [layer.name for layer in layers][:2] == [case.name, pet.name], "the PET is right above the CT"
        seen = layers[pet.name]
        assert (seen.visible, seen.opacity, seen.colormap.name) == (True, 0.5, "hot iron")
        axis = canvas.view.axis
        cut = np.asarray(seen.data[tuple(place[a] if a == axis else slice(None) for a in range(3))])
        off = np.unravel_index(int(cut.argmax()), cut.shape) - np.delete(place, axis)
        off_mm = np.abs(off * np.delete(seen.scale, axis))
        assert off_mm.max() <= PET_VOXEL_MM / 2, "hottest where the reference has it, within a PET voxel"
        assert cut.max() == pytest.approx(suv.max(), rel=0.1), "in SUV, less what lies between voxels"
    ct_value, pet_value = imaging.images.values_at(lps_mm)
    assert (ct_value.unit, pet_value.unit) == ("HU", "g/ml")
    assert pet_value.value == pytest.approx(suv.max(), rel=1e-4)

    half = _drawn(viewer)
    panel.images.blend.setValue(0)
    ct_alone = _drawn(viewer)
    for _ in range(10):
        mouse.press_key(Qt.Key.Key_Plus)
    pet_alone = _drawn(viewer)
    assert panel.images.blend.value() == 100
    assert _colored(ct_alone) < 0.01 < _colored(half) < _colored(pet_alone)
    assert all(canvas.viewer.layers[pet.name].opacity == 1.0 for canvas in views.canvases)

    # What is looked at gives the unit of the brush's range and the windows by key.
    assert panel.contours.tools.unit.text() == "g/ml"
    ct_window = list(viewer.layers[case.name].contrast_limits)
    mouse.press_key(Qt.Key.Key_F4)
    assert panel.windows.currentText().startswith("PET")
    assert list(viewer.layers[pet.name].contrast_limits) == [0, 10]
    assert list(viewer.layers[case.name].contrast_limits) == ct_window

    # A contour belongs to the patient: it is in view whatever image is in front.
    case.add_structure("Tumour")
    k = round(float(grid.to_index(lps_mm)[0]))
    case.edit_contours(case.structures[0].id, (), [_circle(case, k, lps_mm, 12.0)])
    lines = [len(view.lines.shown(DRAWN)) + len(view.lines.shown(CROSSING)) for view in views.views]
    assert lines == [1, 1, 1]
    mouse.press_key(Qt.Key.Key_X)
    assert imaging.images.front is None
    assert panel.contours.tools.unit.text() == "HU"
    assert not viewer.layers[pet.name].visible
    assert [len(view.lines.shown(DRAWN)) for view in views.views] == [1, 0, 0]
    imaging.switch()
    panel.images.remove.click()
    assert pet.name not in [layer.name for canvas in views.canvases for layer in canvas.viewer.layers]
    assert len(case.contours) == 1

    # Another patient's images are not laid on it; NIfTI is, by its coordinates, and says so.
    imaging.search(real_data / ANOTHER_PATIENT)
    wait(panel)
    assert "No further image there lies in the frame of reference" in panel.messages.text
    panel.images.menu.aboutToShow.emit()
    strangers = panel.images.menu.actions()[:3]
    assert not any(action.isEnabled() for action in strangers)
    imaging.search(real_data / REFERENCE_PET)
    wait(panel)
    wait(panel)
    (nifti,) = imaging.images.beside
    assert UNKNOWN_PLACE in panel.messages.text
    assert imaging.images.values_at(lps_mm)[1].value == pytest.approx(pet_value.value, rel=1e-4)
    assert nifti.name == "PET_image.nii.gz"


def _drawn(viewer: Any) -> np.ndarray:
    """The picture on the main canvas."""
    QApplication.processEvents()
    return np.asarray(viewer.screenshot(canvas_only=True, flash=False)[..., :3].astype(int))


def _colored(picture: np.ndarray) -> float:
    """The share of pixels that are red rather than grey; the crosshair is blue."""
    return float((picture[..., 0] - picture[..., 2] > 20).mean())


def test_a_time_slider_and_contours_of_one_time_point_or_of_all(
    real_data: Path, tmp_path: Path, viewer: Any, panel: Any, wait: Any
) -> None:
    panel.show_case(_opened(real_data / EPI, "MR"))
    case, views = panel.case, panel.binding.views
    views.set_layout(Layout.FOUR)
    assert not panel.images.time.isHidden()
    assert (panel.images.time.maximum(), panel.images.time.value()) == (9, 0)
    reference = nibabel.as_closest_canonical(nibabel.load(real_data / REFERENCE_EPI))
    volumes = np.asarray(reference.dataobj).transpose(3, 2, 1, 0)[:, :, ::-1, ::-1]

    case.add_structure("Ventricle")
    (structure,) = case.structures
    middle_mm = case.volume.grid.to_lps_mm((7, 32, 32))
    case.edit_contours(structure.id, (), [_circle(case, 7, middle_mm, 30.0)], "draw")
    of_all = case.contours.contours

    panel.images.time.setValue(6)
    panel.images.time.setValue(3)
    wait(panel)
    wait(panel)
    assert case.time_index == 3
    assert panel.images.time_text.text().startswith("Volume 4 of 10 · time ")
    for canvas in views.canvases:
        assert np.array_equal(canvas.viewer.layers[case.name].data, volumes[3]), "every view shows it"
    assert case.contours.contours == of_all
    assert len(views.main.lines.shown(DRAWN)) == 1

    assert "volume 4 of 10 · time " in panel.status.text()
    panel.images.at_one_time.click()
    assert "drawn here only" in panel.status.text(), "in sight whatever tab is open"
    moved = _circle(case, 7, middle_mm, 45.0)
    case.edit_contours(structure.id, of_all, [moved], "redraw")
    (here,) = case.contours
    assert here.time_index == 3
    panel.imaging.step_time(-3)
    wait(panel)
    assert (case.time_index, case.contours.contours) == (0, of_all), "the other time points kept theirs"
    panel.imaging.go_to_time(3)
    wait(panel)
    assert case.contours.contours == (here,)

    panel.sign_off.author.setText("Ada Adams")
    out = tmp_path / "ventricle_dseg.nii.gz"
    panel.sign_off.path.setText(str(out))
    panel.sign_off.save.click()
    wait(panel)
    assert case.saved, panel.messages.text
    again = _opened(real_data / EPI, "MR")
    put_on(again, read_label_map(out))
    assert again.time_index == 3, "the label map is of the time point that was in view"
    assert np.array_equal(again.volume.voxels, case.volume.voxels)
    assert again.result is not None
    assert case.result is not None
    assert np.array_equal(again.result.label_map.voxels, case.result.label_map.voxels)
    found = {c.time_index: c for c in again.history.current.contours}
    assert set(found) == {None, 3}
    for index, contour in ((None, of_all[0]), (3, here)):
        assert np.array_equal(found[index].points_lps_mm, contour.points_lps_mm)
        assert found[index].origin is Origin.DRAWN


def test_true_planes_show_further_images_and_other_time_points_too(viewer: Any, panel: Any) -> None:
    turned = np.deg2rad(25)
    upright = np.array([[0, 0, 3.0], [0, 1.0, 0], [1.0, 0, 0]])
    about_x = np.array([[1, 0, 0], [0, np.cos(turned), -np.sin(turned)], [0, np.sin(turned), np.cos(turned)]])
    k, j, i = upright @ about_x.T
    grid = Grid.from_axes((12, 40, 50), origin_lps_mm=(0, 0, 0), step_k_mm=k, step_j_mm=j, step_i_mm=i)
    flat = np.ones((3, *grid.shape_kji), np.float32) * np.array([100, 200, 300])[:, None, None, None]
    series = VolumeSeries.from_array(
        grid, flat.astype(np.float32), axis=SeriesAxis.TIME, values=(0.0, 1.0, 2.0),
        quantity=Quantity.ARBITRARY, sources=Source("phantom"),
    )  # fmt: skip
    case = Case(series.volumes[0], "oblique")
    take_time_points(case, TimePoints.of_series(series), 0)
    panel.show_case(case)
    image = panel.imaging.images.add(Volume(grid, flat[0] - 93, Quantity.SUVBW, Source("phantom")), "PET")
    for on in (True, False):
        panel.show_upright(on=on)
        assert panel.imaging.images.beside == (image,), "the same images on other planes"
        shape = panel.binding.image_layer.data.shape
        assert (shape != grid.shape_kji) is on
        panel.imaging.go_to_time(2 if on else 1)
        own, beside = (viewer.layers[name] for name in ("oblique", "PET"))
        assert own.data.shape == beside.data.shape == shape
        middle = tuple(n // 2 for n in shape)
        assert (own.data[middle], beside.data[middle]) == (300 if on else 200, 7)


def test_the_engine_follows_the_reader_through_time(qtbot: Any, live_engine: None) -> None:
    grid = Grid.from_axes(
        (12, 40, 50), origin_lps_mm=(0, 0, 0), step_k_mm=(0, 0, 3), step_j_mm=(0, 1, 0), step_i_mm=(1, 0, 0)
    )
    series = VolumeSeries.from_array(
        grid, np.zeros((2, *grid.shape_kji), np.int16), axis=SeriesAxis.TIME, values=(0.0, 1.0),
        quantity=Quantity.ARBITRARY, sources=Source("phantom"),
    )  # fmt: skip
    case = Case(series.volumes[0], "perfusion")
    take_time_points(case, TimePoints.of_series(series), 0)
    case.add_structure("Tumour")
    live = LiveCase(case, lambda error: pytest.fail(error.message))
    live.start()

    def filled() -> int:
        qtbot.waitUntil(lambda: live.is_current and not live.busy, timeout=20_000)
        assert live.proposal is not None
        return round(live.proposal.volume_mm3("tumour"))

    for k in (3, 9):
        case.edit_contours("tumour", (), [_circle(case, k, (25, 20, 3 * k), 8.0)])
    at_all = filled()
    case.show_time(1, series.volumes[1])
    assert filled() == at_all
    case.draw_at_one_time(on=True)
    case.edit_contours("tumour", case.contours.contours[1:], [_circle(case, 9, (25, 20, 27), 14.0)])
    assert filled() > 1.5 * at_all
    case.show_time(0, series.volumes[0])
    assert filled() == at_all
    live.stop()
