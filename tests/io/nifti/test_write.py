"""Written files: what nibabel and ITK read of them, their bytes, their digest, and stopping half-way."""

from __future__ import annotations

import gzip
import hashlib
import subprocess
import sys
import threading
import tracemalloc
import zlib

import nibabel
import numpy as np
import pytest
import SimpleITK
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from medseg._version import __version__
from medseg.errors import Cancelled, GeometryError, OutputError, UnsupportedImageError
from medseg.io.nifti import write as write_module
from medseg.io.nifti.geometry import grid_fields, grid_from_header
from medseg.io.nifti.header import NIFTI_1, Header, encode_nifti_1
from medseg.io.nifti.image import read_image
from medseg.io.nifti.write import write_voxels
from medseg.space import GEOMETRY_TOLERANCE_MM, Grid
from medseg.space.handedness import ijk_to_ras_from_kji_to_lps, kji_to_lps_from_ijk_to_ras
from strategies import grids

AXIAL = Grid.from_axes(
    (6, 40, 50),
    origin_lps_mm=(-20, -30, 40),
    step_k_mm=(0, 0, 5),
    step_j_mm=(0, 0.8, 0),
    step_i_mm=(0.7, 0, 0),
)
TYPES = ("u1", "i1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8")


def noise(shape=AXIAL.shape_kji, dtype="i2") -> np.ndarray:
    return np.random.default_rng(7).normal(60, 10, shape).astype(dtype)


def header_of(grid: Grid, **fields) -> nibabel.Nifti1Header:
    """What nibabel makes of our header, unchecked."""
    dim = [3, *grid.shape_kji[::-1], 1, 1, 1, 1]
    block = encode_nifti_1({"dim": dim, "datatype": 4, "bitpix": 16, **grid_fields(grid), **fields})
    return nibabel.Nifti1Header(block[:348], check=False)


def corners_apart_mm(grid: Grid, index_to_ras) -> float:
    return grid.max_corner_distance_mm(Grid(grid.shape_kji, kji_to_lps_from_ijk_to_ras(index_to_ras)))


wide = st.tuples(*[st.integers(1, 600)] * 3)


@given(grids(wide))
@settings(max_examples=200)
def test_the_header_says_to_nibabel_what_the_grid_is(grid):
    header = header_of(grid)
    assert nibabel.Nifti1Header.diagnose_binaryblock(header.binaryblock) == ""
    expected = ijk_to_ras_from_kji_to_lps(grid.index_to_lps_mm)
    assert np.array_equal(header.get_sform()[:3], expected[:3].astype(np.float32))
    assert np.allclose(header.get_zooms(), grid.spacing_kji_mm[::-1], rtol=1e-6)
    assert header.get_xyzt_units()[0] == "mm"
    if header["qform_code"]:
        assert corners_apart_mm(grid, header.get_qform()) <= 2 * GEOMETRY_TOLERANCE_MM


HALF_TURN = 1e-4
"""How far from -1 the trace of a rotation is that is no half turn to float32: 4 times the scalar squared."""


@given(grids(wide, sheared=False))
@settings(max_examples=200)
def test_a_small_right_angled_grid_has_a_qform(grid):
    small = Grid((3, 3, 3), grid.index_to_lps_mm)
    near = Grid.from_axes(
        small.shape_kji,
        origin_lps_mm=(1, 2, 3),
        step_k_mm=small.index_to_lps_mm[:3, 0],
        step_j_mm=small.index_to_lps_mm[:3, 1],
        step_i_mm=small.index_to_lps_mm[:3, 2],
    )
    rotation = ijk_to_ras_from_kji_to_lps(near.index_to_lps_mm)[:3, :3] / near.spacing_kji_mm[::-1]
    # About half a turn readers take the float32 quaternion in different ways, and none is written.
    assume(np.trace(rotation * [1, 1, np.sign(np.linalg.det(rotation))]) > -1 + HALF_TURN)
    header = header_of(near)
    assert int(header["qform_code"]) == 1
    assert corners_apart_mm(near, header.get_qform()) <= 2 * GEOMETRY_TOLERANCE_MM


