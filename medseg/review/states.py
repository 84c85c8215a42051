"""The states of a label map and the steps between them, as one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from medseg.errors import TransitionError
from medseg.review.role import Role


class State(StrEnum):
    """Where a label map stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    CHANGES_REQUESTED = "changes-requested"

    @property
    def is_locked(self) -> bool:
        """Whether a label map in this state must not change."""
        return self not in EDITABLE


class Meaning(StrEnum):
    """What a signature means (21 CFR 11.50(a)(3))."""

    SUBMITTED = "submitted"
    APPROVED = "approved"
    CHANGES_REQUESTED = "changes-requested"


@dataclass(frozen=True)
class Transition:
    """One allowed step.

    Attributes:
        to: The state after it.
        roles: Who may take it.
        open_to_authors: Whether somebody who submitted this label map may take it. Approval needs other
            eyes, also where the author is a radiologist.
        same_content: Whether the content must be the one of the statement before. Nobody approves
            something else than what was submitted.
        needs_reason: Whether a reason must be given.
    """

    to: State
    roles: frozenset[Role]
    open_to_authors: bool
    same_content: bool
    needs_reason: bool


_SUBMISSION = Transition(
    to=State.SUBMITTED,
    roles=frozenset({Role.ANNOTATOR, Role.RADIOLOGIST}),
    open_to_authors=True,
    same_content=False,
    needs_reason=False,
)
_APPROVAL = Transition(
    to=State.APPROVED,
    roles=frozenset({Role.RADIOLOGIST}),
    open_to_authors=False,
    same_content=True,
    needs_reason=False,
)
_RETURN = Transition(
    to=State.CHANGES_REQUESTED,
    roles=frozenset({Role.RADIOLOGIST, Role.QA}),
    open_to_authors=False,
    same_content=True,
    needs_reason=True,
)

TRANSITIONS: Mapping[tuple[State, Meaning], Transition] = MappingProxyType(
    {
        (State.DRAFT, Meaning.SUBMITTED): _SUBMISSION,
        (State.CHANGES_REQUESTED, Meaning.SUBMITTED): _SUBMISSION,
        (State.SUBMITTED, Meaning.APPROVED): _APPROVAL,
        (State.SUBMITTED, Meaning.CHANGES_REQUESTED): _RETURN,
    }
)
"""Every step that is allowed; what is not here is refused. What was approved stays as it is."""

EDITABLE = frozenset({State.DRAFT, State.CHANGES_REQUESTED})
"""The states in which a label map may be overwritten."""


def next_state(
    state: State, meaning: Meaning, role: Role, *, is_author: bool, same_content: bool, reason: str
) -> State:
    """Take one step.

    Args:
        state: Where the label map stands.
        meaning: What the signature is to mean.
        role: The role of who signs.
        is_author: Whether that person submitted this label map before, once or more often.
        same_content: Whether the content is the one of the statement before.
        reason: Why, where a reason is needed.

    Raises:
        TransitionError: The table does not allow it; ``rule`` in the details is a stable word.
    """
    step = TRANSITIONS.get((state, meaning))
    if step is None:
        allowed = [m.value for s, m in TRANSITIONS if s is state]
        raise TransitionError(
            f"a label map that is {state} can't become {meaning}",
            hint=f"possible now: {', '.join(allowed)}" if allowed else "save a copy under another name",
            rule="order",
        )
    checks = {
        "role": (role in step.roles, f"only {_listed(step.roles)} may sign as {meaning}, not {role}"),
        "author": (step.open_to_authors or not is_author, f"who submitted it may not sign it as {meaning}"),
        "content": (same_content or not step.same_content, "the content is not the one that was submitted"),
        "reason": (bool(reason.strip()) or not step.needs_reason, f"{meaning} needs a reason"),
    }
    for rule, (holds, message) in checks.items():
        if not holds:
            raise TransitionError(message, rule=rule)
    return step.to


def _listed(roles: frozenset[Role]) -> str:
    return " or ".join(role.value for role in Role if role in roles)
