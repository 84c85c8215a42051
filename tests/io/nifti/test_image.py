"""NIfTI images: geometry by the sform, values unchanged, damage named."""

from __future__ import annotations

import gzip

import nibabel
import numpy as np
import pytest
import SimpleITK
from hypothesis import given, settings
from hypothesis import strategies as st

from medseg.errors import (
    GeometryError,
    NotOneVolumeError,
    OutputError,
    OutputExistsError,
    UnreadableFileError,
    UnsupportedImageError,
)
from medseg.io.nifti.image import read_image, write_image
from medseg.space import Grid
from medseg.volume import Quantity, Source, Volume
from strategies import grids

AXIAL = Grid.from_axes(
    (3, 4, 5),
    origin_lps_mm=(-20, -30, 40),
    step_k_mm=(0, 0, 5),
    step_j_mm=(0, 0.8, 0),
    step_i_mm=(0.7, 0, 0),
)


def volume_on(grid: Grid, dtype=np.int16) -> Volume:
    voxels = np.random.default_rng(0).integers(0, 100, grid.shape_kji).astype(dtype)
    return Volume(grid, voxels, Quantity.ARBITRARY, Source("phantom"))


def save_with(path, *, shape=(5, 4, 3), sform=None, qform=None, dtype=np.int16, **fields):
    image = nibabel.Nifti1Image(np.arange(np.prod(shape)).reshape(shape).astype(dtype), None)
    if sform is not None:
        image.header.set_sform(sform, 1)
    if qform is not None:
        image.header.set_qform(qform, 1)
    image.header.set_xyzt_units("mm")
    for name, value in fields.items():
        image.header[name] = value
    image.to_filename(path)
    return path


@given(grids(st.tuples(*[st.integers(1, 6)] * 3)), st.sampled_from(["a.nii", "a.nii.gz"]))
@settings(max_examples=60)
def test_a_volume_comes_back_on_its_grid_with_its_voxels(tmp_path_factory, grid, name):
    path = tmp_path_factory.mktemp("nifti") / name
    volume = volume_on(grid)
    write_image(volume, path)
    back = read_image(path)
    assert back.grid.is_same_as(grid)
    assert np.array_equal(back.voxels, volume.voxels)
    assert back.voxels.dtype == volume.voxels.dtype
    assert len(back.warnings) == (grid.shear > 1e-4)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "float32", "float64"])
def test_each_type_of_voxel_survives(tmp_path, dtype):
    volume = volume_on(AXIAL, np.dtype(dtype))
    write_image(volume, tmp_path / "a.nii.gz")
    back = read_image(tmp_path / "a.nii.gz").voxels
    assert back.dtype == np.dtype(dtype)
    assert np.array_equal(back, volume.voxels)
    assert back.flags.c_contiguous
    assert not back.flags.writeable


def test_other_programs_see_the_same_place_and_values(tmp_path):
    volume = volume_on(AXIAL)
    write_image(volume, tmp_path / "a.nii.gz")
    itk = SimpleITK.ReadImage(str(tmp_path / "a.nii.gz"))
    assert np.array_equal(SimpleITK.GetArrayFromImage(itk), volume.voxels)
    assert itk.TransformIndexToPhysicalPoint((4, 3, 2)) == pytest.approx(AXIAL.to_lps_mm((2, 3, 4)), abs=1e-4)
    header = nibabel.load(tmp_path / "a.nii.gz").header
    assert header.get_xyzt_units()[0] == "mm"
    assert (int(header["sform_code"]), int(header["qform_code"])) == (1, 1)


def test_a_sheared_grid_has_no_qform(tmp_path):
    sheared = Grid.from_axes(
        (30, 40, 50),
        origin_lps_mm=(0, 0, 0),
        step_k_mm=(0, 1.6, 4.7),
        step_j_mm=(0, 1, 0),
        step_i_mm=(1, 0, 0),
    )
    write_image(volume_on(sheared), tmp_path / "a.nii")
    header = nibabel.load(tmp_path / "a.nii").header
    assert int(header["qform_code"]) == 0
    assert read_image(tmp_path / "a.nii").grid.is_same_as(sheared)
    with pytest.raises(RuntimeError, match="orthonormal"):
        SimpleITK.ReadImage(str(tmp_path / "a.nii"))


