"""The tumours of the sarcoma set: read, filled, compared with its own masks, written and read again."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
import SimpleITK
from skimage.measure import points_in_poly

from medseg.contour import Origin, Slice, by_placement, trace_slice
from medseg.io.dicom.find import find_series
from medseg.io.dicom.plan import plan_series
from medseg.io.dicom.read import plan_one
from medseg.io.dicom.reference import read_reference
from medseg.io.exchange import Outgoing
from medseg.io.rtstruct.read import read_rtstruct
from medseg.io.rtstruct.write import write_rtstruct
from medseg.labelmap import Structure
from medseg.review.approval import Approval
from medseg.workflows.import_label_map import filled
from structure_set_cases import MADE_AT, outgoing

MEASURED = {
    # contours, and voxels of the reference mask, with all of which ours agrees
    ("STS_001", "CT"): (32, 117_145),
    ("STS_001", "PET"): (32, 5_095),
    ("STS_001", "MR_T1"): (32, 117_145),
    ("STS_002", "CT"): (16, 17_090),
    ("STS_002", "PET"): (16, 555),
    ("STS_002", "MR_T1"): (16, 17_090),
    ("STS_003", "CT"): (20, 25_693),
    ("STS_003", "PET"): (20, 817),
    ("STS_003", "MR_T1"): (20, 25_693),
}


@pytest.fixture(params=MEASURED, ids="-".join)
def tumour(real_data, request):
    patient, modality = request.param
    folder = real_data / "sarcoma_pet_ct_mr"
    images = folder / "dicom" / patient / modality
    reference = read_reference(plan_one(images / "image"))
    mask = SimpleITK.ReadImage(str(folder / "nifti" / patient / f"{modality}_mask.nii.gz"))
    return request.param, images / "mask" / "RS.dcm", reference, SimpleITK.GetArrayFromImage(mask) > 0


def test_filled_by_our_rule_every_tumour_is_the_reference_mask_voxel_by_voxel(tumour):
    case, path, reference, mask = tumour
    incoming = read_rtstruct(path)
    contours, voxels = MEASURED[case]
    assert len(incoming.contours) == contours
    assert mask.sum() == voxels
    label_map = filled(incoming.contours, reference.grid, incoming.structures)
    np.testing.assert_array_equal(label_map.voxels > 0, mask)
    assert incoming.source.series_uid == reference.first.SeriesInstanceUID
    assert incoming.frame_of_reference_uid == reference.grid.frame_of_reference_uid


def test_contours_come_as_pydicom_has_them(tumour):
    _, path, _, _ = tumour
    items = pydicom.dcmread(path).ROIContourSequence[0].ContourSequence
    for contour, item in zip(read_rtstruct(path).contours, items, strict=True):
        np.testing.assert_array_equal(
            contour.points_lps_mm, np.array(item.ContourData, dtype=float).reshape(-1, 3)
        )


def test_written_and_read_again(tumour, tmp_path):
    _, path, reference, mask = tumour
    before = read_rtstruct(path)
    grid = reference.grid
    label_map = filled(before.contours, grid, before.structures)
    outgoing = Outgoing(label_map, before.contours, before.source, "Ada Reader", MADE_AT, Approval())
    notes = write_rtstruct(outgoing, reference, tmp_path / "rs.dcm")
    assert len(notes) == 1  # nothing was traced, moved or left out
    after = read_rtstruct(tmp_path / "rs.dcm")
    # In the order of the slices now, and else the same to the last bit.
    assert len(after.contours) == len(before.contours)
    exactly = ({c.points_lps_mm.tobytes() for c in those} for those in (before.contours, after.contours))
    assert next(exactly) == next(exactly)
    np.testing.assert_array_equal(filled(after.contours, grid, after.structures).voxels, label_map.voxels)
    np.testing.assert_array_equal(filled_by_hand(pydicom.dcmread(tmp_path / "rs.dcm"), grid), mask)


def test_voxels_alone_are_traced_and_come_back_identical(tumour, tmp_path):
    _, path, reference, mask = tumour
    incoming = read_rtstruct(path)
    label_map = filled(incoming.contours, reference.grid, incoming.structures)
    outgoing = Outgoing(label_map, type(incoming.contours)(), incoming.source, "", None, Approval())
    notes = write_rtstruct(outgoing, reference, tmp_path / "rs.dcm")
    assert any("traced from the voxels" in note for note in notes)
    back = read_rtstruct(tmp_path / "rs.dcm")
    assert all(isinstance(where, Slice) for where in by_placement(back.contours, reference.grid))
    np.testing.assert_array_equal(filled(back.contours, reference.grid, back.structures).voxels > 0, mask)
    np.testing.assert_array_equal(filled_by_hand(pydicom.dcmread(tmp_path / "rs.dcm"), reference.grid), mask)


@pytest.mark.parametrize(
    "folder", ["ct_gantry_tilt/philips_S2010", "mr_enhanced/In/Philips/IM_0027_fMAP.dcm"]
)
def test_a_tilted_gantry_and_a_multi_frame_image(real_data, tmp_path, folder):
    """Every point lies on the plane of the image or frame that its contour refers to, by the headers."""
    (series,) = (one for one in find_series([real_data / folder]).images if len(one.headers) > 1)
    reference = read_reference(plan_series(series)[-1])
    grid = reference.grid
    mask = ellipsoid(grid.shape_kji)
    drawn = [
        contour
        for k in np.flatnonzero(mask.any(axis=(1, 2)))[::3].tolist()
        for contour in trace_slice(mask[k], grid, Slice(0, k), "tumour", Origin.DRAWN)
    ]
    out = outgoing(grid, [(Structure("tumour", "Tumour", 1), mask)], drawn)
    write_rtstruct(out, reference, tmp_path / "rs.dcm")
    back = read_rtstruct(tmp_path / "rs.dcm")
    assert max(
        np.abs(one.points_lps_mm - other.points_lps_mm).max()
        for one, other in zip(drawn, back.contours, strict=False)
    ) < 1e-8  # fmt: skip
    np.testing.assert_array_equal(filled(back.contours, grid, back.structures).voxels > 0, mask)
    for contour in pydicom.dcmread(tmp_path / "rs.dcm").ROIContourSequence[0].ContourSequence:
        corner, normal = plane_of_image(contour.ContourImageSequence[0], reference.slices)
        points = np.array(contour.ContourData, float).reshape(-1, 3)
        assert np.abs((points - corner) @ normal).max() < 0.01


def ellipsoid(shape_kji: tuple[int, int, int]) -> np.ndarray:
    k, j, i = (
        axis / (n - 1) - 0.5
        for axis, n in zip(np.ogrid[tuple(map(slice, shape_kji))], shape_kji, strict=True)
    )
    return k**2 / 0.4**2 + j**2 / 0.2**2 + i**2 / 0.3**2 <= 1


def plane_of_image(referenced: pydicom.Dataset, slices) -> tuple[np.ndarray, np.ndarray]:
    (image,) = (one for one in slices if one.SOPInstanceUID == referenced.ReferencedSOPInstanceUID)
    position, orientation = image, image
    if "ReferencedFrameNumber" in referenced:
        frame = image.PerFrameFunctionalGroupsSequence[referenced.ReferencedFrameNumber - 1]
        position = frame.PlanePositionSequence[0]
        shared = image.SharedFunctionalGroupsSequence[0]
        orientation = (frame if "PlaneOrientationSequence" in frame else shared).PlaneOrientationSequence[0]
    cosines = np.array(orientation.ImageOrientationPatient, float)
    return np.array(position.ImagePositionPatient, float), np.cross(cosines[:3], cosines[3:])


def filled_by_hand(dataset: pydicom.Dataset, grid) -> np.ndarray:
    """By pydicom and the even-odd rule of scikit-image; the slice is that of the referenced image."""
    mask = np.zeros(grid.shape_kji, bool)
    series = (
        dataset.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence[0].RTReferencedSeriesSequence
    )
    uids = [image.ReferencedSOPInstanceUID for image in series[0].ContourImageSequence]
    _, j, i = np.indices((1, *grid.shape_kji[1:])).reshape(3, -1)
    inverse = np.linalg.inv(grid.index_to_lps_mm)
    for contour in dataset.ROIContourSequence[0].ContourSequence:
        points = np.array(contour.ContourData, float).reshape(-1, 3)
        index = (np.c_[points, np.ones(len(points))] @ inverse.T)[:, 1:3]
        k = uids.index(contour.ContourImageSequence[0].ReferencedSOPInstanceUID)
        mask[k] |= points_in_poly(np.column_stack([j + 1e-6, i + 2e-6]), index).reshape(mask[k].shape)
    return mask