@given(
    axis=st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda v: np.linalg.norm(v) > 0.1),
    short_of_half_turn=st.floats(-5, -2.5).map(lambda exponent: 10**exponent),
    size=st.sampled_from([2, 10, 512]),
)
@settings(max_examples=200)
def test_near_a_half_turn_no_reader_is_led_astray(axis, short_of_half_turn, size):
    """There a float32 quaternion loses most, and readers disagree on what it means."""
    turn = Rotation.from_rotvec(np.array(axis) / np.linalg.norm(axis) * (np.pi - short_of_half_turn))
    index_to_ras = np.eye(4)
    index_to_ras[:3, :3] = turn.as_matrix() * 0.8
    grid = Grid((size, size, size), kji_to_lps_from_ijk_to_ras(index_to_ras))
    header = header_of(grid)
    if header["qform_code"]:
        assert corners_apart_mm(grid, header.get_qform()) <= 2 * GEOMETRY_TOLERANCE_MM
        alone, _ = grid_from_header(Header.decode(header_of(grid, sform_code=0).binaryblock))
        assert grid.max_corner_distance_mm(alone) <= 2 * GEOMETRY_TOLERANCE_MM


@given(grids(st.tuples(*[st.integers(2, 6)] * 3), sheared=False))
@settings(max_examples=60)
def test_itk_puts_every_corner_in_the_same_place(tmp_path_factory, grid):
    path = tmp_path_factory.mktemp("itk") / "a.nii"
    voxels = noise(grid.shape_kji)
    write_voxels(voxels, grid, path)
    image = SimpleITK.ReadImage(str(path))
    assert np.array_equal(SimpleITK.GetArrayFromImage(image), voxels)
    last = tuple(n - 1 for n in grid.shape_kji)
    for corner in ((0, 0, 0), last, (last[0], 0, 0), (0, last[1], 0)):
        found = image.TransformIndexToPhysicalPoint(corner[::-1])
        assert found == pytest.approx(tuple(grid.to_lps_mm(corner)), abs=1e-3)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_each_type_of_number_comes_back_in_other_programs(tmp_path, name, dtype):
    voxels = noise(dtype=dtype)
    write_voxels(voxels, AXIAL, tmp_path / name)
    image = nibabel.load(tmp_path / name)
    assert image.get_data_dtype() == np.dtype(dtype)
    assert np.array_equal(np.asanyarray(image.dataobj), voxels.T)
    assert np.array_equal(SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(tmp_path / name))), voxels)


def test_an_array_of_the_other_byte_order_is_turned(tmp_path):
    write_voxels(noise().astype(">i2"), AXIAL, tmp_path / "a.nii")
    write_voxels(noise(), AXIAL, tmp_path / "b.nii")
    assert (tmp_path / "a.nii").read_bytes() == (tmp_path / "b.nii").read_bytes()


def test_the_header_byte_by_byte(tmp_path):
    """Every field, those that say nothing included: no room for anything about a patient."""
    write_voxels(noise(), AXIAL, tmp_path / "a.nii")
    block = (tmp_path / "a.nii").read_bytes()[:352]
    fields = np.frombuffer(block[:348], NIFTI_1)[0]
    stated = {name: fields[name].tolist() for name in NIFTI_1.names if np.any(fields[name])}
    assert stated == {
        "sizeof_hdr": 348,
        "regular": b"r",
        "dim": [3, 50, 40, 6, 1, 1, 1, 1],
        "datatype": 4,
        "bitpix": 16,
        # Left and front of RAS are right and back of LPS: two axes turn, and the third stays.
        "pixdim": [1.0, np.float32(0.7), np.float32(0.8), 5.0, 1.0, 1.0, 1.0, 1.0],
        "vox_offset": 352.0,
        "scl_slope": 1.0,
        "xyzt_units": 2,
        "descrip": f"medseg {__version__}".encode(),
        "qform_code": 1,
        "sform_code": 1,
        "quatern_d": 1.0,
        "qoffset_x": 20.0,
        "qoffset_y": 30.0,
        "qoffset_z": 40.0,
        "srow_x": [-np.float32(0.7), 0.0, 0.0, 20.0],
        "srow_y": [0.0, -np.float32(0.8), 0.0, 30.0],
        "srow_z": [0.0, 0.0, 5.0, 40.0],
        "magic": b"n+1",
    }
    assert block[348:] == bytes(4)


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_the_digest_is_that_of_the_file(tmp_path, name):
    digest = write_voxels(noise(), AXIAL, tmp_path / name)
    assert digest == hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()
    assert digest == read_image(tmp_path / name).source.files[0].sha256


def test_a_compressed_file_is_one_member_that_tells_nothing_else(tmp_path):
    write_voxels(noise(), AXIAL, tmp_path / "secret-name.nii.gz")
    write_voxels(noise(), AXIAL, tmp_path / "a.nii")
    raw = (tmp_path / "secret-name.nii.gz").read_bytes()
    assert raw[:10] == b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
    member = zlib.decompressobj(31)
    assert member.decompress(raw) == (tmp_path / "a.nii").read_bytes()
    assert (member.eof, member.unused_data) == (True, b"")


