"""The table of states: every step that is not in it is refused."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from medseg.errors import TransitionError
from medseg.review.role import Role
from medseg.review.states import EDITABLE, TRANSITIONS, Meaning, State, Transition, Work, next_state

READERS = {"annotator", "radiologist"}
JUDGES = {"radiologist", "qa"}
ORGANISERS = {"coordinator", "qa", "radiologist"}

ALLOWED = {
    ("unassigned", "assigned"): ("assigned", ORGANISERS),
    ("assigned", "assigned"): ("assigned", ORGANISERS),
    ("assigned", "saved"): ("in-progress", READERS),
    ("in-progress", "assigned"): ("assigned", ORGANISERS),
    ("in-progress", "saved"): ("in-progress", READERS),
    ("in-progress", "submitted"): ("submitted", READERS),
    ("in-progress", "read"): ("adjudication", READERS),
    ("adjudication", "adjudicated"): ("submitted", {"radiologist"}),
    ("submitted", "changes-requested"): ("changes-requested", JUDGES),
    ("submitted", "approved"): ("approved", {"radiologist"}),
    ("submitted", "withdrawn"): ("withdrawn", JUDGES),
    ("changes-requested", "assigned"): ("assigned", ORGANISERS),
    ("changes-requested", "saved"): ("in-progress", READERS),
    ("changes-requested", "submitted"): ("submitted", READERS),
    ("approved", "released"): ("released", {"qa"}),
    ("approved", "amended"): ("in-progress", READERS | JUDGES),
    ("approved", "withdrawn"): ("withdrawn", JUDGES),
    ("approved", "superseded"): ("superseded", {"radiologist"}),
    ("released", "amended"): ("in-progress", READERS | JUDGES),
    ("released", "withdrawn"): ("withdrawn", JUDGES),
    ("released", "superseded"): ("superseded", {"radiologist"}),
    ("withdrawn", "amended"): ("in-progress", READERS | JUDGES),
}

STEPS = (*Work, *Meaning)


@pytest.mark.parametrize(("state", "what", "role"), list(product(State, STEPS, Role)))
def test_each_step_of_each_role(state, what, role):
    def step() -> State:
        return next_state(state, what, role, is_author=False, same_content=True, reason="because")

    expected, roles = ALLOWED.get((state.value, what.value), (None, set()))
    # A study's "assigned" and a signature never share a word, so that the pair above is one step.
    if role.value not in roles:
        with pytest.raises(TransitionError):
            step()
    else:
        assert step() == expected


@pytest.mark.parametrize(
    ("changes", "rule"),
    [({"is_author": True}, "author"), ({"same_content": False}, "content"), ({"reason": " "}, "reason")],
)
def test_changes_are_requested_by_others_on_the_same_content_with_a_reason(changes, rule):
    given = {"is_author": False, "same_content": True, "reason": "because", **changes}
    with pytest.raises(TransitionError) as caught:
        next_state(State.SUBMITTED, Meaning.CHANGES_REQUESTED, Role.RADIOLOGIST, **given)
    assert caught.value.details["rule"] == rule


def test_each_state_can_be_reached():
    assert {State.UNASSIGNED, *(step.to for step in TRANSITIONS.values())} == set(State)


def test_only_editable_states_take_a_new_submission_or_revision():
    begun = EDITABLE - {State.UNASSIGNED, State.ASSIGNED}
    assert {s for s, m in TRANSITIONS if m is Meaning.SUBMITTED} == begun
    assert {s for s, m in TRANSITIONS if m is Work.SAVED} == EDITABLE - {State.UNASSIGNED}


@pytest.mark.parametrize(
    "meaning", [Meaning.ADJUDICATED, Meaning.CHANGES_REQUESTED, Meaning.APPROVED, Meaning.RELEASED]
)
def test_whoever_judges_is_no_author(meaning):
    (transition,) = {t for (_, step), t in TRANSITIONS.items() if step is meaning}
    assert not transition.open_to_authors
    assert transition.same_content


def test_the_documentation_has_the_table():
    page = (Path(__file__).parents[2] / "docs" / "sign-off.md").read_text()
    expected = []
    for (state, step), transition in TRANSITIONS.items():
        if isinstance(step, Meaning):
            roles = ", ".join(role.value for role in Role if role in transition.roles)
            expected.append(f"| {state} | {step} | {transition.to} | {roles} | {_further(transition)}")
    rows = [line for line in page.splitlines() if line.count("|") == 6]
    found = [row for row in rows if row.split("|")[1].strip() in set(State)]
    assert [row[: len(line)] for row, line in zip(found, expected, strict=True)] == expected


def _further(transition: Transition) -> str:
    parts = [
        "" if transition.same_content else "the content may be new",
        "" if transition.open_to_authors else "no author",
        "with a reason" if transition.needs_reason else "",
    ]
    return "; ".join(filter(None, parts))
