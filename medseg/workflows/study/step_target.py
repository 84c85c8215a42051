"""What a signature is about: which read, and which revision of it."""

from __future__ import annotations

from dataclasses import dataclass

from medseg.errors import ConflictError, StudyError, TransitionError
from medseg.review.states import Meaning, State
from medseg.study.records import Case, Read, Revision
from medseg.workflows.study.acting import Act
from medseg.workflows.study.own_read import own_read, require_adjudicator, require_no_reader
from medseg.workflows.study.visibility import revision_named

_OTHER_EYES = (Meaning.APPROVED, Meaning.CHANGES_REQUESTED, Meaning.RELEASED)
"""What nobody says of what he contoured himself, or read beside it."""


@dataclass(frozen=True)
class Target:
    """What is signed.

    Attributes:
        read: The read.
        revision: The revision.
        meaning: What the signature means; a blind read is submitted as ``read``.
    """

    read: Read
    revision: Revision
    meaning: Meaning


def target_of(act: Act, case: Case, meaning: Meaning, digest: str | None) -> Target:
    """Find what a signature is about, and refuse whose it is not.

    Args:
        act: Who acts, in which transaction.
        case: The case.
        meaning: What the signature is to mean.
        digest: Of the revision, or its first digits; by default the one that is due.

    Raises:
        TransitionError: Nothing is there to be signed so, or not by this person.
        ConflictError: It is not the latest revision.
        UnknownCaseError: There is no such revision.
        StudyError: The adjudicator did not say which revision.
    """
    if meaning in (Meaning.SUBMITTED, Meaning.READ):
        return _submitted(act, case, meaning, digest)
    if meaning is Meaning.ADJUDICATED:
        return _adjudicated(act, case, digest)
    return _leading(act, case, meaning, digest)


def _submitted(act: Act, case: Case, asked: Meaning, digest: str | None) -> Target:
    read = own_read(act, case)
    if read.head is None:
        raise TransitionError(f"nothing of {case.id} was saved yet", hint="save a revision", rule="order")
    if read.is_opened:
        raise TransitionError(
            f"nothing of {case.id} was changed since it was opened for amending",
            hint="save a new revision first",
            rule="content",
        )
    _require_head(act, case, read, digest)
    is_blind = case.is_blind and case.leading is None and read.number <= case.reads
    meaning = Meaning.READ if is_blind else Meaning.SUBMITTED
    if asked is Meaning.READ and meaning is not Meaning.READ:
        raise TransitionError(f"{case.id} is not read blind: submit it", rule="order")
    return Target(read, act.t.revision(case.id, read.head), meaning)


def _adjudicated(act: Act, case: Case, digest: str | None) -> Target:
    if case.state is not State.ADJUDICATION:
        raise TransitionError(
            f"{case.id} is {case.state}: there is nothing to decide between now", rule="order"
        )
    require_adjudicator(act, case)
    if digest is None:
        raise StudyError("expected the revision that is chosen", hint="name it", reason="revision")
    revision = act.t.revision(case.id, digest)
    read = act.t.read(case.id, revision.read)
    _require_head(act, case, read, revision.digest)
    return Target(read, revision, Meaning.ADJUDICATED)


def _leading(act: Act, case: Case, meaning: Meaning, digest: str | None) -> Target:
    if case.leading is None:
        raise TransitionError(
            f"{case.id} is {case.state}: its blind reads are submitted and decided about first", rule="order"
        )
    if meaning in _OTHER_EYES:
        require_no_reader(act, case, f"sign as {meaning}")
    read = act.t.read(case.id, case.leading)
    if read.head is None:
        raise TransitionError(f"nothing of {case.id} was submitted yet", rule="order")
    revision = act.t.revision(case.id, digest or read.head)
    is_amended = revision.digest == case.in_force and (revision.digest != read.head or read.is_opened)
    # What is in force can be taken back also while somebody amends it.
    if is_amended and meaning is Meaning.WITHDRAWN:
        return Target(act.t.read(case.id, revision.read), revision, meaning)
    if is_amended or read.is_opened:
        raise TransitionError(
            f"{case.id} is being amended: a new revision is saved and submitted first", rule="order"
        )
    _require_head(act, case, read, digest)
    return Target(read, revision, meaning)


def _require_head(act: Act, case: Case, read: Read, digest: str | None) -> None:
    if digest is None or read.head is None:
        return
    if revision_named(act.t, case, digest, act.person).digest != read.head:
        raise ConflictError(
            f"this is not the latest revision of {read.case_id}: nothing was signed",
            hint="reload the case and look at the latest one",
            case=read.case_id,
            rule="content",
        )
