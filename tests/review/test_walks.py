"""Random walks through the table of states: a bundle holds exactly what the table allows, in its order."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medseg.errors import TransitionError
from medseg.review.chain import NO_APPROVALS, replay
from medseg.review.states import TRANSITIONS, Meaning, State
from medseg.review.verification import Verdict, verify_bundle
from signers import NOON, Signers
from walks import LONG_WALK, PEOPLE, SLOWLY, walked

EVERY_STEP = [(who, meaning) for who in PEOPLE for meaning in Meaning]


@dataclass
class Walk:
    """What the table alone says of a walk, with one approval asked for; counted beside the program."""

    state: State = State.IN_PROGRESS
    authors: set[str] = field(default_factory=set)

    def allows(self, site: Signers, who: str, meaning: Meaning) -> bool:
        transition = TRANSITIONS.get((self.state, meaning))
        return (
            transition is not None
            and site.people[who][0].role in transition.roles
            and (transition.open_to_authors or who not in self.authors)
        )

    def go(self, who: str, meaning: Meaning) -> None:
        self.state = TRANSITIONS[self.state, meaning].to
        if meaning in (Meaning.SUBMITTED, Meaning.READ):
            self.authors.add(who)


@SLOWLY
@given(data=st.data())
def test_every_walk_that_the_table_allows_is_a_sound_chain_and_no_other(site, data):
    bundle, walk, signed = b"", Walk(), []
    for number in range(data.draw(st.integers(0, 9))):
        allowed = [step for step in EVERY_STEP if walk.allows(site, *step)]
        if not allowed:
            break
        who, meaning = data.draw(st.sampled_from(allowed))
        bundle = site.signed(bundle, who, meaning.value, signed_at=NOON + timedelta(minutes=number))
        walk.go(who, meaning)
        signed.append((who, meaning))
    chain = replay(bundle, site.roster)
    assert (chain.problems, chain.state) == ((), walk.state)
    assert [(step.person.id, step.statement.meaning) for step in chain.steps] == signed
    assert chain.authors == walk.authors
    # A changed program signs whatever it likes, with a good key: verification goes by the table all the same.
    who, meaning = data.draw(st.sampled_from(EVERY_STEP))
    person = site.people[who][0]
    forged = replace(
        site.statement(b"", "ada", "submitted"),
        meaning=meaning,
        person_id=person.id,
        name=person.name,
        role=person.role,
        previous=chain.last_line,
    )
    longer = replay(site.append(bundle, forged, who), site.roster)
    if walk.allows(site, who, meaning):
        walk.go(who, meaning)
        assert (longer.problems, longer.state) == ((), walk.state)
    else:
        assert longer.problems[0].startswith(f"statement {len(signed) + 1}: ")
        assert (longer.state, longer.steps) == (chain.state, chain.steps)
        with pytest.raises(TransitionError):
            site.signed(bundle, who, meaning.value)


def _of_another_label_map(site: Signers) -> list[bytes]:
    other = replace(site, content=replace(site.content, voxels="99" * 32))
    return walked(other, LONG_WALK)[0].splitlines()


@SLOWLY
@given(data=st.data())
def test_a_statement_that_is_dropped_repeated_moved_or_altered_is_found(site, data):
    bundle, signed = walked(site, LONG_WALK)
    assert len(signed) == len(LONG_WALK)
    lines = bundle.split(b"\n")[:-1]
    at = data.draw(st.integers(0, len(lines) - 1))
    how = data.draw(st.sampled_from(["drop", "repeat", "move", "insert", "exchange", "byte"]))
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
        case "insert":
            lines.insert(at, data.draw(st.sampled_from(_of_another_label_map(site))))
        case "exchange":
            # The statement of the same step of a label map that went the same way.
            lines[at] = _of_another_label_map(site)[at]
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
