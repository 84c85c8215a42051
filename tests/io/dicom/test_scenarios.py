"""What goes wrong in hospitals: every frame comes out right, or the case is refused by name."""

from __future__ import annotations

import shutil

import numpy as np
import pydicom
import pytest
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    HTJ2KLossless,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from checked_series import outcomes_checked_frame_by_frame
from medseg.errors import NotOneVolumeError
from medseg.io.dicom import read_series
from medseg.io.dicom.options import ReadOptions
from medseg.volume import Quantity


@pytest.mark.parametrize("lean_mm", [(1.1, 0.0), (-1.1, 0.0), (0.0, 0.9), (-0.4, -0.7)])
def test_tilt_of_either_sign(tools, tmp_path, lean_mm):
    tools.write(tools.volume(shape_kji=(54, 5, 7), lean_mm=lean_mm), tmp_path / "ct")
    assert outcomes_checked_frame_by_frame(tmp_path / "ct", tmp_path) == {"CT read"}


def test_jitter_of_the_rounding_does_not_drift(ct, tools, tmp_path):
    _, folder = ct
    jitter = np.random.default_rng(3).uniform(-0.02, 0.02, 6)
    _move(tools, folder, lambda k: jitter[k])
    assert outcomes_checked_frame_by_frame(folder, tmp_path) == {"CT read"}


def test_jitter_in_the_plane_is_no_lean(ct, tools, tmp_path):
    _, folder = ct

    def move(dataset, k):
        x, y, z = dataset.ImagePositionPatient
        dataset.ImagePositionPatient = [f"{float(x) + 0.02 * (k == 5):.7g}", y, z]

    tools.edit(folder, move)
    assert read_series(folder).grid.shear < 1e-9
    assert outcomes_checked_frame_by_frame(folder, tmp_path) == {"CT read"}


def test_jitter_up_to_0_15_mm_says_so(ct, tools):
    _, folder = ct
    _move(tools, folder, lambda k: 0.1 if k == 2 else 0.0)
    (warning,) = read_series(folder).warnings
    assert "off" in warning
    assert "mm" in warning


def test_a_gap_is_refused_with_its_place_and_filled_on_request(ct, tools, tmp_path):
    volume, folder = ct
    (folder / "IM0004.dcm").unlink()
    assert outcomes_checked_frame_by_frame(folder, tmp_path) == {"CT missing-slices"}
    with pytest.raises(NotOneVolumeError, match=r"between slices 3 and 4: 1 slice missing"):
        read_series(folder)
    read = read_series(folder, options=ReadOptions(allow_uneven=True))
    assert read.grid.is_same_as(volume.grid, 1e-3)
    np.testing.assert_array_equal(read.voxels[[0, 1, 2, 4, 5]], volume.voxels[[0, 1, 2, 4, 5]])
    between = (volume.voxels[2].astype(float) + volume.voxels[4]) / 2
    assert np.abs(read.voxels[3] - between).max() <= 0.5
    assert any("interpolated" in warning for warning in read.warnings)


def test_a_localizer_inside_a_series_loses_no_frame(ct, tmp_path):
    _, folder = ct
    scout = pydicom.dcmread(folder / "IM0003.dcm")
    scout.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    scout.ImageOrientationPatient = [1, 0, 0, 0, 0, -1]
    scout.SOPInstanceUID = scout.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    scout.save_as(folder / "scout.dcm")
    assert outcomes_checked_frame_by_frame(folder, tmp_path) == {"CT read", "CT localizer"}
    assert len(read_series(folder).source.files) == 6


def test_an_incomplete_second_acquisition_loses_no_frame_of_the_first(ct, tmp_path):
    _, folder = ct
    for k in range(4):
        again = pydicom.dcmread(folder / f"IM000{k + 1}.dcm")
        again.AcquisitionNumber = 2
        again.SOPInstanceUID = again.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{k}"
        again.PixelData = bytes(len(again.PixelData))
        again.save_as(folder / f"again{k}.dcm")
    assert outcomes_checked_frame_by_frame(folder, tmp_path) == {"CT read"}


def test_mixed_bits_stored_keep_their_values(ct, tools, tmp_path):
    _, folder = ct

    def widen(dataset, k):
        bits = 12 + k % 3
        dataset.PixelRepresentation = 0
        dataset.BitsStored, dataset.HighBit = bits, bits - 1
        values = np.random.default_rng(k).integers(0, 1 << bits, (5, 7), dtype=np.uint16)
        values[0, 0] = (1 << bits) - 1
        dataset.PixelData = values.tobytes()

    tools.edit(folder, widen)
    assert outcomes_checked_frame_by_frame(folder, tmp_path) == {"CT read"}
    assert read_series(folder).voxels.max() == (1 << 14) - 1 - 1024


def test_mixed_slopes_keep_their_values(ct, tools, tmp_path):
    _, folder = ct

    def rescale(dataset, k):
        dataset.RescaleSlope = f"{0.5 + 0.37 * k:.4g}"
        dataset.RescaleIntercept = str(-10 * k)

    tools.edit(folder, rescale)
    assert outcomes_checked_frame_by_frame(folder, tmp_path) == {"CT read"}


def test_interleaved_series_of_one_folder(tools, tmp_path):
    folder = tmp_path / "both"
    folder.mkdir()
    for seed, shift_mm in (("a", 0.0), ("b", 1.25)):
        volume = tools.volume(origin_lps_mm=(-80.125, 33.5, -412.75 + shift_mm))
        for path in tools.write(volume, tmp_path / seed, seed=seed).iterdir():
            shutil.move(path, folder / f"{path.stem}{seed}")
    assert outcomes_checked_frame_by_frame(folder, tmp_path) == {"CT read"}


