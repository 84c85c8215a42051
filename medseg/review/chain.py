"""Replay a bundle of statements: every signature, every link and every step, in order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from medseg.errors import ReviewError, SidecarError, TransitionError
from medseg.provenance.content import Content
from medseg.review.checkpoint import NO_CHECKPOINTS, Checkpoints
from medseg.review.person import Person
from medseg.review.policy import Policy
from medseg.review.roster import Roster
from medseg.review.statement import Statement, line_sha256, open_statement, structure_ids
from medseg.review.states import Meaning, State, next_state

CLOCK_TOLERANCE = timedelta(minutes=5)
"""Clocks of a hospital's machines differ by seconds; more than this is told."""

NOTHING_DRAWN = "*"
"""Stands among the approvals for a label map without structures, which can be approved too: no finding."""

Approvals = Mapping[str, frozenset[str]]
"""For each structure id the ids of those who approved it since it was submitted."""

NO_APPROVALS: Approvals = MappingProxyType({})


@dataclass(frozen=True)
class SignedStep:
    """A statement whose signature, link and step are good.

    Attributes:
        statement: What was said.
        person: Who said it, from the roster, in the role of that time.
        sha256: Digest of its line.
        checkpointed_at: By when it was there for sure; None where no checkpoint proves it.
    """

    statement: Statement
    person: Person
    sha256: str
    checkpointed_at: datetime | None = None


@dataclass(frozen=True)
class Chain:
    """A bundle as far as it is sound.

    Attributes:
        steps: The good statements, in order; none after the first bad one.
        state: Where they lead.
        approvals: Who approved which structure since it was submitted.
        last_line: Digest of the last good line, which the next statement names.
        problems: What is wrong with the first bad one; empty in a sound bundle.
        warnings: What does not break the chain and should be known, such as a clock that ran wrong.
    """

    steps: tuple[SignedStep, ...] = ()
    state: State = State.IN_PROGRESS
    approvals: Approvals = field(default_factory=lambda: NO_APPROVALS)
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
        return frozenset(s.person.id for s in self.steps if s.statement.meaning.makes_author)

    def after(
        self,
        meaning: Meaning,
        person: Person,
        content: Content,
        *,
        reason: str,
        structures: Iterable[str],
        policy: Policy,
    ) -> tuple[State, Approvals]:
        """Where one more step would lead, and who has approved what then.

        Args:
            meaning: What the signature is to mean.
            person: Who signs.
            content: What is signed.
            reason: Why.
            structures: Ids of the structures that it covers.
            policy: How many approvals each structure needs.

        Raises:
            TransitionError: The table does not allow it, or the same person approved all of this already.
        """
        state = next_state(
            self.state,
            meaning,
            person.role,
            is_author=person.id in self.authors,
            same_content=self.latest is not None and self.latest.content.digest() == content.digest(),
            reason=reason,
        )
        if meaning is not Meaning.APPROVED:
            # What was decided about stays decided; what is submitted or chosen anew waits for all eyes again.
            return state, self.approvals if state in _DECIDED else NO_APPROVALS
        approvals = _with_approval(self.approvals, person, structures)
        needed = structure_ids(content) or (NOTHING_DRAWN,)
        complete = all(len(approvals.get(one, ())) >= policy.approvals for one in needed)
        return (state if complete else self.state), approvals


_DECIDED = frozenset({State.RELEASED, State.SUPERSEDED, State.WITHDRAWN})


def _with_approval(approvals: Approvals, person: Person, structures: Iterable[str]) -> Approvals:
    covered = tuple(structures) or (NOTHING_DRAWN,)
    if all(person.id in approvals.get(one, ()) for one in covered):
        raise TransitionError(f"{person.name} has approved this already", rule="repeated")
    return MappingProxyType(
        {**approvals, **{one: approvals.get(one, frozenset()) | {person.id} for one in covered}}
    )


def replay(bundle: bytes, roster: Roster, checkpoints: Checkpoints = NO_CHECKPOINTS) -> Chain:
    """Check a bundle line by line and stop at the first bad statement.

    A tail that was cut off can't be seen here: a shorter chain is a sound chain. Checkpoints kept elsewhere
    find it, see :mod:`medseg.review.verification`.

    Args:
        bundle: The bytes of the file; empty where there is none.
        roster: Who may sign.
        checkpoints: Which statements were there by when.
    """
    chain = Chain()
    if not bundle:
        return chain
    *lines, rest = bundle.split(b"\n")
    for number, line in enumerate(lines, start=1):
        try:
            chain = _extended(chain, line, roster, checkpoints, f"statement {number}")
        except (SidecarError, ReviewError) as error:
            return _broken(chain, f"statement {number}", error.message)
    if rest:
        return _broken(chain, f"statement {len(lines) + 1}", "its line has no end")
    return chain


