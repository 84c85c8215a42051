"""The oracle of conversion finds what is wrong, and says so of nothing that is right."""

from __future__ import annotations

import struct
import subprocess

import dcm2niix
import nibabel
import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from frame_oracle import check_nifti, read_frames

ROWS, COLUMNS = 5, 4
COSINES = np.array([[0.8, 0.6, 0.0], [-0.6, 0.8, 0.0]])
SPACING_MM = (0.7, 0.5)
GAP_MM = 3.0
FIRST_LPS_MM = np.array([10.0, -20.0, 30.0])


def classic(number, **changed):
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.Modality, dataset.SOPInstanceUID, dataset.SOPClassUID = "CT", f"1.2.{number}", "1.2.3"
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = ROWS, COLUMNS, 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 1
    dataset.ImageOrientationPatient = COSINES.ravel().tolist()
    dataset.ImagePositionPatient = (FIRST_LPS_MM + np.array([0, 0, GAP_MM * number])).tolist()
    dataset.PixelSpacing = list(SPACING_MM)
    dataset.RescaleSlope, dataset.RescaleIntercept = "1", "-1024"
    values = np.random.default_rng(number).integers(-2048, 2048, (ROWS, COLUMNS))
    dataset.PixelData = (values & 0x0FFF).astype("<u2").tobytes()
    for keyword, value in changed.items():
        setattr(dataset, keyword, value)
    return dataset


def save(dataset, path):
    dataset.save_as(path, enforce_file_format=True)
    return path


@pytest.fixture
def frames(tmp_path):
    return read_frames([save(classic(n), tmp_path / f"{n}.dcm") for n in range(6)])


@pytest.fixture
def voxels():
    """The values of the six files, by the same generator and nothing else, as ``[i, j, k]``."""
    stored = [np.random.default_rng(n).integers(-2048, 2048, (ROWS, COLUMNS)) for n in range(6)]
    return np.stack(stored).transpose(2, 1, 0).astype(np.int16) - 1024


@pytest.fixture
def affine():
    """The affine of the six files worked out by hand, RAS."""
    columns = [COSINES[0] * SPACING_MM[1], COSINES[1] * SPACING_MM[0], [0, 0, GAP_MM], FIRST_LPS_MM]
    lps = np.vstack([np.column_stack(columns), [0, 0, 0, 1]])
    return np.diag([-1, -1, 1, 1]) @ lps


@pytest.fixture
def report(tmp_path, frames):
    def of(*images, **options):
        paths = []
        for number, (voxels, affine) in enumerate(images):
            paths.append(tmp_path / f"{number}.nii")
            nibabel.save(nibabel.Nifti1Image(voxels, affine), paths[-1])
        return check_nifti(frames, paths, **options)

    return of


def test_a_right_file_is_right(report, voxels, affine):
    found = report((voxels, affine))
    assert found.all_right
    assert (found.frames, found.right, found.faults) == (6, 6, ())
    assert found.worst_mm < 1e-4


@pytest.mark.parametrize("axes", [(0, 1, 2), (2, 0, 1), (1, 0, 2)])
@pytest.mark.parametrize("flips", [(1, 1, 1), (1, -1, 1), (-1, -1, -1)])
def test_the_order_and_direction_of_the_axes_are_free(report, voxels, affine, axes, flips):
    image = nibabel.Nifti1Image(voxels, affine).as_reoriented(np.column_stack([axes, flips]))
    assert report((np.asarray(image.dataobj), image.affine)).all_right


def test_a_shift_of_a_tenth_of_a_millimetre_is_seen(report, voxels, affine):
    affine[0, 3] += 0.1
    found = report((voxels, affine))
    assert (found.right, found.misplaced, found.lost) == (0, 6, 0)
    assert found.worst_mm == pytest.approx(0.1, abs=1e-4)
    assert not found.all_right


def test_a_drift_is_measured_at_the_frame_that_is_farthest_off(report, voxels, affine):
    affine[2, 2] += 0.04
    found = report((voxels, affine))
    assert (found.right, found.misplaced) == (2, 4)
    assert found.worst_mm == pytest.approx(0.2, abs=1e-4)


def test_two_slices_that_changed_places_are_seen(report, voxels, affine):
    found = report((voxels[:, :, [0, 1, 4, 3, 2, 5]], affine))
    assert (found.right, found.misplaced) == (4, 2)
    assert found.worst_mm == pytest.approx(2 * GAP_MM, abs=1e-4)
    assert found.unexplained_voxels == 2 * ROWS * COLUMNS


def test_one_changed_voxel_is_seen(report, voxels, affine):
    voxels[1, 2, 3] += 1
    found = report((voxels, affine))
    assert (found.right, found.wrong_values) == (5, 1)
    assert found.faults == ("3.dcm: wrong values",)


def test_a_missing_slice_is_lost(report, voxels, affine):
    found = report((voxels[:, :, :5], affine))
    assert (found.right, found.lost, found.unexplained_voxels) == (5, 1, 0)
    assert not found.all_right


