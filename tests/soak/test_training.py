"""`make soak`: a network learns tumours from 60 phantoms within ten minutes of processor time."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import fmean

import nibabel
import numpy as np
import pytest
import torch

from medseg.assist.training.measuring import TrainedBundle
from medseg.io.nifti.image import write_image
from medseg.measurement import dice
from medseg.workflows.predict import predict
from medseg.workflows.train import Trained, train
from soak_page import TRAINING_PAGE, replace_line
from study_cases import studies
from training_cases import Patients, dataset_of, site_of

__all__ = ["studies"]

LEARNED_FROM, UNSEEN = 60, 20
MINUTES = 6.0
MOST_CPU_MINUTES = 10.0
LEAST_DICE = 0.80
CLICKS = 3

PATIENTS = Patients(1.0)
FAINTER = Patients(1.0, contrast_hu=(10.0, 20.0))
"""Tumours that are harder to see than any that was learned from."""

pytestmark = [
    pytest.mark.skipif("MEDSEG_SOAK" not in os.environ, reason="long; run by `make soak`"),
    pytest.mark.timeout(3600),
    # MONAI's own transforms warn of changes to come.
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning"),
]


@pytest.fixture(scope="module")
def dataset(studies, tmp_path_factory):
    folder = tmp_path_factory.mktemp("training")
    site = site_of(studies, folder, [PATIENTS.patient(seed) for seed in range(LEARNED_FROM)])
    yield dataset_of(site, folder / "dataset")
    site.study.close()


def trained(dataset: Path, out: Path, **options):
    """A bundle that learned from all phantoms, and the minutes of all cores that it took."""
    before_s = time.process_time()
    made = train(dataset, out, minutes=MINUTES, held_out=0, device="cpu", **options)
    cpu_minutes = (time.process_time() - before_s) / 60
    assert len(made.card["learned_from"]) == LEARNED_FROM
    assert cpu_minutes <= MOST_CPU_MINUTES
    return made, cpu_minutes


def test_tumours_of_unseen_patients_are_found_and_monai_finds_the_same(dataset, tmp_path):
    made, cpu_minutes = trained(dataset, tmp_path / "bundle")
    images = tmp_path / "data"
    images.mkdir()
    phantoms = PATIENTS.unseen(UNSEEN)
    for phantom in phantoms:
        write_image(phantom.volume, images / f"{phantom.name}.nii.gz")
    done = predict(made.folder, sorted(images.iterdir()), tmp_path / "ours", device="cpu")
    theirs = run_by_monai(made.folder, images, tmp_path / "theirs")
    found = []
    for phantom, case in zip(phantoms, done.cases, strict=True):
        ours = voxels(case.output)
        assert np.array_equal(ours, theirs[phantom.name]), phantom.name
        found.append(dice(ours.T == 2, phantom.truth.mask("tumour")))
    assert fmean(found) >= LEAST_DICE, found
    write_down(made, cpu_minutes, np.array(found), "", "0")


def write_down(made: Trained, cpu_minutes: float, found: np.ndarray, option: str, unlike_monai: str) -> None:
    """Replace a training's line in the table of the page."""
    network = made.card["plan"]["network"]["target"].rpartition(".")[2]
    trained_on = f"{LEARNED_FROM} | {made.card['plan']['steps']} | {cpu_minutes:.1f}"
    reached = f"{UNSEEN} | {found.mean():.3f} | {found.min():.3f} | {unlike_monai}"
    replace_line("training", f"| {network}{option} |", f" {trained_on} | {reached} |")


def run_by_monai(bundle: Path, images: Path, out: Path) -> dict[str, np.ndarray]:
    """What MONAI's own run of a bundle gives, by case."""
    config = bundle / "configs" / "inference.json"
    command = [sys.executable, "-m", "monai.bundle", "run", "--config_file", str(config)]
    folders = ["--bundle_root", str(bundle), "--dataset_dir", str(images), "--output_dir", str(out)]
    done = subprocess.run([*command, *folders], capture_output=True, text=True, check=False, cwd=out.parent)
    assert done.returncode == 0, done.stderr
    return {path.name.removesuffix("_trans.nii.gz"): voxels(path) for path in out.rglob("*.nii.gz")}


def voxels(path: Path) -> np.ndarray:
    return np.asarray(nibabel.load(path).dataobj).squeeze()


def test_clicks_help_a_network_that_was_trained_with_them(dataset, tmp_path):
    made, cpu_minutes = trained(dataset, tmp_path / "bundle", deepedit=True)
    bundle = TrainedBundle(made.folder, torch.device("cpu"))
    alike, fainter = (after_clicks(bundle, patients) for patients in (PATIENTS, FAINTER))
    means = fainter.mean(axis=0)
    assert np.all(np.diff(means) > 0.02), means
    assert means[CLICKS] > means[0] + 0.2
    assert fainter[:, CLICKS].min() > fainter[:, 0].min()
    # Where there is hardly anything to correct, clicks do no harm.
    assert alike[:, 0].mean() >= LEAST_DICE
    assert alike[:, CLICKS].mean() > alike[:, 0].mean() - 0.02
    for patients, found in ((PATIENTS, alike), (FAINTER, fainter)):
        least, most = patients.contrast_hu
        cells = " | ".join(f"{column.mean():.3f} ({column.min():.3f})" for column in found.T)
        replace_line("clicks", f"| by {least:g} to {most:g} HU |", f" {cells} |", page=TRAINING_PAGE)
    write_down(made, cpu_minutes, alike[:, 0], ", `--deepedit`", "–")


def after_clicks(bundle: TrainedBundle, patients: Patients) -> np.ndarray:
    """Dice of the tumour for each unseen patient and number of clicks, from 0."""
    rows = []
    for phantom in patients.unseen(UNSEEN):
        truth = phantom.truth.layers[0]
        after = bundle.corrected(phantom.volume, truth, CLICKS)
        rows.append([dice(labels == 2, truth == 2) for labels in after])
    return np.array(rows)
