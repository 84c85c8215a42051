"""``medseg measure``."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from click.testing import CliRunner

from drawn_cases import write_drawn_case
from medseg.cli.main import main
from medseg.io.nifti.image import write_image
from medseg.io.nifti.label_map import write_label_map
from medseg.labelmap import LabelMap, Structure
from medseg.volume import Quantity, Source, Volume
from medseg.workflows.measure import Family
from solids import lump, upright


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    return write_drawn_case(tmp_path_factory.mktemp("case"))


def run(*arguments):
    return CliRunner().invoke(main, ["measure", *map(str, arguments)])


def test_the_numbers_as_json_keep_the_contract(case):
    done = run(case.files.nifti, "--image", case.dicom, "--json")
    assert done.exit_code == 0, done.output
    numbers = json.loads(done.stdout)["measurements"]
    for key in ("structure", "label", "concept", "ibsi", "value", "unit", "method"):
        assert all(key in number for number in numbers), key
    liver = {one["concept"]: one for one in numbers if one["structure"] == "liver"}
    assert liver["volume-voxel"]["ibsi"] == "morph_vol_approx"
    assert liver["volume-voxel"]["unit"] == "mm3"
    assert liver["volume-voxel"]["value"] > 100
    assert liver["longest-in-plane"]["ibsi"] is None
    assert liver["longest-in-plane"]["line"]["slice_axis"] == 0
    assert (liver["intensity-max"]["value"], liver["intensity-max"]["unit"]) == (60, "HU")
    assert {one["structure"] for one in numbers} == {"liver", "tumour"}


def test_the_table_names_what_reports_hold(case):
    done = run(case.files.nifti, "--image", case.dicom)
    assert done.exit_code == 0, done.output
    heading, liver, tumour, *distances = done.stdout.splitlines()
    assert heading.split("  ")[0] == "structure"
    assert "mean ± SD, HU" in heading
    assert liver.startswith("Liver ")
    assert tumour.startswith("Liver tumour ")
    assert distances[0].startswith("Liver tumour: ")
    assert distances[0].endswith(" mm within liver")


def test_every_number_is_printed_where_all_are_asked_for(case):
    done = run(case.files.nifti, "--all", "--family", "shape")
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0] == "Liver"
    assert any(line.startswith("  Volume of mesh: ") and line.endswith(" mm3") for line in lines)
    assert not any("intensity" in line for line in lines)


def test_a_table_and_a_report_are_written_beside(case, tmp_path):
    table, report = tmp_path / "numbers.csv", tmp_path / "numbers.dcm"
    arguments = (case.files.nifti, "--image", case.dicom, "--csv", table, "--sr", report)
    done = run(*arguments)
    assert done.exit_code == 0, done.output
    assert "note: the file names the patient" in done.stderr
    with table.open(encoding="utf-8-sig", newline="") as file:
        assert {row["structure"] for row in csv.DictReader(file)} == {"liver", "tumour"}
    assert report.read_bytes()[128:132] == b"DICM"
    again = run(*arguments)
    assert again.exit_code == 8
    assert "exists already" in again.stderr
    assert run(*arguments, "--overwrite").exit_code == 0


@pytest.fixture
def pet_case(tmp_path):
    """A label map and an image of SUV on its grid."""
    grid = upright((12, 24, 24), (2.0, 2.0, 2.0))
    label_map = LabelMap(grid, (lump(grid, 9).astype(np.uint8),), (Structure("tumour", "Tumour", 1),))
    suv = np.where(lump(grid, 5), 8.0, 3.0).astype(np.float32)
    write_label_map(label_map, tmp_path / "labels_dseg.nii.gz")
    write_image(Volume(grid, suv, Quantity.SUVBW, Source("phantom")), tmp_path / "pet.nii.gz")
    return tmp_path / "labels_dseg.nii.gz", tmp_path / "pet.nii.gz"


@pytest.mark.parametrize(("threshold", "share"), [("41%", 5), ("2.5", 9)])
def test_the_threshold_of_suv_is_an_option(pet_case, threshold, share):
    label_map, pet = pet_case
    done = run(
        label_map,
        "--image",
        pet,
        "--quantity",
        "SUVbw",
        "--family",
        "uptake",
        "--suv-threshold",
        threshold,
        "--json",
    )
    assert done.exit_code == 0, done.output
    numbers = {one["concept"]: one for one in json.loads(done.stdout)["measurements"]}
    ball_ml = np.count_nonzero(lump(upright((12, 24, 24), (2.0, 2.0, 2.0)), share)) * 8 / 1000
    assert numbers["metabolic-tumour-volume"]["value"] == pytest.approx(ball_ml)


def test_distances_are_named_by_two_ids(case):
    done = run(case.files.nifti, "--distance", "liver:tumour", "--family", "separation", "--json")
    assert done.exit_code == 0, done.output
    (margin,) = json.loads(done.stdout)["measurements"]
    assert (margin["structure"], margin["concept"]) == ("tumour", "margin")
    assert margin["parameters"] == {"to": "liver"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--distance", "liver"], "expected two ids of structures"),
        (["--suv-threshold", "hot"], "expected something like 41% or 2.5"),
        (["--suv-threshold", "140%"], "fraction of SUVmax"),
        (["--sr", "out.dcm"], "name their folder"),
        (["--resample", "linear"], "name it with --image"),
        (["--family", "texture"], "is not one of"),
    ],
)
def test_wrong_usage_is_told(case, arguments, said):
    done = run(case.files.nifti, *arguments)
    assert done.exit_code == 2
    assert said in done.stderr


def test_the_families_of_the_command_are_all_that_there_are():
    from medseg.cli.measure import FAMILIES

    assert tuple(Family) == FAMILIES
