"""``medseg train`` as people call it: from a study, stopped, resumed, refused."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from medseg.cli.main import main
from medseg.errors import Cancelled, InputError, ReviewError
from study_cases import PASSPHRASE, studies
from training_cases import Patients, add_patient, dataset_of, site_of

__all__ = ["studies"]

# MONAI's own transforms warn of changes to come.
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")

PATIENTS = Patients(2.5)


@pytest.fixture(scope="module")
def site(studies, tmp_path_factory):
    """Three cases that are approved, and one that waits for it."""
    folder = tmp_path_factory.mktemp("training")
    made = site_of(studies, folder, [PATIENTS.patient(seed) for seed in range(3)])
    add_patient(made, PATIENTS.patient(3), folder, steps=("submitted",))
    (folder / "passphrase").write_text(PASSPHRASE)
    yield made
    made.study.close()


def run(*arguments):
    return CliRunner().invoke(main, ["train", *map(str, arguments), "--device", "cpu"])


def weights(bundle: Path):
    return torch.load(bundle / "models" / "model.pt", weights_only=True)


def test_a_study_teaches_what_is_approved_and_nothing_else(site, tmp_path):
    out = tmp_path / "bundle"
    key = ["--key", site.key("dora"), "--passphrase-file", site.path.parent / "passphrase"]
    before = len(site.ledger("exported"))
    options = ["--epochs", 1, "--held-out", 1, "--name", "Lesions", "--modality", "CT"]
    done = run(site.path, "--out", out, *options, "--json", *key)
    assert done.exit_code == 0, done.output
    answer = json.loads(done.stdout)
    cases = {case["case"] for case in (*answer["learned_from"], *answer["held_out"])}
    assert cases == {"lesion-0000", "lesion-0001", "lesion-0002"}
    assert answer["name"] == "Lesions"
    assert answer["mean_dice"].keys() == {"Liver", "Tumour"}
    assert answer["plan"]["modality"] == "CT"
    assert len(site.ledger("exported")) == before + 3
    assert "step 1 of 1" in done.stderr
    assert "left out (not-approved): lesion-0003" in done.stderr
    assert answer["left_out"] == [{"case": "lesion-0003", "reason": "not-approved"}]
    assert "lesion-0003 (not-approved)" in (out / "docs" / "README.md").read_text()
    assert json.loads((out / "docs" / "model_card.json").read_text())["files"] == answer["files"]
    assert run(site.path, "--out", tmp_path / "other").exit_code == 2, "nobody said who exports"


def test_a_case_that_was_changed_outside_of_the_study_stops_all(site, tmp_path):
    image = site.study.folder.image("lesion-0001")
    before = image.read_bytes()
    key = ["--key", site.key("dora"), "--passphrase-file", site.path.parent / "passphrase"]
    image.chmod(0o644)
    image.write_bytes(site.study.folder.image("lesion-0002").read_bytes())
    try:
        done = run(site.path, "--out", tmp_path / "bundle", "--epochs", 1, "--json", *key)
    finally:
        image.write_bytes(before)
    assert done.exit_code == ReviewError.exit_code
    details = json.loads(done.stdout)["details"]
    assert (details["reason"], details["case"]) == ("attestation", "lesion-0001")
    assert not (tmp_path / "bundle").exists()


def test_ctrl_c_leaves_a_checkpoint_from_which_the_same_weights_come(site, tmp_path, monkeypatch):
    dataset = dataset_of(site, tmp_path / "dataset")
    options = ["--held-out", 1, "--epochs", 5]
    whole = run(dataset, "--out", tmp_path / "whole", *options)
    assert whole.exit_code == 0, whole.output
    assert "mean Dice on 1 held-out cases: Liver" in whole.stdout
    out = tmp_path / "stopped"
    with monkeypatch.context() as patch:
        patch.setattr("medseg.cli.train._print_report", interrupt_after(2))
        stopped = run(dataset, "--out", out, *options)
    assert stopped.exit_code == Cancelled.exit_code
    assert "--resume" in stopped.stderr
    assert (out / "training" / "checkpoint.pt").exists()
    assert not (out / "configs").exists(), "it is no bundle yet"
    told = run(dataset, "--out", out, *options, "--json")
    assert json.loads(told.stdout)["details"]["reason"] == "output-exists"
    for other in (["--seed", 1], ["--epochs", 6], ["--structure", "Liver"], ["--deepedit"]):
        refused = run(dataset, "--out", out, *options, "--resume", "--json", *other)
        assert refused.exit_code == InputError.exit_code
        assert json.loads(refused.stdout)["details"]["reason"] == "another-plan"
    resumed = run(dataset, "--out", out, *options, "--resume")
    assert resumed.exit_code == 0, resumed.output
    assert "step 2 of 5" not in resumed.stderr
    ours, theirs = weights(tmp_path / "whole"), weights(out)
    assert all(torch.equal(ours[key], theirs[key]) for key in ours)
    assert not (out / "training" / "checkpoint.pt").exists()


def interrupt_after(step: int):
    def interrupt(report):
        if report.step == step:
            signal.raise_signal(signal.SIGINT)

    return interrupt


def test_a_checkpoint_that_is_damaged_is_told(site, tmp_path, monkeypatch):
    dataset = dataset_of(site, tmp_path / "dataset")
    out = tmp_path / "bundle"
    with monkeypatch.context() as patch:
        patch.setattr("medseg.cli.train._print_report", interrupt_after(1))
        run(dataset, "--out", out, "--epochs", 5)
    checkpoint = out / "training" / "checkpoint.pt"
    checkpoint.write_bytes(checkpoint.read_bytes()[:1000])
    refused = run(dataset, "--out", out, "--epochs", 5, "--resume", "--json")
    assert json.loads(refused.stdout)["details"]["reason"] == "checkpoint-damaged"


def test_minutes_become_a_number_of_steps_that_is_kept(site, tmp_path):
    dataset = dataset_of(site, tmp_path / "dataset")
    options = ["--minutes", 0.02, "--held-out", 0, "--network", "dynunet"]
    done = run(dataset, "--out", tmp_path / "bundle", *options, "--json")
    assert done.exit_code == 0, done.output
    card = json.loads(done.stdout)
    assert card["plan"]["network"]["target"] == "monai.networks.nets.DynUNet"
    assert card["plan"]["steps"] >= 1
    assert card["training"]["minutes"] < 0.5
    assert card["held_out"] == []
    assert card["remarks"] == ["No case was held out: how good it is was not measured."]
    assert card["remarks"][0] in (tmp_path / "bundle" / "docs" / "README.md").read_text()
