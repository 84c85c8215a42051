"""``medseg train``: from approved cases to a bundle that finds what their readers drew."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import nibabel
import numpy as np
import pytest
import torch

from medseg.assist.bundle import BundleSegmenter, opened_bundle
from medseg.assist.proposing import propose
from medseg.assist.segmenter import Hints, Point
from medseg.assist.training.clicks import corrective_click
from medseg.assist.training.measuring import TrainedBundle
from medseg.errors import InputError, LockedError, OutputExistsError, ReviewError
from medseg.io.file_lock import exclusive
from medseg.io.nifti.image import write_image
from medseg.labelmap import LabelMap
from medseg.measurement import dice
from medseg.workflows.delineate import Delineation, Question, ask_segmenter, label_map_of, with_proposed
from medseg.workflows.predict import Outcome, predict
from medseg.workflows.segmenters import OpenBundle
from medseg.workflows.structure_edits import added
from medseg.workflows.train import train
from medseg.workflows.training_set import chosen_to_hold_out, read_training_set
from medseg_phantoms.lesions import LIVER, TUMOUR
from study_cases import make_keys, make_study, studies
from training_cases import Patients, dataset_of, site_of

__all__ = ["studies"]

# MONAI's own transforms warn of changes to come.
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")

PATIENTS = Patients()

STRUCTURES = (LIVER, TUMOUR)

LEAST_DICE = 0.6
"""What the smallest training reaches is about 0.7; background everywhere would be 0."""


@pytest.fixture(scope="module")
def dataset(studies, tmp_path_factory):
    folder = tmp_path_factory.mktemp("training")
    site = site_of(studies, folder, [PATIENTS.patient(seed) for seed in range(12)])
    yield dataset_of(site, folder / "dataset")
    site.study.close()


@pytest.fixture(scope="module")
def trained(dataset, tmp_path_factory):
    out = tmp_path_factory.mktemp("trained") / "lesions"
    reports = []
    made = train(
        dataset, out, structures=["tumour"], epochs=20, held_out=2, device="cpu", watch=reports.append
    )
    return made, reports


@pytest.fixture
def copied(dataset, tmp_path):
    return Path(shutil.copytree(dataset, tmp_path / "copied"))


def small(dataset: Path, cases: int = 3) -> Path:
    """The training set with its first cases alone."""
    path = dataset / "dataset.json"
    document = json.loads(path.read_text())
    document["training"] = document["training"][:cases]
    path.write_text(json.dumps(document))
    return dataset


def refusal(kind, call, *arguments, **options):
    with pytest.raises(kind) as refused:
        call(*arguments, **options)
    return refused.value.details.get("reason")


def test_it_finds_the_tumours_of_patients_that_it_never_saw(trained):
    made, reports = trained
    bundle = TrainedBundle(made.folder, torch.device("cpu"))
    found = [
        dice(bundle.labels(phantom.volume) == 1, phantom.truth.mask("tumour"))
        for phantom in PATIENTS.unseen(8)
    ]
    assert fmean(found) > LEAST_DICE, found
    assert reports[-1].loss < 0.8 * reports[0].loss
    assert (reports[-1].step, reports[-1].epoch) == (100, 20)
    assert abs(reports[-1].dice["Tumour"] - made.mean_dice["Tumour"]) < 0.15


def test_predict_and_monais_own_run_give_the_same_voxels(trained, tmp_path):
    for needed in ("fire", "ignite"):
        pytest.importorskip(needed, reason="MONAI's own run needs it")
    bundle = trained[0].folder
    (phantom,) = PATIENTS.unseen(1)
    image = tmp_path / "data" / "case.nii.gz"
    image.parent.mkdir()
    write_image(phantom.volume, image)
    (case,) = predict(bundle, [image], tmp_path / "ours", device="cpu").cases
    assert case.status is Outcome.PREDICTED, case.message
    config = bundle / "configs" / "inference.json"
    command = [sys.executable, "-m", "monai.bundle", "run", "--config_file", str(config)]
    folders = ["--dataset_dir", str(image.parent), "--output_dir", str(tmp_path / "theirs")]
    done = subprocess.run(
        [*command, "--bundle_root", str(bundle), *folders],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    (path,) = (tmp_path / "theirs").rglob("*.nii.gz")
    theirs = np.asarray(nibabel.load(path).dataobj).squeeze()
    ours = np.asarray(nibabel.load(case.output).dataobj).squeeze()
    assert ours.any()
    assert np.array_equal(ours, theirs)
    assert np.array_equal(ours.T, as_taken_over(bundle, phantom.volume))


def as_taken_over(bundle, volume):
    """The labels after the window has asked a bundle and its reader has accepted all of it."""
    asking = OpenBundle(bundle)
    try:
        now = Delineation()
        for structure in asking.structures:
            now = added(now, structure.name)
        ids = tuple(structure.id for structure in asking.structures)
        asked = ask_segmenter(Question(volume, now, asking.segmenter, ids))
    finally:
        asking.close()
    return label_map_of(with_proposed(now, asked.proposal, volume.grid), volume.grid).voxels


def test_the_model_card_names_every_case_with_its_statements_and_nobody(trained, dataset):
    made, _ = trained
    card = json.loads((made.folder / "docs" / "model_card.json").read_text())
    names = {f"lesion-{seed:04d}" for seed in range(12)}
    cases = {case["case"]: case for case in (*card["learned_from"], *card["held_out"])}
    assert set(cases) == names
    assert len(card["held_out"]) == 2
    assert made.mean_dice["Tumour"] == fmean(case["dice"][0]["Tumour"] for case in card["held_out"])
    for name, case in cases.items():
        origin = json.loads((dataset / "labelsTr" / f"{name}.json").read_text())
        assert case["content_digest"] == origin["derived_from"]["content_digest"]
        assert case["image_sha256"] == origin["image_sha256"]
        told = [(each["meaning"], each["role"]) for each in case["attestations"]]
        assert told == [("submitted", "annotator"), ("approved", "radiologist")]
        assert [each["sha256"] for each in case["attestations"]] == origin["derived_from"]["statements"]
    assert card["plan"]["structures"] == ["Tumour"]
    assert card["plan"]["seed"] == 0
    assert card["software"].keys() == {"medseg", "monai", "torch"}
    with opened_bundle(made.folder) as bundle:
        assert card["files"] == bundle.sha256
    written = b"".join(path.read_bytes() for path in made.folder.rglob("*") if path.is_file())
    for nobody in (b"Ada", b"Ben", b"Dora", str(made.folder.parent).encode()):
        assert nobody not in written
    page = (made.folder / "docs" / "README.md").read_text()
    assert all(f"| {case} |" in page for case in cases)
    assert f"| mean | {made.mean_dice['Tumour']:.3f} |" in page
    assert "approved by radiologist" in page


def test_the_log_is_tensorboards(trained):
    from tensorboardX.proto.event_pb2 import Event

    made, _ = trained
    (path,) = (made.folder / "training").glob("events.out.tfevents.*")
    data, values = path.read_bytes(), {}
    while data:
        size = int.from_bytes(data[:8], "little")
        event = Event.FromString(data[12 : 12 + size])
        values.setdefault(event.step, {}).update({v.tag: v.simple_value for v in event.summary.value})
        data = data[16 + size :]
    assert sorted(values) == list(range(101))
    assert values[100].keys() == {"loss", "learning_rate", "dice/Tumour"}
    assert not (made.folder / "training" / "checkpoint.pt").exists()


def test_what_is_there_is_not_written_over(trained, dataset, tmp_path):
    made, _ = trained
    before = {path: path.read_bytes() for path in made.folder.rglob("*") if path.is_file()}
    for resume in (False, True):
        assert refusal(OutputExistsError, train, dataset, made.folder, resume=resume) == "trained-already"
    (tmp_path / "file").touch()
    assert refusal(OutputExistsError, train, dataset, tmp_path) == "output-exists"
    assert {path: path.read_bytes() for path in made.folder.rglob("*") if path.is_file()} == before


def test_two_trainings_do_not_share_a_folder(copied, tmp_path):
    out = tmp_path / "out"
    (out / "training").mkdir(parents=True)
    with exclusive(out / "training"):
        assert refusal(LockedError, train, copied, out, resume=True) == "training-in-progress"


def flip_a_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-12] ^= 1
    path.write_bytes(data)


def test_what_does_not_verify_is_refused_and_never_left_out(copied, tmp_path):
    def reason(kind=ReviewError):
        found = refusal(kind, train, copied, tmp_path / "out")
        assert not (tmp_path / "out").exists()
        return found

    signed = copied / "signed" / "lesion-0003"
    statements = signed / "lesion-0003_dseg.intoto.jsonl"
    kept = statements.read_bytes()
    # Only submitted; then unsigned; then those of another case.
    statements.write_bytes(kept.splitlines(keepends=True)[0])
    assert reason() == "attestation"
    statements.unlink()
    assert reason(InputError) == "not-attested"
    other = copied / "signed" / "lesion-0004" / "lesion-0004_dseg.intoto.jsonl"
    statements.write_bytes(other.read_bytes())
    assert reason() == "attestation"
    statements.write_bytes(kept)
    # Another image, labels that were made better, a label map that was changed.
    image = copied / "imagesTr" / "lesion-0003.nii.gz"
    label, signed_map = copied / "labelsTr" / "lesion-0003.nii.gz", signed / "lesion-0003_dseg.nii.gz"
    for path, instead in (
        (image, copied / "imagesTr" / "lesion-0004.nii.gz"),
        (label, copied / "labelsTr" / "lesion-0004.nii.gz"),
        (signed_map, label),
    ):
        before = path.read_bytes()
        path.write_bytes(instead.read_bytes())
        assert reason() == "attestation", path
        path.write_bytes(before)
    # Another revision, as the sidecar says; no signed label map at all.
    origin = copied / "labelsTr" / "lesion-0003.json"
    before = origin.read_text()
    origin.write_text(before.replace('"content_digest": "', '"content_digest": "0'))
    assert reason() == "attestation"
    origin.write_text(before)
    signed_map.unlink()
    assert reason(InputError) == "not-attested"


def test_a_trust_folder_of_ones_own_decides(copied, studies, tmp_path):
    ours = studies.make(tmp_path / "ours").trust
    strangers = make_study(tmp_path / "strangers", make_keys(tmp_path / "keys")).trust
    assert refusal(ReviewError, read_training_set, copied, trust=strangers) == "attestation"
    shutil.rmtree(copied / "trust")
    assert refusal(InputError, read_training_set, copied) == "not-attested"
    assert len(read_training_set(copied, trust=ours).cases) == 12


def test_structures_without_a_voxel_teach_nothing(studies, tmp_path):
    healthy = [
        replace(one, truth=LabelMap(one.truth.grid, (np.zeros_like(one.truth.layers[0]),), STRUCTURES))
        for one in map(PATIENTS.patient, range(2))
    ]
    site = site_of(studies, tmp_path, healthy)
    dataset = dataset_of(site, tmp_path / "dataset")
    site.study.close()
    assert refusal(InputError, train, dataset, tmp_path / "out", epochs=1) == "nothing-labelled"
    assert not (tmp_path / "out").exists()


def test_what_can_not_be_learned_from_is_told(copied, tmp_path):
    def reason(**options):
        return refusal(InputError, train, copied, tmp_path / "out", **options)

    assert reason(structures=["Spleen"]) == "no-such-structure"
    assert reason(minutes=1, epochs=1) == "budget"
    assert reason(minutes=0) == "budget"
    assert reason(network="unet", epochs=1) == "no-such-network"
    assert reason(device="tpu") == "no-such-device"
    assert reason(modality="CT or MR") == "mixed-modalities"
    assert not (tmp_path / "out").exists()
    document = json.loads((copied / "dataset.json").read_text())
    (copied / "dataset.json").write_text(json.dumps(document | {"modality": {"0": "CT or MR"}}))
    assert reason() == "mixed-modalities"
    small(copied, cases=1)
    assert reason(modality="CT") == "too-few-cases"
    for damaged in ("{", "[]", json.dumps(document | {"training": [{"image": "x.png"}]})):
        (copied / "dataset.json").write_text(damaged)
        assert reason() == "dataset-damaged"
    (copied / "dataset.json").unlink()
    assert reason() == "not-a-training-set"


def test_the_cases_to_hold_out_depend_on_their_ids_alone(dataset):
    cases = read_training_set(dataset).cases
    fifth = chosen_to_hold_out(cases, None)
    assert len(fifth) == 2
    assert set(fifth) == set(chosen_to_hold_out(cases[::-1], 0.2)) <= set(chosen_to_hold_out(cases, 5))
    assert chosen_to_hold_out(cases, 0) == ()
    assert len(chosen_to_hold_out(cases, 0.01)) == 1
    for wrong in (12, 2.5, -1):
        assert refusal(InputError, chosen_to_hold_out, cases, wrong) == "held-out"


def test_clicks_reach_a_network_that_was_trained_with_them(copied, tmp_path):
    """How much they help is measured by `make soak`; here that they come where they belong."""
    made = train(small(copied), tmp_path / "guided", epochs=1, held_out=1, device="cpu", deepedit=True)
    (held_out,) = made.card["held_out"]
    assert len(held_out["dice"]) == 4
    (phantom,) = PATIENTS.unseen(1)
    truth = phantom.truth.layers[0]
    trained = TrainedBundle(made.folder, torch.device("cpu"))
    alone, clicked = trained.corrected(phantom.volume, truth, 1)
    click = corrective_click(alone, truth, phantom.volume.grid.spacing_kji_mm)
    at_lps_mm = tuple(phantom.volume.grid.to_lps_mm(np.array(click.at)).tolist())
    structure = {0: None, 1: "liver", 2: "tumour"}[click.label]
    rough = {"liver": alone == 1, "tumour": alone == 2}
    with opened_bundle(made.folder) as bundle, BundleSegmenter(bundle, device="cpu") as segmenter:
        assert segmenter.takes_clicks
        without = propose(segmenter, phantom.volume, ["tumour", "liver"], Hints())
        hints = Hints(points=(Point(at_lps_mm, structure),), rough=rough)
        with_click = propose(segmenter, phantom.volume, ["tumour", "liver"], hints)
    for label, name in ((1, "liver"), (2, "tumour")):
        assert np.array_equal(without.masks[name], alone == label)
        assert np.array_equal(with_click.masks[name], clicked == label)
    assert not np.array_equal(alone, clicked)
