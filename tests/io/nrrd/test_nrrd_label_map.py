"""Plain NRRD label maps of any program, and files that are hostile or damaged."""

from __future__ import annotations

import gzip
import tracemalloc

import numpy as np
import pytest
import SimpleITK

from medseg.errors import (
    GeometryError,
    InputError,
    LabelMapError,
    MedsegError,
    NotOneVolumeError,
    UnreadableFileError,
    UnsupportedImageError,
)
from medseg.io.nrrd.label_map import read_nrrd_label_map, table_beside, write_nrrd_label_map
from medseg.io.structure_table import write_structure_table
from medseg.labelmap import LabelMap, Structure
from medseg.space import Grid

GRID = Grid.from_axes(
    (2, 3, 4), origin_lps_mm=(1, -2, 3), step_k_mm=(0, 0.5, 4), step_j_mm=(0, 2, 0), step_i_mm=(-1, 0, 0)
)
LABELS = (np.arange(24).reshape(2, 3, 4) % 5).astype(np.uint8)
STRUCTURES = tuple(Structure(f"s{n}", f"Structure {n}", n) for n in range(1, 5))
FIELDS = {
    "type": "uint8",
    "dimension": "3",
    "space": "left-posterior-superior",
    "sizes": "4 3 2",
    "space directions": "(-1,0,0) (0,2,0) (0,0.5,4)",
    "endian": "little",
    "encoding": "raw",
    "space origin": "(1,-2,3)",
}


def written(path, fields, data):
    lines = ["NRRD0004"] + [f"{key}: {value}" for key, value in fields.items() if value is not None]
    path.write_bytes(("\n".join(lines) + "\n\n").encode() + data)
    return path


def refused(path, error):
    with pytest.raises(error) as caught:
        read_nrrd_label_map(path)
    return caught.value


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_labels_and_their_table_come_back_and_itk_reads_them(tmp_path, dtype):
    path = tmp_path / "a.nrrd"
    write_nrrd_label_map(LabelMap(GRID, (LABELS.astype(dtype),), STRUCTURES), path)
    write_structure_table(STRUCTURES, table_beside(path))
    back = read_nrrd_label_map(path)
    assert back.format == "NRRD"
    assert back.structures == STRUCTURES
    assert back.label_map.voxels.dtype == dtype
    assert np.array_equal(back.label_map.voxels, LABELS)
    assert np.array_equal(back.grid.index_to_lps_mm, GRID.index_to_lps_mm)
    image = SimpleITK.ReadImage(str(path))
    assert np.array_equal(SimpleITK.GetArrayFromImage(image), LABELS)
    assert np.allclose(image.TransformIndexToPhysicalPoint((3, 2, 1)), GRID.to_lps_mm((1, 2, 3)), atol=1e-9)


def test_a_leaning_stack_is_told_and_several_layers_are_refused(tmp_path):
    (note,) = write_nrrd_label_map(LabelMap(GRID, (LABELS,), STRUCTURES), tmp_path / "a.nrrd")
    assert "leans" in note
    two = LabelMap(GRID, (LABELS, LABELS * 0), STRUCTURES)
    with pytest.raises(LabelMapError) as caught:
        write_nrrd_label_map(two, tmp_path / "b.nrrd")
    assert caught.value.details["reason"] == "several-layers"
    assert not (tmp_path / "b.nrrd").exists()
    with pytest.raises(InputError):
        write_nrrd_label_map(LabelMap(GRID, (LABELS,), STRUCTURES), tmp_path / "b.nii")


@pytest.mark.parametrize("itk_type", [SimpleITK.sitkInt16, SimpleITK.sitkInt32, SimpleITK.sitkFloat32])
@pytest.mark.parametrize("compress", [True, False])
def test_what_itk_writes_comes_in(tmp_path, itk_type, compress):
    image = SimpleITK.Cast(SimpleITK.GetImageFromArray(LABELS), itk_type)
    image.SetSpacing((1, 2, 4))
    image.SetOrigin((1, -2, 3))
    SimpleITK.WriteImage(image, str(tmp_path / "a.nrrd"), compress)
    back = read_nrrd_label_map(tmp_path / "a.nrrd")
    assert np.array_equal(back.label_map.voxels, LABELS)
    assert back.label_map.voxels.dtype == np.uint8
    assert [s.name for s in back.structures] == [f"Label {n}" for n in range(1, 5)]
    assert np.allclose(back.grid.to_lps_mm((1, 2, 3)), image.TransformIndexToPhysicalPoint((3, 2, 1)))


@pytest.mark.parametrize(
    ("space", "signs"),
    [("right-anterior-superior", (-1, -1, 1)), ("RAS", (-1, -1, 1)), ("left-anterior-superior", (1, -1, 1))],
)
def test_other_spaces_are_turned(tmp_path, space, signs):
    path = written(tmp_path / "a.nrrd", FIELDS | {"space": space}, LABELS.tobytes())
    grid = read_nrrd_label_map(path).grid
    assert np.allclose(grid.corners_lps_mm(), GRID.corners_lps_mm() * signs)


