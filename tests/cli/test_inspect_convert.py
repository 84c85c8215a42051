"""``medseg inspect`` and ``medseg convert``: one JSON document on standard output, and exit codes."""

from __future__ import annotations

import json

import nibabel
import numpy as np
import pytest
from click.testing import CliRunner

from medseg.cli.main import main
from medseg.io.dicom import write_series
from medseg.space import Grid
from medseg.volume.volume import Quantity, Source, Volume


@pytest.fixture
def ct(tmp_path):
    grid = Grid.from_axes(
        (4, 3, 2), origin_lps_mm=[0, 0, 0], step_k_mm=[0, 0, 3], step_j_mm=[0, 1, 0], step_i_mm=[1, 0, 0]
    )
    volume = Volume(grid, np.zeros((4, 3, 2), np.int16), Quantity.HU, Source("phantom"))
    write_series(
        volume, tmp_path / "ct", modality="CT", uid_seed="x", patient_name="PHANTOM^TEST", patient_id="P1"
    )
    return tmp_path / "ct"


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_inspect_prints_one_json_document(ct):
    result = run("inspect", ct, "--json")
    assert result.exit_code == 0
    assert [volume["status"] for volume in json.loads(result.stdout)["volumes"]] == ["convertible"]


def test_inspect_exits_with_one_when_a_series_is_refused(ct):
    (ct / "IM0002.dcm").unlink()
    result = run("inspect", ct, "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["volumes"][0]["reason"] == "missing-slices"


def test_inspect_prints_a_table_for_people(ct):
    result = run("inspect", ct)
    assert result.exit_code == 0
    for text in ("convertible", "HU"):
        assert text in result.stdout


def test_a_folder_without_images_is_one_line_and_exit_code_four(tmp_path):
    result = run("inspect", tmp_path, "--json")
    assert result.exit_code == 4
    assert json.loads(result.stdout)["error"] == "NoImagesError"
    assert result.stderr.startswith("medseg: error: no DICOM image")
    assert result.stderr.count("\n") == 1


def test_convert_writes_nifti_and_manifest(ct, tmp_path):
    result = run("convert", ct, tmp_path / "out")
    assert result.exit_code == 0
    names = sorted(path.name.split("-")[0] for path in (tmp_path / "out").iterdir())
    assert names == [".medseg", "manifest.csv", "manifest.json", "sub"]
    assert run("convert", ct, tmp_path / "out").exit_code == 0
    assert run("convert", ct, ct).exit_code == 8


def test_convert_exits_with_one_when_a_series_is_refused(ct, tmp_path):
    (ct / "IM0002.dcm").unlink()
    result = run("convert", ct, tmp_path / "out", "--no-compress")
    assert result.exit_code == 1
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["volumes"][0]["status"] == "refused"


def test_inspect_says_what_the_options_of_convert_would_do(tmp_path):
    grid = Grid.from_axes(
        (6, 3, 2), origin_lps_mm=[0, 0, 0], step_k_mm=[0, 0, 3], step_j_mm=[0, 1, 0], step_i_mm=[1, 0, 0]
    )
    volume = Volume(grid, np.zeros((6, 3, 2), np.int16), Quantity.HU, Source("phantom"))
    write_series(volume, tmp_path / "ct", modality="CT", uid_seed="x", patient_name="P^T", patient_id="P1")
    (tmp_path / "ct" / "IM0003.dcm").unlink()
    refused = run("inspect", tmp_path / "ct", "--json")
    assert (refused.exit_code, json.loads(refused.stdout)["volumes"][0]["status"]) == (1, "refused")
    done = run("inspect", tmp_path / "ct", "--json", "--allow-uneven")
    (entry,) = json.loads(done.stdout)["volumes"]
    assert (done.exit_code, entry["status"]) == (0, "convertible")
    assert entry["geometry"]["shape_kji"] == [6, 3, 2]
    assert entry["warnings"]
    assert "output" not in entry


def test_a_refused_nifti_image_is_a_document_and_exit_code_one(tmp_path):
    nibabel.Nifti1Image(np.zeros((2, 3, 4, 5, 6), np.int16), np.eye(4)).to_filename(tmp_path / "five.nii.gz")
    result = run("inspect", tmp_path / "five.nii.gz", "--json")
    assert result.exit_code == 1
    (volume,) = json.loads(result.stdout)["volumes"]
    assert (volume["id"], volume["status"], volume["reason"]) == ("five", "refused", "5d")
    assert run("inspect", tmp_path / "five.nii.gz").exit_code == 1
