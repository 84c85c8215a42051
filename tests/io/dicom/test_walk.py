"""The quick way into a file finds what pydicom finds, or leaves the file to pydicom."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from medseg.errors import UnreadableFileError
from medseg.io.dicom.elements import Elements
from medseg.io.dicom.header import _headers_of, read_headers
from medseg.io.dicom.pydicom_source import walk_leniently
from medseg.io.dicom.tags import TAGS
from medseg.io.dicom.walk import OddDatasetError, walk

SYNTAXES = (
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
)


def quick(content: bytes):
    return walk(io.BytesIO(content), len(content))


def long(content: bytes):
    return walk_leniently(io.BytesIO(content), len(content))


def make(syntax=ExplicitVRLittleEndian, *, undefined_length=False, private=True) -> bytes:
    """A file with sequences in sequences, binary numbers and private elements."""
    inner = Dataset()
    inner.DiffusionGradientOrientation = [0.6, 0.0, 0.8]
    outer = Dataset()
    outer.DiffusionBValue = 1000.0
    outer.DiffusionGradientDirectionSequence = Sequence([inner])
    outer.DiffusionGradientDirectionSequence.is_undefined_length = undefined_length
    dataset = Dataset()
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.4"
    dataset.SOPInstanceUID = "1.2.3"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "M"]
    dataset.Modality = "MR"
    dataset.SeriesInstanceUID = "1.2.4"
    dataset.ImagePositionPatient = [1.5, -2.25, 1e3]
    dataset.Rows, dataset.Columns = 4, 6
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PixelRepresentation = 1
    dataset.add_new("PixelPaddingValue", "SS", -5)
    # Any sequence will do.
    dataset.SharedFunctionalGroupsSequence = Sequence([outer])
    dataset.SharedFunctionalGroupsSequence.is_undefined_length = undefined_length
    for item in dataset.SharedFunctionalGroupsSequence:
        item.is_undefined_length_sequence_item = undefined_length
    if private:
        block = dataset.private_block(0x0019, "SIEMENS MR HEADER", create=True)
        block.add_new(0x0C, "IS", "750")
        block.add_new(0x0E, "FD", [0.0, 1.0, 0.0])
    dataset.PixelData = np.arange(24, dtype=">i2" if syntax == ExplicitVRBigEndian else "<i2").tobytes()
    dataset["PixelData"].VR = "OW"
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    file = io.BytesIO()
    dataset.save_as(file, enforce_file_format=True)
    return file.getvalue()


@pytest.mark.parametrize("undefined_length", [False, True])
@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda syntax: syntax.name)
def test_every_encoding_gives_the_same_values(syntax, undefined_length):
    content = make(syntax, undefined_length=undefined_length)
    walked = quick(content)
    elements = Elements(walked.dataset)
    assert walked.transfer_syntax_uid == syntax
    assert elements.texts("ImageType") == ("ORIGINAL", "PRIMARY", "M")
    assert elements.numbers("ImagePositionPatient", 3) == (1.5, -2.25, 1000.0)
    assert (elements.whole("Rows", 0), elements.whole("BitsStored", 0)) == (4, 12)
    assert elements.number("PixelPaddingValue") == -5
    (shared,) = elements.sequence("SharedFunctionalGroupsSequence")
    assert shared.number("DiffusionBValue") == 1000
    (direction,) = shared.sequence("DiffusionGradientDirectionSequence")
    assert direction.numbers("DiffusionGradientOrientation", 3) == (0.6, 0.0, 0.8)
    assert elements.number("SiemensBValue") == 750
    assert elements.numbers("SiemensGradientDirection", 3) == (0.0, 1.0, 0.0)
    assert "PhilipsBValue" not in elements
    assert elements.damage == []
    assert walked.pixels.length == 48


def test_pixels_are_found_where_they_are():
    content = make()
    pixels = quick(content).pixels
    stored = np.frombuffer(content, "<i2", 24, pixels.offset)
    assert stored.tolist() == list(range(24))
    assert pixels.present == 48


def test_large_elements_before_the_pixels_are_read_over():
    content = make(private=False)
    dataset = pydicom.dcmread(io.BytesIO(content))
    dataset.add_new(0x00291001, "OB", bytes(300_000))
    dataset.add_new(0x00290010, "LO", "SOMEBODY")
    file = io.BytesIO()
    dataset.save_as(file)
    walked = quick(file.getvalue())
    assert np.frombuffer(file.getvalue(), "<i2", 24, walked.pixels.offset)[23] == 23


def test_what_is_not_quite_dicom_is_left_to_pydicom(tmp_path):
    content = make()
    at = content.index(b"\x08\0\x60\0CS")  # Modality
    (tmp_path / "odd").write_bytes(content[: at + 4] + b"XX" + content[at + 6 :])
    with pytest.raises(OddDatasetError):
        quick((tmp_path / "odd").read_bytes())
    (header,) = read_headers(tmp_path / "odd")
    assert header.modality == "MR"
    assert header.rows == 4


def test_no_dicom_is_none(tmp_path):
    assert quick(b"") is None
    assert quick(bytes(200)) is None
    (tmp_path / "text").write_text("words " * 100)
    assert read_headers(tmp_path / "text") is None


@given(data=st.data(), syntax=st.sampled_from(SYNTAXES))
def test_damaged_bytes_are_never_a_crash(tmp_path_factory, data, syntax):
    content = bytearray(make(syntax))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(128, len(content) - 1))] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(132, len(content)))
    path = tmp_path_factory.mktemp("damaged") / "file"
    path.write_bytes(content[:end])
    try:
        headers = read_headers(path)
    except UnreadableFileError:
        return
    assert headers is None or all(header.path == path for header in headers)


@settings(max_examples=300)
@given(data=st.data())
def test_elements_that_pydicom_gives_up_on_are_absent(tmp_path_factory, data):
    """Damage that sends the file the long way, and more damage that is met there."""
    content = bytearray(make())
    at = content.index(b"\x08\0\x60\0CS")  # Modality gets a VR that there is not
    content[at + 4 : at + 6] = b"XX"
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(132, len(content) - 60))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("damaged") / "file"
    path.write_bytes(content)
    try:
        headers = read_headers(path)
    except UnreadableFileError:
        return
    assert headers is None or all(header.path == path for header in headers)


@given(data=st.data(), syntax=st.sampled_from(SYNTAXES[:3]))
def test_where_both_ways_read_damaged_bytes_they_agree(data, syntax):
    content = bytearray(make(syntax, private=False))
    content[data.draw(st.integers(132, len(content) - 60))] = data.draw(st.integers(0, 255))
    try:
        walked = quick(bytes(content))
        read = long(bytes(content))
    except Exception:  # noqa: BLE001 - the quick way may refuse, and pydicom raises what it likes
        return
    _assert_same(walked, read)


def _assert_same(walked, read):
    """Compare all elements that medseg reads, as bytes."""
    quick_elements, long_elements = Elements(walked.dataset), Elements(read.dataset)
    for keyword in TAGS:
        if keyword != "SpecificCharacterSet" and not keyword.endswith("Sequence"):
            assert quick_elements.raw(keyword).rstrip(b" \0") == long_elements.raw(keyword).rstrip(b" \0"), (
                keyword
            )
    assert walked.transfer_syntax_uid == read.transfer_syntax_uid


def test_both_ways_read_the_same_from_every_real_file(real_data):
    files = 0
    for path in sorted(real_data.rglob("*")):
        if not path.is_file():
            continue
        with path.open("rb") as file:
            walked = walk(file, path.stat().st_size)
        if walked is None:
            continue
        with path.open("rb") as file:
            read = walk_leniently(file, path.stat().st_size)
        _assert_same(walked, read)
        if read.pixels is not None and walked.pixels is not None:
            assert walked.pixels == read.pixels
        if path.parent.name in (
            "001",
            "Philips",
            "XA10",
            "mr_0003",
        ):  # the frames too, of a few: pydicom is slow
            assert _headers(walked, path) == _headers(read, path)
        files += 1
    assert files > 1000


def _headers(walked, path: Path):
    return [repr(header) for header in _headers_of(walked, path, (0, 0))]