@given(
    size=st.integers(1, 3000),
    block=st.sampled_from([8, 64, 1000, 4096]),
    threads=st.integers(1, 5),
    level=st.integers(0, 3),
)
@settings(max_examples=80)
def test_blocks_and_threads_leave_the_content_whole(size, block, threads, level):
    content = np.random.default_rng(size).integers(0, 4, size, np.uint8).tobytes()
    blocks = [memoryview(content)[start : start + block] for start in range(0, size, block)]
    made = b"".join(write_module.gzip_member(blocks, threads, level))
    assert gzip.decompress(made) == content
    assert made == b"".join(write_module.gzip_member(blocks, 1, level))


def test_the_same_bytes_whatever_the_threads(tmp_path, monkeypatch):
    monkeypatch.setattr(write_module, "BLOCK_BYTES", 1000)
    digests = {write_voxels(noise(), AXIAL, tmp_path / f"{n}.nii.gz", threads=n) for n in (1, 2, 3, 7)}
    assert len(digests) == 1
    assert np.array_equal(read_image(tmp_path / "7.nii.gz").voxels, noise())


def test_compression_is_worth_its_name(tmp_path, monkeypatch):
    monkeypatch.setattr(write_module, "BLOCK_BYTES", 1 << 16)
    voxels = noise((60, 128, 128))
    grid = Grid(voxels.shape, AXIAL.index_to_lps_mm)
    write_voxels(voxels, grid, tmp_path / "a.nii.gz")
    level_6 = len(gzip.compress(voxels.tobytes(), 6))
    assert (tmp_path / "a.nii.gz").stat().st_size <= 1.1 * level_6


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_progress_and_stopping_leave_nothing_behind(tmp_path, monkeypatch, name):
    monkeypatch.setattr(write_module, "BLOCK_BYTES", 1000)
    told: list[tuple[str, int, int]] = []

    def stop_at_five(task: str, done: int, total: int) -> None:
        told.append((task, done, total))
        if done == 5:
            raise Cancelled("stopped")

    running = threading.active_count()
    with pytest.raises(Cancelled):
        write_voxels(noise(), AXIAL, tmp_path / name, progress=stop_at_five)
    assert list(tmp_path.iterdir()) == []
    assert told == [("writing", done, 24) for done in range(6)]
    assert threading.active_count() == running


@pytest.mark.parametrize(("name", "most_bytes"), [("a.nii", 1e6), ("a.nii.gz", 30e6)])
def test_no_copy_of_the_volume_is_made(tmp_path, name, most_bytes):
    voxels = np.random.default_rng(0).integers(0, 2**15, (64, 512, 1024), np.int16)
    grid = Grid(voxels.shape, AXIAL.index_to_lps_mm)
    tracemalloc.start()
    try:
        write_voxels(voxels, grid, tmp_path / name, threads=2)
        assert tracemalloc.get_traced_memory()[1] < most_bytes < voxels.nbytes / 2
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_in_place_the_same_bytes_are_written_and_failures_named(tmp_path, name):
    digest = write_voxels(noise(), AXIAL, tmp_path / name, durable=False)
    assert digest == hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()
    assert digest == write_voxels(noise(), AXIAL, tmp_path / f"b-{name}")
    with pytest.raises(OutputError, match="could not write"):
        write_voxels(noise(), AXIAL, tmp_path / "absent" / name, durable=False)


def test_what_nifti_cannot_hold_is_refused_and_nothing_written(tmp_path):
    with pytest.raises(UnsupportedImageError, match="float16") as caught:
        write_voxels(noise(dtype="f2"), AXIAL, tmp_path / "a.nii")
    assert caught.value.details["reason"] == "voxel-type"
    long = Grid((1, 1, 32768), AXIAL.index_to_lps_mm)
    with pytest.raises(GeometryError, match="at most 32767"):
        write_voxels(np.zeros(long.shape_kji, np.uint8), long, tmp_path / "a.nii")
    one = Grid((1, 1, 1), AXIAL.index_to_lps_mm)
    with pytest.raises(GeometryError, match="at most 32767"):
        write_voxels(np.zeros((32768, 1, 1, 1), np.uint8), one, tmp_path / "a.nii")
    assert list(tmp_path.iterdir()) == []


def test_writing_and_reading_load_no_large_library():
    """Start-up counts: a conversion of one series lasts some tenths of a second."""
    program = (
        "import sys, medseg.io.nifti.image, medseg.io.nifti.series, medseg.io.nifti.label_map;"
        "print([m for m in ('nibabel', 'pydicom', 'scipy', 'rich', 'SimpleITK') if m in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
