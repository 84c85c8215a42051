"""Every slice lies where its own header puts it, or the series is refused with the true reason."""

from __future__ import annotations

import shutil

import numpy as np
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medseg.errors import NotOneVolumeError
from medseg.io.dicom import read_series


def refused(folder, reason):
    with pytest.raises(NotOneVolumeError) as caught:
        read_series(folder)
    assert caught.value.details["reason"] == reason
    return caught.value


def shift(folder, tools, offsets_mm):
    """Move slices: ``offsets_mm`` has one LPS offset a slice."""

    def move(dataset, k):
        position = np.array(dataset.ImagePositionPatient, dtype=float) + offsets_mm[k]
        dataset.ImagePositionPatient = [f"{x:.8g}" for x in position]

    tools.edit(folder, move)


def test_oblique_series_comes_back_in_place(ct):
    volume, folder = ct
    read = read_series(folder)
    assert read.grid.is_same_as(volume.grid, 1e-4)
    assert read.grid.frame_of_reference_uid == "1.2.3.4"
    np.testing.assert_array_equal(read.voxels, volume.voxels)
    assert read.warnings == ()


@pytest.mark.parametrize("lean_mm", [(1.1, 0.0), (-1.1, 0.0), (0.0, 0.8), (0.4, -0.6)])
def test_a_tilt_of_either_sign_keeps_its_shear(tools, tmp_path, lean_mm):
    volume = tools.volume(lean_mm=lean_mm, degrees_xyz=(18.5, 0, 0))
    read = read_series(tools.write(volume, tmp_path / "tilted"))
    assert read.grid.is_same_as(volume.grid, 1e-4)
    assert read.grid.shear == pytest.approx(volume.grid.shear, abs=1e-9)
    assert read.grid.shear > 0.2


def test_file_names_and_instance_numbers_do_not_matter(ct, tools, tmp_path):
    volume, folder = ct
    tools.edit(folder, lambda dataset, k: setattr(dataset, "InstanceNumber", 100 - k))
    for number, path in enumerate(sorted(folder.iterdir())):
        deeper = folder / str(number % 3)
        deeper.mkdir(exist_ok=True)
        path.rename(deeper / f"{(number * 5) % 7}")
    read = read_series(folder)
    np.testing.assert_array_equal(read.voxels, volume.voxels)
    assert read.grid.is_same_as(volume.grid)


def test_slices_that_run_against_the_normal_come_back_along_it(tools, tmp_path):
    volume = tools.volume(spacing_kji_mm=(-3.0, 0.7, 0.9))
    read = read_series(tools.write(volume, tmp_path / "reversed"))
    np.testing.assert_array_equal(read.voxels, volume.voxels[::-1])
    np.testing.assert_allclose(read.grid.to_lps_mm([5, 2, 3]), volume.grid.to_lps_mm([0, 2, 3]), atol=1e-6)


def test_jitter_within_rounding_is_silent_and_does_not_drift(tools, tmp_path):
    volume = tools.volume(shape_kji=(41, 4, 4))
    folder = tools.write(volume, tmp_path / "ct")
    jitter = np.zeros((41, 3))
    jitter[:, 2] = np.random.default_rng(1).uniform(-0.02, 0.02, 41)
    jitter[:2, 2] = -0.02, 0.02  # the first gap is 0.04 mm too wide: followed blindly, 1.6 mm at the end
    shift(folder, tools, jitter)
    read = read_series(folder)
    assert read.warnings == ()
    assert read.grid.max_corner_distance_mm(volume.grid) < 0.03


def test_visible_jitter_is_accepted_with_a_warning(ct, tools):
    volume, folder = ct
    offsets = np.zeros((6, 3))
    offsets[3] = 0.15 * volume.grid.directions[:, 0]
    shift(folder, tools, offsets)
    read = read_series(folder)
    assert len(read.warnings) == 1
    assert "mm off" in read.warnings[0]
    np.testing.assert_array_equal(read.voxels, volume.voxels)


def test_more_jitter_is_refused(ct, tools):
    volume, folder = ct
    offsets = np.zeros((6, 3))
    offsets[3] = 0.4 * volume.grid.directions[:, 0]
    shift(folder, tools, offsets)
    error = refused(folder, "uneven-spacing")
    assert error.details["residual_mm"] == pytest.approx(0.32, abs=0.02)


