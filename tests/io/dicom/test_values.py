"""Each slice's values are its own stored bits, rescaled by its own numbers, whatever holds them."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from medseg.errors import NotOneVolumeError, UnreadableFileError, UnsupportedImageError
from medseg.io.dicom import read_series
from medseg.volume.volume import Quantity


def store(dataset, values, *, bits=16, signed=True):
    """Put stored values into a data set."""
    dataset.PixelRepresentation = int(signed)
    dataset.BitsStored, dataset.HighBit = bits, bits - 1
    dataset.PixelData = values.astype("<i2" if signed else "<u2").tobytes()


def test_ct_is_int16_hu_and_mr_has_no_scale(ct, tools, tmp_path):
    _volume, folder = ct
    read = read_series(folder)
    assert (read.quantity, read.voxels.dtype) == (Quantity.HU, np.int16)
    assert read.source.format == "DICOM"
    assert read.source.modality == "CT"
    assert len(read.source.files) == 6
    assert all(len(file.sha256) == 64 and file.uid.startswith("1.2.826") for file in read.source.files)
    mr = tools.write(tools.volume(low=0), tmp_path / "mr", modality="MR")
    assert read_series(mr).quantity is Quantity.ARBITRARY


def test_every_slice_has_its_own_whole_rescale(ct, tools):
    volume, folder = ct

    def rescale(dataset, k):
        dataset.RescaleSlope, dataset.RescaleIntercept = k + 1, -10 * k

    tools.edit(folder, rescale)
    read = read_series(folder)
    k = np.arange(6).reshape(-1, 1, 1)
    np.testing.assert_array_equal(read.voxels, (volume.voxels.astype(int) + 1024) * (k + 1) - 10 * k)
    assert read.voxels.dtype == np.int16


def test_fractional_slopes_give_float32_computed_in_float64(ct, tools):
    volume, folder = ct

    def rescale(dataset, k):
        dataset.RescaleSlope, dataset.RescaleIntercept = f"{0.1 * (k + 1):.6g}", "0.25"

    tools.edit(folder, rescale)
    read = read_series(folder)
    slopes = np.array([float(f"{0.1 * (k + 1):.6g}") for k in range(6)]).reshape(-1, 1, 1)
    expected = ((volume.voxels + 1024.0) * slopes + 0.25).astype(np.float32)
    np.testing.assert_array_equal(read.voxels, expected)
    assert read.voxels.dtype == np.float32


def test_stored_bits_may_differ_from_slice_to_slice(ct, tools):
    """Twelve bits in most slices and thirteen where there is metal: nothing wraps."""
    _, folder = ct
    values = np.arange(35).reshape(5, 7) * 100
    tools.edit(folder, lambda dataset, k: store(dataset, values, bits=12, signed=False))
    metal = values + 4096
    tools.edit(folder, lambda dataset, k: store(dataset, metal, bits=13, signed=False), {2})
    read = read_series(folder)
    np.testing.assert_array_equal(read.voxels[2], metal - 1024)
    np.testing.assert_array_equal(read.voxels[3], values - 1024)


def test_signed_and_unsigned_slices_may_mix(ct, tools):
    _, folder = ct
    low, high = np.full((5, 7), -30000), np.full((5, 7), 60000)
    tools.edit(folder, lambda dataset, k: store(dataset, low))
    tools.edit(folder, lambda dataset, k: store(dataset, high, signed=False), {5})
    read = read_series(folder)
    assert read.voxels.dtype == np.int32
    assert (read.voxels.min(), read.voxels.max()) == (-31024, 58976)


@pytest.mark.parametrize("signed", [True, False])
def test_overlay_bits_above_the_stored_ones_are_cleared(ct, tools, signed):
    _, folder = ct
    values = np.arange(35).reshape(5, 7) * (-50 if signed else 100)
    overlay = np.zeros((5, 7), dtype=int)
    overlay[2] = 0b0101 << 12

    def draw(dataset, k):
        store(dataset, (values & 0x0FFF) | overlay, bits=12, signed=False)
        dataset.PixelRepresentation = int(signed)

    tools.edit(folder, draw)
    read = read_series(folder)
    np.testing.assert_array_equal(read.voxels[0], values - 1024)
    assert read.warnings == ("Bits outside of BitsStored were cleared in 6 slices.",)


def test_signed_values_without_repeated_sign_are_no_reason_to_warn(ct, tools):
    _, folder = ct
    values = np.arange(35).reshape(5, 7) * -50

    def draw(dataset, k):
        store(dataset, values & 0x0FFF, bits=12, signed=False)
        dataset.PixelRepresentation = 1

    tools.edit(folder, draw)
    read = read_series(folder)
    np.testing.assert_array_equal(read.voxels[0], values - 1024)
    assert read.warnings == ()


def test_padding_that_does_not_fit_the_stored_bits_is_refused(ct, tools):
    """Masked, -2000 as 16 unsigned bits would become a bright ring around the patient."""
    _, folder = ct

    def pad(dataset, k):
        values = np.full((5, 7), 1000)
        values[0] = 63536
        store(dataset, values, bits=12, signed=False)
        dataset.add_new("PixelPaddingValue", "US", 63536)

    tools.edit(folder, pad)
    with pytest.raises(UnsupportedImageError) as caught:
        read_series(folder)
    assert caught.value.details["reason"] == "bits-stored"


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless, JPEGLSLossless])
@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("bits", [12, 16])
def test_lossless_compression_changes_nothing(tools, tmp_path, syntax, signed, bits):
    shape_kji = (3, 64, 48)  # smaller images are too small for the JPEG 2000 encoder
    folder = tools.write(tools.volume(shape_kji=shape_kji), tmp_path / "ct")
    low = -(1 << (bits - 1)) if signed else 0
    ramp = np.arange(np.prod(shape_kji)).reshape(shape_kji) * ((1 << bits) - 1) // (np.prod(shape_kji) - 1)
    values = low + ramp

    def compress(dataset, k):
        store(dataset, values[k], bits=bits, signed=signed)
        dataset.compress(syntax, generate_instance_uid=False)

    tools.edit(folder, compress)
    np.testing.assert_array_equal(read_series(folder).voxels, values - 1024)


def test_uncompressed_and_compressed_slices_may_mix(ct, tools):
    volume, folder = ct
    tools.edit(folder, lambda dataset, k: dataset.compress(RLELossless, generate_instance_uid=False), {1, 4})
    np.testing.assert_array_equal(read_series(folder).voxels, volume.voxels)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB", "ImageType": ["ORIGINAL", "PRIMARY"]},
            "colour",
        ),
        ({"NumberOfFrames": 2, "PixelData": bytes(140)}, "multi-frame"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "M", "MOSAIC"]}, "mosaic"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.20"}, "storage-class"),
        ({"RescaleSlope": 0}, "rescale"),
        ({"BitsStored": 12, "HighBit": 15}, "high-bit"),
        ({"BitsAllocated": 12, "BitsStored": 12, "HighBit": 11}, "pixel-cell"),
    ],
)
def test_what_is_not_read_is_refused_by_name(ct, tools, changes, reason):
    _, folder = ct

    def change(dataset, k):
        for keyword, value in changes.items():
            setattr(dataset, keyword, value)

    tools.edit(folder, change)
    with pytest.raises(UnsupportedImageError) as caught:
        read_series(folder)
    assert caught.value.details["reason"] == reason


def test_an_unknown_transfer_syntax_is_named(ct):
    _, folder = ct
    for path in sorted(folder.iterdir()):
        content = path.read_bytes()
        # Of the same length as explicit VR little endian, so that the bytes around it stay right.
        path.write_bytes(content.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.9.1\0", 1))
    with pytest.raises(UnsupportedImageError) as caught:
        read_series(folder)
    assert caught.value.details["reason"] == "transfer-syntax"
    assert "1.2.840.10008.1.9.1" in caught.value.message


@pytest.mark.parametrize(
    ("rescale_type", "quantity"), [("HU", Quantity.HU), (None, Quantity.HU), ("MGML", Quantity.ARBITRARY)]
)
def test_ct_is_hu_unless_it_says_otherwise(ct, tools, rescale_type, quantity):
    _, folder = ct
    tools.edit(folder, lambda dataset, k: setattr(dataset, "RescaleType", rescale_type))
    read = read_series(folder)
    assert read.quantity is quantity
    assert bool(read.warnings) == (quantity is Quantity.ARBITRARY)


def test_ct_without_rescale_is_not_called_hu(ct, tools):
    _volume, folder = ct

    def strip(dataset, k):
        del dataset.RescaleSlope, dataset.RescaleIntercept

    tools.edit(folder, strip)
    read = read_series(folder)
    assert read.quantity is Quantity.ARBITRARY
    assert "not HU" in read.warnings[0]


@pytest.mark.parametrize(
    ("units", "suv_type", "quantity"),
    [
        ("GML", "BW", Quantity.SUVBW),
        ("GML", None, Quantity.SUVBW),
        ("BQML", None, Quantity.BQML),
        ("CNTS", None, Quantity.CNTS),
        ("GML", "LBM", None),
        ("CM2ML", "BSA", None),
        ("", None, None),
    ],
)
def test_pet_is_what_its_units_say(ct, tools, units, suv_type, quantity):
    volume, folder = ct

    def make_pet(dataset, k):
        dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.128"
        dataset.Modality, dataset.Units, dataset.SUVType = "PT", units, suv_type

    tools.edit(folder, make_pet)
    if quantity is None:
        with pytest.raises(UnsupportedImageError, match="PET units"):
            read_series(folder)
    else:
        read = read_series(folder)
        assert read.quantity is quantity
        np.testing.assert_array_equal(read.voxels, volume.voxels)


def test_a_file_that_is_cut_off_anywhere_is_never_left_out_silently(ct):
    """The last slice, whose loss no gap would show; below 132 bytes a file isn't DICOM any more."""
    _, folder = ct
    path = folder / "IM0006.dcm"
    content = path.read_bytes()
    for keep in range(132, len(content), 7):
        path.write_bytes(content[:keep])
        with pytest.raises(UnreadableFileError):
            read_series(folder)


