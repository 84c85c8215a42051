"""The fault list, about the disk: killed, full or broken at any system call of a write.

Kill -9 before each step that Python takes: test_killed.py; a small disk that fills: test_full_disk.py, with a
folder that can only be read. Here the calls below Python fail, SQLite's own among them. ``make soak`` fails
each of them in turn.
"""

from __future__ import annotations

import pytest

from study_faults import STORIES, Fault, strike_and_look

EACH = 67
"""How many system calls lie between two faults; the first and the last call are always among them."""


@pytest.mark.parametrize("fault", [Fault.KILL_HALFWAY, Fault.FULL])
@pytest.mark.parametrize("operation", list(STORIES))
def test_a_disk_that_fails(site, tmp_path, operation, fault):
    """Kill -9 halfway through a write, or a full disk: old or new, whole, with a clear message.

    No row is without its file, nothing is damaged, what a kill left is put right, and the work goes on.
    """
    outcomes = strike_and_look(site, operation, fault, tmp_path / "struck", each=EACH)
    ended = {outcome.ended for outcome in outcomes}
    if fault is Fault.KILL_HALFWAY:
        assert ended == {"killed"}
    else:
        assert "OutputError" in ended