def test_a_slice_that_no_frame_has_is_seen(report, voxels, affine):
    more = np.concatenate([voxels, voxels[:, :, :1] + 1], axis=2)
    found = report((more, affine))
    assert (found.right, found.unexplained_voxels) == (6, ROWS * COLUMNS)
    assert not found.all_right


def test_no_file_at_all_is_not_right(report):
    found = report()
    assert (found.frames, found.lost, found.all_right) == (6, 6, False)


def test_a_file_that_tells_no_place_is_not_right(report, voxels):
    assert not report((voxels, None)).all_right


def test_not_a_number_equals_nothing(report, voxels, affine):
    values = voxels.astype(np.float32)
    values[0, 0, 0] = np.nan
    assert report((values, affine)).wrong_values == 1


def test_times_are_told_apart(tmp_path, affine):
    datasets = [classic(n, ImagePositionPatient=FIRST_LPS_MM.tolist()) for n in range(6)]
    frames = read_frames([save(d, tmp_path / f"{n}.dcm") for n, d in enumerate(datasets)])
    voxels = np.stack([frame.values.T for frame in frames], axis=-1)[:, :, None, :].astype(np.int16)
    nibabel.save(nibabel.Nifti1Image(voxels, affine), tmp_path / "4d.nii")
    found = check_nifti(frames, [tmp_path / "4d.nii"])
    assert found.all_right
    assert [found.places[frame.label].t for frame in frames] == [0, 1, 2, 3, 4, 5]


def test_equal_frames_each_need_a_slice_of_their_own(tmp_path, affine):
    pixels = classic(0).PixelData
    place = FIRST_LPS_MM.tolist()
    datasets = [classic(n, PixelData=pixels, ImagePositionPatient=place) for n in range(2)]
    frames = read_frames([save(d, tmp_path / f"{n}.dcm") for n, d in enumerate(datasets)])
    voxels = np.stack([frame.values.T for frame in frames], axis=-1)[:, :, None, :].astype(np.int16)
    nibabel.save(nibabel.Nifti1Image(voxels, affine), tmp_path / "4d.nii")
    assert check_nifti(frames, [tmp_path / "4d.nii"]).unexplained_voxels == 0


@pytest.mark.parametrize(("wrong_by", "right"), [(0.0, 1), (1e-4, 0)])
def test_what_float32_cannot_hold_may_be_off_by_its_last_place_and_no_more(tmp_path, affine, wrong_by, right):
    frames = read_frames([save(classic(0, RescaleSlope="0.1", RescaleIntercept="0"), tmp_path / "0.dcm")])
    voxels = (frames[0].values.T[:, :, None] * (1 + wrong_by)).astype(np.float32)
    nibabel.save(nibabel.Nifti1Image(voxels, affine), tmp_path / "0.nii")
    assert check_nifti(frames, [tmp_path / "0.nii"]).right == right
    assert check_nifti(frames, [tmp_path / "0.nii"], relative=1e-3).right == 1


def test_a_factor_that_was_applied_on_purpose_is_taken_into_account(tmp_path, frames, voxels, affine):
    nibabel.save(nibabel.Nifti1Image((voxels * 0.37).astype(np.float32), affine), tmp_path / "suv.nii")
    assert check_nifti(frames, [tmp_path / "suv.nii"], factor=0.37).all_right
    assert not check_nifti(frames, [tmp_path / "suv.nii"]).all_right


def test_bits_above_those_stored_are_no_part_of_the_value(tmp_path):
    clean = classic(0)
    overlaid = np.frombuffer(clean.PixelData, "<u2") | 0xA000
    frames = read_frames(
        [
            save(clean, tmp_path / "a.dcm"),
            save(classic(0, PixelData=overlaid.astype("<u2").tobytes()), tmp_path / "b.dcm"),
        ]
    )
    np.testing.assert_array_equal(frames[0].values, frames[1].values)
    assert frames[0].values.min() < -1024


def test_a_frame_without_a_place_can_not_be_right(tmp_path, voxels, affine):
    dataset = classic(0)
    del dataset.ImagePositionPatient
    frames = read_frames([save(dataset, tmp_path / "0.dcm")])
    nibabel.save(nibabel.Nifti1Image(voxels[:, :, :1], affine), tmp_path / "0.nii")
    found = check_nifti(frames, [tmp_path / "0.nii"])
    assert (found.placeless, found.right, found.all_right) == (1, 0, False)


