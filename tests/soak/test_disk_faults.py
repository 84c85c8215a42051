"""`make soak`: each system call by which a use case of a study writes is a program's last, or fails."""

from __future__ import annotations

import os
from collections import Counter

import pytest

from soak_page import replace_line
from study_cases import site, studies
from study_faults import STORIES, Fault, strike_and_look

__all__ = ["site", "studies"]

pytestmark = [
    pytest.mark.skipif("MEDSEG_SOAK" not in os.environ, reason="long; run by `make soak`"),
    pytest.mark.timeout(3600),
]

EVENTS = {
    Fault.KILL: "killed before a call",
    Fault.KILL_HALFWAY: "killed halfway through a write",
    Fault.FULL: "the disk is full from a call on",
    Fault.BROKEN: "the disk is broken from a call on",
}


@pytest.mark.parametrize("fault", list(Fault))
def test_every_system_call(studies, tmp_path, fault):
    counts = Counter()
    for operation in STORIES:
        one = studies.make(tmp_path / operation / "study")
        outcomes = strike_and_look(one, operation, fault, tmp_path / operation / "struck", each=1)
        counts["faults"] += len(outcomes)
        counts["new"] += sum(outcome.is_new for outcome in outcomes)
        one.study.close()
    replace_line(
        "disk faults",
        f"| {EVENTS[fault]} |",
        f" {counts['faults']:,} | {counts['faults'] - counts['new']:,} | {counts['new']:,} | 0 |",
    )