@pytest.mark.parametrize(
    "syntax",
    [ExplicitVRBigEndian, ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian],
    ids=lambda syntax: syntax.name,
)
def test_every_native_encoding(ct, tmp_path, syntax):
    _, folder = ct
    for path in folder.iterdir():
        dataset = pydicom.dcmread(path)
        dataset.file_meta.TransferSyntaxUID = syntax
        if syntax == ExplicitVRBigEndian:
            dataset.PixelData = np.frombuffer(dataset.PixelData, "<i2").astype(">i2").tobytes()
        pydicom.dcmwrite(
            path, dataset, implicit_vr=syntax.is_implicit_VR, little_endian=syntax.is_little_endian
        )
    assert outcomes_checked_frame_by_frame(folder, tmp_path) == {"CT read"}


@pytest.mark.parametrize(
    "syntax", [RLELossless, JPEGLSLossless, JPEG2000Lossless, HTJ2KLossless], ids=lambda syntax: syntax.name
)
def test_every_lossless_compression(tools, tmp_path, syntax):
    folder = tools.write(tools.volume(shape_kji=(5, 64, 48)), tmp_path / "ct")
    if syntax == HTJ2KLossless:
        imagecodecs = pytest.importorskip("imagecodecs")

        def compress(dataset, k):
            pixels = dataset.pixel_array
            stream = imagecodecs.htj2k_encode(pixels, level=0, reversible=True)
            dataset.PixelData = pydicom.encaps.encapsulate([stream])
            dataset["PixelData"].VR = "OB"
            dataset.file_meta.TransferSyntaxUID = HTJ2KLossless
    else:

        def compress(dataset, k):
            dataset.compress(syntax, generate_instance_uid=False)

    tools.edit(folder, compress)
    assert outcomes_checked_frame_by_frame(folder, tmp_path) == {"CT read"}


def test_deshearing_is_asked_for_and_said(tools, tmp_path):
    volume = tools.volume(shape_kji=(12, 9, 7), lean_mm=(1.4, 0.0), spacing_kji_mm=(2.5, 0.7, 0.9))
    tools.write(volume, tmp_path / "ct")
    leaning = read_series(tmp_path / "ct")
    upright = read_series(tmp_path / "ct", options=ReadOptions(deshear=True))
    assert leaning.grid.shear > 0.4
    assert upright.grid.shear < 1e-9
    assert [warning for warning in upright.warnings if "leans" in warning and "ITK" in warning] == []
    assert any("resampled" in warning for warning in upright.warnings)
    # 1.4 mm are two rows: every voxel is still there, exactly.
    for k in range(12):
        j = round(upright.grid.to_index(leaning.grid.to_lps_mm([k, 0, 0]))[1])
        np.testing.assert_array_equal(upright.voxels[k, j : j + 9], leaning.voxels[k])


def test_a_single_slice_is_read_on_request_with_its_thickness(ct, tools):
    volume, folder = ct
    tools.edit(folder, lambda dataset, k: setattr(dataset, "SliceThickness", "3.5"))
    single = folder / "IM0002.dcm"
    with pytest.raises(NotOneVolumeError, match="found one"):
        read_series(single)
    read = read_series(single, options=ReadOptions(single_slices=True))
    assert read.grid.shape_kji == (1, 5, 7)
    assert read.grid.spacing_kji_mm == pytest.approx((3.5, 0.7, 0.9))
    np.testing.assert_allclose(read.grid.origin_lps_mm, volume.grid.to_lps_mm([1, 0, 0]), atol=1e-4)
    np.testing.assert_array_equal(read.voxels[0], volume.voxels[1])
    assert any("thickness" in warning for warning in read.warnings)
    tools.edit(folder, lambda dataset, k: setattr(dataset, "SliceThickness", None))
    with pytest.raises(NotOneVolumeError, match="so is its thickness"):
        read_series(single, options=ReadOptions(single_slices=True))


def test_monochrome1_keeps_its_values(ct, tools):
    volume, folder = ct
    tools.edit(folder, lambda dataset, k: setattr(dataset, "PhotometricInterpretation", "MONOCHROME1"))
    read = read_series(folder)
    np.testing.assert_array_equal(read.voxels, volume.voxels)
    assert any("MONOCHROME1" in warning for warning in read.warnings)


def test_the_private_scaling_of_philips_is_used_on_request_only(tools, tmp_path):
    volume = tools.volume(low=0)
    folder = tools.write(volume, tmp_path / "mr", modality="MR")

    def scale(dataset, k):
        dataset.RescaleSlope, dataset.RescaleIntercept, dataset.RescaleType = "2", "0", "normalized"
        block = dataset.private_block(0x2005, "Philips MR Imaging DD 001", create=True)
        block.add_new(0x0E, "FL", 0.25 * (k + 1))

    tools.edit(folder, scale)
    plain = read_series(folder)
    asked = read_series(folder, options=ReadOptions(philips_private_scaling=True))
    stored = plain.voxels / 2
    # FP = (PV · RS + RI) / (RS · SS), Chenevert et al. 2014
    expected = stored / (0.25 * np.arange(1, 7)).reshape(-1, 1, 1)
    np.testing.assert_allclose(asked.voxels, expected, rtol=1e-6)
    assert asked.quantity is Quantity.ARBITRARY
    assert any("Philips" in warning for warning in asked.warnings)


def _move(tools, folder, along_z_mm):
    def move(dataset, k):
        x, y, z = dataset.ImagePositionPatient
        dataset.ImagePositionPatient = [x, y, f"{float(z) + along_z_mm(k):.7g}"]

    tools.edit(folder, move)
