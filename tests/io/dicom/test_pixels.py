"""Pixels come as their file has them, whatever its encoding, in threads and with no array to spare."""

from __future__ import annotations

import subprocess
import sys
import threading
import tracemalloc
import warnings
from dataclasses import replace
from hashlib import sha256

import numpy as np
import pydicom
import pytest
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from medseg.errors import Cancelled, UnreadableFileError, UnsupportedImageError
from medseg.io.dicom.checks import is_colour
from medseg.io.dicom.header import read_headers
from medseg.io.dicom.pixels import read_values
from medseg.io.dicom.rescale import IDENTITY, Rescale
from medseg.volume.volume import locked

NATIVE = [
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
]
JPEG_WITHOUT_DECODER = {f"1.2.840.10008.1.2.4.{number}" for number in (51, 53, 55)}
"""Those of 12 bits, which pydicom leaves to a decoder that medseg can't ship."""

COMPRESSED = [RLELossless, JPEG2000Lossless, JPEGLSLossless]


def ramp(shape, bits=16, *, signed=True):
    """Values from the smallest to the largest that the bits hold."""
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    return np.linspace(low, high, int(np.prod(shape))).round().astype(np.int64).reshape(shape)


def dataset_of(frames, *, bits=16, allocated=16, signed=True, syntax=ExplicitVRLittleEndian, **elements):
    """A CT image of frames ``[n, j, i]``."""
    dataset = FileDataset("", {}, file_meta=FileMetaDataset(), preamble=b"\0" * 128)
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    dataset.SeriesInstanceUID, dataset.Modality = "1.2.4", "CT"
    dataset.Rows, dataset.Columns = frames.shape[1:]
    dataset.NumberOfFrames = len(frames)
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = allocated, bits, bits - 1
    dataset.PixelRepresentation = int(signed)
    order = ">" if syntax == ExplicitVRBigEndian else "<"
    dataset.PixelData = frames.astype(f"{order}i{allocated // 8}").tobytes() + b"\0" * (
        frames.size * allocated // 8 % 2
    )
    dataset["PixelData"].VR = "OB" if allocated == 8 else "OW"
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


def save(dataset, path, syntax=ExplicitVRLittleEndian):
    """Write a data set and read its headers, one for each frame."""
    if syntax in COMPRESSED:
        dataset.compress(syntax, generate_instance_uid=False)
    else:
        dataset.file_meta.TransferSyntaxUID = syntax
    # The pixels are in the byte order of the syntax already; pydicom can't know that.
    pydicom.dcmwrite(
        path,
        dataset,
        implicit_vr=syntax == ImplicitVRLittleEndian,
        little_endian=syntax != ExplicitVRBigEndian,
        force_encoding=True,
    )
    (header,) = read_headers(path)
    return [replace(header, frame=frame) for frame in range(header.frames)]


def write(path, frames, *, syntax=ExplicitVRLittleEndian, **options):
    return save(dataset_of(frames, syntax=syntax, **options), path, syntax)


@pytest.mark.parametrize("syntax", NATIVE)
@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize(("allocated", "bits"), [(8, 8), (16, 12), (16, 16), (32, 32), (32, 12)])
def test_native_pixels_of_every_encoding(tmp_path, syntax, signed, allocated, bits):
    frames = ramp((2, 5, 7), bits, signed=signed)
    headers = write(tmp_path / "a", frames, syntax=syntax, allocated=allocated, bits=bits, signed=signed)
    read = read_values(headers)
    np.testing.assert_array_equal(read.voxels, frames)
    assert [file.sha256 for file in read.files] == [sha256((tmp_path / "a").read_bytes()).hexdigest()]
    assert [file.uid for file in read.files] == ["1.2.3"]
    assert read.remarks == ()


@pytest.mark.parametrize("syntax", COMPRESSED)
@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize(("allocated", "bits"), [(8, 8), (16, 12), (16, 16)])
def test_compressed_pixels(tmp_path, syntax, signed, allocated, bits):
    frames = ramp((3, 64, 48), bits, signed=signed)
    headers = write(tmp_path / "a", frames, syntax=syntax, allocated=allocated, bits=bits, signed=signed)
    for workers in (1, 4):
        read = read_values(headers[::-1], workers=workers)
        np.testing.assert_array_equal(read.voxels, frames[::-1])
        assert [file.sha256 for file in read.files] == [sha256((tmp_path / "a").read_bytes()).hexdigest()]


