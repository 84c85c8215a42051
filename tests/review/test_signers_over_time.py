"""Signatures of people whose key or role changed: what stays verifiable, and what a thief gets."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from medseg.review.chain import Chain, replay
from medseg.review.checkpoint import (
    NO_CHECKPOINTS,
    Checkpoints,
    StatementMark,
    next_checkpoint,
    read_checkpoints,
    seal_checkpoint,
)
from medseg.review.circumstances import Circumstances
from medseg.review.keys import SigningKey, generate_key
from medseg.review.policy import Policy
from medseg.review.revocation import Revocation, Why
from medseg.review.role import Role
from medseg.review.roster import Roster
from medseg.review.roster_change import ChangeRole, Enrol, Revoke, Rotate, SetPolicy
from medseg.review.signing import next_statement
from medseg.review.statement import line_sha256, seal_statement
from medseg.review.states import Meaning, State
from roster_changes import DAY, LivingRoster, living_roster
from signers import NOON, person

HOUR = timedelta(hours=1)


class Case:
    """A label map that is signed by people whose keys change, and the checkpoints of the site."""

    def __init__(self, content):
        self.content = content
        self.site: LivingRoster = living_roster()
        self.bundle = b""
        self.sealed = b""

    @property
    def checkpoints(self) -> Checkpoints:
        return read_checkpoints(self.sealed, self.site.roster)

    def replay(self) -> Chain:
        return replay(self.bundle, self.site.roster, self.checkpoints)

    def sign(
        self, who: str, meaning: str, *, at=NOON, key: SigningKey | None = None, roster: Roster | None = None
    ) -> Chain:
        """Sign honestly, or with somebody else's key and by an old roster, and replay."""
        by = roster or self.site.roster
        statement = next_statement(
            replay(self.bundle, self.site.roster, self.checkpoints),
            self.content,
            {"case.nii.gz": "aa" * 32},
            by.person(who),
            meaning=Meaning(meaning),
            reason="because",
            signed_at=at,
            roster=by,
            circumstances=Circumstances(),
        )
        self.bundle += seal_statement(statement, key or self.site.keys[who]) + b"\n"
        return self.replay()

    def checkpoint(self, who: str, at) -> None:
        lines = self.bundle.splitlines()
        marks = [
            StatementMark(
                line_sha256(line),
                line_sha256(lines[number - 1]) if number else None,
                self.content.digest(),
                step.statement.meaning,
            )
            for number, (line, step) in enumerate(zip(lines, self.replay().steps, strict=False))
        ]
        made = next_checkpoint(
            self.checkpoints,
            self.site.roster,
            study="study",
            size=len(lines),
            head=line_sha256(lines[-1]),
            person_id=who,
            statements=marks,
            at=at,
        )
        self.sealed += seal_checkpoint(made, self.site.keys[who]) + b"\n"

    def revoke(self, who: str, why: str, from_, at) -> None:
        key = self.site.keys[who].public_hex
        self.site.change(Revoke(key, Revocation(from_, Why(why))), ["cleo", "emil"], at=at)


@pytest.fixture
def case(content) -> Case:
    return Case(content)


@pytest.fixture
def approved(case) -> Case:
    case.sign("ada", "submitted")
    assert case.sign("ben", "approved", at=NOON + HOUR).state is State.APPROVED
    return case


def test_who_left_or_has_a_new_key_or_role_stays_verifiable(approved):
    new = generate_key()
    approved.site.change(Rotate("ada", new.public_hex), [new, "cleo", "emil"], at=NOON + DAY)
    approved.site.change(ChangeRole("dora", Role.RADIOLOGIST), ["dora", "cleo", "emil"], at=NOON + DAY)
    approved.revoke("ben", "left", NOON + DAY, at=NOON + DAY)
    approved.site.change(SetPolicy(Policy("2", approvals=2)), ["cleo", "emil"], at=NOON + DAY)
    chain = approved.replay()
    assert (chain.state, chain.problems) == (State.APPROVED, ())
    assert [step.person.role for step in chain.steps] == [Role.ANNOTATOR, Role.RADIOLOGIST]


def test_a_rotated_key_signs_nothing_new(case):
    old, new = case.site.keys["ada"], generate_key()
    case.site.change(Rotate("ada", new.public_hex), [new, "cleo", "emil"], at=NOON)
    chain = case.sign("ada", "submitted", key=old, at=NOON + HOUR)
    assert "another key took its place" in chain.problems[0]
    case.bundle = b""
    assert case.sign("ada", "submitted", key=new, at=NOON + HOUR).state is State.SUBMITTED


def test_an_old_and_a_new_key_are_one_author(case):
    case.sign("ben", "submitted")
    new = generate_key()
    case.site.change(Rotate("ben", new.public_hex), [new, "cleo", "emil"], at=NOON + HOUR)
    case.site.keys["ben"] = new
    honest = case.bundle
    with pytest.raises(Exception, match="who submitted it may not"):
        case.sign("ben", "approved", at=NOON + 2 * HOUR)
    assert case.bundle == honest


