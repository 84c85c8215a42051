"""The benchmark of interpolation runs, and what it recorded of its peer is beaten where that can be tried."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from interpolate.cases import EVERY, Case, cases, given_slices
from interpolate.metrics import changed, dice_not_given
from interpolate.ours import complete
from interpolate.peer import sparse_image
from interpolate.record import FILE, Record
from medseg.contour import Slice

ROOT = Path(__file__).parents[2]


def run(*arguments):
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "interpolate", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.timeout(120)
def test_accuracy_is_measured_on_parallel_and_mixed_planes():
    said = run("accuracy", "mixed", "--quick")
    for heading in ("## Parallel slices", "### Organs, sliced axially", "## Mixed planes", "### 8, 3, 3"):
        assert heading in said
    assert "Voxels of drawn slices that came out otherwise: 0." in said
    assert "Voxels of drawn planes that came out otherwise: 0." in said


@pytest.mark.timeout(120)
def test_speed_and_memory_are_measured():
    said = run("speed", "--quick")
    for row in ("| liver, k = 5 |", "| one gap of the liver |", "10 mixed planes |"):
        assert row in said


def tiny_case():
    truth = np.zeros((12, 10, 10), dtype=bool)
    truth[1:11, 2:8, 2:8] = True
    return Case("tiny", "organ", "p", "tune", truth, (1.0, 1.0, 1.0))


def test_a_record_is_read_as_it_was_kept(tmp_path):
    record = Record(tmp_path / "record.json")
    record.made_with = "a program"
    rows = [[0.9 + 0.01 * number, float(number)] for number in range(len(EVERY))]
    record.keep("parallel", "tiny k", lambda: rows)
    record.keep("parallel", "tiny k", lambda: pytest.fail("kept twice"))
    record.keep("contours", "tiny 0", lambda: [0.7, 0.9, 0.96])
    record.keep("contours", "tiny 1", lambda: [0.7, 0.9, 0.94])
    record.save()
    again = Record(tmp_path / "record.json")
    assert again.made_with == "a program"
    assert again.parallel(tiny_case(), 0, EVERY[1]) == (0.91, 1.0)
    assert again.parallel(tiny_case(), 1, EVERY[1]) is None
    assert again.mixed(tiny_case(), (8, 3, 3)) is None
    assert again.contours_needed(tiny_case(), 0.0) == 4
    assert again.contours_needed(tiny_case(), 1.0) is None


def test_the_peer_is_given_every_drawn_plane_and_nothing_else():
    truth = tiny_case().truth
    drawn = {Slice(0, 5): truth[5], Slice(2, 4): truth[:, :, 4]}
    sparse = sparse_image(drawn, truth.shape)
    assert (sparse[5] == truth[5]).all()
    assert (sparse[:, :, 4] == truth[:, :, 4]).all()
    sparse[5] = sparse[:, :, 4] = 0
    assert not sparse.any()


# Quick ones of each kind: two small tumours, a kidney, a ventricle of the brain.
BEATEN = ("sarcoma-008-MR", "sarcoma-025-MR", "organ-ct-002", "brain-01-004")


@pytest.mark.timeout(120)
@pytest.mark.parametrize("every", [3, 8])
def test_real_structures_come_out_better_than_itk_completes_them(real_data, every):
    data = real_data / "interpolation"
    if not data.is_dir():
        pytest.skip("no masks for interpolation in the folder of real data")
    assert FILE.exists()
    record = Record()
    found = {case.name: case for case in cases(data) if case.name in BEATEN}
    assert set(found) == set(BEATEN)
    for case in found.values():
        drawn = given_slices(case.truth, 0, every)
        completed = complete(drawn, case.grid)
        assert changed(completed, drawn) == 0
        assert dice_not_given(completed, case.truth, drawn) >= record.parallel(case, 0, every)[0], case.name
