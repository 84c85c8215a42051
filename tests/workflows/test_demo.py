"""``medseg demo`` does the whole job."""

from __future__ import annotations

import json

import nibabel
import pytest
from click.testing import CliRunner
from PIL import Image

from medseg.cli.main import main
from medseg.workflows.verify import verify


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    out = tmp_path_factory.mktemp("demo") / "out"
    result = CliRunner().invoke(main, ["demo", "--out", str(out)])
    assert result.exit_code == 0, result.output
    return out, result.stdout


def test_it_leaves_one_valid_label_map_with_its_sidecars(demo):
    out, _ = demo
    (nifti,) = out.rglob("*_dseg.nii.gz")
    assert verify(nifti, trust=out / "keys").verdict == "valid"
    assert {p.name for p in out.iterdir()} == {
        "abdomen_dseg.nii.gz",
        "abdomen_dseg.tsv",
        "abdomen_dseg.json",
        "abdomen_dseg.intoto.jsonl",
        "abdomen_dseg_contours.json",
        "abdomen.png",
        "dicom",
        "keys",
    }
    assert nibabel.load(nifti).shape == (192, 192, 40)


def test_no_secret_key_is_left(demo):
    out, _ = demo
    assert [p.name for p in (out / "keys").iterdir()] == ["roster.json"]
    assert not any(b"PRIVATE KEY" in p.read_bytes() for p in out.rglob("*") if p.is_file())


def test_the_signatures_are_of_two_people(demo):
    out, _ = demo
    result = CliRunner().invoke(
        main, ["verify", str(out / "abdomen_dseg.nii.gz"), "--trust", str(out / "keys"), "--json"]
    )
    document = json.loads(result.stdout)
    assert result.exit_code == 0
    assert document["verdict"] == "valid"
    assert document["state"] == "approved"
    assert [(s["role"], s["meaning"]) for s in document["signatures"]] == [
        ("annotator", "submitted"),
        ("radiologist", "approved"),
    ]


def test_it_says_what_it_did_and_how_good_it_is(demo):
    out, text = demo
    assert "verification says valid" in text
    assert "Changed one voxel of a copy: verification says invalid" in text
    dice = {line.rsplit(None, 1)[0].strip(): float(line.split()[-1]) for line in dice_lines(text)}
    assert dice["Liver"] > 0.97
    assert dice["Liver tumour"] > 0.9
    assert str(out / "abdomen_dseg.nii.gz") in text


def dice_lines(text):
    return text.split("phantom's truth\n")[1].split("  with contours")[0].splitlines()


def test_the_picture_can_be_looked_at(demo):
    out, _ = demo
    with Image.open(out / "abdomen.png") as picture:
        assert min(picture.size) > 500


def test_a_folder_with_something_in_it_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("precious")
    result = CliRunner().invoke(main, ["demo", "--out", str(tmp_path)])
    assert result.exit_code == 8
    assert "not an empty folder" in result.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]
