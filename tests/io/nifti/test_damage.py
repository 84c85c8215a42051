"""Every field of the header, every length, every wrong name: one typed error or a warning, no traceback."""

from __future__ import annotations

import gzip
import re

import nibabel
import numpy as np
import pytest
import SimpleITK
from hypothesis import given, settings
from hypothesis import strategies as st

from medseg.errors import GeometryError, MedsegError, UnreadableFileError, UnsupportedImageError
from medseg.io.label_map_files import LabelMapFiles
from medseg.io.nifti.content import read_content
from medseg.io.nifti.geometry import grid_fields
from medseg.io.nifti.header import NIFTI_1, NIFTI_2
from medseg.io.nifti.image import read_image
from medseg.io.nifti.label_map import read_label_map
from medseg.io.nifti.series import read_series
from medseg.io.nifti.write import write_voxels
from medseg.space import Grid
from strategies import grids

GRID = Grid.from_axes(
    (3, 4, 5), origin_lps_mm=(1, 2, 3), step_k_mm=(0, 0, 5), step_j_mm=(0, 0.8, 0), step_i_mm=(0.7, 0, 0)
)
VOXELS = np.arange(60, dtype=np.int16).reshape(GRID.shape_kji)
NAN, INF = float("nan"), float("inf")


@pytest.fixture
def path(tmp_path):
    write_voxels(VOXELS, GRID, tmp_path / "a.nii")
    return tmp_path / "a.nii"


def patch(path, **fields):
    raw = bytearray(path.read_bytes())
    header = np.ndarray((), NIFTI_1, raw)
    for name, value in fields.items():
        if isinstance(value, dict):
            for index, number in value.items():
                header[name][index] = number
        else:
            header[name] = value
    path.write_bytes(raw)
    return path


HEADER = (UnreadableFileError, "damaged-header")
SHORT = (UnreadableFileError, "truncated")
NOT_NIFTI = (UnreadableFileError, "not-nifti")
KIND = (UnsupportedImageError, "voxel-type")
PLACE = (GeometryError, "orientation")

REFUSED = [
    ({"sizeof_hdr": 0}, NOT_NIFTI),
    ({"sizeof_hdr": 347}, NOT_NIFTI),
    ({"sizeof_hdr": 540}, SHORT),
    ({"magic": b""}, NOT_NIFTI),
    ({"magic": b"n+2"}, NOT_NIFTI),
    ({"magic": b"ni1"}, (UnreadableFileError, "two-files")),
    ({"dim": {0: 0}}, HEADER),
    ({"dim": {0: -1}}, HEADER),
    ({"dim": {0: 8}}, HEADER),
    ({"dim": {1: 0}}, HEADER),
    ({"dim": {2: -4}}, HEADER),
    ({"dim": {3: -32768}}, HEADER),
    ({"dim": {1: 6}}, SHORT),
    ({"dim": [3, 32767, 32767, 32767, 1, 1, 1, 1]}, SHORT),
    ({"datatype": 0}, HEADER),
    ({"datatype": -4}, HEADER),
    ({"datatype": 3}, HEADER),
    ({"datatype": 1}, KIND),
    ({"datatype": 32}, KIND),
    ({"datatype": 128}, KIND),
    ({"datatype": 1536}, KIND),
    ({"datatype": 2304}, KIND),
    ({"datatype": 64}, SHORT),
    ({"vox_offset": 0}, HEADER),
    ({"vox_offset": 348}, HEADER),
    ({"vox_offset": -352}, HEADER),
    ({"vox_offset": 352.5}, HEADER),
    ({"vox_offset": NAN}, HEADER),
    ({"vox_offset": INF}, HEADER),
    ({"vox_offset": 354}, SHORT),
    ({"vox_offset": 1e30}, SHORT),
    ({"scl_slope": INF}, HEADER),
    ({"scl_inter": NAN}, HEADER),
    ({"xyzt_units": 4}, (UnsupportedImageError, "unit")),
    ({"xyzt_units": 2 | 64}, (UnsupportedImageError, "unit")),
    ({"sform_code": -1}, (GeometryError, "orientation")),
    ({"sform_code": 6}, (GeometryError, "orientation")),
    ({"qform_code": 255}, (GeometryError, "orientation")),
    ({"sform_code": 0, "qform_code": 0}, (UnsupportedImageError, "no-orientation")),
    ({"quatern_b": NAN}, (GeometryError, "orientation")),
    ({"quatern_c": 1.0}, (GeometryError, "orientation")),
    ({"quatern_d": INF}, (GeometryError, "orientation")),
    ({"pixdim": {0: 3}}, (GeometryError, "orientation")),
    ({"pixdim": {1: 0}}, (GeometryError, "voxel-size")),
    ({"pixdim": {2: -0.8}}, (GeometryError, "voxel-size")),
    ({"pixdim": {3: NAN}}, (GeometryError, "voxel-size")),
    ({"pixdim": {3: INF}}, (GeometryError, "voxel-size")),
    ({"qoffset_x": NAN}, PLACE),
    ({"qoffset_y": INF}, PLACE),
    ({"qoffset_z": -INF}, PLACE),
    ({"srow_x": {0: NAN}}, PLACE),
    ({"srow_y": {3: INF}}, PLACE),
    ({"srow_y": {1: 1e20}}, PLACE),
    ({"srow_z": [0, 0, 0, 0]}, (GeometryError, None)),
]

