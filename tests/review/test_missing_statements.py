"""Statements that a checkpoint saw and that are gone: the tail, all of them, or one that was exchanged."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medseg.review.checkpoint import (
    Checkpoints,
    StatementMark,
    next_checkpoint,
    read_checkpoints,
    seal_checkpoint,
)
from medseg.review.statement import line_sha256, open_statement
from medseg.review.states import State
from medseg.review.verification import Verdict, Verification, verify_bundle
from signers import NOON, Signers
from walks import LONG_WALK, SLOWLY, walked

LATER = NOON + timedelta(hours=1)


def marks_of(bundle: bytes) -> list[StatementMark]:
    statements = [(line_sha256(line), open_statement(line, "it")[0]) for line in bundle.splitlines()]
    return [
        StatementMark(sha256, said.previous, said.content.digest(), said.meaning)
        for sha256, said in statements
    ]


def checkpointed(site: Signers, *bundles: bytes) -> Checkpoints:
    """What a checkpoint proves that was made when these bundles were there."""
    roster = site.roster
    marks = {mark.sha256: mark for bundle in bundles for mark in marks_of(bundle)}
    made = next_checkpoint(
        Checkpoints(), roster, study="study", size=1, head="ab" * 32, person_id="dora",
        statements=list(marks.values()), at=LATER,
    )  # fmt: skip
    return read_checkpoints(seal_checkpoint(made, site.people["dora"][1]) + b"\n", roster)


def judged(site: Signers, bundle: bytes, checkpoints: Checkpoints, **changes: object) -> Verification:
    given = {"content": site.content, "files": site.files, "now": LATER, **changes}
    return verify_bundle(bundle, site.roster, checkpoints=checkpoints, **given)  # type: ignore[arg-type]


@pytest.fixture
def submitted(site):
    return site.signed(b"", "ada", "submitted")


@pytest.fixture
def approved(site, submitted):
    return site.signed(submitted, "ben", "approved")


def test_a_checkpoint_confirms_the_time(site, approved):
    answer = judged(site, site.signed(approved, "dora", "released"), checkpointed(site, approved))
    assert (answer.verdict, answer.state) == (Verdict.VALID, State.RELEASED)
    shown = [signature.as_dict() for signature in answer.signatures]
    assert [one["time"] for one in shown] == ["checkpointed", "checkpointed", "claimed"]
    assert [one["checkpointed_at"] for one in shown] == [LATER.isoformat()] * 2 + [None]


def test_a_tail_that_was_cut_off_is_found(site, submitted, approved):
    answer = judged(site, submitted, checkpointed(site, approved))
    assert (answer.verdict, answer.state) == (Verdict.INVALID, State.IN_PROGRESS)
    assert answer.problems == (
        "its last statements were cut off: a checkpoint names one that means approved",
    )
    assert judged(site, submitted, checkpointed(site, submitted)).verdict is Verdict.VALID


def test_a_bundle_that_is_gone_is_not_unsigned(site, approved):
    answer = judged(site, b"", checkpointed(site, approved))
    assert (answer.verdict, answer.state) == (Verdict.INVALID, State.IN_PROGRESS)
    assert answer.problems == ("its statements were removed: checkpoints name 2 of this content",)


def test_something_else_that_nobody_signed_stays_unsigned(site, approved, content):
    other = replace(content, voxels="99" * 32)
    assert judged(site, b"", checkpointed(site, approved), content=other).verdict is Verdict.UNSIGNED


def test_a_refusal_cannot_be_exchanged_for_an_approval(site, submitted):
    """Somebody cuts off a request for changes, and has the old submission approved instead."""
    returned = site.signed(submitted, "ben", "changes-requested")
    forked = site.signed(submitted, "cleo", "approved")
    answer = judged(site, forked, checkpointed(site, returned))
    assert answer.verdict is Verdict.INVALID
    assert answer.problems == (
        "statement 2 took the place of another one: a checkpoint names one that means changes-requested",
    )
    assert judged(site, forked, checkpointed(site, submitted)).verdict is Verdict.VALID


def test_an_amendment_beside_the_old_line_is_sound(site, approved):
    """The old revision was superseded while the new line of work went on from its approval."""
    old = site.signed(approved, "cleo", "superseded")
    new = site.signed(site.signed(approved, "dora", "amended"), "ada", "submitted")
    both = checkpointed(site, old, new)
    assert judged(site, old, both).verdict is Verdict.VALID
    assert judged(site, new, both).verdict is Verdict.VALID
    assert judged(site, approved, both).verdict is Verdict.INVALID
    assert judged(site, approved, checkpointed(site, new)).verdict is Verdict.VALID


@SLOWLY
@given(kept=st.integers(0, len(LONG_WALK)), seen=st.integers(0, len(LONG_WALK)))
def test_whatever_a_checkpoint_saw_is_missed_and_nothing_else(site, kept, seen):
    bundle, _ = walked(site, LONG_WALK)
    lines = bundle.splitlines(keepends=True)
    short = b"".join(lines[:kept])
    answer = judged(site, short, checkpointed(site, b"".join(lines[:seen])), now=NOON + timedelta(days=1))
    # The amendment opens a new line of work: the bundle of the old revision rightly ends before it.
    opens_anew = 0 < kept < len(lines) and LONG_WALK[kept][1].value == "amended"
    if kept < seen and not opens_anew:
        assert answer.verdict is Verdict.INVALID
        assert "cut off" in answer.problems[0] or "removed" in answer.problems[0]
    else:
        assert answer.verdict is (Verdict.VALID if kept else Verdict.UNSIGNED)
        assert answer.problems == ()