def test_two_keys_of_one_radiologist_are_not_two_approvals(case):
    case.site.change(SetPolicy(Policy("2", approvals=2)), ["cleo", "emil"])
    case.sign("ada", "submitted")
    assert case.sign("ben", "approved").state is State.SUBMITTED
    new = generate_key()
    case.site.change(Rotate("ben", new.public_hex), [new, "cleo", "emil"], at=NOON + HOUR)
    case.site.keys["ben"] = new
    with pytest.raises(Exception, match="approved this already"):
        case.sign("ben", "approved", at=NOON + 2 * HOUR)
    assert case.sign("cleo", "approved", at=NOON + 2 * HOUR).state is State.APPROVED


@pytest.mark.parametrize("why", ["lost", "compromised", "left"])
def test_a_revoked_key_signs_nothing_new(case, why):
    case.revoke("ada", why, NOON, at=NOON)
    chain = case.sign("ada", "submitted", at=NOON + HOUR)
    assert "the key was revoked from" in chain.problems[0]
    assert chain.steps == ()


@pytest.mark.parametrize("why", ["lost", "compromised"])
def test_what_was_checkpointed_before_a_key_was_lost_stays_valid(approved, why):
    approved.checkpoint("emil", NOON + 2 * HOUR)
    approved.revoke("ben", why, NOON + 3 * HOUR, at=NOON + DAY)
    chain = approved.replay()
    assert (chain.state, chain.problems) == (State.APPROVED, ())


@pytest.mark.parametrize("why", ["lost", "compromised"])
@pytest.mark.parametrize("checkpointed", [None, NOON + 4 * HOUR])
def test_what_was_not_checkpointed_before_a_key_was_lost_does_not_count(approved, why, checkpointed):
    # The thief dates his signature back to before the loss: it looks just like this one.
    if checkpointed:
        approved.checkpoint("emil", checkpointed)
    approved.revoke("ben", why, NOON + 3 * HOUR, at=NOON + DAY)
    chain = approved.replay()
    assert "no checkpoint shows" in chain.problems[0]
    assert chain.state is State.SUBMITTED


def test_a_thief_does_not_confirm_himself_by_a_checkpoint_dated_back(approved):
    # Ben's key is stolen: the thief signs, and makes a checkpoint of it, both dated before the loss.
    approved.checkpoint("ben", NOON + 2 * HOUR)
    approved.revoke("ben", "compromised", NOON + 3 * HOUR, at=NOON + DAY)
    assert "no checkpoint shows" in approved.replay().problems[0]
    approved.checkpoint("emil", NOON + 2 * DAY)
    assert "no checkpoint shows" in approved.replay().problems[0]


def test_the_revocation_cut_off_again_is_found_by_the_statement_after_it(case):
    case.sign("ada", "submitted")
    before = case.site.changes
    case.revoke("ben", "compromised", NOON - DAY, at=NOON)
    case.sign("cleo", "approved", at=NOON + HOUR)
    assert case.replay().state is State.APPROVED
    case.site.changes = before
    chain = replay(case.bundle, case.site.roster, NO_CHECKPOINTS)
    assert "changes were cut off" in chain.problems[0]
    assert chain.state is State.SUBMITTED


def test_who_promoted_himself_in_a_roster_of_his_own_signs_nothing(case):
    case.sign("ada", "submitted")
    forged = replace(
        case.site.roster,
        people=tuple(
            replace(p, role=Role.RADIOLOGIST) if p.id == "emil" else p for p in case.site.roster.people
        ),
    )
    chain = case.sign("emil", "approved", roster=forged)
    assert "but the key belongs to Emil (emil, coordinator)" in chain.problems[0]


def test_an_administrator_signs_in_nobody_elses_name(case):
    case.sign("ada", "submitted")
    chain = case.sign("ben", "approved", key=case.site.keys["emil"])
    assert "but the key belongs to Emil (emil, coordinator)" in chain.problems[0]
    case.bundle = b"".join(case.bundle.splitlines(keepends=True)[:1])
    chain = case.sign("ben", "approved", key=generate_key())
    assert "not signed by anybody on the roster" in chain.problems[0]


def test_who_was_demoted_does_not_fall_back_on_the_roster_before(case):
    case.sign("ada", "submitted")
    before = case.site.roster
    case.site.change(ChangeRole("ben", Role.QA), ["ben", "cleo", "emil"], at=NOON)
    chain = case.sign("ben", "approved", at=NOON + 2 * DAY, roster=before)
    assert "out of date: the role of Ben changed" in chain.problems[0]


def test_who_was_enrolled_later_did_not_sign_before(case):
    eve, key = person("Eve", "annotator")
    case.site.keys["eve"] = key
    case.site.change(Enrol(eve), ["eve", "cleo", "emil"], at=NOON)
    assert "not before" in case.sign("eve", "submitted", at=NOON - HOUR).problems[0]


def test_what_was_signed_while_a_change_was_on_its_way_stays_good(case):
    # A policy and a role are proposed at noon and applied in the evening; people sign in the afternoon.
    case.sign("ada", "submitted", at=NOON + HOUR)
    case.sign("ben", "approved", at=NOON + 2 * HOUR)
    case.site.change(SetPolicy(Policy("2", approvals=2)), ["cleo", "emil"], at=NOON)
    case.site.change(ChangeRole("ben", Role.QA), ["ben", "cleo", "emil"], at=NOON)
    chain = case.replay()
    assert (chain.state, chain.problems) == (State.APPROVED, ())
