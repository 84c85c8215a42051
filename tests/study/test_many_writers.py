"""Eight processes write to one study: no fork, nothing lost, and who was slower is told."""

from __future__ import annotations

import multiprocessing
import os
from collections import Counter
from pathlib import Path

import pytest

from medseg.errors import ConflictError
from medseg.review.states import State
from medseg.study.ledger import Event, LedgerAction, verify_ledger
from medseg.study.records import Case
from medseg.study.store import Store
from soak_page import replace_line

PROCESSES = 8
ACTIONS = 200 if "MEDSEG_SOAK" in os.environ else 25
CASES = 4


def write(path: str, number: int, actions: int, begin: object) -> tuple[int, int]:
    """Act on cases that all act on; how often it was done, and how often somebody else was faster."""
    store = Store.open(Path(path))
    done = lost = 0
    begin.wait()  # type: ignore[attr-defined]
    while done < actions:
        case_id = f"case-{(number + done) % CASES}"
        with store.reading() as r:
            seen = r.case(case_id)
        try:
            with store.transaction() as t:
                case = t.case(case_id)
                t.require_version(case, seen.version)
                event = Event(
                    LedgerAction.VIEWED, f"person-{number}", "annotator", case=case_id, details={"n": done}
                )
                t.put_case(case, t.append(event))
            done += 1
        except ConflictError:
            lost += 1
    store.close()
    return done, lost


@pytest.mark.timeout(600)
def test_no_fork_nothing_lost_and_losers_are_told(store):
    with store.transaction() as t:
        for number in range(CASES):
            case = Case(f"case-{number}", State.ASSIGNED, "images/x", "11" * 32)
            entry = t.append(Event(LedgerAction.CASE_ADDED, "cory", "coordinator", case=case.id))
            t.add_case(case, entry)
    # A fresh interpreter each: a connection must not be shared over a fork.
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager, context.Pool(PROCESSES) as pool:
        begin = manager.Barrier(PROCESSES)
        path = str(store.folder.path)
        arguments = [(path, number, ACTIONS, begin) for number in range(PROCESSES)]
        results = pool.starmap(write, arguments, chunksize=1)
    assert [done for done, _ in results] == [ACTIONS] * PROCESSES
    with store.reading() as r:
        entries = list(r.ledger())
        versions = {case_id: r.case(case_id).version for case_id in r.case_ids()}
    assert len(entries) == CASES + PROCESSES * ACTIONS
    assert verify_ledger(entries, store.id).problems == ()
    fields = [entry.fields for entry in entries[CASES:]]
    acts = Counter((one["person"], one["details"]["n"]) for one in fields)
    assert acts == {(f"person-{number}", n): 1 for number in range(PROCESSES) for n in range(ACTIONS)}
    # Each case's version is its own last entry: no update was lost between two writers.
    assert versions == {
        f"case-{n}": max(e.number for e in entries if e.case_id == f"case-{n}") for n in range(CASES)
    }
    conflicts = sum(lost for _, lost in results)
    assert conflicts > 0
    if "MEDSEG_SOAK" in os.environ:
        name = "PostgreSQL" if store.database else "SQLite"
        entries_said = f"{len(entries):,}"
        replace_line(
            "writers", f"| {name} |", f" {PROCESSES} | {ACTIONS} | {entries_said} | 0 | 0 | {conflicts} |"
        )
