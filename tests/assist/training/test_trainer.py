"""The loop of the training, on tiny phantoms."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from medseg.assist.training.patches import Patches
from medseg.assist.training.plan import Plan, Size, fitted
from medseg.assist.training.preparing import Preparer, fingerprint
from medseg.assist.training.trainer import Trainer
from medseg_phantoms.lesions import liver_lesion_ct

# MONAI's own transforms warn of changes to come.
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def phantoms():
    return [liver_lesion_ct(seed, voxel_scale=2.5) for seed in range(3)]


def plan_for(phantoms, *, guided=False, **changes):
    looks = [fingerprint(one.volume, one.truth.layers[0]) for one in phantoms]
    fit = fitted(looks, "CT", Size.SMALL, network="auto", channels=6 if guided else 1, classes=3)
    others = {
        "structures": ("Liver", "Tumour"), "modality": "CT", "guided": guided, "mirrored": True, "steps": 6,
        "seed": 5, "learned_from": tuple(one.name for one in phantoms), "held_out": (),
    }  # fmt: skip
    return Plan(**(fit | others | changes))


def patches_of(plan, phantoms, folder):
    preparer = Preparer(plan)
    return Patches([preparer.prepare(p.volume, p.truth.layers[0], folder, p.name) for p in phantoms], plan)


def test_a_case_is_prepared_where_it_lies(phantoms, tmp_path):
    plan = plan_for(phantoms)
    phantom = phantoms[0]
    image, label = Preparer(plan).prepare(phantom.volume, phantom.truth.layers[0], tmp_path, "a").opened()
    assert image.shape == label.shape
    assert all(n >= edge for n, edge in zip(image.shape[1:], plan.patch, strict=True))
    # The middle of the tumour in RAS mm, before and after.
    grid = phantom.volume.grid
    before = grid.to_lps_mm(np.argwhere(phantom.truth.layers[0] == 2).mean(axis=0)) * [-1, -1, 1]
    after = (np.argwhere(label[0] == 2).mean(axis=0) - (np.array(label.shape[1:]) - 1) / 2) * plan.spacing_mm
    assert np.allclose(before, after, atol=2.5)
    inside = image[label > 0]
    assert abs(float(inside.mean())) < 0.5
    assert 0.5 < float(inside.std()) < 1.5


def test_what_a_step_gets_depends_on_seed_and_step_alone(phantoms, tmp_path):
    plan = plan_for(phantoms)
    patches = patches_of(plan, phantoms, tmp_path)
    first, *_, again = [patches.of_step(step) for step in (4, 5, 0, 4)]
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    image, label = first
    assert image.shape == label.shape == (plan.patches_a_step, 1, *plan.patch)
    other = patches_of(plan_for(phantoms, seed=6), phantoms, tmp_path).of_step(4)
    assert not torch.equal(image, other[0])


@pytest.mark.parametrize("guided", [False, True])
def test_going_on_from_a_checkpoint_gives_the_same_bits(phantoms, tmp_path, guided):
    plan = plan_for(phantoms, guided=guided)
    patches = patches_of(plan, phantoms, tmp_path)
    whole = Trainer(plan, patches, CPU)
    losses = []
    for step in range(plan.steps):
        if step == 2:
            whole.save(tmp_path / "checkpoint.pt")
        losses.append(whole.advance())
    torch.rand(7)  # whatever else was drawn meanwhile
    resumed = Trainer(plan, patches, CPU)
    resumed.load(tmp_path / "checkpoint.pt")
    assert resumed.step == 2
    assert [resumed.advance() for _ in range(4)] == losses[2:]
    assert resumed.is_done
    ours, theirs = whole.network.state_dict(), resumed.network.state_dict()
    assert all(torch.equal(ours[key], theirs[key]) for key in ours)
    other = Trainer(plan_for(phantoms, guided=guided, seed=6), patches, CPU).network.state_dict()
    assert any(not torch.equal(ours[key], other[key]) for key in ours)


def test_the_learning_rate_rises_and_falls(phantoms, tmp_path):
    trainer = Trainer(plan_for(phantoms, steps=100), patches_of(plan_for(phantoms), phantoms, tmp_path), CPU)
    rates = []
    for trainer.step in range(100):
        rates.append(trainer.learning_rate)
    highest = int(np.argmax(rates))
    assert 5 < highest < 15
    assert max(rates) == pytest.approx(trainer.plan.learning_rate, rel=0.05)
    assert rates[-1] < 0.01 * max(rates)


def test_clicks_are_given_in_about_half_of_the_later_steps_and_say_what_is_true(phantoms, tmp_path):
    plan = plan_for(phantoms, guided=True, steps=20)
    patches = patches_of(plan, phantoms, tmp_path)
    trainer = Trainer(plan, patches, CPU)
    guided = 0
    for trainer.step in range(20):
        image, label = patches.of_step(trainer.step)
        guidance = trainer._guidance(image, label).numpy()
        assert guidance.shape[1] == 5
        guided += bool(guidance.any())
        assert trainer.step >= 6 or not guidance.any()
        for each, truth in zip(guidance, label.numpy(), strict=True):
            crests = np.argwhere(each[:3] == 1)
            assert len(crests) <= 3
            assert all(truth[0][tuple(at)] == channel for channel, *at in crests)
    assert 2 <= guided <= 10