def test_an_enhanced_frame_has_its_own_place_and_slope(tmp_path):
    dataset = classic(0, NumberOfFrames=2, PixelData=classic(0).PixelData + classic(1).PixelData)
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "RescaleSlope"):
        del dataset[keyword]
    orientation, measures = Dataset(), Dataset()
    orientation.ImageOrientationPatient = COSINES.ravel().tolist()
    measures.PixelSpacing = list(SPACING_MM)
    shared = Dataset()
    shared.PlaneOrientationSequence, shared.PixelMeasuresSequence = [orientation], [measures]
    dataset.SharedFunctionalGroupsSequence = [shared]
    dataset.PerFrameFunctionalGroupsSequence = []
    for number in range(2):
        place, rescale, own = Dataset(), Dataset(), Dataset()
        place.ImagePositionPatient = [1, 2, 3 + number]
        rescale.RescaleSlope, rescale.RescaleIntercept = 2 + number, number
        own.PlanePositionSequence, own.PixelValueTransformationSequence = [place], [rescale]
        dataset.PerFrameFunctionalGroupsSequence.append(own)
    first, second = read_frames([save(dataset, tmp_path / "enhanced.dcm")])
    assert (first.slope, first.intercept, second.slope, second.intercept) == (2, 0, 3, 1)
    np.testing.assert_allclose(second.position_lps_mm, [1, 2, 4])
    np.testing.assert_allclose(
        second.corners_lps_mm[1], [1, 2, 4] + COSINES[0] * SPACING_MM[1] * (COLUMNS - 1)
    )


def csa_header(**elements):
    """A CSA header of version 2 with some elements."""
    data = b"SV10\4\3\2\1" + struct.pack("<ii", len(elements), 77)
    for name, values in elements.items():
        data += struct.pack("<64si4siii", name.encode(), len(values), b"FD\0\0", 4, len(values), 77)
        for value in values:
            text = f"{value}\0".encode()
            data += (
                struct.pack("<iiii", len(text), len(text), 77, len(text)) + text + b"\0" * (-len(text) % 4)
            )
    return data


@pytest.mark.parametrize("direction", [1, -1])
def test_the_tiles_of_a_mosaic_are_centred_and_follow_the_slice_normal(tmp_path, direction):
    tiles = np.arange(4 * ROWS * COLUMNS).reshape(2, 2, ROWS, COLUMNS)
    mosaic = tiles.transpose(0, 2, 1, 3).reshape(2 * ROWS, 2 * COLUMNS)
    dataset = classic(
        0,
        Rows=2 * ROWS,
        Columns=2 * COLUMNS,
        ImageType=["ORIGINAL", "PRIMARY", "M", "MOSAIC"],
        SpacingBetweenSlices=4.0,
        SliceThickness=3.0,
        RescaleIntercept="0",
        PixelData=mosaic.astype("<u2").tobytes(),
    )
    dataset.add_new((0x0029, 0x0010), "LO", "SIEMENS CSA HEADER")
    csa = csa_header(NumberOfImagesInMosaic=[3], SliceNormalVector=[0, 0, direction])
    dataset.add_new((0x0029, 0x1010), "OB", csa + b"\0" * (len(csa) % 2))
    frames = read_frames([save(dataset, tmp_path / "mosaic.dcm")])
    assert len(frames) == 3
    # The middle of the first tile lies where the middle of the whole mosaic would.
    middle = FIRST_LPS_MM + COSINES[0] * SPACING_MM[1] * (2 * COLUMNS - 1) / 2
    middle = middle + COSINES[1] * SPACING_MM[0] * (2 * ROWS - 1) / 2
    np.testing.assert_allclose(frames[0].corners_lps_mm.mean(axis=0), middle, atol=1e-9)
    np.testing.assert_array_equal(frames[2].values, tiles[1, 0])
    np.testing.assert_allclose(
        frames[2].position_lps_mm - frames[0].position_lps_mm, [0, 0, 8 * direction], atol=1e-9
    )


@pytest.mark.parametrize(
    ("series", "count"),
    [
        ("ct_liver_metastases/CRLM-CT-1006/image", 51),
        ("mr_4d_nih/In/20180918Si/mr_0003", 10),
        ("mr_4d_nih/In/20180918Si/mr_0005", 10),
        ("mr_enhanced/In/Siemens/XA10", 24),
    ],
)
def test_what_is_known_to_be_converted_well_is_right(real_data, tmp_path, series, count):
    files = [path for path in (real_data / series).iterdir() if path.suffix == ".dcm"]
    subprocess.run(
        [dcm2niix.bin, "-z", "n", "-o", tmp_path, real_data / series], check=True, capture_output=True
    )
    found = check_nifti(read_frames(files), tmp_path.glob("*.nii"))
    assert (found.frames, found.right, found.all_right) == (count, count, True)


def test_a_tilted_series_that_is_known_to_be_converted_badly_is_not(real_data, tmp_path):
    series = real_data / "ct_gantry_tilt" / "philips_S2010"
    subprocess.run([dcm2niix.bin, "-z", "n", "-o", tmp_path, series], check=True, capture_output=True)
    files = [path for path in series.iterdir() if pydicom.misc.is_dicom(path) and path.name != "DIRFILE"]
    uncorrected = [path for path in tmp_path.glob("*.nii") if "Tilt" not in path.name]
    found = check_nifti(read_frames(files), uncorrected)
    assert (found.frames, found.right, found.misplaced) == (54, 1, 53)
    assert found.worst_mm == pytest.approx(6.85, abs=0.05)