def test_a_qform_that_disagrees_is_reported_and_the_sform_taken(tmp_path):
    sform = np.diag([-1.0, -1, 2, 1])
    path = save_with(tmp_path / "a.nii", sform=sform, qform=np.diag([-1.0, -1, 2.5, 1]))
    volume = read_image(path)
    assert volume.grid.spacing_kji_mm[0] == pytest.approx(2)
    assert "disagree by up to 1 mm" in volume.warnings[0]


def test_the_qform_serves_where_it_is_alone(tmp_path):
    path = save_with(tmp_path / "a.nii", qform=np.diag([-1.0, -1, 2.5, 1]))
    assert read_image(path).grid.spacing_kji_mm[0] == pytest.approx(2.5)


def test_a_file_without_orientation_is_refused(tmp_path):
    with pytest.raises(UnsupportedImageError, match="does not say where"):
        read_image(save_with(tmp_path / "a.nii"))


def test_units_are_honoured_and_missing_ones_reported(tmp_path):
    metres = save_with(tmp_path / "m.nii", sform=np.diag([0.001, 0.001, 0.002, 1]), xyzt_units=1)
    assert read_image(metres).grid.spacing_kji_mm == pytest.approx((2, 1, 1))
    unknown = save_with(tmp_path / "u.nii", sform=np.eye(4), xyzt_units=0)
    assert "millimetres are assumed" in read_image(unknown).warnings[0]


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"xyzt_units": 5}, UnsupportedImageError, "unit of length"),
        ({"qform_code": 1, "sform_code": 0, "pixdim": [1, 1, 0, 1, 0, 0, 0, 0]}, GeometryError, "positive"),
        ({"qform_code": 1, "sform_code": 0, "pixdim": [1, 1, 1, -2, 0, 0, 0, 0]}, GeometryError, "positive"),
        ({"sform_code": 7}, GeometryError, "sform_code of 0 to 5"),
        ({"qform_code": -1}, GeometryError, "qform_code of 0 to 5"),
        ({"scl_slope": 2, "scl_inter": np.nan}, UnreadableFileError, "damaged"),
        ({"datatype": 9999}, UnreadableFileError, "unknown voxel type"),
        ({"dim": [9, 5, 4, 3, 1, 1, 1, 1]}, UnreadableFileError, "9 dimensions"),
        ({"vox_offset": 100}, UnreadableFileError, "in its header"),
    ],
)
def test_a_damaged_header_is_refused_and_not_mended(tmp_path, fields, error, message, caplog):
    path = save_with(tmp_path / "a.nii", sform=np.eye(4))
    raw = bytearray(path.read_bytes())
    header = np.ndarray((), nibabel.nifti1.header_dtype.newbyteorder("<"), raw)
    for name, value in fields.items():
        header[name] = value
    path.write_bytes(raw)
    with pytest.raises(error, match=message):
        read_image(path)
    assert caplog.records == []


def test_scaled_numbers_of_32_bits_keep_their_last_digit(tmp_path):
    path = save_with(tmp_path / "a.nii", sform=np.eye(4), dtype=np.int32, scl_slope=1, scl_inter=2**25)
    assert read_image(path).voxels[0, 0, 1] == 2**25 + 12


def test_slope_and_intercept_are_applied(tmp_path):
    path = save_with(tmp_path / "a.nii", sform=np.eye(4), scl_slope=0.5, scl_inter=-3)
    volume = read_image(path)
    stored = np.arange(60).reshape((5, 4, 3)).T
    assert volume.voxels.dtype == np.float32
    assert np.allclose(volume.voxels, stored * 0.5 - 3)


def test_voxels_that_are_not_finite_are_counted(tmp_path):
    data = np.zeros((5, 4, 3), np.float32)
    data[0, 0, :2] = np.nan
    nibabel.Nifti1Image(data, np.eye(4)).to_filename(tmp_path / "a.nii")
    assert "2 voxels are not finite numbers" in read_image(tmp_path / "a.nii").warnings


