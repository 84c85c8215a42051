"""Five hundred random actions; `make soak` does ten thousand."""

from __future__ import annotations

import pytest

from random_workbench import RandomWorkbench


@pytest.mark.parametrize("seed", [7])
def test_whatever_the_hand_does_nothing_locked_is_written(seed):
    workbench = RandomWorkbench(seed)
    for _ in range(500):
        workbench.act()
    workbench.check()
    assert min(workbench.counts[name] for name in ("stroke", "take_back_or_undo", "accept", "lock")) >= 5
    assert workbench.counts["LockedError"] >= 5, "it has to be tried, too"