@pytest.mark.parametrize("with_table", [True, False])
def test_frames_in_several_fragments(tmp_path, with_table):
    frames = ramp((3, 64, 48))
    headers = write(tmp_path / "a", frames, syntax=JPEG2000Lossless)
    dataset = pydicom.dcmread(tmp_path / "a")
    streams = list(pydicom.encaps.generate_frames(dataset.PixelData, number_of_frames=3))
    dataset.PixelData = encapsulate(streams, fragments_per_frame=2, has_bot=with_table)
    dataset.save_as(tmp_path / "b")
    (header,) = read_headers(tmp_path / "b")
    read = read_values([replace(header, frame=frame) for frame in range(3)])
    np.testing.assert_array_equal(read.voxels, read_values(headers).voxels)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ExplicitVRBigEndian, RLELossless])
def test_tiles_are_cut_out_of_their_mosaic(tmp_path, syntax):
    mosaic = ramp((1, 64, 96))
    (header,) = write(tmp_path / "a", mosaic, syntax=syntax)
    places = [(0, 0), (32, 64), (32, 0)]
    tiles = [replace(header, tile=place, rows=32, columns=32) for place in places]
    read = read_values(tiles)
    expected = [mosaic[0, row : row + 32, column : column + 32] for row, column in places]
    np.testing.assert_array_equal(read.voxels, expected)
    assert len(read.files) == 1


def test_a_tile_beyond_its_mosaic_is_refused(tmp_path):
    (header,) = write(tmp_path / "a", ramp((1, 64, 96)))
    with pytest.raises(UnreadableFileError, match="expected an image of"):
        read_values([replace(header, tile=(48, 0), rows=32, columns=32)])


def test_images_of_several_files_come_in_the_order_asked_for(tmp_path):
    """As in a 4-D stack whose files hold one slice at all times, each with its own rescale."""
    frames = ramp((2, 3, 5, 7), 12)
    files = [write(tmp_path / str(k), frames[k], bits=12) for k in range(2)]
    headers = [replace(files[k][t], rescale=Rescale(1 + k, 10 * t)) for t in range(3) for k in range(2)]
    read = read_values(headers, workers=3)
    expected = [frames[k, t] * (1 + k) + 10 * t for t in range(3) for k in range(2)]
    np.testing.assert_array_equal(read.voxels, expected)
    digests = [sha256((tmp_path / str(k)).read_bytes()).hexdigest() for k in range(2)]
    assert [file.sha256 for file in read.files] == digests


def test_images_of_unlike_cells_share_an_array(tmp_path):
    options = [
        {"allocated": 8, "bits": 8, "signed": False},
        {"allocated": 16, "bits": 12, "signed": True},
        {"allocated": 16, "bits": 13, "signed": False},
        {"allocated": 16, "bits": 16, "signed": False},
        {"allocated": 32, "bits": 10, "signed": True},
    ]
    images = [ramp((1, 5, 7), option["bits"], signed=option["signed"]) for option in options]
    headers = [
        write(tmp_path / str(n), image, **option)[0]
        for n, (image, option) in enumerate(zip(images, options, strict=True))
    ]
    read = read_values(headers)
    assert read.voxels.dtype == np.int32
    np.testing.assert_array_equal(read.voxels, np.concatenate(images))


@pytest.mark.parametrize("syntax", [*NATIVE, RLELossless])
def test_bits_above_the_stored_ones_are_cleared_and_told_of(tmp_path, syntax):
    frames = ramp((1, 64, 48), 12, signed=False)
    headers = write(tmp_path / "a", frames | 0x5000, bits=12, signed=False, syntax=syntax)
    read = read_values(headers)
    np.testing.assert_array_equal(read.voxels, frames)
    assert read.remarks == ("Bits outside of BitsStored were cleared in 1 slices.",)


@pytest.mark.parametrize("syntax", [JPEG2000Lossless, JPEGLSLossless])
def test_a_code_stream_of_more_bits_than_stored_is_refused(tmp_path, syntax):
    dataset = dataset_of(ramp((1, 64, 48), 14, signed=False), bits=14, signed=False)
    dataset.compress(syntax, generate_instance_uid=False)
    dataset.BitsStored, dataset.HighBit = 12, 11
    dataset.save_as(tmp_path / "a")
    with pytest.raises(UnsupportedImageError, match="12 bits stored") as caught:
        read_values(read_headers(tmp_path / "a"))
    assert caught.value.details["reason"] == "bits-stored"


