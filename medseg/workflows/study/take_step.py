"""Sign: the one door through which a case moves on."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, replace

from medseg.errors import DamagedStudyError, ReviewError, TransitionError
from medseg.io.nifti.content import FileDigests
from medseg.io.provenance_file import source_digests
from medseg.review.chain import Chain, replay
from medseg.review.circumstances import Circumstances
from medseg.review.signing import next_statement
from medseg.review.statement import Statement, line_sha256, seal_statement
from medseg.review.states import Meaning, State
from medseg.review.verification import Verdict, Verification, verify_bundle
from medseg.study.ledger import LedgerAction, LedgerEntry
from medseg.study.records import Case, Read, Revision, StoredStatement
from medseg.workflows.study.acting import Act, acting
from medseg.workflows.study.assign import require_reader
from medseg.workflows.study.case_state import put_with_state
from medseg.workflows.study.opened import Study
from medseg.workflows.study.revision_files import (
    StagedBundle,
    files_of,
    require_image_unchanged,
    require_unchanged,
    rolled_forward,
    staged_bundle,
)
from medseg.workflows.study.signing_in import SignedIn
from medseg.workflows.study.step_target import Target, target_of


@dataclass(frozen=True)
class StepTaken:
    """What a signature led to.

    Attributes:
        case: The case, as it is now.
        revision: What was signed.
        verification: Of the revision with the new statement.
    """

    case: Case
    revision: Revision
    verification: Verification


def take_step(
    study: Study,
    who: SignedIn,
    case_id: str,
    meaning: str,
    *,
    reason: str = "",
    structures: Iterable[str] | None = None,
    revision: str | None = None,
    expected_version: int | None = None,
    reader: str | None = None,
) -> StepTaken:
    """Sign a revision: submit, approve, release, or whatever the table of states allows.

    Everything is read again at this moment. The signature and what follows from it are one transaction: when
    the program dies in the middle, it has happened as a whole or not at all.

    Args:
        study: The study.
        who: Who signs.
        case_id: The case.
        meaning: One of the words of :class:`medseg.review.states.Meaning`. ``submitted`` becomes ``read``
            where reads are blind.
        reason: Why; needed for what returns, chooses, amends or withdraws.
        structures: Ids of the structures that an approval covers; by default all.
        revision: Digest of the revision that was looked at; by default the one that is due. It is needed for
            ``adjudicated``.
        expected_version: Version of the case that was looked at.
        reader: Id of who goes on after ``amended``; by default whose read it was.

    Raises:
        TransitionError: The table of states does not allow it, or not by this person; it is written down.
        BlindError: It is about another reader's work before all have submitted.
        SessionEndedError: Too long since the last signature.
        ConflictError: The case changed since it was looked at.
        DamagedStudyError: The revision's files are not what was saved.
        OutputError: The disk is full; nothing was signed.
    """
    with ExitStack() as files:
        with acting(study, who, case_id, f"sign as {meaning}") as act:
            case = act.t.case(case_id)
            act.t.require_version(case, expected_version)
            target = target_of(act, case, Meaning(meaning), revision)
            pen = _Pen(act, who, case)
            signed = pen.sign(target, reason=reason, structures=structures)
            taken, staged = apply_statement(act, case, target, signed, files, reader=reader)
            old = _superseded(act, case, taken)
            if old is not None:
                staged += _supersede(act, pen, taken, old, files)
        for bundle in staged:
            bundle.publish()
    return taken


@dataclass(frozen=True)
class SignedLine:
    """A statement that fits the revision and the statements before it.

    Attributes:
        line: The envelope, without an end of line.
        statement: What it says.
        bundle: The statements before it and it.
        verification: Of the revision with it.
    """

    line: bytes
    statement: Statement
    bundle: bytes
    verification: Verification


@dataclass(frozen=True)
class _Pen:
    """Somebody's key, at work on one case."""

    act: Act
    who: SignedIn
    case: Case

    def sign(self, target: Target, *, reason: str, structures: Iterable[str] | None) -> SignedLine:
        """Make a statement and check that it verifies."""
        act, folder = self.act, self.act.study.folder
        require_image_unchanged(folder, self.case)
        found = require_unchanged(folder, target.revision)
        bundle = rolled_forward(folder, act.t, target.revision)
        chain = replay(bundle, act.trust.roster, act.trust.checkpoints)
        require_in_step(chain, target)
        sources = sources_of(act, self.case, target.revision)
        key = self.who.key(act.at)
        statement = next_statement(
            chain,
            found.content,
            found.files,
            act.person,
            meaning=target.meaning,
            reason=reason,
            signed_at=act.at,
            roster=act.trust.roster,
            circumstances=Circumstances(self.case.id, target.revision.parent, sources, act.t.head()),
            structures=structures,
        )
        return verified_line(act, seal_statement(statement, key), statement, bundle, found)


def sources_of(act: Act, case: Case, revision: Revision) -> tuple[str, ...]:
    """Digests of the image of a case, and of the files that the revision says it was drawn on."""
    record = files_of(act.study.folder, revision).provenance
    return tuple(dict.fromkeys((case.image_sha256, *source_digests(record))))