def test_a_slice_shifted_in_its_plane_is_refused(ct, tools):
    volume, folder = ct
    offsets = np.zeros((6, 3))
    offsets[2] = 0.5 * volume.grid.directions[:, 1]
    shift(folder, tools, offsets)
    refused(folder, "irregular-positions")


def test_a_missing_slice_is_named_with_its_gap(ct):
    _, folder = ct
    (folder / "IM0004.dcm").unlink()
    error = refused(folder, "missing-slices")
    assert error.message == (
        "expected 2.5 mm between slices, found 5 mm between slices 3 and 4: 1 slice missing"
    )
    assert error.details["gaps"] == [{"after_slice": 3, "gap_mm": pytest.approx(5.0), "missing": 1}]


def test_several_holes_of_a_tilted_series_are_counted(tools, tmp_path):
    volume = tools.volume(shape_kji=(14, 4, 4), lean_mm=(1.0, 0))
    folder = tools.write(volume, tmp_path / "ct")
    for number in (3, 8, 9, 10):
        (folder / f"IM{number:04d}.dcm").unlink()
    error = refused(folder, "missing-slices")
    assert error.details["missing"] == 4
    assert [gap["missing"] for gap in error.details["gaps"]] == [1, 3]


def test_two_slice_distances_are_not_one_volume(tools, tmp_path):
    folder = tools.write(tools.volume(), tmp_path / "ct")
    shift(folder, tools, np.array([[0, 0, 1.3 * max(k - 2, 0)] for k in range(6)]))
    assert "2.5 to 3.8 mm" in refused(folder, "uneven-spacing").message


def test_identical_copies_are_passed_over_with_a_warning(ct):
    volume, folder = ct
    shutil.copy(folder / "IM0002.dcm", folder / "again.dcm")
    read = read_series(folder)
    np.testing.assert_array_equal(read.voxels, volume.voxels)
    assert read.warnings == ("1 identical copies of files were passed over.",)


def test_two_images_in_one_place_are_refused(ct):
    _, folder = ct
    dataset = pydicom.dcmread(folder / "IM0002.dcm")
    dataset.PixelData = bytes(len(dataset.PixelData))
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = f"{dataset.SOPInstanceUID[:-2]}9"
    dataset.save_as(folder / "other.dcm")
    error = refused(folder, "duplicate-positions")
    assert (error.details["images"], error.details["positions"]) == (7, 6)


def test_two_orientations_are_refused(ct, tools):
    _, folder = ct
    turn = ["1", "0", "0", "0", "0", "-1"]
    tools.edit(folder, lambda dataset, k: setattr(dataset, "ImageOrientationPatient", turn), {4, 5})
    refused(folder, "mixed-orientation")


@pytest.mark.parametrize(
    ("keyword", "value", "reason"),
    [
        ("PixelSpacing", ["0.8", "0.9"], "mixed-spacing"),
        ("FrameOfReferenceUID", "1.2.3.5", "mixed-frame-of-reference"),
        ("PhotometricInterpretation", "MONOCHROME1", "mixed-photometric"),
        ("ImageType", ["ORIGINAL", "PRIMARY", "LOCALIZER"], "missing-slices"),  # it is set aside
        ("ImagePositionPatient", None, "missing-slices"),  # it is refused on its own
        ("Modality", "MR", "mixed-modality"),
        ("RescaleType", "MGML", "mixed-rescale"),
    ],
)
def test_one_image_unlike_the_others_is_refused(ct, tools, keyword, value, reason):
    _, folder = ct
    tools.edit(folder, lambda dataset, k: setattr(dataset, keyword, value), {3})
    refused(folder, reason)


def test_an_image_of_another_size_leaves_a_hole(ct, tools):
    _, folder = ct

    def crop(dataset, k):
        dataset.Rows = 4
        dataset.PixelData = dataset.PixelData[: 4 * 7 * 2]

    tools.edit(folder, crop, {1})
    refused(folder, "missing-slices")  # the images of one size leave a hole where the other is


def test_directions_that_are_no_directions_are_refused(ct, tools):
    _, folder = ct
    tools.edit(folder, lambda dataset, k: setattr(dataset, "ImageOrientationPatient", [1, 0, 0, 1, 0, 0]))
    refused(folder, "invalid-orientation")


