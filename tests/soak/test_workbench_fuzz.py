"""`make soak`: ten thousand random actions with the tools, one after another."""

from __future__ import annotations

import os

import pytest

from random_workbench import RandomWorkbench
from soak_page import replace_line

ACTIONS = 10_000

pytestmark = [
    pytest.mark.skipif("MEDSEG_SOAK" not in os.environ, reason="long; run by `make soak`"),
    pytest.mark.timeout(3600),
]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_ten_thousand_actions(seed):
    workbench = RandomWorkbench(seed)
    for number in range(ACTIONS):
        workbench.act()
        if number % 500 == 499:
            workbench.check()
    counts = workbench.counts
    replace_line(
        "workbench",
        f"| {seed} |",
        f" {ACTIONS:,} | {counts['steps']:,} | {counts['LockedError']:,} | 0 | 0 | 0 |",
    )
