"""The states of a label map on its way to release, and the steps between them, as one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from medseg.errors import TransitionError
from medseg.review.role import Role


class State(StrEnum):
    """Where a label map stands.

    A loose file is ``in-progress`` until somebody signs it. The first two states are of cases in a study:
    they wait for a reader, or for the first stroke.
    """

    UNASSIGNED = "unassigned"
    ASSIGNED = "assigned"
    IN_PROGRESS = "in-progress"
    SUBMITTED = "submitted"
    ADJUDICATION = "adjudication"
    CHANGES_REQUESTED = "changes-requested"
    APPROVED = "approved"
    RELEASED = "released"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"

    @property
    def is_locked(self) -> bool:
        """Whether a label map in this state must not change."""
        return self not in EDITABLE


class Work(StrEnum):
    """A step of a study that nobody signs."""

    ASSIGNED = "assigned"
    SAVED = "saved"


class Meaning(StrEnum):
    """What a signature means (21 CFR 11.50(a)(3)).

    ``read`` submits one of several independent readings, which wait for adjudication; ``adjudicated`` chooses
    one of them. ``amended`` opens for a new revision what was decided already.
    """

    SUBMITTED = "submitted"
    READ = "read"
    ADJUDICATED = "adjudicated"
    CHANGES_REQUESTED = "changes-requested"
    APPROVED = "approved"
    RELEASED = "released"
    AMENDED = "amended"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"

    @property
    def makes_author(self) -> bool:
        """Whether who signs so is an author from then on."""
        return self in (Meaning.SUBMITTED, Meaning.READ)


@dataclass(frozen=True)
class Transition:
    """One allowed step.

    Attributes:
        to: The state after it.
        roles: Who may take it.
        open_to_authors: Whether an author of this label map may take it. Approval needs other eyes, also
            where the author is a radiologist.
        same_content: Whether the content must be the one of the statement before. Nobody approves
            something else than what was submitted.
        needs_reason: Whether a reason must be given.
    """

    to: State
    roles: frozenset[Role]
    open_to_authors: bool = True
    same_content: bool = True
    needs_reason: bool = False


_READERS = frozenset({Role.ANNOTATOR, Role.RADIOLOGIST})
_RADIOLOGIST = frozenset({Role.RADIOLOGIST})
_JUDGES = frozenset({Role.RADIOLOGIST, Role.QA})
ORGANISERS = frozenset({Role.COORDINATOR, Role.QA, Role.RADIOLOGIST})
"""Who adds cases and hands them out; at a small site the radiologist does."""


_ASSIGNMENT = Transition(State.ASSIGNED, ORGANISERS)
_SAVING = Transition(State.IN_PROGRESS, _READERS, same_content=False)
_SUBMISSION = Transition(State.SUBMITTED, _READERS, same_content=False)
_READ = Transition(State.ADJUDICATION, _READERS, same_content=False)
_ADJUDICATION = Transition(State.SUBMITTED, _RADIOLOGIST, open_to_authors=False, needs_reason=True)
_RETURN = Transition(State.CHANGES_REQUESTED, _JUDGES, open_to_authors=False, needs_reason=True)
_APPROVAL = Transition(State.APPROVED, _RADIOLOGIST, open_to_authors=False)
_RELEASE = Transition(State.RELEASED, frozenset({Role.QA}), open_to_authors=False)
_AMENDMENT = Transition(State.IN_PROGRESS, _READERS | _JUDGES, needs_reason=True)
_WITHDRAWAL = Transition(State.WITHDRAWN, _JUDGES, needs_reason=True)
_SUPERSESSION = Transition(State.SUPERSEDED, _RADIOLOGIST, needs_reason=True)

TRANSITIONS: Mapping[tuple[State, Work | Meaning], Transition] = MappingProxyType(
    {
        (State.UNASSIGNED, Work.ASSIGNED): _ASSIGNMENT,
        (State.ASSIGNED, Work.ASSIGNED): _ASSIGNMENT,
        (State.ASSIGNED, Work.SAVED): _SAVING,
        (State.IN_PROGRESS, Work.ASSIGNED): _ASSIGNMENT,
        (State.IN_PROGRESS, Work.SAVED): _SAVING,
        (State.IN_PROGRESS, Meaning.SUBMITTED): _SUBMISSION,
        (State.IN_PROGRESS, Meaning.READ): _READ,
        (State.ADJUDICATION, Meaning.ADJUDICATED): _ADJUDICATION,
        (State.SUBMITTED, Meaning.CHANGES_REQUESTED): _RETURN,
        (State.SUBMITTED, Meaning.APPROVED): _APPROVAL,
        (State.SUBMITTED, Meaning.WITHDRAWN): _WITHDRAWAL,
        (State.CHANGES_REQUESTED, Work.ASSIGNED): _ASSIGNMENT,
        (State.CHANGES_REQUESTED, Work.SAVED): _SAVING,
        (State.CHANGES_REQUESTED, Meaning.SUBMITTED): _SUBMISSION,
        (State.APPROVED, Meaning.RELEASED): _RELEASE,
        (State.APPROVED, Meaning.AMENDED): _AMENDMENT,
        (State.APPROVED, Meaning.WITHDRAWN): _WITHDRAWAL,
        (State.APPROVED, Meaning.SUPERSEDED): _SUPERSESSION,
        (State.RELEASED, Meaning.AMENDED): _AMENDMENT,
        (State.RELEASED, Meaning.WITHDRAWN): _WITHDRAWAL,
        (State.RELEASED, Meaning.SUPERSEDED): _SUPERSESSION,
        (State.WITHDRAWN, Meaning.AMENDED): _AMENDMENT,
    }
)
"""Every step that is allowed; what is not here is refused.