@pytest.mark.parametrize(
    ("encoding", "data"),
    [
        ("gz", gzip.compress(LABELS.tobytes())),
        ("gzip", gzip.compress(LABELS.tobytes()[:7]) + gzip.compress(LABELS.tobytes()[7:])),
        ("raw", LABELS.tobytes()),
        ("ascii", " ".join(map(str, LABELS.ravel())).encode()),
        ("text", "\n".join(map(str, LABELS.ravel())).encode() + b"\n"),
    ],
)
def test_every_encoding(tmp_path, encoding, data):
    back = read_nrrd_label_map(written(tmp_path / "a.nrrd", FIELDS | {"encoding": encoding}, data))
    assert np.array_equal(back.label_map.voxels, LABELS)


def test_long_text_is_read_across_its_pieces(tmp_path):
    labels = np.tile(np.array([0, 12345], np.uint16), 250_000).reshape(50, 100, 100)
    text = " ".join(map(str, labels.ravel())).encode()
    fields = FIELDS | {"sizes": "100 100 50", "type": "ushort", "encoding": "ascii", "endian": None}
    assert np.array_equal(
        read_nrrd_label_map(written(tmp_path / "a.nrrd", fields, text)).label_map.voxels, labels
    )


def test_big_endian_numbers(tmp_path):
    fields = FIELDS | {"type": "short", "endian": "big"}
    path = written(tmp_path / "a.nrrd", fields, LABELS.astype(">i2").tobytes())
    assert np.array_equal(read_nrrd_label_map(path).label_map.voxels, LABELS)


@pytest.mark.parametrize("skip", [{"byte skip": "5"}, {"byteskip": "-1"}, {"line skip": "1"}])
def test_a_header_beside_its_data(tmp_path, skip):
    (tmp_path / "a.raw").write_bytes(b"head\n" + LABELS.tobytes())
    path = written(tmp_path / "a.nhdr", FIELDS | {"data file": "./a.raw"} | skip, b"")
    assert np.array_equal(read_nrrd_label_map(path).label_map.voxels, LABELS)


@pytest.mark.parametrize(
    "name", ["../a.raw", "/etc/passwd", "sub/a.raw", "..", "a\\b.raw", "C:a.raw", "gone.raw", "."]
)
def test_a_data_file_elsewhere_is_not_opened(tmp_path, name):
    inner = tmp_path / "inner"
    (inner / "sub").mkdir(parents=True)
    for folder in (tmp_path, inner / "sub"):
        (folder / "a.raw").write_bytes(LABELS.tobytes())
    refused(written(inner / "a.nhdr", FIELDS | {"data file": name}, b""), UnreadableFileError)


@pytest.mark.parametrize("name", ["LIST", "LIST 2", "a%03d.raw 1 9 1"])
def test_several_data_files_are_refused_by_name(tmp_path, name):
    error = refused(written(tmp_path / "a.nhdr", FIELDS | {"data file": name}, b""), UnsupportedImageError)
    assert error.details["reason"] == "data-files"


def test_spacings_alone_are_assumed_to_be_lps_and_that_is_told(tmp_path):
    fields = FIELDS | {"space": None, "space directions": None, "space origin": None, "spacings": "1 2 4"}
    back = read_nrrd_label_map(written(tmp_path / "a.nrrd", fields, LABELS.tobytes()))
    assert back.grid.spacing_kji_mm == (4, 2, 1)
    assert len(back.notes) == 3


def test_a_list_axis_anywhere(tmp_path):
    layers = np.stack([LABELS, LABELS[::-1]])
    fields = FIELDS | {
        "dimension": "4",
        "sizes": "4 3 2 2",
        "space directions": "(-1,0,0) (0,2,0) (0,0.5,4) none",
    }
    back = read_nrrd_label_map(written(tmp_path / "a.nrrd", fields, layers.tobytes()))
    assert np.array_equal(np.stack(back.label_map.layers), layers)
    assert len(back.structures) == 8


