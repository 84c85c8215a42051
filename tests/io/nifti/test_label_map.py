"""Label maps and the structure table beside them."""

from __future__ import annotations

import nibabel
import numpy as np
import pytest
import SimpleITK

from medseg.errors import LabelMapError, SidecarError
from medseg.io.label_map_files import LabelMapFiles
from medseg.io.nifti.label_map import read_label_map, write_label_map
from medseg.io.structure_table import read_structure_table, write_structure_table
from medseg.labelmap import Code, LabelMap, Structure
from medseg.space import Grid

GRID = Grid.from_axes(
    (3, 4, 5), origin_lps_mm=(1, 2, 3), step_k_mm=(0, 0, 5), step_j_mm=(0, 0.8, 0), step_i_mm=(0.7, 0, 0)
)
STRUCTURES = (
    Structure("liver", "Liver", 1, "#dd8265", Code("SCT", "10200004", "Liver")),
    Structure("tumour", 'Tumour "seg. 7", 50 %', 2, part_of="liver"),
)


def label_map(dtype=np.uint8):
    voxels = np.zeros(GRID.shape_kji, dtype)
    voxels[1, 1:3, 1:4] = 1
    voxels[1, 2, 2] = 2
    return LabelMap(GRID, (voxels,), STRUCTURES)


@pytest.mark.parametrize("name", ["a_dseg.nii.gz", "a_dseg.nii"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_label_map_and_its_table_come_back(tmp_path, name, dtype):
    files = LabelMapFiles(tmp_path / name)
    write_label_map(label_map(dtype), files.nifti)
    write_structure_table(STRUCTURES, files.structures)
    back = read_label_map(files.nifti)
    assert back.structures == STRUCTURES
    assert np.array_equal(back.voxels, label_map().voxels)
    assert back.grid.is_same_as(GRID)
    header = nibabel.load(files.nifti).header
    assert header.get_data_dtype() == dtype
    assert header.get_xyzt_units()[0] == "mm"
    assert np.array_equal(
        SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(files.nifti))), label_map().voxels
    )


def test_the_table_has_the_columns_of_bids(tmp_path):
    write_structure_table(STRUCTURES, tmp_path / "a.tsv")
    lines = (tmp_path / "a.tsv").read_text().splitlines()
    assert lines[0].split("\t")[:3] == ["index", "name", "color"]
    assert lines[1].split("\t")[:3] == ["1", "Liver", "#dd8265"]


def test_a_label_map_of_another_program_gets_a_structure_a_label(tmp_path):
    voxels = np.zeros((5, 4, 3), np.int16)
    voxels[0, 0, 0] = 4
    nibabel.Nifti1Image(voxels, np.eye(4)).to_filename(tmp_path / "foreign.nii.gz")
    back = read_label_map(tmp_path / "foreign.nii.gz")
    assert [(s.name, s.label) for s in back.structures] == [("Label 4", 4)]
    assert back.voxels.dtype == np.uint8


@pytest.mark.parametrize("value", [-1, 0.5, 70000, np.nan])
def test_an_image_is_no_label_map(tmp_path, value):
    voxels = np.zeros((5, 4, 3), np.float32)
    voxels[0, 0, 0] = value
    nibabel.Nifti1Image(voxels, np.eye(4)).to_filename(tmp_path / "a.nii")
    with pytest.raises(LabelMapError, match="expected whole numbers"):
        read_label_map(tmp_path / "a.nii")


def test_scaled_labels_are_refused(tmp_path):
    image = nibabel.Nifti1Image(np.zeros((5, 4, 3), np.uint8), np.eye(4))
    image.header["scl_slope"], image.header["scl_inter"] = 2, 0
    image.to_filename(tmp_path / "a.nii")
    with pytest.raises(LabelMapError, match="scales its numbers"):
        read_label_map(tmp_path / "a.nii")


def test_a_voxel_that_the_table_does_not_explain_is_refused(tmp_path):
    files = LabelMapFiles(tmp_path / "a.nii")
    write_label_map(label_map(), files.nifti)
    write_structure_table(STRUCTURES[:1], files.structures)
    with pytest.raises(LabelMapError, match="no structure explains"):
        read_label_map(files.nifti)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no structure table"),
        ("a\tb\n1\t2\n", "no structure table"),
        ("index\tname\n1\n", "line 2: expected 2 columns, got 1"),
        ("index\tname\nx\tLiver\n", "line 2"),
        ("index\tname\n-1\tLiver\n", "line 2: a label must be"),
        ("index\tname\tcolor\n1\tLiver\tred\n", "colour"),
        ("index\tname\nn/a\tLiver\n", "line 2: the column 'index' is empty"),
        ("index\tname\n1\tn/a\n", "line 2: the column 'name' is empty"),
        ("index\tname\n1\t" + "x" * 200_000 + "\n", "no structure table"),
    ],
)
def test_a_damaged_table_is_refused_with_the_line(tmp_path, text, message):
    (tmp_path / "a.tsv").write_text(text)
    with pytest.raises(SidecarError, match=message):
        read_structure_table(tmp_path / "a.tsv")


def test_the_names_of_the_sidecars_follow_the_label_map(tmp_path):
    files = LabelMapFiles(tmp_path / "sub-1_dseg.nii.gz")
    names = [p.name for p in (files.structures, files.provenance, files.contours, files.sign_off)]
    assert names == [
        "sub-1_dseg.tsv",
        "sub-1_dseg.json",
        "sub-1_dseg_contours.json",
        "sub-1_dseg.intoto.jsonl",
    ]


def test_label_maps_of_different_names_share_no_sidecar(tmp_path):
    def sidecars(name):
        files = LabelMapFiles(tmp_path / name)
        return {files.structures, files.provenance, files.contours, files.sign_off}

    assert not sidecars("a_dseg.nii.gz") & sidecars("a.nii.gz")


def test_a_table_of_another_program_may_list_the_background(tmp_path):
    (tmp_path / "a.tsv").write_text("\ufeffindex\tname\n0\tBackground\n4\tLiver\n\n", encoding="utf-8")
    (structure,) = read_structure_table(tmp_path / "a.tsv")
    assert (structure.label, structure.name) == (4, "Liver")