WARNED = [
    ({"bitpix": 8}, "bitpix says 8 bits a voxel, the voxel type 16"),
    ({"dim": {3: 2}}, "40 bytes follow the voxels"),
    ({"datatype": 2, "bitpix": 8}, "60 bytes follow the voxels"),
    ({"scl_slope": 0, "scl_inter": 5}, "scl_inter 5 was not added"),
    ({"xyzt_units": 0}, "no unit of length"),
    ({"qoffset_x": 0}, "disagree by up to 1 mm"),
    ({"qoffset_y": 0}, "disagree by up to 2 mm"),
    ({"qoffset_z": 3.002}, "disagree by up to 0.002 mm"),
    ({"quatern_d": 0.9999}, "disagree by up to"),
    ({"pixdim": {0: -1}}, "disagree by up to 20 mm"),
    ({"pixdim": {3: 5.1}}, "disagree by up to 0.2 mm"),
    ({"srow_x": {3: 9}}, "disagree by up to"),
    ({"srow_y": {3: 9}}, "disagree by up to"),
    ({"srow_z": {3: 9}}, "disagree by up to"),
    ({"qform_code": 0, "pixdim": {3: 5.1}}, "pixdim gives voxels of 0.7 × 0.8 × 5.1 mm, off by 0.2 mm"),
    ({"qform_code": 0, "pixdim": {1: -0.7}}, "pixdim gives voxels of -0.7"),
    ({"qform_code": 0, "pixdim": {2: NAN}}, "pixdim gives voxels of 0.7 × nan"),
]

WITHOUT_MEANING_HERE = {
    "data_type", "db_name", "extents", "session_error", "regular", "dim_info", "intent_p", "intent_code",
    "slice_start", "slice_end", "slice_code", "slice_duration", "cal_max", "cal_min", "glmax", "glmin",
    "descrip", "aux_file", "intent_name",
    "toffset",  # of a series only; see test_series
}  # fmt: skip


def test_no_field_is_forgotten():
    tried = {name for fields, _ in [*REFUSED, *WARNED] for name in fields}
    assert tried | WITHOUT_MEANING_HERE == set(NIFTI_1.names)
    assert not tried & WITHOUT_MEANING_HERE


@pytest.mark.parametrize(("fields", "expected"), REFUSED)
def test_refused(path, fields, expected):
    error, reason = expected
    with pytest.raises(error) as caught:
        read_image(patch(path, **fields))
    assert caught.value.details.get("reason") == reason
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("fields", "warning"), WARNED)
def test_warned_and_read(path, fields, warning):
    (found,) = [w for w in read_image(patch(path, **fields)).warnings if re.search(re.escape(warning), w)]
    assert "\n" not in found


