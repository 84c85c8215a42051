"""`make soak`: a drawing session is killed a hundred times, and what came of it is written down."""

from __future__ import annotations

import os
import statistics
import sys

import pytest

from drawing_kills import kill_sessions
from soak_page import replace_line

KILLS = 100
STEPS = 150

pytestmark = [
    pytest.mark.skipif("MEDSEG_SOAK" not in os.environ, reason="long; run by `make soak`"),
    pytest.mark.skipif(sys.platform == "win32", reason="forks and kills as POSIX has them"),
    pytest.mark.timeout(1800),
]


def test_a_session_killed_a_hundred_times(tmp_path):
    kills = kill_sessions(tmp_path, KILLS, STEPS, seed=100)
    assert len(kills) == KILLS
    assert [killed for killed in kills if not killed.is_whole] == []
    ahead = sum(killed.recovered == killed.told + 1 for killed in kills)
    replace_line(
        "killed drawing",
        f"| {STEPS} |",
        f" {KILLS} | {statistics.median(killed.told for killed in kills):g} "
        f"| {sum(killed.recovered is None for killed in kills)} | {ahead} | 0 |",
    )
