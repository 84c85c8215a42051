"""``medseg follow-up`` as people and scripts call it."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from medseg.cli.main import main
from timed_cases import write_time


def run(*arguments):
    return CliRunner().invoke(main, ["follow-up", *map(str, arguments)])


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    folder = tmp_path_factory.mktemp("times")
    return [write_time(folder, "baseline", {1: 40}), write_time(folder, "later", {1: 20, 2: 11})]


def test_it_tells_numbers_and_a_proposal(both):
    told = run(*both)
    assert told.exit_code == 0, told.output
    assert "Metastasis 1: diameter, mm" in told.stdout
    assert "proposed response: PR, partial response; no reader has confirmed it" in told.stdout
    assert "say --new-lesion met-2 or --not-new met-2" in told.stdout


def test_json_is_one_document(both):
    told = json.loads(run(*both, "--json").stdout)
    assert [time["label_map"] for time in told["times"]] == ["baseline_dseg.nii.gz", "later_dseg.nii.gz"]
    assert told["response"] == {
        "category": "PR",
        "status": "proposed",
        "confirmed_by": None,
        "confirmed_at": None,
        "target": "PR",
        "non_target": "none",
        "new_lesions": [],
        "source": told["response"]["source"],
    }
    assert told["possible_new_lesions"] == ["met-2"]


def test_what_is_confirmed_is_recorded(both, tmp_path):
    record = tmp_path / "response.json"
    assert run(*both, "--confirm", "Ben Radiologist").exit_code == 2
    asked = run(*both, "--confirm", "Ben Radiologist", "--record", record)
    assert (asked.exit_code, record.exists()) == (6, False)
    told = run(*both, "--confirm", "Ben Radiologist", "--new-lesion", "met-2", "--record", record)
    assert "response: PD, progressive disease; confirmed by Ben Radiologist" in told.stdout
    assert json.loads(record.read_text())["response"]["confirmed_by"] == "Ben Radiologist"