def read_statements(bundle: bytes) -> tuple[Statement, ...]:
    """What the statements say; whether any of it is true is not checked.

    Raises:
        SidecarError: A statement is damaged.
    """
    *lines, rest = bundle.split(b"\n")
    if rest:
        raise SidecarError("the last statement is cut off")
    return tuple(open_statement(line, f"statement {number}")[0] for number, line in enumerate(lines, start=1))


def _extended(chain: Chain, line: bytes, roster: Roster, checkpoints: Checkpoints, what: str) -> Chain:
    statement, sealed = open_statement(line, what)
    if sealed.signature_count != 1:
        raise SidecarError(f"expected one signature, got {sealed.signature_count}")
    keys = sealed.signed_by(roster.public_hexes)
    if not keys:
        raise SidecarError("it is not signed by anybody on the roster, or was altered")
    sha256 = line_sha256(line)
    known_since = checkpoints.time_of(sha256)
    person = roster.signer(keys[0], statement.signed_at, trust=statement.trust)
    _require_believed_time(keys[0], known_since, roster)
    _require_identity(statement, person)
    policy = _policy_of(statement, roster)
    if statement.previous != chain.last_line:
        raise SidecarError("it does not follow the statement before it: moved, repeated, or one is missing")
    _require_same_background(chain, statement, roster)
    state, approvals = chain.after(
        statement.meaning,
        person,
        statement.content,
        reason=statement.reason,
        structures=statement.structures,
        policy=policy,
    )
    return Chain(
        steps=(*chain.steps, SignedStep(statement, person, sha256, known_since)),
        state=state,
        approvals=approvals,
        last_line=sha256,
        warnings=(*chain.warnings, *_clock_warnings(chain, statement, known_since, what)),
    )


def _require_identity(statement: Statement, person: Person) -> None:
    claimed = (statement.person_id, statement.name, statement.role)
    if claimed != (person.id, person.name, person.role):
        raise SidecarError(
            f"it names {statement.name[:80]!a} ({statement.person_id[:80]!a}, {statement.role}), but the key "
            f"belongs to {person.name} ({person.id}, {person.role})"
        )


def _require_believed_time(public_hex: str, known_since: datetime | None, roster: Roster) -> None:
    """Of a key that somebody else may hold only what a checkpoint saw before then is believed."""
    revocation = roster.revocation(public_hex)
    if revocation is None or not revocation.needs_checkpoint:
        return
    if known_since is None or known_since > revocation.from_:
        raise SidecarError(
            f"its key was revoked from {revocation.from_.isoformat()} ({revocation.why}), and no checkpoint "
            "shows that it was there before"
        )


def _policy_of(statement: Statement, roster: Roster) -> Policy:
    policy = roster.policy_of(statement.trust, statement.signed_at)
    if (statement.policy, statement.policy_version) != (policy.sha256, policy.version):
        raise SidecarError(
            f"it was signed under the policy {statement.policy_version[:64]!a}, but {policy.version!a} was "
            "in force"
        )
    return policy


def _require_same_background(chain: Chain, statement: Statement, roster: Roster) -> None:
    """Refuse another case than before, and an older roster: nobody falls back on what was changed since."""
    before = chain.latest
    if before is None:
        return
    if before.circumstances.case != statement.circumstances.case:
        raise SidecarError("it is about another case than the statement before it")
    if roster.position(statement.trust) < roster.position(before.trust):
        raise SidecarError("it names an older roster than the statement before it")


def _clock_warnings(
    chain: Chain, statement: Statement, known_since: datetime | None, what: str
) -> tuple[str, ...]:
    earlier = chain.latest is not None and statement.signed_at < chain.latest.signed_at - CLOCK_TOLERANCE
    later = known_since is not None and statement.signed_at > known_since + CLOCK_TOLERANCE
    return (
        *([f"{what} claims an earlier time than the one before it: a clock ran wrong"] if earlier else []),
        *([f"{what} claims a later time than its checkpoint: a clock ran wrong"] if later else []),
    )


def _broken(chain: Chain, what: str, message: str) -> Chain:
    prefix = "" if message.startswith(what) else f"{what}: "
    return replace(chain, problems=(f"{prefix}{message}",))


def future_warnings(chain: Chain, now: datetime) -> tuple[str, ...]:
    """Warn of statements that claim a time to come."""
    return tuple(
        f"statement {number} claims a time to come: a clock ran wrong"
        for number, step in enumerate(chain.steps, start=1)
        if step.statement.signed_at > now + CLOCK_TOLERANCE
    )
