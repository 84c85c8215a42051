"""The chain of the ledger: the first bad entry is named, and what was kept elsewhere finds the rest."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medseg.review.checkpoint import Checkpoint
from medseg.review.circumstances import LedgerHead
from medseg.study.ledger import Event, LedgerAction, next_entry, verify_ledger

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
STUDY = "11111111-2222-3333-4444-555555555555"


def chain(count, study=STUDY, person="ada"):
    entries, head = [], None
    for number in range(count):
        event = Event(LedgerAction.VIEWED, person, "annotator", case=f"case-{number}")
        entries.append(next_entry(study, head, event, NOON + timedelta(seconds=number)))
        head = entries[-1].head
    return entries


def checkpoint(entry):
    return Checkpoint(STUDY, entry.number, entry.sha256, NOON, "dora", None, (), "00" * 32)


def problems(entries, **more):
    return [problem.number for problem in verify_ledger(entries, STUDY, **more).problems]


def test_a_sound_chain():
    entries = chain(20)
    check = verify_ledger(entries, STUDY, checkpoints=[checkpoint(entries[9])], heads=[entries[4].head])
    assert (check.count, check.head, check.problems) == (20, entries[-1].head, ())


def test_an_empty_ledger():
    assert verify_ledger([], STUDY).problems == ()


@given(count=st.integers(2, 12), data=st.data())
def test_the_first_entry_that_was_edited_deleted_or_moved_is_named(count, data):
    entries = chain(count)
    at = data.draw(st.integers(0, count - 1))
    how = data.draw(
        st.sampled_from(["text", "digest", "action", "case", "delete", "repeat", "swap", "rewritten"])
    )
    entry = entries[at]
    match how:
        case "text":
            entries[at] = replace(entry, text=entry.text.replace("ada", "abe"))
        case "digest":
            entries[at] = replace(entry, sha256="0" * 64)
        case "action":
            entries[at] = replace(entry, action="signed")
        case "case":
            entries[at] = replace(entry, case_id="case-x")
        case "delete":
            del entries[at]
        case "repeat":
            entries.insert(at, entry)
        case "swap":
            other = (at + 1) % count
            entries[at], entries[other] = entries[other], entries[at]
        case "rewritten":
            text = entry.text.replace("ada", "abe")
            entries[at] = replace(entry, text=text, sha256=hashlib.sha256(text.encode()).hexdigest())
    whole = how in ("delete", "rewritten") and at == count - 1
    found = problems(entries)
    if whole:
        # A chain that lost its last entry, or ends in another one, is sound in itself.
        assert found == []
        assert problems(entries, heads=[chain(count)[-1].head]) == [count]
    else:
        first = {"repeat": at + 2, "swap": 1 if at == count - 1 else at + 1, "rewritten": at + 2}
        assert found == [first.get(how, at + 1)]


def test_a_chain_that_was_rebuilt_is_found_by_checkpoint_and_by_statement():
    honest, rebuilt = chain(9), chain(9, person="eve")
    assert problems(rebuilt) == []
    assert problems(rebuilt, checkpoints=[checkpoint(honest[6])]) == [7]
    assert problems(rebuilt, heads=[honest[2].head]) == [3]


def test_a_tail_that_was_cut_off_is_found_by_checkpoint_and_by_statement():
    entries = chain(9)
    assert problems(entries[:5]) == []
    assert problems(entries[:5], checkpoints=[checkpoint(entries[6])]) == [7]
    assert problems(entries[:5], heads=[entries[8].head, LedgerHead(3, entries[2].sha256)]) == [9]


def test_a_ledger_of_another_study():
    assert problems(chain(3, study="another")) == [1]


def test_checkpoints_of_other_studies_say_nothing():
    entries = chain(3)
    other = replace(checkpoint(entries[2]), study="another", size=50)
    assert problems(entries, checkpoints=[other]) == []


@pytest.mark.parametrize("text", ["", "[]", "[" * 100_000, "{"])
def test_a_text_that_is_no_entry(text):
    entries = chain(2)
    entries[1] = replace(entries[1], text=text, sha256=hashlib.sha256(text.encode()).hexdigest())
    assert problems(entries) == [2]
