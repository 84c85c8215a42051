"""Take in a statement that was signed elsewhere, on a copy of a revision."""

from __future__ import annotations

from contextlib import ExitStack

from medseg.errors import TransitionError
from medseg.review.chain import replay
from medseg.review.statement import Statement, line_sha256, open_statement
from medseg.study.records import Case
from medseg.workflows.study.acting import Act, acting
from medseg.workflows.study.opened import Study
from medseg.workflows.study.revision_files import require_unchanged, rolled_forward
from medseg.workflows.study.signing_in import SignedIn
from medseg.workflows.study.step_target import Target, target_of
from medseg.workflows.study.take_step import (
    StepTaken,
    apply_statement,
    no_supersession,
    require_in_step,
    sources_of,
    verified_line,
)


def receive_statement(study: Study, who: SignedIn, case_id: str, line: bytes) -> StepTaken:
    """Take in a statement that its signer made elsewhere.

    It counts only where it was made for this case, this revision and these statements before it, and never
    twice. What is refused is written down.

    Args:
        study: The study.
        who: Who signed it: the signer himself brings it in.
        case_id: The case.
        line: The envelope, as it stands in the bundle of the copy, without an end of line.

    Raises:
        SidecarError: It is no statement, or a damaged one.
        TransitionError: It is of another case or revision, repeated, or the table does not allow it.
        ReviewError: It does not verify.
    """
    line = line.removesuffix(b"\n")
    with ExitStack() as files:
        with acting(study, who, case_id, "bring in a statement") as act:
            statement, _ = open_statement(line, "the statement")
            case = act.t.case(case_id)
            target = _target(act, case, statement, line)
            found = require_unchanged(study.folder, target.revision)
            bundle = rolled_forward(study.folder, act.t, target.revision)
            chain = replay(bundle, act.trust.roster, act.trust.checkpoints)
            require_in_step(chain, target)
            if statement.previous != chain.last_line:
                raise TransitionError(
                    "the statement does not follow those that the revision has: it was moved, or somebody "
                    "signed meanwhile",
                    rule="moved",
                )
            _require_circumstances(act, case, target, statement)
            signed = verified_line(act, line, statement, bundle, found)
            taken, staged = apply_statement(act, case, target, signed, files)
        for one in staged:
            one.publish()
    return taken


def _target(act: Act, case: Case, statement: Statement, line: bytes) -> Target:
    if act.t.has_statement(line_sha256(line)):
        raise TransitionError("the statement was taken in before: it does not count twice", rule="replayed")
    if statement.circumstances.case != case.id:
        raise TransitionError("the statement is about another case", rule="moved")
    if statement.person_id != act.person.id:
        raise TransitionError("the statement was signed by somebody else", rule="signer")
    digest = statement.content.digest()
    if all(revision.digest != digest for revision in act.t.revisions(case.id)):
        raise TransitionError("the statement is about another revision", rule="moved")
    no_supersession(case, statement.meaning)
    target = target_of(act, case, statement.meaning, digest)
    if target.meaning is not statement.meaning:
        raise TransitionError(f"expected a statement that means {target.meaning}", rule="order")
    return target


def _require_circumstances(act: Act, case: Case, target: Target, statement: Statement) -> None:
    """Refuse a statement that tells another story of the revision than the study does."""
    around = statement.circumstances
    if around.parent != target.revision.parent:
        raise TransitionError("the statement names another parent of the revision", rule="parent")
    if around.sources != sources_of(act, case, target.revision):
        raise TransitionError("the statement names another image", rule="sources")
    head = around.ledger
    known = None if head is None else next(iter(act.t.ledger(head.number, head.number)), None)
    if known is None or known.head != head:
        raise TransitionError("the statement names a ledger that this study never had", rule="ledger")