An approval leads to ``approved`` once every structure has as many approvals as the policy asks for; until
then the label map stays submitted (:mod:`medseg.review.chain`).
"""

EDITABLE = frozenset({State.UNASSIGNED, State.ASSIGNED, State.IN_PROGRESS, State.CHANGES_REQUESTED})
"""The states in which a label map may be overwritten, or a new revision of it be saved."""


def next_state(
    state: State, step: Work | Meaning, role: Role, *, is_author: bool, same_content: bool, reason: str
) -> State:
    """Take one step.

    Args:
        state: Where the label map stands.
        step: What is done, or what the signature is to mean.
        role: The role of who does it.
        is_author: Whether that person is an author of this label map.
        same_content: Whether the content is the one of the statement before.
        reason: Why, where a reason is needed.

    Raises:
        TransitionError: The table does not allow it; ``rule`` in the details is a stable word.
    """
    transition = TRANSITIONS.get((state, step))
    if transition is None:
        allowed = possible_steps(state, type(step))
        raise TransitionError(
            f"a label map that is {state} can't become {step}",
            hint=f"possible now: {', '.join(allowed)}" if allowed else "save a copy under another name",
            rule="order",
        )
    roles = transition.roles
    checks = {
        "role": (role in roles, f"only {_listed(roles)} may sign as {step}, not {role}"),
        "author": (
            transition.open_to_authors or not is_author,
            f"who submitted it may not sign it as {step}",
        ),
        "content": (
            same_content or not transition.same_content,
            "the content is not the one that was submitted",
        ),
        "reason": (bool(reason.strip()) or not transition.needs_reason, f"{step} needs a reason"),
    }
    for rule, (holds, message) in checks.items():
        if not holds:
            raise TransitionError(message, rule=rule)
    return transition.to


def possible_steps(state: State, kind: type[Work | Meaning] | None = None) -> tuple[str, ...]:
    """The steps that lead on from a state, in the order of the table: all, or those that are (not) signed."""
    return tuple(
        step.value for (start, step) in TRANSITIONS if start is state and (kind is None or type(step) is kind)
    )


def _listed(roles: frozenset[Role]) -> str:
    return " or ".join(role.value for role in Role if role in roles)
