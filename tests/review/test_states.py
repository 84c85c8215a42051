"""The table of states: every step that is not in it is refused."""

from __future__ import annotations

from itertools import product

import pytest

from medseg.errors import TransitionError
from medseg.review.role import Role
from medseg.review.states import EDITABLE, TRANSITIONS, Meaning, State, next_state

ALLOWED = {
    ("draft", "submitted", "annotator"): "submitted",
    ("draft", "submitted", "radiologist"): "submitted",
    ("changes-requested", "submitted", "annotator"): "submitted",
    ("changes-requested", "submitted", "radiologist"): "submitted",
    ("submitted", "approved", "radiologist"): "approved",
    ("submitted", "changes-requested", "radiologist"): "changes-requested",
    ("submitted", "changes-requested", "qa"): "changes-requested",
}


@pytest.mark.parametrize(("state", "meaning", "role"), list(product(State, Meaning, Role)))
def test_each_step_of_each_role(state, meaning, role):
    def step() -> State:
        return next_state(state, meaning, role, is_author=False, same_content=True, reason="because")

    expected = ALLOWED.get((state, meaning, role))
    if expected is None:
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
    assert {State.DRAFT, *(step.to for step in TRANSITIONS.values())} == set(State)


def test_only_editable_states_take_a_new_submission():
    assert {s for s, m in TRANSITIONS if m is Meaning.SUBMITTED} == EDITABLE
