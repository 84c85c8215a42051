"""Random walks through the table of states: a bundle holds exactly what the table allows, in its order."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medseg.errors import TransitionError
from medseg.review.chain import NO_APPROVALS, replay
from medseg.review.states import TRANSITIONS, Meaning, State
from medseg.review.verification import Verdict, verify_bundle
from signers import NOON, Signers

SLOWLY = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

PEOPLE = ("ada", "ben", "cleo", "dora", "emil")

STEPS = st.tuples(st.sampled_from(PEOPLE), st.sampled_from(Meaning))


def walked(site: Signers, steps: list[tuple[str, Meaning]]) -> tuple[bytes, list[Meaning]]:
    """Sign what is allowed, and be refused the rest."""
    bundle, signed = b"", []
    for number, (who, meaning) in enumerate(steps):
        try:
            at = NOON + timedelta(minutes=number)
            bundle = site.signed(bundle, who, meaning.value, signed_at=at)
        except TransitionError:
            continue
        signed.append(meaning)
    return bundle, signed


def state_by_table(site: Signers, bundle: bytes) -> State:
    """Where the meanings lead by the table alone, with one approval asked for."""
    state = State.IN_PROGRESS
    for step in replay(bundle, site.roster).steps:
        transition = TRANSITIONS[state, step.statement.meaning]
        assert step.person.role in transition.roles
        state = transition.to
    return state


@SLOWLY
@given(steps=st.lists(STEPS, max_size=14))
def test_what_was_signed_verifies_and_leads_where_the_table_says(site, steps):
    bundle, signed = walked(site, steps)
    chain = replay(bundle, site.roster)
    assert chain.problems == ()
    assert [step.statement.meaning for step in chain.steps] == signed
    assert chain.state is state_by_table(site, bundle)
    authors = {step.person.id for step in chain.steps if step.statement.meaning.makes_author}
    judges = {
        step.person.id
        for step in chain.steps
        if step.statement.meaning in (Meaning.APPROVED, Meaning.ADJUDICATED, Meaning.RELEASED)
    }
    # Somebody may submit what he judged in an earlier round, but never judge what he submitted before.
    for number, step in enumerate(chain.steps):
        if step.statement.meaning in (Meaning.APPROVED, Meaning.ADJUDICATED, Meaning.RELEASED):
            before = {s.person.id for s in chain.steps[:number] if s.statement.meaning.makes_author}
            assert step.person.id not in before
    assert authors | judges <= set(PEOPLE)


LONG_WALK = [
    ("ada", Meaning.SUBMITTED),
    ("ben", Meaning.CHANGES_REQUESTED),
    ("ada", Meaning.SUBMITTED),
    ("ben", Meaning.APPROVED),
    ("dora", Meaning.RELEASED),
    ("dora", Meaning.AMENDED),
    ("ada", Meaning.SUBMITTED),
    ("cleo", Meaning.APPROVED),
    ("ben", Meaning.SUPERSEDED),
]


@SLOWLY
@given(data=st.data())
def test_a_statement_that_is_dropped_repeated_moved_or_altered_is_found(site, data):
    bundle, signed = walked(site, LONG_WALK)
    assert len(signed) == len(LONG_WALK)
    lines = bundle.split(b"\n")[:-1]
    at = data.draw(st.integers(0, len(lines) - 1))
    how = data.draw(st.sampled_from(["drop", "repeat", "move", "byte"]))
    if how == "drop" and at == len(lines) - 1:
        return  # a shorter chain is a sound chain: checkpoints find that
    match how:
        case "drop":
            del lines[at]
        case "repeat":
            lines.insert(data.draw(st.integers(0, len(lines))), lines[at])
        case "move":
            other = data.draw(st.integers(0, len(lines) - 1).filter(lambda n: n != at))
            lines.insert(other, lines.pop(at))
        case "byte":
            byte = data.draw(st.integers(0, len(lines[at]) - 1))
            altered = bytearray(lines[at])
            altered[byte] ^= data.draw(st.integers(1, 127))
            lines[at] = bytes(altered)
    answer = verify_bundle(
        b"".join(line + b"\n" for line in lines),
        site.roster,
        site.content,
        site.files,
        now=NOON + timedelta(days=1),
    )
    assert (answer.verdict, answer.state) == (Verdict.INVALID, State.IN_PROGRESS)
    assert answer.problems


def test_approvals_are_counted_anew_after_each_submission(site):
    bundle, _ = walked(site, LONG_WALK[:4])
    assert replay(bundle, site.roster).approvals == {"tumour": {"ben"}}
    bundle, _ = walked(site, LONG_WALK[:7])
    assert replay(bundle, site.roster).approvals == NO_APPROVALS


def test_a_person_approves_a_structure_once(site):
    bundle, _ = walked(site, LONG_WALK[:4])
    with pytest.raises(TransitionError, match="approved can't become approved"):
        site.signed(bundle, "ben", "approved")