def test_images_side_by_side_are_no_stack(tools, tmp_path):
    folder = tools.write(tools.volume(lean_mm=(0, 40.0)), tmp_path / "ct")
    refused(folder, "irregular-positions")


def test_one_slice_is_refused(ct):
    _, folder = ct
    refused(folder / "IM0001.dcm", "one-slice")


@given(
    degrees_xyz=st.tuples(*[st.floats(-180, 180)] * 3),
    spacing_kji_mm=st.tuples(st.floats(0.3, 8), st.floats(0.1, 3), st.floats(0.1, 3)),
    origin_lps_mm=st.tuples(*[st.floats(-900, 900)] * 3),
    lean=st.tuples(st.floats(-0.4, 0.4), st.floats(-0.4, 0.4)),
    modality=st.sampled_from(["CT", "MR"]),
)
def test_written_series_come_back(
    tools, tmp_path_factory, degrees_xyz, spacing_kji_mm, origin_lps_mm, lean, modality
):
    volume = tools.volume(
        shape_kji=(3, 40, 50),
        degrees_xyz=degrees_xyz,
        spacing_kji_mm=spacing_kji_mm,
        origin_lps_mm=origin_lps_mm,
        lean_mm=(lean[0] * spacing_kji_mm[0], lean[1] * spacing_kji_mm[0]),
        low=0 if modality == "MR" else -1024,
    )
    folder = tools.write(volume, tmp_path_factory.mktemp("series") / "one", modality=modality)
    read = read_series(folder)
    assert read.grid.max_corner_distance_mm(volume.grid) < 1e-4
    np.testing.assert_array_equal(read.voxels, volume.voxels)


@pytest.mark.parametrize("spacing_mm", [0.1, 0.2, 0.3, 0.5])
@pytest.mark.parametrize("lost", [2, 20, 39])
def test_a_missing_slice_of_a_fine_stack_is_noticed(tools, tmp_path, spacing_mm, lost):
    """A whole slice distance is less here than what is accepted as jitter in a routine scan."""
    volume = tools.volume(shape_kji=(40, 4, 4), spacing_kji_mm=(spacing_mm, 0.1, 0.1))
    folder = tools.write(volume, tmp_path / "fine")
    assert read_series(folder).grid.spacing_kji_mm[0] == pytest.approx(spacing_mm)
    (folder / f"IM{lost:04d}.dcm").unlink()
    assert refused(folder, "missing-slices").details["missing"] == 1


@pytest.mark.parametrize("spacing_mm", [0.1, 0.3])
def test_jitter_of_a_fine_stack_is_measured_by_its_spacing(tools, tmp_path, spacing_mm):
    volume = tools.volume(shape_kji=(40, 4, 4), spacing_kji_mm=(spacing_mm, 0.1, 0.1))
    folder = tools.write(volume, tmp_path / "fine")
    jitter = np.zeros((40, 3))
    jitter[10, 2] = 0.1 * spacing_mm
    shift(folder, tools, jitter)
    assert read_series(folder).warnings == ()
    jitter[10, 2] = 0.3 * spacing_mm
    shift(folder, tools, jitter)
    refused(folder, "uneven-spacing")


@pytest.mark.parametrize(
    ("keyword", "value", "reason"),
    [("PatientID", "SECRET77", "mixed-patient"), ("StudyInstanceUID", "1.2.77", "mixed-study")],
)
def test_two_identities_in_a_series_are_refused_without_naming_them(ct, tools, keyword, value, reason):
    _, folder = ct
    tools.edit(folder, lambda dataset, k: setattr(dataset, keyword, value), {4, 5})
    error = refused(folder, reason)
    assert "found 2" in error.message
    assert value not in str(error.as_dict())


@pytest.mark.parametrize("other", ["P", "PHASE MAP"])
def test_magnitude_and_phase_in_one_series_need_a_choice(tools, tmp_path, other):
    folder = tools.write(tools.volume(low=0), tmp_path / "mr", modality="MR")
    kinds = ["M", other]
    tools.edit(folder, lambda ds, k: setattr(ds, "ImageType", ["ORIGINAL", "PRIMARY", kinds[k % 2]]))
    error = refused(folder, "several-volumes")
    ids = error.details["volumes"]
    assert len(ids) == 2
    steps = [read_series(folder, volume_id=one).grid.spacing_kji_mm[0] for one in ids]
    assert steps == pytest.approx([5.0, 5.0])
