"""A label map goes out in every format and comes back the same."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from drawn_cases import write_drawn_case, write_overlapping_case
from medseg.cli.main import main
from medseg.errors import GridMismatchError, InputError, LabelMapError, OutputExistsError
from medseg.labelmap import LabelMap
from medseg.space import Grid
from medseg.volume import Quantity, Source, Volume
from medseg.workflows.export_label_map import EXPORT_FORMATS, export_label_map
from medseg.workflows.import_label_map import Reading, import_label_map, read_structures
from medseg.workflows.open_image import open_image
from medseg.workflows.open_label_map import open_label_map

VOXEL_FORMATS = {
    "dicom-seg": "out.dcm",
    "dicom-seg-labelmap": "out.dcm",
    "seg-nrrd": "out.seg.nrrd",
    "nrrd": "out.nrrd",
}
"""The formats that hold voxels, each with a name to write."""

EVERY_FORMAT = {
    **VOXEL_FORMATS,
    "rtstruct": "out.dcm",
    "itksnap-labels": "out.txt",
    "stl": "out.stl",
    "obj": "out.obj",
    "ply": "out.ply",
    "gltf": "out.glb",
    "bids": "dataset",
}


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    return write_drawn_case(tmp_path_factory.mktemp("case"))


@pytest.fixture(scope="module")
def overlapping(tmp_path_factory):
    return write_overlapping_case(tmp_path_factory.mktemp("overlapping"))


def same_structures(found: LabelMap, expected: LabelMap) -> None:
    assert [s.name for s in found.structures] == [s.name for s in expected.structures]
    assert found.grid.max_corner_distance_mm(expected.grid) < 1e-4
    for here, there in zip(found.structures, expected.structures, strict=True):
        np.testing.assert_array_equal(found.mask(here.id), expected.mask(there.id))


def test_this_is_every_format():
    assert EVERY_FORMAT.keys() == EXPORT_FORMATS.keys()


@pytest.mark.parametrize(("name", "file"), VOXEL_FORMATS.items())
def test_voxels_come_back_identical(case, tmp_path, name, file):
    written = export_label_map(case.files.nifti, tmp_path / file, to=name, image=case.dicom)
    assert written.files[0] == tmp_path / file
    files, imported = import_label_map(tmp_path / file, tmp_path / "back_dseg.nii.gz", image=case.dicom)
    assert not imported.resampled
    saved = open_label_map(files.nifti)
    same_structures(saved.label_map, case.label_map)
    assert [s.code for s in saved.label_map.structures] == [s.code for s in case.label_map.structures]
    assert [s.part_of is None for s in saved.label_map.structures] == [True, False]
    assert saved.record.source == case.image.source


@pytest.mark.parametrize(("name", "file"), [("dicom-seg", "o.dcm"), ("seg-nrrd", "o.seg.nrrd")])
def test_overlapping_layers_come_back_identical(overlapping, tmp_path, name, file):
    export_label_map(overlapping.files.nifti, tmp_path / file, to=name, image=overlapping.dicom)
    files, _ = import_label_map(tmp_path / file, tmp_path / "back_dseg.nii.gz", image=overlapping.dicom)
    back = open_label_map(files.nifti).label_map
    assert len(back.layers) == 2
    same_structures(back, overlapping.label_map)


@pytest.mark.parametrize("name", ["dicom-seg-labelmap", "nrrd", "itksnap-labels"])
def test_formats_of_one_label_a_voxel_refuse_overlaps_by_name(overlapping, tmp_path, name):
    out = tmp_path / EVERY_FORMAT[name]
    with pytest.raises(LabelMapError, match="layers"):
        export_label_map(overlapping.files.nifti, out, to=name, image=overlapping.dicom)
    assert not out.exists()
    export_label_map(overlapping.files.nifti, out, to=name, image=overlapping.dicom, structures=["tumour"])
    assert out.exists()


def test_contours_come_back_within_a_hundredth_of_a_millimetre(case, tmp_path):
    written = export_label_map(case.files.nifti, tmp_path / "rt.dcm", to="rtstruct", image=case.dicom)
    assert written.notes
    files, _ = import_label_map(tmp_path / "rt.dcm", tmp_path / "back_dseg.nii.gz", image=case.dicom)
    saved = open_label_map(files.nifti)
    tumour = next(s for s in saved.label_map.structures if s.name == "Liver tumour")
    back = list(saved.contours.of(tumour.id))
    for drawn in case.contours.of("tumour"):
        assert any(
            len(one.points_mm) == len(drawn.points_mm)
            and np.abs(one.points_lps_mm - drawn.points_lps_mm).max() < 0.01
            for one in back
        )
    np.testing.assert_array_equal(saved.label_map.mask(tumour.id), case.label_map.mask("tumour"))


@pytest.mark.parametrize("name", EVERY_FORMAT)
def test_every_format_is_written_whole_and_never_over_another_file(case, tmp_path, name):
    out = tmp_path / EVERY_FORMAT[name]
    options = {"subject": "01"} if name == "bids" else {}
    written = export_label_map(case.files.nifti, out, to=name, image=case.dicom, **options)
    assert written.files
    before = {path: path.read_bytes() for path in written.files}
    with pytest.raises(OutputExistsError):
        export_label_map(case.files.nifti, out, to=name, image=case.dicom, **options)
    assert {path: path.read_bytes() for path in written.files} == before


@pytest.mark.parametrize("name", ["dicom-seg", "dicom-seg-labelmap", "rtstruct"])
def test_dicom_needs_the_series_that_it_was_drawn_on(case, tmp_path, name):
    with pytest.raises(InputError, match="needs the series") as e:
        export_label_map(case.files.nifti, tmp_path / "o.dcm", to=name)
    assert e.value.details["reason"] == "no-dicom-source"
    with pytest.raises(InputError, match="needs the series") as e:
        export_label_map(case.files.nifti, tmp_path / "o.dcm", to=name, image=case.files.nifti)
    assert "NIfTI alone can go out as" in e.value.hint
    assert not list(tmp_path.iterdir())


def test_another_grid_is_refused_or_resampled_and_told(case, tmp_path):
    export_label_map(case.files.nifti, tmp_path / "a.seg.nrrd")
    grid = case.image.grid
    finer = Grid.from_axes(
        [16, 60, 56],
        origin_lps_mm=grid.to_lps_mm((0, -0.25, -0.25)),
        step_k_mm=grid.index_to_lps_mm[:3, 0],
        step_j_mm=grid.index_to_lps_mm[:3, 1] / 2,
        step_i_mm=grid.index_to_lps_mm[:3, 2] / 2,
    )
    image = Volume(finer, np.zeros(finer.shape_kji, np.int16), Quantity.ARBITRARY, Source("phantom"))
    with pytest.raises(GridMismatchError, match="spacing"):
        read_structures(tmp_path / "a.seg.nrrd", image=image)
    imported = read_structures(tmp_path / "a.seg.nrrd", image=image, resample=True)
    assert imported.resampled
    assert any("nearest neighbour" in note for note in imported.notes)
    expected = case.label_map.voxels.repeat(2, axis=1).repeat(2, axis=2)
    np.testing.assert_array_equal(imported.label_map.voxels > 0, expected > 0)


def test_contours_need_their_image(case, tmp_path):
    export_label_map(case.files.nifti, tmp_path / "rt.dcm", to="rtstruct", image=case.dicom)
    with pytest.raises(InputError, match="need the image") as e:
        read_structures(tmp_path / "rt.dcm")
    assert e.value.details["reason"] == "needs-image"


def test_the_commands_do_the_same(case, tmp_path, capsys):
    out = tmp_path / "a.seg.nrrd"
    with pytest.raises(SystemExit) as done:
        main(["export", str(case.files.nifti), str(out), "--json"])
    assert not done.value.code
    assert json.loads(capsys.readouterr().out)["files"] == [str(out)]
    with pytest.raises(SystemExit) as done:
        main(["import", str(out), str(tmp_path / "b_dseg.nii.gz"), "--image", str(case.dicom), "--json"])
    assert not done.value.code
    answer = json.loads(capsys.readouterr().out)
    assert [s["name"] for s in answer["structures"]] == ["Liver", "Liver tumour"]
    assert not answer["resampled"]


def test_an_ending_that_says_nothing_is_asked_about(case, tmp_path):
    for name in ("out.xyz", "out.dcm"):
        with pytest.raises(InputError, match="does not tell the format"):
            export_label_map(case.files.nifti, tmp_path / name)
    (tmp_path / "text.txt").write_text("no label map")
    with pytest.raises(InputError, match="no label map of a format that is read"):
        read_structures(tmp_path / "text.txt")


REAL = os.environ.get("MEDSEG_REAL_DATA")


@pytest.mark.skipif(REAL is None, reason="MEDSEG_REAL_DATA is not set")
@pytest.mark.parametrize("modality", ["CT", "PET", "MR_T1"])
def test_a_real_tumour_survives_every_format(modality, tmp_path):
    folder = Path(REAL or "") / "sarcoma_pet_ct_mr" / "dicom" / "STS_001" / modality
    (rtstruct,) = (folder / "mask").iterdir()
    image = folder / "image"
    first, imported = import_label_map(rtstruct, tmp_path / "first_dseg.nii.gz", image=image)
    assert imported.label_map.mask(imported.label_map.structures[0].id).any()
    for name in (*VOXEL_FORMATS, "rtstruct"):
        out = tmp_path / f"{name}-{EVERY_FORMAT[name]}"
        export_label_map(first.nifti, out, to=name, image=image)
        back = read_structures(out, image=open_image(image))
        assert back.label_map.grid.max_corner_distance_mm(imported.label_map.grid) < 1e-4
        for layer, expected in zip(back.label_map.layers, imported.label_map.layers, strict=True):
            np.testing.assert_array_equal(layer > 0, expected > 0)


def test_fractions_come_in_where_somebody_says_from_when_on(real_data, tmp_path):
    fractional = real_data / "dicom_seg" / "seg_image_ct_true_fractional.dcm"
    with pytest.raises(InputError) as e:
        read_structures(fractional)
    assert e.value.details["reason"] == "fractional"
    halves, wholes = (read_structures(fractional, reading=Reading(fractional_at=f)) for f in (0.5, 1.0))
    counts = [np.count_nonzero(imported.label_map.voxels) for imported in (halves, wholes)]
    assert counts[0] > counts[1]


def test_labels_of_other_programs_get_their_names(case, tmp_path):
    export_label_map(case.files.nifti, tmp_path / "labels.txt", to="itksnap-labels")
    bare = tmp_path / "bare.nii.gz"
    bare.write_bytes(case.files.nifti.read_bytes())
    assert [s.name for s in read_structures(bare).label_map.structures] == ["Label 1", "Label 2"]
    named = read_structures(bare, reading=Reading(labels=tmp_path / "labels.txt")).label_map
    assert [s.name for s in named.structures] == ["Liver", "Liver tumour"]
    np.testing.assert_array_equal(named.voxels, case.label_map.voxels)
