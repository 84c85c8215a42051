"""A drawing session is killed at random moments: at most what was going on is lost."""

from __future__ import annotations

import sys

import pytest

from drawing_kills import BEYOND, kill_sessions

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="forks and kills as POSIX has them")

KILLS = 10
STEPS = 60


def test_killed_ten_times_at_most_the_step_in_progress_is_lost(tmp_path):
    kills = kill_sessions(tmp_path, KILLS, STEPS, seed=1)
    assert len(kills) == KILLS
    assert [killed for killed in kills if not killed.is_whole] == []
    assert all(killed.told < STEPS + BEYOND for killed in kills)
    assert sum(killed.recovered is not None for killed in kills) > KILLS / 2
