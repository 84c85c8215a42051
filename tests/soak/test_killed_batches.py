"""`make soak`: a batch is killed twenty times, and what came of it is written down."""

from __future__ import annotations

import os
import random
import statistics
import sys

import pytest

from conversion_cases import make_tree
from killing import Batch, Killed, kill_until_done, measured_batch
from soak_page import replace_line

KILLS = 20

pytestmark = [
    pytest.mark.skipif("MEDSEG_SOAK" not in os.environ, reason="long; run by `make soak`"),
    pytest.mark.timeout(1800),
]


@pytest.mark.parametrize("jobs", [1, 4])
def test_a_batch_killed_twenty_times(tmp_path, monkeypatch, jobs):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    batch = measured_batch(make_tree(tmp_path / "in", 16, (40, 256, 256)), tmp_path / "whole", "--jobs", jobs)
    kills = kill_until_done(batch, tmp_path / "out", KILLS, random.Random(jobs), "--jobs", jobs)
    assert len(kills) == KILLS
    assert any(killed.scratch for killed in kills), "no run was killed while it was writing"
    _write_down(jobs, batch, kills)


def _write_down(jobs: int, batch: Batch, kills: list[Killed]) -> None:
    """Replace this test's line in the table of the page."""
    images = sum(name.endswith(".nii.gz") for name in batch.final)
    replace_line(
        "soak",
        f"| {jobs} |",
        f" {images} | {batch.seconds:.1f} s | {len(kills)} "
        f"| {sum(bool(killed.scratch) for killed in kills)} "
        f"| {statistics.median(killed.images for killed in kills):g} | 0 | all | {sys.version.split()[0]} |",
    )
