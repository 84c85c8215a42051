"""Who may see which read: nobody sees another's before all have submitted, where reads are blind."""

from __future__ import annotations

from collections.abc import Sequence

from medseg.errors import BlindError, UnknownCaseError
from medseg.review.person import Person
from medseg.review.states import State
from medseg.study.ledger import LedgerAction
from medseg.study.reading import LEAST_DIGITS, Reader
from medseg.study.records import Case, Comment, Read, Revision


def is_veiled(case: Case, reads: Sequence[Read]) -> bool:
    """Whether the readers of a case may not see each other's work yet."""
    if not case.is_blind or case.leading is not None:
        return False
    return any(read.state is not State.ADJUDICATION for read in reads if read.number <= case.reads)


def may_see(case: Case, reads: Sequence[Read], number: int, person: Person) -> bool:
    """Whether somebody may see a read."""
    if not is_veiled(case, reads):
        return True
    return any(read.number == number and read.reader == person.id for read in reads)


def require_visible(case: Case, reads: Sequence[Read], number: int, person: Person) -> None:
    """Refuse a look at another reader's work.

    Raises:
        BlindError: The readers have not all submitted yet.
    """
    if not may_see(case, reads, number, person):
        raise BlindError(
            f"the reads of {case.id} are blind: nobody sees another reader's work before all have submitted",
            hint="wait until the case is in adjudication",
            case=case.id,
            rule="blind",
        )


def visible_revisions(r: Reader, case: Case, person: Person | None) -> tuple[Revision, ...]:
    """The revisions of a case that somebody may see; for nobody in particular those that all may see."""
    reads = r.reads(case.id)
    veiled = is_veiled(case, reads)
    return tuple(
        revision
        for revision in r.revisions(case.id)
        if not veiled or (person is not None and may_see(case, reads, revision.read, person))
    )


def numbers_of(revisions: Sequence[Revision], *, veiled: bool) -> dict[str, int]:
    """The numbers by which revisions are called, by digest.

    As long as reads are blind they are counted for each reader alone: that one's first revision is the third
    of the case would tell what the others did.

    Args:
        revisions: Those that somebody may see, in order.
        veiled: Whether others are held back.
    """
    return {
        revision.digest: position if veiled else revision.number
        for position, revision in enumerate(revisions, start=1)
    }


def revision_named(r: Reader, case: Case, named: str, person: Person) -> Revision:
    """A revision by the number that somebody sees it under, its digest, or the first digits of that.

    Raises:
        UnknownCaseError: There is none, or none that he may know of by a number.
    """
    if not named.isdecimal() or len(named) >= LEAST_DIGITS:
        return r.revision(case.id, named)
    numbers = numbers_of(visible_revisions(r, case, person), veiled=is_veiled(case, r.reads(case.id)))
    digest = next((digest for digest, number in numbers.items() if number == int(named)), None)
    if digest is None:
        raise UnknownCaseError(
            f"{case.id} has no revision {named}",
            hint="medseg study show, with your key, lists them",
            case=case.id,
        )
    return r.revision(case.id, digest)


def visible_comments(r: Reader, case: Case, person: Person | None) -> tuple[Comment, ...]:
    """The comments that somebody may see: those of other readers would tell what they found."""
    reads, comments = r.reads(case.id), r.comments(case.id)
    if not is_veiled(case, reads):
        return comments
    me = None if person is None else person.id
    readers = _ever_readers(r, case) - {me}
    own = {revision.digest for revision in visible_revisions(r, case, person)}
    return tuple(
        comment
        for comment in comments
        if comment.author not in readers and (comment.revision is None or comment.revision in own)
    )


def _ever_readers(r: Reader, case: Case) -> set[str]:
    """Everybody to whom the case was ever handed: who was replaced has looked, too."""
    entries = (entry for entry in r.ledger(case_id=case.id) if entry.action == LedgerAction.ASSIGNED)
    return {reader for entry in entries for reader in entry.fields["details"]["readers"]}


def veiled_for(read: Read, case: Case, reads: Sequence[Read], person: Person | None) -> Read:
    """A read as somebody may see it: of another's blind read neither head nor progress."""
    if person is not None and may_see(case, reads, read.number, person):
        return read
    if not is_veiled(case, reads):
        return read
    return Read(read.case_id, read.number, read.reader, State.ASSIGNED)
