"""Checkpoints: what they prove, what they find, and who can't fool them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medseg.errors import MedsegError, ReviewError, SidecarError
from medseg.review.checkpoint import (
    CHECKPOINT_TYPE,
    NO_CHECKPOINTS,
    Checkpoint,
    StatementMark,
    next_checkpoint,
    read_checkpoints,
    seal_checkpoint,
)
from medseg.review.envelope import seal
from medseg.review.keys import generate_key
from medseg.review.policy import Policy
from medseg.review.revocation import Revocation, Why
from medseg.review.roster_change import Revoke, Rotate, SetPolicy
from medseg.review.states import Meaning
from roster_changes import DAY, living_roster
from signers import NOON

HOUR = timedelta(hours=1)


def sha(text) -> str:
    return hashlib.sha256(str(text).encode()).hexdigest()


def mark(name, previous=None, content="c", meaning="submitted") -> StatementMark:
    return StatementMark(sha(name), previous and sha(previous), sha(content), Meaning(meaning))


class Chain:
    """A chain of checkpoints that grows by one at a time."""

    def __init__(self):
        self.site = living_roster()
        self.data = b""

    def add(self, who, *marks, at=NOON, key=None, **changes):
        read = self.read()
        size = len(read.all) + 1
        made = next_checkpoint(
            read,
            self.site.roster,
            study="study",
            size=size,
            head=sha(size),
            person_id=who,
            statements=marks,
            at=at,
        )
        made = replace(made, **changes)
        self.data += seal_checkpoint(made, key or self.site.keys[who]) + b"\n"
        return made

    def revoke(self, who, why, from_, at):
        key = self.site.keys[who].public_hex
        others = [name for name in ("ben", "cleo", "emil") if name != who][:2]
        self.site.change(Revoke(key, Revocation(from_, Why(why))), others, at=at)

    def read(self):
        return read_checkpoints(self.data, self.site.roster)


@pytest.fixture
def chain():
    return Chain()


def test_no_checkpoints_prove_nothing():
    assert read_checkpoints(b"", living_roster().roster) is NO_CHECKPOINTS
    assert NO_CHECKPOINTS.head is None
    assert NO_CHECKPOINTS.latest is None
    assert NO_CHECKPOINTS.time_of(sha("a")) is None
    assert NO_CHECKPOINTS.missing_after(None, sha("c")) is None


def test_a_checkpoint_comes_back_and_tells_times(chain):
    first = chain.add("emil", mark("a"), mark("b", "a", meaning="approved"))
    second = chain.add("ada", mark("a"), mark("d", "b", meaning="released"), at=NOON + HOUR)
    read = chain.read()
    assert read.all == (first, second)
    assert read.latest == second
    assert [m.sha256 for m in second.statements] == [sha("d")]  # what was in the first is left out
    assert (read.time_of(sha("a")), read.time_of(sha("d"))) == (NOON, NOON + HOUR)
    assert read.time_of(sha("x")) is None
    assert read.remarks == ()
    assert second.previous == read.lines[0]


def test_the_time_never_runs_backwards(chain):
    chain.add("emil", at=NOON)
    assert chain.add("ada", at=NOON - DAY).at == NOON
    late = next_checkpoint(
        chain.read(),
        chain.site.roster,
        study="s",
        size=9,
        head=sha(9),
        person_id="ada",
        statements=(),
        at=NOON,
    )
    chain.data += seal_checkpoint(replace(late, at=NOON - HOUR), chain.site.keys["ada"]) + b"\n"
    with pytest.raises(ReviewError, match="earlier time") as caught:
        chain.read()
    assert caught.value.details == {"reason": "time", "checkpoint": 3}


def test_a_tail_that_was_cut_off_is_missed(chain):
    chain.add("emil", mark("a"), mark("b", "a", meaning="approved"), mark("m", "b", meaning="amended"))
    chain.add("emil", mark("s", "b", meaning="superseded"), mark("n", "m", content="d"))
    read = chain.read()
    assert read.missing_after(None, sha("c")).sha256 == sha("a")
    assert read.missing_after(sha("a"), sha("c")).meaning is Meaning.APPROVED
    # An amendment leaves the old bundle as it is; the supersession belongs to it.
    assert read.missing_after(sha("b"), sha("c")).meaning is Meaning.SUPERSEDED
    assert read.missing_after(sha("s"), sha("c")) is None
    # What goes on with another content is another revision's.
    assert read.missing_after(sha("m"), sha("c")) is None


def test_an_amendment_alone_is_not_missed(chain):
    chain.add("emil", mark("b", meaning="approved"), mark("m", "b", meaning="amended"))
    assert chain.read().missing_after(sha("b"), sha("c")) is None


@pytest.mark.parametrize("why", ["lost", "compromised"])
def test_the_time_of_a_stolen_keys_checkpoint_is_not_believed(chain, why):
    # The thief makes a checkpoint on the third day and dates it before the key was stolen.
    chain.add("ben", mark("honest"), at=NOON)
    chain.add("emil", mark("forged"), at=NOON + HOUR)
    chain.revoke("emil", why, NOON + DAY, at=NOON + 3 * DAY)
    read = chain.read()
    assert read.time_of(sha("honest")) == NOON
    assert read.time_of(sha("forged")) is None
    assert read.has(sha("forged"))
    assert len(read.remarks) == 1
    assert "checkpoint 2: its key was" in read.remarks[0]
    # A sound one that follows proves that it was there by then, and no earlier.
    chain.add("ben", at=NOON + 4 * DAY)
    assert chain.read().time_of(sha("forged")) == NOON + 4 * DAY


def test_a_later_sound_checkpoint_confirms_an_honest_one(chain):
    chain.add("emil", mark("a"), at=NOON)
    chain.add("ben", at=NOON + HOUR)
    chain.revoke("emil", "lost", NOON + DAY, at=NOON + 2 * DAY)
    assert chain.read().time_of(sha("a")) == NOON + HOUR


def test_who_left_or_got_a_new_key_is_believed_for_the_time_before(chain):
    chain.add("emil", mark("a"), at=NOON)
    chain.add("ada", mark("b"), at=NOON)
    chain.revoke("emil", "left", NOON + DAY, at=NOON + DAY)
    new = generate_key()
    chain.site.change(Rotate("ada", new.public_hex), [new, "ben", "cleo"], at=NOON + DAY)
    read = chain.read()
    assert (read.time_of(sha("a")), read.time_of(sha("b")), read.remarks) == (NOON, NOON, ())
    # After it they prove nothing.
    chain.add("emil", mark("c"), at=NOON + DAY)
    chain.add("ada", mark("d"), at=NOON + DAY)
    read = chain.read()
    assert (read.time_of(sha("c")), read.time_of(sha("d")), len(read.remarks)) == (None, None, 2)
    chain.add("ada", mark("e"), at=NOON + DAY, key=new)
    assert chain.read().time_of(sha("e")) == NOON + DAY


def test_a_roster_whose_tail_was_cut_off_is_found(chain):
    chain.add("emil")
    whole = chain.site.changes
    chain.revoke("emil", "compromised", NOON, at=NOON + HOUR)
    chain.add("ben", at=NOON + DAY)
    assert chain.read().latest.trust == chain.site.roster.digest
    chain.site.changes = whole  # the revocation is gone
    with pytest.raises(ReviewError, match="cut off the end of changes") as caught:
        chain.read()
    assert caught.value.details == {"reason": "unknown-roster", "checkpoint": 2}


def test_checkpoints_of_another_trust_folder_are_refused(chain):
    chain.add("emil")
    chain.site.founding = Chain().site.founding
    with pytest.raises(ReviewError, match="not signed by"):
        chain.read()


def _forge_ledger(chain, **changes):
    chain.add("emil", size=10, head=sha("ten"))
    chain.add("emil", **{"size": 10, "head": sha("ten"), **changes})


def test_a_ledger_that_stands_still_or_grows_is_good(chain):
    _forge_ledger(chain)
    chain.add("emil", size=11, head=sha("eleven"))
    chain.add("emil", study="another", size=1, head=sha("one"))
    chain.add("emil", size=11, head=sha("eleven"))
    assert len(chain.read().all) == 5


@pytest.mark.parametrize("changes", [{"size": 9}, {"size": 10, "head": sha("other")}])
def test_a_ledger_that_shrank_or_was_rebuilt_is_found(chain, changes):
    _forge_ledger(chain, **changes)
    with pytest.raises(ReviewError, match="cut off or rebuilt") as caught:
        chain.read()
    assert caught.value.details["reason"] == "ledger"


def test_a_stranger_or_somebody_elses_key_signs_none(chain):
    chain.add("emil", key=generate_key())
    with pytest.raises(ReviewError, match="not signed by 'emil'") as caught:
        chain.read()
    assert caught.value.details == {"reason": "signatures", "checkpoint": 1}
    chain.data = b""
    chain.add("emil", key=chain.site.keys["ben"])
    with pytest.raises(ReviewError, match="not signed by 'emil'"):
        chain.read()


def test_two_signatures_are_one_too_many(chain):
    made = chain.add("emil")
    both = [chain.site.keys["emil"], chain.site.keys["ben"]]
    chain.data = seal(made.as_dict(), CHECKPOINT_TYPE, both) + b"\n"
    with pytest.raises(ReviewError, match="not signed by"):
        chain.read()


@pytest.mark.parametrize("order", [[1], [1, 0], [0, 2], [0, 0], [0, 1, 2, 1]], ids=str)
def test_checkpoints_left_out_reordered_or_repeated_are_refused(chain, order):
    for _ in range(3):
        chain.add("emil")
    lines = chain.data.splitlines(keepends=True)
    chain.data = b"".join(lines[n] for n in order)
    with pytest.raises(ReviewError, match="follow") as caught:
        chain.read()
    assert caught.value.details["reason"] == "previous"


def test_a_copy_kept_elsewhere_finds_a_chain_that_was_cut_or_rebuilt(chain):
    for _ in range(3):
        chain.add("emil")
    kept = chain.read()
    chain.add("emil")
    assert chain.read().continues(kept)
    assert chain.read().continues(NO_CHECKPOINTS)
    assert not kept.continues(chain.read())
    chain.data = b"".join(chain.data.splitlines(keepends=True)[:2])
    assert not chain.read().continues(kept)
    chain.add("ben")
    assert not chain.read().continues(kept)


def test_a_checkpoint_of_part_of_a_line_is_refused(chain):
    chain.add("emil")
    chain.data = chain.data[:-1]
    with pytest.raises(SidecarError, match="checkpoint 1: its line has no end"):
        chain.read()


@pytest.mark.parametrize(
    "changes",
    [
        {"schema": "urn:other"},
        {"size": -1},
        {"size": 1.5},
        {"head": "x"},
        {"at": "noon"},
        {"trust": None},
        {"statements": {}},
        {"statements": [{"sha256": "11" * 32}]},
        {"statements": [f"{sha(1)} - {sha(2)}"]},
        {"statements": [f"{sha(1)} - {sha(2)} blessed"]},
        {"statements": [f"{sha(1)} - {sha(2)} approved\n"]},
        {"statements": [f"{sha(1).upper()} - {sha(2)} approved"]},
        {"more": 1},
    ],
)
def test_what_is_no_checkpoint_is_refused(chain, changes):
    made = chain.add("emil")
    document = {**made.as_dict(), **changes}
    chain.data = seal(document, CHECKPOINT_TYPE, [chain.site.keys["emil"]]) + b"\n"
    with pytest.raises((SidecarError, ReviewError)):
        chain.read()


def test_a_checkpoint_is_json(chain):
    made = chain.add("emil", mark("a"), mark("b", "a"))
    assert Checkpoint.from_dict(json.loads(json.dumps(made.as_dict()))) == made


@pytest.fixture(scope="module")
def three():
    chain = Chain()
    chain.add("emil", mark("a"))
    chain.site.change(SetPolicy(Policy("2")), ["ben", "cleo"])
    chain.add("ben", mark("b", "a"), at=NOON + HOUR)
    chain.add("ada", at=NOON + DAY)
    return chain


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_no_changed_byte_of_a_checkpoint_goes_unseen(three, data):
    place = data.draw(st.integers(0, len(three.data) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != three.data[place]))
    mutated = three.data[:place] + bytes([other]) + three.data[place + 1 :]
    with pytest.raises(MedsegError):
        read_checkpoints(mutated, three.site.roster)
