"""Every statement and bundle: signed by whom the roster knows, and in step with the database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from medseg.errors import SidecarError
from medseg.review.chain import Chain, replay
from medseg.review.circumstances import LedgerHead
from medseg.review.statement import Statement, line_sha256, open_statement
from medseg.review.states import Meaning, State
from medseg.review.trust import Trust
from medseg.study.records import Case, Read, Revision, StoredStatement
from medseg.workflows.study.checking.damage import Damage, Severity
from medseg.workflows.study.checking.table_rows import TableRows

Opened = list[tuple[StoredStatement, Statement]]


def opened_statements(rows: TableRows) -> tuple[Opened, list[Damage]]:
    """All statements, and those that can't be read."""
    opened, damages = [], []
    for stored in rows.statements.values():
        what = _named(stored)
        if line_sha256(stored.line) != stored.sha256:
            damages.append(Damage("statement-differs", what, "its line has another digest"))
            continue
        try:
            opened.append((stored, open_statement(stored.line, what)[0]))
        except SidecarError as error:
            damages.append(Damage("statement-damaged", what, error.message))
    return opened, damages


def statement_damages(opened: Opened) -> Iterator[Damage]:
    """Rows that say something else than what was signed, and statements that occur twice."""
    nonces = Counter(statement.nonce for _, statement in opened)
    for stored, statement in opened:
        what = f"{statement.circumstances.case}, statement {stored.sha256[:12]}"
        said = {
            "case": (stored.case_id, statement.circumstances.case),
            "revision": (stored.digest, statement.content.digest()),
            "meaning": (stored.meaning, statement.meaning.value),
            "person": (stored.person_id, statement.person_id),
            "time": (stored.signed_at, statement.signed_at),
        }
        for name, (row, signed) in said.items():
            if row != signed:
                yield Damage("statement-differs", what, f"its row names another {name} than what was signed")
        if nonces[statement.nonce] > 1:
            yield Damage("statement-repeated", what, "the same statement was taken in twice")


def heads_of(opened: Opened) -> list[LedgerHead]:
    """The ledger's heads that the statements name."""
    return [s.circumstances.ledger for _, s in opened if s.circumstances.ledger is not None]


def bundle_damages(rows: TableRows, trust: Trust, opened: Opened) -> Iterator[Damage]:
    """The statements of each revision, replayed by the trust folder, against what the database says."""
    heads = {(read.case_id, read.head): read for read in rows.reads.values()}
    for (case_id, digest), revision in sorted(rows.revisions.items()):
        what = f"{case_id}, revision {digest[:12]}"
        chain = replay(rows.bundle(case_id, digest), trust.roster, trust.checkpoints)
        yield from _of_chain(chain, what)
        if chain.problems:
            continue
        if chain.latest is not None and _is_foreign(chain.latest, revision):
            yield Damage("bundle-differs", what, "its last statement is about another revision")
        missing = trust.checkpoints.missing_after(chain.last_line, digest) if chain.latest else None
        if missing is not None:
            yield Damage("bundle-cut", what, f"a checkpoint names a statement after it: {missing.meaning}")
        case = rows.cases.get(case_id)
        if case is not None:
            yield from _against_rows(case, heads.get((case_id, digest)), revision, chain.state, what)
    for stored, statement in lone_amendments(rows, opened):
        chain = replayed_alone(rows, trust, stored, statement)
        yield from _of_chain(chain, _named(stored))


def lone_amendments(rows: TableRows, opened: Opened) -> Opened:
    """The amendments that stand in no bundle: nothing was saved since they were opened."""
    standing = {sha256 for lines in rows.bundles.values() for sha256 in lines}
    return [
        (stored, statement)
        for stored, statement in opened
        if statement.meaning is Meaning.AMENDED and stored.sha256 not in standing
    ]


def replayed_alone(rows: TableRows, trust: Trust, stored: StoredStatement, statement: Statement) -> Chain:
    """Replay an amendment after the statements that it followed; others may follow those since."""
    lines = rows.bundles.get((stored.case_id, stored.digest), [])
    before = lines[: lines.index(statement.previous) + 1] if statement.previous in lines else []
    return replay(rows.joined(before) + stored.line + b"\n", trust.roster, trust.checkpoints)


def _of_chain(chain: Chain, what: str) -> Iterator[Damage]:
    for problem in chain.problems:
        yield Damage("signature-invalid", what, problem)
    for warning in chain.warnings:
        yield Damage("clock", what, warning, Severity.NOTE)


def _is_foreign(latest: Statement, revision: Revision) -> bool:
    """Whether the last statement is about neither the revision nor one that it was made from."""
    return revision.parent is None and latest.content.digest() != revision.digest


def _against_rows(
    case: Case, read: Read | None, revision: Revision, state: State, what: str
) -> Iterator[Damage]:
    if read is not None and not read.is_opened:
        locked = state.is_locked or read.state.is_locked
        if locked and state is not read.state:
            message = f"the database says {read.state}, and what was signed leads to {state}"
            yield Damage("state-differs", what, message)
    in_force = state in (State.APPROVED, State.RELEASED)
    if case.in_force == revision.digest and not in_force:
        message = f"it is in force by the database, and {state} by what was signed"
        yield Damage("in-force-differs", what, message)
    if in_force and case.in_force != revision.digest:
        yield Damage("in-force-differs", what, f"it is {state} by what was signed, and not in force")


def _named(stored: StoredStatement) -> str:
    return f"{stored.case_id}, statement {stored.sha256[:12]}"
