"""A sarcoma's CT read twice, blind, decided about, approved and released: by commands alone."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from medseg.cli.main import main
from study_cases import CASE, PASSPHRASE, site, studies

__all__ = ["site", "studies"]


@pytest.fixture
def run(site, tmp_path):
    """Run a command as one of the people, and have what it printed."""
    secret = tmp_path / "passphrase.txt"
    secret.write_text(PASSPHRASE)

    def run_as(person, *arguments, exit_code=0):
        given = ["study", *arguments, "--study", site.path, "--key", site.key(person)]
        done = CliRunner().invoke(main, [*map(str, given), "--passphrase-file", str(secret)])
        assert done.exit_code == exit_code, done.output
        return done.stdout

    return run_as


def tell(*arguments, exit_code=0):
    """Run a command that needs nobody's key."""
    done = CliRunner().invoke(main, list(map(str, arguments)))
    assert done.exit_code == exit_code, done.output
    return done.stdout


def test_a_double_blind_read_with_adjudication_of_a_real_tumour(run, site, real_data, tmp_path):
    series = real_data / "sarcoma_pet_ct_mr" / "dicom" / "STS_001" / "CT"
    (plan,) = (series / "mask").iterdir()
    run("cory", "add", series / "image", "--structure", "Sarcoma", "--reads", "2")
    run("cory", "assign", CASE, "--reader", "ada", "--reader", "abe", "--adjudicator", "ben", "--yes")

    # Ada brings in the contours of the planning system; Abe draws every third slice of them.
    copies = {who: json.loads(run(who, "checkout", CASE, "--json")) for who in ("ada", "abe")}
    tell("import", plan, copies["ada"]["label_map"], "--image", series / "image", "--author", "Ada Annotator")
    first = json.loads(run("ada", "save", CASE, "--json"))
    _draw_every_third(copies["ada"]["label_map"], copies["abe"]["label_map"])
    second = json.loads(run("abe", "save", CASE, "--json"))
    assert first["digest"] != second["digest"]

    # Neither sees the other before both have submitted, and nothing can be decided.
    run("abe", "view", CASE, "--revision", first["digest"], exit_code=11)
    run("ada", "submit", CASE, "--yes")
    shown = json.loads(tell("study", "show", CASE, "--json", "--study", site.path))
    assert shown["veiled"]
    assert shown["revisions"] == []
    run("ada", "compare", CASE, first["digest"], second["digest"], exit_code=11)
    run("ben", "adjudicate", CASE, "--revision", first["digest"], "--reason", "early", exit_code=7)
    run("abe", "submit", CASE, "--yes")

    found = json.loads(run("ben", "compare", CASE, "1", "2", "--json", "--picture", tmp_path / "both.png"))
    (tumour,) = found["structures"]
    assert 0.9 < tumour["dice"] < 1
    assert 0 < tumour["largest_distance"]["mm"] < 30
    run("ada", "adjudicate", CASE, "--revision", first["digest"], "--reason", "mine", exit_code=7)
    run("ben", "adjudicate", CASE, "--revision", "1", "--reason", "follows the muscle")
    run("abe", "approve", CASE, "--yes", exit_code=1)
    run("ben", "approve", CASE, "--yes", "--reason", "margins are right")
    run("dora", "release", "--state", "approved", "--yes")
    run("dora", "checkpoint", "--copy-to", tmp_path / "kept.jsonl")

    # QA, later: the file alone with the trust folder; then the whole study.
    (label_map,) = site.path.glob(f"revisions/*/{first['digest'][:16]}/*_dseg.nii.gz")
    answer = json.loads(tell("verify", label_map, "--trust", site.trust, "--require", "released", "--json"))
    assert answer["verdict"] == "valid"
    said = [(s["name"], s["meaning"], s["time"]) for s in answer["signatures"]]
    assert said == [
        ("Ada Annotator", "read", "checkpointed"),
        ("Ben Radiologist", "adjudicated", "checkpointed"),
        ("Ben Radiologist", "approved", "checkpointed"),
        ("Dora Checker", "released", "checkpointed"),
    ]
    check = json.loads(
        tell("study", "check", "--study", site.path, "--kept", tmp_path / "kept.jsonl", "--json")
    )
    assert (check["sound"], check["damages"]) == (True, [])
    trail = json.loads(tell("study", "audit", "--study", site.path, "--json"))
    refused = [entry["person"] for entry in trail["entries"] if entry["action"] == "refused"]
    assert refused == ["abe", "ada", "ben", "ada", "abe"]
    assert all(entry["signature"]["valid"] for entry in trail["entries"] if entry["signature"])
    assert "STS_001" not in json.dumps(trail)


def _draw_every_third(drawn, out):
    """Take every third slice of a label map as drawn, and complete the rest."""
    from medseg.workflows.open_label_map import open_label_map

    slices = open_label_map(drawn).label_map.voxels.any(axis=(1, 2)).nonzero()[0].tolist()
    kept = sorted({slices[0], *slices[::3], slices[-1]})
    tell("interpolate", drawn, out, "--drawn", "k=" + ",".join(map(str, kept)), "--author", "Abe Annotator")