def test_what_has_no_meaning_changes_nothing(path):
    untouched = read_image(path)
    raw = bytearray(path.read_bytes())
    for name in WITHOUT_MEANING_HERE:
        kind, offset = NIFTI_1.fields[name][:2]
        raw[offset : offset + kind.itemsize] = b"\xff" * kind.itemsize
    path.write_bytes(raw)
    volume = read_image(path)
    assert np.array_equal(volume.voxels, VOXELS)
    assert volume.warnings == untouched.warnings == ()


def bytes_of(kind: str) -> bytes:
    """A whole small file of one kind: version, byte order, dimensions."""
    layout, image_class = (NIFTI_2, nibabel.Nifti2Image) if "2" in kind else (NIFTI_1, nibabel.Nifti1Image)
    header = image_class.header_class(endianness=">" if "big" in kind else "<")
    shape = (3, 2, 2, 2) if "4d" in kind else (3, 2, 2)
    image = image_class(np.ones(shape, np.uint8), np.diag([0.7, 0.8, 3, 1]), header)
    image.header.set_xyzt_units("mm", "sec")
    image.set_qform(np.diag([0.7, 0.8, 3, 1]), 1)
    assert layout.itemsize == image.header["sizeof_hdr"]
    return image.to_bytes()


WHOLE = {kind: bytes_of(kind) for kind in ("1", "2", "1-big", "2-big", "1-4d", "2-big-4d")}


@given(
    st.sampled_from(sorted(WHOLE)),
    st.lists(st.tuples(st.integers(0, 560), st.integers(1, 255)), min_size=1, max_size=3),
    st.booleans(),
)
@settings(max_examples=800)
def test_flipped_bytes_never_end_in_a_traceback(tmp_path_factory, kind, changes, compressed):
    raw = bytearray(WHOLE[kind])
    for at, change in changes:
        raw[at % len(raw)] ^= change
    name = "a_dseg.nii.gz" if compressed else "a_dseg.nii"
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(gzip.compress(bytes(raw), 1) if compressed else raw)
    for reader in (read_image, read_series, read_label_map, lambda p: read_content(LabelMapFiles(p))):
        try:
            reader(path)
        except MedsegError as error:
            assert "\n" not in str(error)  # noqa: PT017 - most flips are refused, some change nothing


@given(st.binary(max_size=700))
@settings(max_examples=300)
def test_any_bytes_at_all(tmp_path_factory, content):
    for name in ("b.nii", "b.nii.gz"):
        path = tmp_path_factory.getbasetemp() / name
        path.write_bytes(content)
        with pytest.raises(UnreadableFileError):
            read_image(path)


@pytest.mark.parametrize("kind", sorted(WHOLE))
def test_every_truncation_is_found(tmp_path, kind):
    raw = WHOLE[kind]
    for length in range(len(raw)):
        (tmp_path / "a.nii").write_bytes(raw[:length])
        with pytest.raises(UnreadableFileError) as caught:
            read_series(tmp_path / "a.nii")
        assert caught.value.details["reason"] == "truncated"


def test_every_truncation_of_a_compressed_file_is_found(path, tmp_path):
    write_voxels(VOXELS, GRID, tmp_path / "b.nii.gz")
    raw = (tmp_path / "b.nii.gz").read_bytes()
    for length in range(len(raw)):
        (tmp_path / "b.nii.gz").write_bytes(raw[:length])
        with pytest.raises(UnreadableFileError) as caught:
            read_image(tmp_path / "b.nii.gz")
        assert caught.value.details["reason"] in ("truncated", "damaged-data")