@pytest.mark.parametrize(
    ("changed", "error", "reason"),
    [
        ({"space": "scanner-xyz"}, UnsupportedImageError, "space"),
        ({"space units": '"m" "m" "m"'}, UnsupportedImageError, "unit"),
        ({"encoding": "bzip2"}, UnsupportedImageError, "encoding"),
        ({"encoding": "hex"}, UnsupportedImageError, "encoding"),
        ({"type": "block"}, UnreadableFileError, "damaged-header"),
        ({"type": None}, UnreadableFileError, "damaged-header"),
        ({"type": "short", "endian": None}, UnreadableFileError, "damaged-header"),
        ({"type": "short", "endian": "middle"}, UnreadableFileError, "damaged-header"),
        ({"dimension": "4"}, UnreadableFileError, "damaged-header"),
        ({"sizes": "4 3 0"}, UnreadableFileError, "damaged-header"),
        ({"sizes": "4 3 -2"}, UnreadableFileError, "damaged-header"),
        ({"sizes": "4 3 x"}, UnreadableFileError, "damaged-header"),
        ({"sizes": "4 3 " + "9" * 5000}, UnreadableFileError, "damaged-header"),
        ({"sizes": "4 3 3"}, UnreadableFileError, "truncated"),
        ({"sizes": f"{10**9} {10**9} {10**9}"}, UnreadableFileError, "truncated"),
        ({"sizes": f"{10**9} {10**9} {10**9}", "encoding": "gzip"}, UnreadableFileError, "truncated"),
        ({"encoding": "gzip"}, UnreadableFileError, "damaged-data"),
        ({"encoding": "ascii"}, UnreadableFileError, "truncated"),
        ({"space directions": "(-1,0,0) (0,2,0)"}, UnreadableFileError, "damaged-header"),
        ({"space directions": "(-1,0,0) (0,2,0) (0,x,4)"}, UnreadableFileError, "damaged-header"),
        ({"space directions": "(1,0,0,0) (0,2,0,0) (0,0,4,0)"}, NotOneVolumeError, "4d"),
        ({"space directions": "(-1,0,0) (0,2,0) none"}, NotOneVolumeError, "not-3d"),
        ({"byte skip": "-2"}, UnreadableFileError, "damaged-header"),
        ({"line skip": "-1"}, UnreadableFileError, "damaged-header"),
        ({"byte skip": "999"}, UnreadableFileError, "truncated"),
        ({"line skip": "999999999999"}, UnreadableFileError, "truncated"),
    ],
)
def test_what_can_not_be_read_is_refused_by_name(tmp_path, changed, error, reason):
    path = written(tmp_path / "a.nrrd", FIELDS | changed, LABELS.tobytes())
    assert refused(path, error).details["reason"] == reason


@pytest.mark.parametrize("vector", ["(nan,0,0)", "(1e400,0,0)", "(0,0,0)", "(0,2,0)"])
def test_axes_that_can_not_be(tmp_path, vector):
    fields = FIELDS | {"space directions": f"{vector} (0,2,0) (0,0.5,4)"}
    refused(written(tmp_path / "a.nrrd", fields, LABELS.tobytes()), GeometryError)


def test_an_image_is_no_label_map(tmp_path):
    fields = FIELDS | {"type": "short"}
    refused(written(tmp_path / "a.nrrd", fields, (LABELS.astype("<i2") - 1).tobytes()), LabelMapError)


def test_what_is_no_nrrd_and_what_lies_nowhere(tmp_path):
    (tmp_path / "a.nrrd").write_bytes(b"NRRX0004\n\n")
    assert refused(tmp_path / "a.nrrd", UnreadableFileError).details["reason"] == "not-nrrd"
    (tmp_path / "a.nrrd").write_bytes(b"")
    refused(tmp_path / "a.nrrd", UnreadableFileError)
    refused(tmp_path / "gone.nrrd", UnreadableFileError)
    refused(tmp_path, UnreadableFileError)
    (tmp_path / "a.nrrd").write_bytes(b"NRRD0004\nno colon\n\n")
    refused(tmp_path / "a.nrrd", UnreadableFileError)
    (tmp_path / "a.nrrd").write_bytes(b"NRRD0004\ntype: uint8\ntype: uint8\n\n")
    refused(tmp_path / "a.nrrd", UnreadableFileError)


def test_a_bomb_takes_no_more_memory_than_its_header_promises(tmp_path):
    bomb = gzip.compress(bytes(60_000_000), 9)
    path = written(tmp_path / "a.nrrd", FIELDS | {"encoding": "gzip"}, bomb)
    tracemalloc.start()
    assert not read_nrrd_label_map(path).label_map.voxels.any()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 10_000_000


def test_too_many_layers_are_refused(tmp_path):
    fields = FIELDS | {
        "dimension": "4",
        "sizes": "5000 1 1 1",
        "space directions": "none (-1,0,0) (0,2,0) (0,0.5,4)",
    }
    error = refused(written(tmp_path / "a.nrrd", fields, bytes(5000)), UnsupportedImageError)
    assert error.details["reason"] == "too-large"


def test_every_cut_of_a_file_is_a_typed_error(tmp_path):
    path = tmp_path / "a.nrrd"
    write_nrrd_label_map(LabelMap(GRID, (LABELS,), STRUCTURES), path)
    whole = path.read_bytes()
    for length in range(0, len(whole), 3):
        path.write_bytes(whole[:length])
        with pytest.raises(MedsegError):
            read_nrrd_label_map(path)