def test_big_endian_files_are_read(tmp_path):
    header = nibabel.Nifti1Header(endianness=">")
    data = np.arange(60, dtype=np.int16).reshape((5, 4, 3))
    nibabel.Nifti1Image(data, np.eye(4), header).to_filename(tmp_path / "a.nii")
    assert (tmp_path / "a.nii").read_bytes()[:4] == b"\0\0\1\x5c"
    assert np.array_equal(read_image(tmp_path / "a.nii").voxels, data.T)


def test_4d_is_refused_by_name(tmp_path):
    path = save_with(tmp_path / "a.nii", shape=(5, 4, 3, 7), sform=np.eye(4))
    with pytest.raises(NotOneVolumeError, match="holds 7 volumes"):
        read_image(path)


def test_colour_is_refused_by_name(tmp_path):
    rgb = np.zeros((5, 4, 3), dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])
    nibabel.Nifti1Image(rgb, np.eye(4)).to_filename(tmp_path / "a.nii")
    with pytest.raises(UnsupportedImageError, match="real numbers"):
        read_image(tmp_path / "a.nii")


@pytest.mark.parametrize("keep", [0, 10, 100, 400, 1000, -9, -1])
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_a_truncated_file_is_refused_in_one_line(tmp_path, name, keep):
    grid = Grid((10, 20, 30), AXIAL.index_to_lps_mm)
    whole = tmp_path / f"whole-{name}"
    write_image(volume_on(grid), whole)
    (tmp_path / name).write_bytes(whole.read_bytes()[:keep])
    with pytest.raises(UnreadableFileError) as caught:
        read_image(tmp_path / name)
    assert "\n" not in str(caught.value)
    assert name in str(caught.value)


@pytest.mark.parametrize("position", [12, 30, 100, -6, -2])
def test_a_flipped_byte_in_compressed_data_is_found(tmp_path, position):
    path = tmp_path / "a.nii.gz"
    write_image(volume_on(Grid((10, 20, 30), AXIAL.index_to_lps_mm)), path)
    damaged = bytearray(path.read_bytes())
    damaged[position] ^= 0x5A
    path.write_bytes(damaged)
    with pytest.raises(UnreadableFileError, match="damaged"):
        read_image(path)


def test_a_header_that_promises_more_than_the_file_can_hold_is_refused_at_once(tmp_path):
    path = save_with(tmp_path / "a.nii", sform=np.eye(4))
    raw = bytearray(path.read_bytes())
    raw[40:48] = np.array([3, 32767, 32767, 32767], "<i2").tobytes()
    path.write_bytes(raw)
    with pytest.raises(UnreadableFileError, match="can't hold"):
        read_image(path)


def test_a_file_of_another_kind_is_refused(tmp_path):
    (tmp_path / "a.nii").write_bytes(b"not an image" * 100)
    (tmp_path / "a.nii.gz").write_bytes(gzip.compress(b"not an image" * 100))
    for name in ("a.nii", "a.nii.gz", "absent.nii", "a.txt"):
        with pytest.raises(UnreadableFileError):
            read_image(tmp_path / name)


def test_a_matrix_that_is_no_grid_is_refused(tmp_path):
    path = save_with(tmp_path / "a.nii", sform=np.eye(4))
    raw = bytearray(path.read_bytes())
    raw[280:284] = np.float32(np.nan).tobytes()
    path.write_bytes(raw)
    with pytest.raises(GeometryError, match="finite"):
        read_image(path)


def test_a_grid_that_float32_cannot_hold_is_refused_and_nothing_written(tmp_path):
    far = Grid.from_axes(
        (3, 4, 5),
        origin_lps_mm=(123456.785, 0, 0),
        step_k_mm=(0, 0, 1),
        step_j_mm=(0, 1, 0),
        step_i_mm=(1, 0, 0),
    )
    with pytest.raises(GeometryError, match="float32"):
        write_image(volume_on(far), tmp_path / "a.nii")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten_unasked(tmp_path):
    path = tmp_path / "a.nii"
    path.write_bytes(b"precious")
    with pytest.raises(OutputExistsError):
        write_image(volume_on(AXIAL), path)
    assert path.read_bytes() == b"precious"
    write_image(volume_on(AXIAL), path, overwrite=True)
    assert read_image(path).grid.is_same_as(AXIAL)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(OutputError, match="could not write"):
        write_image(volume_on(AXIAL), tmp_path / "absent" / "a.nii")