def test_a_name_that_says_compressed_or_not_and_is_wrong(path):
    zipped = path.with_name("b.nii")
    zipped.write_bytes(gzip.compress(path.read_bytes()))
    plain = path.with_name("c.nii.gz")
    plain.write_bytes(path.read_bytes())
    for wrong, message in ((zipped, "is compressed"), (plain, "is not compressed")):
        for read in (read_image, read_series, read_label_map, lambda p: read_content(LabelMapFiles(p))):
            with pytest.raises(UnreadableFileError, match=message) as caught:
                read(wrong)
            assert caught.value.details["reason"] == "name-mismatch"
            assert "rename" in caught.value.hint


@pytest.mark.parametrize("name", ["a.hdr", "a.img", "a.img.gz"])
def test_half_of_a_pair_is_refused_by_name(tmp_path, name):
    nibabel.Nifti1Pair(VOXELS.T, np.eye(4)).to_filename(tmp_path / "a.img")
    (tmp_path / "a.img.gz").write_bytes(gzip.compress((tmp_path / "a.img").read_bytes()))
    with pytest.raises(UnreadableFileError) as caught:
        read_image(tmp_path / name)
    assert caught.value.details["reason"] == "two-files"
    assert "*.nii" in caught.value.hint


def test_a_transfer_as_text_is_found(tmp_path):
    raw = bytearray(WHOLE["2"])
    raw[8:12] = b"\n\x1a\n\n"
    (tmp_path / "a.nii").write_bytes(raw)
    with pytest.raises(UnreadableFileError, match="as if it were text"):
        read_image(tmp_path / "a.nii")


def test_what_follows_the_voxels_is_told(path):
    whole = path.read_bytes()
    path.write_bytes(whole + b"tail!")
    assert read_image(path).warnings == ("5 bytes follow the voxels and were passed over",)
    zipped = path.with_name("b.nii.gz")
    zipped.write_bytes(gzip.compress(whole) + gzip.compress(b"tail"))
    assert read_image(zipped).warnings == ("4 bytes follow the voxels and were passed over",)


@pytest.mark.parametrize("kind", ["1", "2", "1-big", "2-big"])
def test_versions_byte_orders_and_extensions(tmp_path, kind):
    image_class = nibabel.Nifti2Image if "2" in kind else nibabel.Nifti1Image
    header = image_class.header_class(endianness=">" if "big" in kind else "<")
    image = image_class(VOXELS.T, np.diag([0.7, 0.8, 3, 1]), header)
    image.header.set_xyzt_units("mm", "sec")
    image.set_data_dtype(np.int16)
    image.header.extensions.append(nibabel.nifti1.Nifti1Extension("comment", b"hello" * 100))
    image.to_filename(tmp_path / "a.nii")
    volume = read_image(tmp_path / "a.nii")
    assert np.array_equal(volume.voxels, VOXELS)
    assert volume.voxels.dtype == np.int16
    assert volume.grid.spacing_kji_mm == pytest.approx((3, 0.8, 0.7))
    assert volume.warnings == ()


@given(grids(st.tuples(*[st.integers(2, 8)] * 3), sheared=False))
@settings(max_examples=60)
def test_a_qform_alone_is_read_as_nibabel_and_itk_read_it(tmp_path_factory, grid):
    path = tmp_path_factory.getbasetemp() / "q.nii"
    path.unlink(missing_ok=True)
    write_voxels(np.zeros(grid.shape_kji, np.uint8), grid, path)
    if not grid_fields(grid)["qform_code"]:
        return
    patch(path, sform_code=0)
    found = read_image(path).grid
    assert found.max_corner_distance_mm(grid) <= 2e-4
    image = SimpleITK.ReadImage(str(path))
    last = tuple(n - 1 for n in grid.shape_kji)
    assert image.TransformIndexToPhysicalPoint(last[::-1]) == pytest.approx(
        tuple(found.to_lps_mm(last)), abs=1e-3
    )
    ras = nibabel.load(path).affine @ [*last[::-1], 1]
    assert ras[:3] == pytest.approx(found.to_lps_mm(last) * [-1, -1, 1], abs=1e-4)
