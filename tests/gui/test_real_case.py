"""The main job in the real window on real data: DICOM folder → polygons → label map → NIfTI."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pydicom
import pytest

from medseg.contour import Origin

pytestmark = pytest.mark.gui

TOLERANCE_MM = 1e-4


class SeriesGeometry:
    """Where a series' pixels lie, from its headers alone: index (column, row, slice) → LPS in mm."""

    def __init__(self, folder: Path) -> None:
        headers = [pydicom.dcmread(path, stop_before_pixels=True) for path in folder.glob("*.dcm")]
        first = headers[0]
        across, down = np.reshape(np.array(first.ImageOrientationPatient, dtype=float), (2, 3))
        row_mm, column_mm = (float(mm) for mm in first.PixelSpacing)
        normal = np.cross(across, down)
        positions = np.array([header.ImagePositionPatient for header in headers], dtype=float)
        positions = positions[np.argsort(positions @ normal)]
        step = (positions[-1] - positions[0]) / (len(headers) - 1)
        self.shape_ijk = (first.Columns, first.Rows, len(headers))
        self.matrix = np.eye(4)
        self.matrix[:3] = np.column_stack([across * column_mm, down * row_mm, step, positions[0]])

    def to_lps(self, index_ijk: Any) -> Any:
        return np.asarray(index_ijk, dtype=float) @ self.matrix[:3, :3].T + self.matrix[:3, 3]

    def corners_lps(self) -> Any:
        return self.to_lps(_corners(self.shape_ijk))


def _corners(shape_ijk: tuple[int, ...]) -> Any:
    return np.array(list(np.ndindex(2, 2, 2))) * (np.array(shape_ijk) - 1)


def _inside_even_odd(points: Any, polygon: Any) -> Any:
    """Point in polygon by counting the edges that a ray crosses."""
    inside = np.zeros(points.shape[:-1], dtype=bool)
    for (x1, y1), (x2, y2) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        between = (y1 > points[..., 1]) != (y2 > points[..., 1])
        with np.errstate(divide="ignore", invalid="ignore"):
            at = x1 + (points[..., 1] - y1) * (x2 - x1) / (y2 - y1)
        inside ^= between & (points[..., 0] < at)
    return inside