def verified_line(
    act: Act, line: bytes, statement: Statement, bundle: bytes, found: FileDigests
) -> SignedLine:
    """Refuse a statement that does not verify: it would spoil those before it.

    Raises:
        ReviewError: It does not.
    """
    longer = bundle + line + b"\n"
    verification = verify_bundle(
        longer,
        act.trust.roster,
        found.content,
        found.files,
        now=act.at,
        checkpoints=act.trust.checkpoints,
    )
    if verification.verdict is not Verdict.VALID:
        raise ReviewError(
            f"the new statement does not verify: {', '.join(verification.problems)}", rule="unsound"
        )
    return SignedLine(line, statement, longer, verification)


def require_in_step(chain: Chain, target: Target) -> None:
    """Refuse to sign where the database tells another story than the statements.

    Raises:
        DamagedStudyError: It does.
    """
    read = target.read
    # An amendment that was opened stands in no bundle yet: that of what is in force stays as it is.
    is_head = target.revision.digest == read.head and not read.is_opened
    if is_head and chain.state is not read.state and (chain.state.is_locked or read.state.is_locked):
        raise DamagedStudyError(
            f"{read.case_id} is {read.state} by the database, and {chain.state} by what was signed",
            hint="medseg study check tells more",
            reason="state-differs",
        )


def apply_statement(
    act: Act,
    case: Case,
    target: Target,
    signed: SignedLine,
    files: ExitStack,
    *,
    reader: str | None = None,
) -> tuple[StepTaken, list[StagedBundle]]:
    """Store a statement and what follows from it; its file is staged, to be put in place after the commit."""
    read = _read_after(act, target, signed, reader)
    entry = _store(act, target, signed, reader=read.reader if read else None)
    staged = []
    if target.meaning is not Meaning.AMENDED:
        path = files_of(act.study.folder, target.revision).sign_off
        staged.append(files.enter_context(staged_bundle(path, signed.bundle)))
    if read is not None:
        act.t.put_read(read)
    case = put_with_state(act.t, _case_after(case, target, signed.verification.state), entry)
    return StepTaken(case, target.revision, signed.verification), staged


def _store(act: Act, target: Target, signed: SignedLine, *, reader: str | None) -> LedgerEntry:
    sha256 = line_sha256(signed.line)
    statement = signed.statement
    entry = act.log(
        LedgerAction.SIGNED,
        read=target.read.number,
        revision=target.revision.digest,
        statement=sha256,
        details={
            "meaning": target.meaning.value,
            "state": signed.verification.state.value,
            "structures": list(statement.structures),
            "signer": statement.person_id,
            "reader": reader,
        },
    )
    act.t.add_statement(
        StoredStatement(
            sha256=sha256,
            case_id=target.read.case_id,
            digest=target.revision.digest,
            line=signed.line,
            meaning=target.meaning.value,
            person_id=statement.person_id,
            signed_at=statement.signed_at,
        ),
        to=None if target.meaning is Meaning.AMENDED else target.revision.digest,
    )
    return entry


def _read_after(act: Act, target: Target, signed: SignedLine, reader: str | None) -> Read | None:
    read, digest = target.read, target.revision.digest
    if target.meaning is Meaning.AMENDED:
        person = require_reader(act, reader or read.reader or act.person.id)
        sha256 = line_sha256(signed.line)
        return replace(read, state=State.IN_PROGRESS, base=digest, amendment=sha256, reader=person.id)
    return replace(read, state=signed.verification.state) if digest == read.head else None


def _case_after(case: Case, target: Target, state: State) -> Case:
    digest = target.revision.digest
    if target.meaning in (Meaning.SUBMITTED, Meaning.ADJUDICATED):
        case = replace(case, leading=target.read.number)
    if target.meaning is Meaning.APPROVED and state is State.APPROVED:
        return replace(case, in_force=digest)
    if target.meaning is Meaning.WITHDRAWN and case.in_force == digest:
        return replace(case, in_force=None)
    return case


def _superseded(act: Act, before: Case, taken: StepTaken) -> Revision | None:
    """The revision that was in force and is no longer, because a newer one was approved."""
    if before.in_force is None or taken.case.in_force in (None, before.in_force):
        return None
    return act.t.revision(before.id, before.in_force)


def _supersede(act: Act, pen: _Pen, taken: StepTaken, old: Revision, files: ExitStack) -> list[StagedBundle]:
    target = Target(act.t.read(old.case_id, old.read), old, Meaning.SUPERSEDED)
    reason = f"superseded by revision {taken.revision.number}, {taken.revision.digest}"
    signed = pen.sign(target, reason=reason, structures=None)
    _store(act, target, signed, reader=None)
    path = files_of(act.study.folder, old).sign_off
    return [files.enter_context(staged_bundle(path, signed.bundle))]


def no_supersession(case: Case, meaning: Meaning) -> None:
    """Refuse an approval made elsewhere that would need a second signature on what is in force.

    Raises:
        TransitionError: It would.
    """
    if meaning is Meaning.APPROVED and case.in_force is not None:
        raise TransitionError(
            "an approval that supersedes another one is signed in the study", rule="supersedes"
        )