@pytest.mark.parametrize("keep", [0.5, 0.9, 0.999])
def test_a_file_that_is_cut_off_is_unreadable(ct, keep):
    _, folder = ct
    path = folder / "IM0003.dcm"
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])
    with pytest.raises(UnreadableFileError, match=r"IM0003\.dcm"):
        read_series(folder)


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless, JPEGLSLossless])
def test_compressed_pixels_that_are_cut_off_are_unreadable(tools, tmp_path, syntax):
    folder = tools.write(tools.volume(shape_kji=(3, 64, 64)), tmp_path / "ct")
    tools.edit(folder, lambda dataset, k: dataset.compress(syntax, generate_instance_uid=False))
    path = folder / "IM0002.dcm"
    content = path.read_bytes()
    path.write_bytes(content[: len(content) - 1500])
    with pytest.raises(UnreadableFileError, match=r"IM0002\.dcm"):
        read_series(folder)


def test_a_number_that_is_none_is_damage_with_a_name(ct):
    _, folder = ct
    path = folder / "IM0003.dcm"
    content = path.read_bytes()
    # ImagePositionPatient (0020,0032) gets text in place of its first digits.
    start = content.index(b"\x20\x00\x32\x00DS") + 8
    path.write_bytes(content[:start] + b"abc" + content[start + 3 :])
    with pytest.raises(UnreadableFileError, match="ImagePositionPatient"):
        read_series(folder)