CASES = {
    "ct": ("ct_liver_metastases/CRLM-CT-1006/image", (20, 26, 31), 60.0, None),
    "mr": (
        "sarcoma_pet_ct_mr/dicom/STS_001/MR_T1/image",
        (22, 27, 33),
        25.0,
        "sarcoma_pet_ct_mr/nifti/STS_001/MR_T1_image.nii.gz",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_from_dicom_folder_to_label_map(
    name: str, real_data: Path, tmp_path: Path, viewer: Any, panel: Any, mouse: Any, wait: Any
) -> None:
    folder, slices, radius_mm, reference = CASES[name]
    series = SeriesGeometry(real_data / folder)

    panel.opening.path.setText(str(real_data / folder))
    panel.opening.path.returnPressed.emit()
    wait(panel)
    assert panel.case is not None, panel.messages.text
    assert viewer.dims.order == (0, 1, 2), "the acquisition plane is shown, which is axial"

    panel.contours.structures.name.setText("Tumour")
    panel.contours.structures.add.click()
    panel.contours.draw.click()
    drawn_lps = _draw_on_slices(viewer, mouse, series, slices, radius_mm)
    _assert_contours_lie_where_the_mouse_was(panel.case, drawn_lps, 1 / viewer.scene.camera.zoom)

    panel.contours.interpolate.click()
    wait(panel)
    panel.sign_off.author.setText("Ada Adams")
    out = tmp_path / "tumour_dseg.nii.gz"
    panel.sign_off.path.setText(str(out))
    panel.sign_off.save.click()
    wait(panel)
    assert out.exists(), panel.messages.text
    assert "saved" in panel.status.text().split(" · ")

    shown = np.asarray(panel.binding.result_layer.data)
    _assert_lies_on_the_series(out, series, shown)
    if reference:
        _assert_same_grid_as_reference(out, real_data / reference)
    _assert_drawn_slices_are_filled_by_the_rule(out, series, panel.case, slices)


def _draw_on_slices(viewer: Any, mouse: Any, series: Any, slices: Any, radius_mm: float) -> list[Any]:
    """Draw an irregular pentagon on each slice; returns where its corners were clicked, in LPS."""
    steps_mm = np.linalg.norm(series.matrix[:3, :3], axis=0)
    middle_mm = (np.array(series.shape_ijk) - 1) / 2 * steps_mm
    clicked = []
    for number, k in enumerate(slices):
        viewer.dims.set_current_step(0, k)
        angles = np.deg2rad([10, 80, 150, 230, 300])
        size = radius_mm * (1 - 0.15 * number) * np.array([1, 0.8, 1, 0.9, 0.7])
        across, down = middle_mm[0] + size * np.cos(angles), middle_mm[1] + size * np.sin(angles)
        # Both series are axial and not oblique: the shown axes are slice, row and column, all upright.
        world = [(k * steps_mm[2], y, x) for x, y in zip(across, down, strict=True)]
        mouse.draw_polygon(world)
        index_ijk = np.column_stack([across / steps_mm[0], down / steps_mm[1], np.full(5, k)])
        clicked.append(series.to_lps(index_ijk))
    return clicked


def _assert_contours_lie_where_the_mouse_was(case: Any, drawn_lps: list[Any], pixel_mm: float) -> None:
    by_hand = [contour for contour in case.contours if contour.origin is Origin.DRAWN]
    assert len(by_hand) == len(drawn_lps)
    for contour, expected in zip(by_hand, drawn_lps, strict=True):
        assert contour.points_lps_mm.shape == expected.shape
        off_mm = np.abs(contour.points_lps_mm - expected)
        assert off_mm[:, :2].max() <= 0.51 * pixel_mm, "a click is off by the rounding to a pixel at most"
        assert off_mm[:, 2].max() < 1e-6, "the contour lies on the slice that was shown"


def _assert_lies_on_the_series(out: Path, series: Any, shown: Any) -> None:
    import SimpleITK as sitk  # noqa: N813 - its usual name

    image = nibabel.load(out)
    assert image.shape == series.shape_ijk
    corners = _corners(image.shape)
    ras = corners @ image.header.get_sform()[:3, :3].T + image.header.get_sform()[:3, 3]
    assert np.linalg.norm(ras * (-1, -1, 1) - series.corners_lps(), axis=1).max() <= TOLERANCE_MM
    assert image.header["sform_code"] > 0
    assert image.header.get_xyzt_units()[0] == "mm"

    other = sitk.ReadImage(str(out))
    lps = [other.TransformIndexToPhysicalPoint([int(n) for n in corner]) for corner in corners]
    assert np.linalg.norm(np.array(lps) - series.corners_lps(), axis=1).max() <= TOLERANCE_MM

    voxels = np.asarray(image.dataobj)
    assert np.array_equal(sitk.GetArrayFromImage(other), voxels.T)
    assert voxels.any()
    # nibabel's own way to right, anterior, superior; the viewer shows superior, posterior, left.
    ras_voxels = np.asarray(nibabel.as_closest_canonical(image).dataobj)
    assert np.array_equal(ras_voxels.transpose(2, 1, 0)[:, ::-1, ::-1], shown)


def _assert_same_grid_as_reference(out: Path, reference: Path) -> None:
    ours, theirs = nibabel.load(out), nibabel.load(reference)
    assert sorted(ours.shape) == sorted(theirs.shape)
    ours_mm, theirs_mm = (
        nibabel.affines.apply_affine(image.affine, _corners(image.shape)) for image in (ours, theirs)
    )
    distances = np.linalg.norm(ours_mm[:, None] - theirs_mm[None], axis=2)
    assert distances.min(axis=0).max() <= TOLERANCE_MM
    assert distances.min(axis=1).max() <= TOLERANCE_MM


def _assert_drawn_slices_are_filled_by_the_rule(out: Path, series: Any, case: Any, slices: Any) -> None:
    voxels = np.asarray(nibabel.load(out).dataobj)
    columns, rows, _ = series.shape_ijk
    i, j = np.meshgrid(np.arange(columns), np.arange(rows), indexing="ij")
    by_hand = [contour for contour in case.contours if contour.origin is Origin.DRAWN]
    for k, contour in zip(slices, by_hand, strict=True):
        centres = series.to_lps(np.stack([i, j, np.full_like(i, k)], axis=-1))
        expected = _inside_even_odd(centres[..., :2], contour.points_lps_mm[:, :2])
        assert expected.any()
        assert np.array_equal(voxels[:, :, k] > 0, expected)
