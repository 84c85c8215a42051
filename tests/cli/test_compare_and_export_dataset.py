"""``medseg study compare`` and ``medseg export dataset``."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from dataset_cases import approved
from medseg.cli.main import main
from medseg.review.verification import Verdict
from medseg.workflows.verify import verify
from study_cases import CASE, PASSPHRASE, site, studies

__all__ = ["site", "studies"]


@pytest.fixture
def run(site, tmp_path):
    """Run a command as one of the people."""
    secret = tmp_path / "passphrase.txt"
    secret.write_text(PASSPHRASE)

    def run_as(person, *arguments):
        given = [*arguments, "--study", site.path, "--key", site.key(person), "--passphrase-file", secret]
        return CliRunner().invoke(main, [str(each) for each in given])

    return run_as


@pytest.fixture
def two_revisions(site):
    site.add()
    site.assign("ada")
    return site.save("ada", size=1), site.save("ada", size=3)


def test_compare_prints_a_table(run, two_revisions, tmp_path):
    done = run("ada", "study", "compare", CASE, "1", "2", "--picture", tmp_path / "difference.png")
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"{CASE}: revision 1 (")
    liver = next(line for line in lines if line.startswith("Liver"))
    assert "1.60" in liver or "1.61" in liver  # two rows of 0.806 mm
    assert (tmp_path / "difference.png").stat().st_size > 1000


def test_compare_as_json(run, two_revisions):
    done = run("ben", "study", "compare", CASE, two_revisions[0].digest[:8], "2", "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["second"] == {"revision": 2, "digest": two_revisions[1].digest}
    assert found["structures"][0]["voxels_changed"] == 36


def test_compare_of_a_revision_that_is_not_there(run, two_revisions):
    done = run("ada", "study", "compare", CASE, "1", "7", "--json")
    assert done.exit_code == 11
    assert json.loads(done.stdout)["error"] == "UnknownCaseError"


def test_export_dataset_is_a_command_of_two_words(run, site, tmp_path):
    approved(site, "case-0001")
    site.add("case-0002")
    out = tmp_path / "dataset"
    done = run("dora", "export", "dataset", out, "--modality", "CT", "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["labels"] == {"Liver": 1, "Tumour": 2}
    assert [each["reason"] for each in found["left_out"]] == ["not-approved"]
    assert "left out (not-approved): case-0002" in done.stderr
    signed = out / "signed/case-0001/case-0001_dseg.nii.gz"
    assert verify(signed, trust=out / "trust").verdict is Verdict.VALID


def test_export_dataset_takes_labels_filters_and_shares(run, site, tmp_path):
    approved(site, "case-0001")
    approved(site, "case-0003")
    done = run(
        "dora",
        *("export", "dataset", tmp_path / "dataset", "--label", "liver", "--text", "0001"),
        *("--validation-fraction", "0.99", "--missing", "background"),
    )
    assert done.exit_code == 0, done.output
    assert "1 cases, 0 left out; labels: 1 liver" in done.stdout
    assert "case-0001: Tumour became liver" in done.stderr
    listed = json.loads((tmp_path / "dataset/dataset.json").read_text())
    assert (listed["numTraining"], listed["numValidation"]) == (0, 1)


def test_export_dataset_with_nothing_to_export_says_why(run, site, tmp_path):
    site.add("case-0001")
    done = run("dora", "export", "dataset", tmp_path / "dataset")
    assert done.exit_code == 11
    assert "left out (not-approved): case-0001" in done.stderr
    assert not (tmp_path / "dataset").exists()


def test_the_help_of_both_exports_is_found():
    for words, first in (
        (["export", "--help"], "Write a label map in the format of another program."),
        (["export", "dataset", "--help"], "Write a training set for MONAI"),
    ):
        shown = CliRunner().invoke(main, words)
        assert shown.exit_code == 0
        assert first in shown.stdout
    assert "export dataset" in CliRunner().invoke(main, ["--help"]).stdout
