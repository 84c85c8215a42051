"""Reading what a signature covers: both versions, both byte orders, compressed or not, and damaged."""

from __future__ import annotations

import gzip
import hashlib
import struct
import tracemalloc

import nibabel
import numpy as np
import pytest

from medseg.errors import UnreadableFileError, UnsupportedImageError
from medseg.io.label_map_files import LabelMapFiles
from medseg.io.nifti import content as content_module
from medseg.io.nifti.content import read_content, read_content_and_digests
from medseg.provenance.differences import differences
from medseg.provenance.nifti_fields import NiftiFields
from medseg.provenance.voxel_digest import structure_sha256, voxels_sha256
from signed_cases import labels, write_case


@pytest.fixture
def case(tmp_path):
    return write_case(tmp_path)


def test_digests_are_those_of_the_record_of_provenance(case):
    content = read_content(case)
    kji = np.ascontiguousarray(labels().T)
    assert content.voxels == voxels_sha256(kji)
    for entry in content.structures:
        assert entry.voxels_sha256 == structure_sha256(kji, entry.structure.label)
        assert entry.voxel_count == np.count_nonzero(kji == entry.structure.label)


def test_files_and_sidecars_are_digested_as_bytes(case):
    found = read_content_and_digests(case)
    digest = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in case.nifti.parent.iterdir()}
    assert found.files == {name: digest[name] for name in ("case_dseg.nii.gz", "case_dseg.tsv")}
    assert found.content.sidecars == {
        "contours": digest["case_dseg_contours.json"],
        "provenance": digest["case_dseg.json"],
    }


def test_what_is_missing_is_recorded(case):
    for path in (case.structures, case.contours, case.provenance):
        path.unlink()
    content = read_content(case)
    assert content.structures is None
    assert content.sidecars == {"contours": None, "provenance": None}
    assert content.unexplained_labels == (1, 2)


@pytest.mark.parametrize("kind", [nibabel.Nifti1Image, nibabel.Nifti2Image])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
@pytest.mark.parametrize("dtype", ["u1", "u2", "i2", "i4", "i8"])
def test_versions_byte_orders_and_types(tmp_path, kind, order, suffix, dtype):
    files = write_case(tmp_path)
    plain = read_content(files)
    other = LabelMapFiles(tmp_path / f"case_dseg{suffix}")
    image = kind(labels().astype(dtype), np.diag([2.0, 3.0, 4.0, 1.0]), kind.header_class(endianness=order))
    image.header.extensions.append(nibabel.nifti1.Nifti1Extension("comment", b"hello"))
    image.set_data_dtype(np.dtype(dtype))
    nibabel.save(image, other.nifti)
    content = read_content(other)
    # Where each structure lies depends on none of these.
    assert content.structures == plain.structures
    stored = labels().astype(np.dtype(dtype).newbyteorder(order)).tobytes(order="F")
    assert content.voxels == hashlib.sha256(stored).hexdigest()
    fields = NiftiFields.from_hex(content.header)
    assert fields.numbers["dim"][:4] == (3, 7, 6, 5)
    np.testing.assert_array_equal(fields.sform(), np.diag([2.0, 3.0, 4.0, 1.0]))


def test_chunks_do_not_show(case, monkeypatch):
    whole = read_content(case)
    monkeypatch.setattr(content_module, "CHUNK_VOXELS", 17)
    assert read_content(case) == whole


def test_an_empty_label_map(case):
    image = nibabel.Nifti1Image(np.zeros((7, 6, 5), np.uint8), np.eye(4))
    nibabel.save(image, case.nifti)
    content = read_content(case)
    assert [entry.voxel_count for entry in content.structures] == [0, 0]
    assert content.unexplained_labels == ()


def test_uncovered_bytes_make_no_other_content(case):
    content = read_content(case)
    raw = bytearray(gzip.decompress(case.nifti.read_bytes()))
    raw[148:160] = b"other"[:5] + bytes(7)
    case.nifti.write_bytes(gzip.compress(bytes(raw)))
    assert differences(content, read_content(case)) == []


def _patched(case: LabelMapFiles, offset: int, data: bytes) -> None:
    raw = bytearray(gzip.decompress(case.nifti.read_bytes()))
    raw[offset : offset + len(data)] = data
    case.nifti.write_bytes(gzip.compress(bytes(raw)))


@pytest.mark.parametrize(
    ("offset", "data"),
    [
        (0, b"\x00"),
        (40, struct.pack("<h", 0)),
        (40, struct.pack("<h", 8)),
        (42, struct.pack("<h", -1)),
        (42, struct.pack("<3h", 32767, 32767, 32767)),
        (42, struct.pack("<h", 6)),
        (70, struct.pack("<h", 9)),
        (108, struct.pack("<f", float("nan"))),
        (108, struct.pack("<f", float("inf"))),
        (108, struct.pack("<f", -1)),
        (108, struct.pack("<f", 352.5)),
        (108, struct.pack("<f", 1e30)),
        (344, b"ni1\0"),
    ],
)
def test_headers_that_lie(case, offset, data):
    _patched(case, offset, data)
    tracemalloc.start()
    try:
        with pytest.raises(UnreadableFileError) as caught:
            read_content(case)
        assert tracemalloc.get_traced_memory()[1] < 20e6
    finally:
        tracemalloc.stop()
    assert "\n" not in str(caught.value)


def test_every_truncation_is_found(case):
    whole = case.nifti.read_bytes()
    for length in range(len(whole)):
        case.nifti.write_bytes(whole[:length])
        with pytest.raises(UnreadableFileError):
            read_content(case)


def test_a_bomb_takes_no_memory(case):
    raw = gzip.decompress(case.nifti.read_bytes())
    case.nifti.write_bytes(gzip.compress(raw + bytes(50_000_000)))
    tracemalloc.start()
    try:
        with pytest.raises(UnreadableFileError, match="more than the 210 voxels"):
            read_content(case)
        assert tracemalloc.get_traced_memory()[1] < 20e6
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("data", [np.float32(1), np.complex64(1), np.int64(2**40)])
def test_what_holds_no_labels_is_refused(case, data):
    image = nibabel.Nifti1Image(np.full((3, 3, 3), data), np.eye(4), dtype=data.dtype)
    nibabel.save(image, case.nifti)
    with pytest.raises(UnsupportedImageError):
        read_content(case)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(UnreadableFileError, match="missing"):
        read_content(LabelMapFiles(tmp_path / "case_dseg.nii"))