def test_a_code_stream_with_a_sign_that_the_header_denies_is_refused(tmp_path):
    dataset = dataset_of(ramp((1, 64, 48)))
    dataset.compress(JPEG2000Lossless, generate_instance_uid=False)
    dataset.PixelRepresentation = 0
    dataset.save_as(tmp_path / "a")
    with pytest.raises(UnsupportedImageError, match="as the header says, found -32768 to 32767"):
        read_values(read_headers(tmp_path / "a"))


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, RLELossless])
def test_a_frame_that_the_file_does_not_hold_is_damage(tmp_path, syntax):
    headers = write(tmp_path / "a", ramp((2, 64, 48)), syntax=syntax)
    with pytest.raises(UnreadableFileError, match="found 2"):
        read_values([headers[0], replace(headers[1], frame=2)])


def test_images_that_no_memory_holds_are_refused(tmp_path):
    (header,) = write(tmp_path / "a", ramp((1, 4, 4)))
    with pytest.raises(UnsupportedImageError, match="memory"):
        read_values([replace(header, rows=1 << 30, columns=1 << 30)])


def test_floating_point_pixels_are_refused(tmp_path):
    dataset = dataset_of(ramp((1, 4, 4)), allocated=32, bits=32)
    dataset.FloatPixelData = bytes(dataset.PixelData)
    del dataset.PixelData
    dataset.save_as(tmp_path / "a", enforce_file_format=True)
    with pytest.raises(UnsupportedImageError, match="floating-point"):
        read_values(read_headers(tmp_path / "a"))


@pytest.mark.parametrize("syntax", [*NATIVE, *COMPRESSED])
def test_a_file_that_changed_since_is_not_read(tmp_path, syntax):
    headers = write(tmp_path / "a", ramp((1, 64, 48)), syntax=syntax)
    with (tmp_path / "a").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(UnreadableFileError, match="changed while"):
        read_values(headers)
    (tmp_path / "a").unlink()
    with pytest.raises(UnreadableFileError, match="can't be read"):
        read_values(headers)


@pytest.mark.parametrize("syntax", COMPRESSED)
def test_compressed_pixels_that_are_cut_off_are_unreadable(tmp_path, syntax):
    write(tmp_path / "a", ramp((2, 64, 48)), syntax=syntax)
    content = (tmp_path / "a").read_bytes()
    for missing in (1, 8, 9, 20, 200):
        (tmp_path / "b").write_bytes(content[:-missing])
        (header,) = read_headers(tmp_path / "b")
        with pytest.raises(UnreadableFileError, match="can't be decoded") as caught:
            read_values([header])
        assert caught.value.details["reason"] == "unreadable"


def test_scales_are_applied_after_the_rescale(tmp_path):
    frames = ramp((2, 5, 7), 12, signed=False)
    written = write(tmp_path / "a", frames, bits=12, signed=False)
    headers = [replace(header, rescale=Rescale(0.3, 0.1)) for header in written]
    read = read_values(headers, scales=[1 / 3, 1 / 7])
    expected = (frames * 0.3 + 0.1) * np.array([1 / 3, 1 / 7]).reshape(2, 1, 1)
    assert read.voxels.dtype == np.float32
    np.testing.assert_array_equal(read.voxels, expected.astype(np.float32))


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_what_is_shown_white_changes_no_value(tmp_path, photometric):
    frames = ramp((1, 5, 7))
    headers = write(tmp_path / "a", frames, PhotometricInterpretation=photometric)
    np.testing.assert_array_equal(read_values(headers).voxels, frames)


def test_padding_keeps_its_rescaled_value(tmp_path):
    frames = np.array([[[-2000, 0, 1000]]])
    headers = write(tmp_path / "a", frames, RescaleSlope=1, RescaleIntercept=-1024, PixelPaddingValue=-2000)
    assert read_values(headers).voxels.tolist() == [[[-3024, -1024, -24]]]


@pytest.fixture
def many(tmp_path):
    """The headers of 40 images of 256 × 256 pixels."""
    frames = ramp((40, 256, 256), 12, signed=False)
    elements = {"RescaleIntercept": -1024, "RescaleSlope": 1}
    return frames, [
        write(tmp_path / f"{k:02}", frames[k : k + 1], signed=False, **elements)[0] for k in range(40)
    ]


@pytest.mark.parametrize("workers", [1, 3, None])
def test_threads_change_nothing_but_the_time(many, workers):
    frames, headers = many
    told = []
    read = read_values(headers, workers=workers, progress=lambda *said: told.append(said))
    np.testing.assert_array_equal(read.voxels, frames - 1024)
    assert len(read.files) == 40
    assert told == [("reading slices", k, 40) for k in range(40)]


