"""Replay a bundle of statements: every signature, every link and every step, in order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from medseg.errors import SidecarError, TransitionError
from medseg.provenance.content import Content
from medseg.review.person import Person
from medseg.review.roster import Roster
from medseg.review.statement import Statement, line_sha256, open_statement
from medseg.review.states import Meaning, State, next_state

CLOCK_TOLERANCE = timedelta(minutes=5)
"""Clocks of a hospital's machines differ by seconds; more than this is told."""


@dataclass(frozen=True)
class SignedStep:
    """A statement whose signature, link and step are good.

    Attributes:
        statement: What was said.
        person: Who said it, from the roster.
    """

    statement: Statement
    person: Person


@dataclass(frozen=True)
class Chain:
    """A bundle as far as it is sound.

    Attributes:
        steps: The good statements, in order; none after the first bad one.
        state: Where they lead.
        last_line: Digest of the last good line, which the next statement names.
        problems: What is wrong with the first bad one; empty in a sound bundle.
        warnings: What does not break the chain and should be known, such as a clock that ran wrong.
    """

    steps: tuple[SignedStep, ...] = ()
    state: State = State.DRAFT
    last_line: str | None = None
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def latest(self) -> Statement | None:
        """The last good statement."""
        return self.steps[-1].statement if self.steps else None

    @property
    def authors(self) -> frozenset[str]:
        """Ids of all who submitted, in whichever round: what they drew may still be in it."""
        return frozenset(s.person.id for s in self.steps if s.statement.meaning is Meaning.SUBMITTED)

    def state_after(self, meaning: Meaning, person: Person, content: Content, reason: str) -> State:
        """Where one more step would lead.

        Raises:
            TransitionError: The table does not allow it.
        """
        return next_state(
            self.state,
            meaning,
            person.role,
            is_author=person.id in self.authors,
            same_content=self.latest is not None and self.latest.content.digest() == content.digest(),
            reason=reason,
        )


def replay(bundle: bytes, roster: Roster) -> Chain:
    """Check a bundle line by line and stop at the first bad statement.

    A tail that was cut off can't be seen: a shorter chain is a sound chain. It takes a checkpoint kept
    elsewhere to find that.

    Args:
        bundle: The bytes of the file; empty where there is none.
        roster: Who may sign.
    """
    chain = Chain()
    if not bundle:
        return chain
    *lines, rest = bundle.split(b"\n")
    for number, line in enumerate(lines, start=1):
        try:
            chain = _extended(chain, line, roster, f"statement {number}")
        except (SidecarError, TransitionError) as error:
            return _broken(chain, f"statement {number}", error.message)
    if rest:
        return _broken(chain, f"statement {len(lines) + 1}", "its line has no end")
    return chain


def read_meanings(bundle: bytes) -> tuple[Meaning, ...]:
    """What each statement says it means; whether that is true is not checked.

    Raises:
        SidecarError: A statement is damaged.
    """
    *lines, rest = bundle.split(b"\n")
    if rest:
        raise SidecarError("the last statement is cut off")
    return tuple(
        open_statement(line, f"statement {number}")[0].meaning for number, line in enumerate(lines, start=1)
    )


def _extended(chain: Chain, line: bytes, roster: Roster, what: str) -> Chain:
    statement, sealed = open_statement(line, what)
    if sealed.signature_count != 1:
        raise SidecarError(f"expected one signature, got {sealed.signature_count}")
    signers = sealed.signed_by(person.public_hex for person in roster.people)
    person = roster.holder_of(signers[0]) if signers else None
    if person is None:
        raise SidecarError("it is not signed by anybody on the roster, or was altered")
    _require_roster_identity(statement, person)
    if statement.previous != chain.last_line:
        raise SidecarError("it does not follow the statement before it: moved, repeated, or one is missing")
    state = chain.state_after(statement.meaning, person, statement.content, statement.reason)
    warnings = chain.warnings
    if chain.latest and statement.signed_at < chain.latest.signed_at - CLOCK_TOLERANCE:
        warnings += (f"{what} claims an earlier time than the one before it: a clock ran wrong",)
    return Chain((*chain.steps, SignedStep(statement, person)), state, line_sha256(line), (), warnings)


def _require_roster_identity(statement: Statement, person: Person) -> None:
    claimed = (statement.person_id, statement.name, statement.role)
    if claimed != (person.id, person.name, person.role):
        raise SidecarError(
            f"it names {statement.name[:80]!a} ({statement.person_id[:80]!a}, {statement.role}), but the key "
            f"belongs to {person.name} ({person.id}, {person.role})"
        )
    if not person.may_sign_at(statement.signed_at):
        raise SidecarError(f"{person.name} was not entitled to sign at {statement.signed_at.isoformat()}")


def _broken(chain: Chain, what: str, message: str) -> Chain:
    prefix = "" if message.startswith(what) else f"{what}: "
    return Chain(chain.steps, chain.state, chain.last_line, (f"{prefix}{message}",), chain.warnings)


def future_warnings(chain: Chain, now: datetime) -> tuple[str, ...]:
    """Warn of statements that claim a time to come."""
    return tuple(
        f"statement {number} claims a time to come: a clock ran wrong"
        for number, step in enumerate(chain.steps, start=1)
        if step.statement.signed_at > now + CLOCK_TOLERANCE
    )
