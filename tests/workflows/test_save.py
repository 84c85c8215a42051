"""A label map is saved whole, on the grid of its image, with its story."""

from __future__ import annotations

import json

import numpy as np
import pytest

from medseg.contour import ContourSet, Origin, Slice, trace_slice
from medseg.errors import (
    GridMismatchError,
    InputError,
    OutputError,
    OutputExistsError,
    SidecarError,
)
from medseg.labelmap import Structure
from medseg.space import Grid
from medseg.volume import Source, SourceFile
from medseg.workflows.interpolate import how_completed, interpolate
from medseg.workflows.open_label_map import open_label_map
from medseg.workflows.save import save_label_map

GRID = Grid.from_axes(
    (9, 12, 14),
    origin_lps_mm=(-50, 20, 7),
    step_k_mm=(0, 0.5, 3),
    step_j_mm=(0, 0.9, -0.15),
    step_i_mm=(0.9, 0, 0),
)
TUMOUR = Structure("tumour", "Tumour", 1)
SOURCE = Source("DICOM", (SourceFile("ab" * 32, "1.2.3.4"),), series_uid="1.2.3", modality="CT")


def tumour_on(k, size):
    mask = np.zeros(GRID.shape_kji[1:], bool)
    mask[2 : 2 + size, 3 : 3 + size] = True
    return trace_slice(mask, GRID, Slice(0, k), "tumour", Origin.DRAWN)


CONTOURS = ContourSet((*tumour_on(2, 4), *tumour_on(6, 8)))


@pytest.fixture
def completion():
    return interpolate(CONTOURS, GRID, [TUMOUR])


def save(path, completion, **changes):
    arguments = {
        "grid": GRID,
        "source": SOURCE,
        "contours": CONTOURS,
        "author": "Ada Reader",
        "completed": how_completed(completion),
    }
    return save_label_map(path, completion.label_map, **(arguments | changes))


def test_everything_comes_back_as_it_was_saved(tmp_path, completion):
    files = save(tmp_path / "a_dseg.nii.gz", completion)
    saved = open_label_map(files.nifti)
    assert np.array_equal(saved.label_map.voxels, completion.label_map.voxels)
    assert saved.label_map.grid.is_same_as(GRID)
    assert saved.label_map.structures == (TUMOUR,)
    for before, after in zip(CONTOURS, saved.contours, strict=True):
        assert np.array_equal(before.points_lps_mm, after.points_lps_mm)
    assert saved.record.source == SOURCE
    assert saved.record.author == "Ada Reader"


def test_the_record_tells_the_story(tmp_path, completion):
    files = save(tmp_path / "a_dseg.nii.gz", completion, notes=("a note",))
    document = json.loads(files.provenance.read_text())
    ours = document["medseg"]
    tumour = ours["structures"]["tumour"]
    assert tumour.pop("parameters")["combined.STRENGTH"] == 0.75
    assert tumour == {
        "drawn": ["k=2", "k=6"],
        "imported": [],
        "interpolated": ["k=3", "k=4", "k=5"],
        "assisted": [],
        "method": "combined",
        "interpolated_by": ours["software"],
    }
    assert ours["method"] == "combined"
    assert ours["software"].startswith("medseg ")
    assert ours["source"]["files"] == [{"uid": "1.2.3.4", "sha256": "ab" * 32}]
    assert ours["created"][-6] in "+-"
    assert ours["notes"] == ["a note"]
    assert document["Sources"] == ["urn:oid:1.2.3"]


def test_a_tilted_grid_is_kept_and_the_record_warns_of_other_readers(tmp_path):
    tilted = Grid.from_axes(
        (4, 5, 6), origin_lps_mm=(0, 0, 0), step_k_mm=(0, 1, 3), step_j_mm=(0, 1, 0), step_i_mm=(1, 0, 0)
    )
    empty = interpolate(ContourSet(), tilted, [TUMOUR])
    files = save(tmp_path / "a_dseg.nii.gz", empty, grid=tilted, contours=ContourSet())
    saved = open_label_map(files.nifti)
    assert saved.label_map.grid.is_same_as(tilted)
    assert "leans by 18.4°" in saved.record.notes[0]


def test_exactly_the_named_files_are_left(tmp_path, completion):
    files = save(tmp_path / "a_dseg.nii.gz", completion)
    visible = {p.name for p in tmp_path.iterdir() if not p.name.startswith(".")}
    assert visible == {"a_dseg.nii.gz", "a_dseg.tsv", "a_dseg.json", "a_dseg_contours.json"}
    assert files.sign_off.name == "a_dseg.intoto.jsonl"


def test_a_label_map_on_another_grid_is_refused(tmp_path, completion):
    shifted = Grid.from_axes(
        GRID.shape_kji,
        origin_lps_mm=(-50, 20, 8),
        step_k_mm=(0, 0.5, 3),
        step_j_mm=(0, 0.9, -0.15),
        step_i_mm=(0.9, 0, 0),
    )
    with pytest.raises(GridMismatchError, match="1 mm apart"):
        save(tmp_path / "a_dseg.nii.gz", completion, grid=shifted)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten_unasked_not_even_a_sidecar(tmp_path, completion):
    (tmp_path / "a_dseg_contours.json").write_text("precious")
    with pytest.raises(OutputExistsError, match="a_dseg_contours"):
        save(tmp_path / "a_dseg.nii.gz", completion)
    assert {p.name for p in tmp_path.iterdir() if not p.name.startswith(".")} == {"a_dseg_contours.json"}
    save(tmp_path / "a_dseg.nii.gz", completion, overwrite=True)
    assert (tmp_path / "a_dseg_contours.json").read_text() != "precious"


def test_a_failure_half_way_leaves_the_old_files(tmp_path, completion, monkeypatch):
    files = save(tmp_path / "a_dseg.nii.gz", completion)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}

    def fail(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("medseg.workflows.save.write_record", fail)
    with pytest.raises(OutputError, match="No space left"):
        save(files.nifti, completion, overwrite=True, contours=ContourSet())
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


@pytest.mark.parametrize("parent", ["absent", "a-file"])
def test_a_folder_that_is_not_there_is_an_error_in_words(tmp_path, completion, parent):
    (tmp_path / "a-file").write_text("precious")
    with pytest.raises(OutputError, match="a_dseg"):
        save(tmp_path / parent / "a_dseg.nii.gz", completion)
    assert [p.name for p in tmp_path.iterdir()] == ["a-file"]


def test_sidecars_of_other_voxels_are_found_out(tmp_path, completion):
    files = save(tmp_path / "a_dseg.nii.gz", completion)
    other = save(tmp_path / "b_dseg.nii.gz", interpolate(ContourSet(tumour_on(4, 3)), GRID, [TUMOUR]))
    for sidecar, name in ((files.contours, other.contours), (files.provenance, other.provenance)):
        own = sidecar.read_bytes()
        sidecar.write_bytes(name.read_bytes())
        with pytest.raises(SidecarError, match="other voxels"):
            open_label_map(files.nifti)
        sidecar.write_bytes(own)
    assert open_label_map(str(files.nifti)).record is not None


def test_the_sidecar_of_another_program_is_no_record(tmp_path, completion):
    files = save(tmp_path / "a_dseg.nii.gz", completion)
    files.provenance.write_text('{"Manual": true}')
    assert open_label_map(files.nifti).record is None


def test_a_name_that_is_no_nifti_is_refused(tmp_path, completion):
    with pytest.raises(InputError, match=r"\*\.nii\.gz"):
        save(tmp_path / "tumour.png", completion)
    assert list(tmp_path.iterdir()) == []