@pytest.mark.parametrize("syntax", [JPEG2000Lossless, ExplicitVRLittleEndian])
def test_frames_that_take_long_to_decode_are_shared_out(tmp_path, syntax):
    frames = ramp((6, 64, 48))
    headers = write(tmp_path / "a", frames, syntax=syntax)
    told = []
    read = read_values(headers, workers=2, progress=lambda task, done, total: told.append(done))
    np.testing.assert_array_equal(read.voxels, frames)
    assert told == ([0] if syntax == ExplicitVRLittleEndian else [0, 1, 2, 3, 4, 5])


@pytest.mark.parametrize("workers", [1, 3])
def test_a_cancelled_reading_leaves_no_thread_behind(many, workers):
    def stop(task, done, total):
        if done == 5:
            raise Cancelled("enough")

    # Not their number: a thread of an earlier test may end meanwhile.
    before = set(threading.enumerate())
    with pytest.raises(Cancelled):
        read_values(many[1], workers=workers, progress=stop)
    assert set(threading.enumerate()) <= before


@pytest.mark.parametrize("workers", [1, 3])
def test_of_several_damaged_files_the_first_is_named(many, workers):
    _, headers = many
    for k in (31, 12):
        headers[k].path.unlink()
    with pytest.raises(UnreadableFileError, match=r"^12 "):
        read_values(headers, workers=workers)


def peak_bytes(headers):
    tracemalloc.start()
    try:
        voxels = read_values(headers, workers=2).voxels
        return tracemalloc.get_traced_memory()[1], voxels
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("rescale", "dtype", "limit"),
    [
        (Rescale(1, -1024), np.int16, 1.3),  # in place
        (Rescale(1, 40000), np.uint16, 1.3),
        (Rescale(1, -40000), np.int32, 1.8),  # an array half as large besides
        (Rescale(0.5, 0), np.float32, 1.8),  # and a slice at a time in float64
    ],
)
def test_hardly_more_memory_than_the_volume(many, rescale, dtype, limit):
    peak, voxels = peak_bytes([replace(header, rescale=rescale) for header in many[1]])
    assert voxels.dtype == dtype
    assert peak < limit * voxels.nbytes


def test_voxels_can_be_taken_over_without_a_copy(many):
    voxels = read_values(many[1]).voxels
    stack = voxels.reshape(4, 10, 256, 256)
    assert locked(voxels) is voxels
    assert np.shares_memory(locked(stack[1]), voxels)
    assert not voxels.flags.writeable


def test_uncompressed_pixels_need_no_pydicom(tmp_path):
    write(tmp_path / "a", ramp((1, 5, 7)))
    program = (
        "import sys; from pathlib import Path\n"
        "from medseg.io.dicom.header import read_headers\n"
        "from medseg.io.dicom.pixels import read_values\n"
        "read_values(read_headers(Path(sys.argv[1])))\n"
        "print({'pydicom', 'imagecodecs', 'nibabel', 'scipy'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "a"], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"


@pytest.mark.parametrize(
    "folder",
    [
        "codecs",
        "ct_gantry_tilt",
        "ct_jpeg2000",
        "ct_liver_metastases",
        "dicom_seg",
        "mr_4d_nih",
        "mr_enhanced",
        "packed_12bit",
        "sarcoma_pet_ct_mr/dicom/STS_001",
        "vendor_mr",
    ],
)
def test_real_images_are_as_pydicom_has_them(real_data, folder):
    compared = 0
    for path in sorted((real_data / folder).rglob("*")):
        headers = (read_headers(path) if path.is_file() else None) or ()
        if headers and headers[0].rows and not is_colour(headers[0]) and headers[0].bits.allocated >= 8:
            compared += agrees_with_pydicom(path, headers)
    assert compared


def agrees_with_pydicom(path, headers):
    """Compare all images of a file, unless pydicom has no decoder for it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of what real files have, not of what is compared
        dataset = pydicom.dcmread(path)
        try:
            frames = dataset.pixel_array.reshape(-1, dataset.Rows, dataset.Columns).astype(np.float64)
        except (NotImplementedError, RuntimeError):
            assert dataset.file_meta.TransferSyntaxUID in JPEG_WITHOUT_DECODER, path
            return 0
    read = read_values(headers, workers=1)
    for real, header in zip(read.voxels, headers, strict=True):
        row, column = header.tile or (0, 0)
        stored = frames[header.frame, row : row + header.rows, column : column + header.columns]
        rescale = header.rescale or IDENTITY
        expected = stored * rescale.slope + rescale.intercept
        np.testing.assert_array_equal(real, expected.astype(real.dtype), err_msg=str(path))
    return len(headers)