def test_mixed_presence_of_rescale_is_refused(ct, tools):
    _, folder = ct

    def strip(dataset, k):
        del dataset.RescaleSlope, dataset.RescaleIntercept

    tools.edit(folder, strip, {0})
    with pytest.raises(NotOneVolumeError) as caught:
        read_series(folder)
    assert caught.value.details["reason"] == "mixed-rescale"


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, DeflatedExplicitVRLittleEndian])
@pytest.mark.parametrize("rows", [4, 6])
def test_pixels_of_another_length_than_rows_and_columns_take_are_refused(ct, tools, rows, syntax):
    """Four rows of five were read, cropped, without a word."""
    _, folder = ct

    def resize(dataset, k):
        dataset.Rows = rows
        dataset.file_meta.TransferSyntaxUID = syntax

    tools.edit(folder, resize)
    with pytest.raises(UnreadableFileError) as caught:
        read_series(folder)
    assert caught.value.details["reason"] == "unreadable"
    assert f"take {rows * 7 * 2} bytes of pixels, but it has 70" in caught.value.message


def test_the_byte_that_pads_pixels_to_an_even_length_is_no_damage(ct, tools):
    _, folder = ct

    def store_bytes(dataset, k):
        dataset.BitsAllocated = dataset.BitsStored = 8
        dataset.HighBit, dataset.PixelRepresentation = 7, 0
        dataset.PixelData = bytes(range(35)) + b"\0"
        dataset["PixelData"].VR = "OB"

    tools.edit(folder, store_bytes)
    np.testing.assert_array_equal(read_series(folder).voxels[0].ravel(), np.arange(35) - 1024)
