"""Print the trail of a study, with every signature verified anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medseg._version import __version__
from medseg.errors import MedsegError, SidecarError
from medseg.io.audit_page import write_audit_page
from medseg.io.audit_pdf import write_audit_pdf
from medseg.progress import Progress, silent
from medseg.review.audit import Audit, AuditedSignature, AuditEntry
from medseg.review.chain import SignedStep, replay
from medseg.review.roster import Roster
from medseg.review.statement import open_statement
from medseg.review.trust import Trust
from medseg.study.ledger import LedgerAction, LedgerEntry
from medseg.workflows.study.check_study import check_study
from medseg.workflows.study.checking.damage import Severity
from medseg.workflows.study.checking.entries import fields_of
from medseg.workflows.study.checking.signatures import lone_amendments, opened_statements, replayed_alone
from medseg.workflows.study.checking.table_rows import TableRows, read_rows
from medseg.workflows.study.checking.trust_folder import look_at_trust
from medseg.workflows.study.opened import Study, now

SHOWN_DIGITS = 12


def audit(study: Study, *, case: str | None = None, progress: Progress = silent) -> Audit:
    """The trail of a study: every entry of its ledger, and each signature with its verification.

    The whole study is checked first, so that the trail says whether it can be believed. An entry that can't
    be read, and a signature that is not good, stand in the trail as what they are.

    Args:
        study: The study.
        case: Only what is about this case.
        progress: Called while the study is checked.

    Raises:
        UnknownCaseError: There is no such case.
        Cancelled: The user stopped it.
        DatabaseError: The database can't be read.
    """
    check = check_study(study, progress=progress)
    trust = look_at_trust(study.folder.trust).trust
    with study.store.reading() as r:
        if case is not None:
            case = r.case(case).id
        signed = _Signed.of(read_rows(r), trust)
        entries = tuple(_entry(entry, signed) for entry in r.ledger(case_id=case))
        head = r.head()
    return Audit(
        study=study.id,
        case=case,
        made_at=now().isoformat(timespec="seconds"),
        software=f"medseg {__version__}",
        ledger_size=head.number if head else 0,
        ledger_head=head.sha256 if head else "",
        roster=trust.roster.digest if trust else "",
        findings=tuple(
            f"{damage.what}: {damage.message}"
            for damage in check.damages
            if damage.severity is Severity.DAMAGE
        ),
        entries=entries,
    )


def write_audit(
    found: Audit, *, html: Path | None = None, pdf: Path | None = None, progress: Progress = silent
) -> None:
    """Write a trail as a page, as a PDF, or both.

    Args:
        found: The trail.
        html: The page.
        pdf: The PDF.
        progress: Called while the PDF is printed.

    Raises:
        OutputExistsError: A file is there already.
        OutputError: It can't be written.
    """
    if html is not None:
        write_audit_page(found, html)
    if pdf is not None:
        write_audit_pdf(found, pdf, progress=progress)


@dataclass(frozen=True)
class _Signed:
    """The statements of a study, and those of them that are good.

    Attributes:
        rows: The database.
        roster: Who is who; None where the trust folder can't be used.
        good: Good statements, by the digest of the line.
    """

    rows: TableRows
    roster: Roster | None
    good: Mapping[str, SignedStep]

    @classmethod
    def of(cls, rows: TableRows, trust: Trust | None) -> _Signed:
        if trust is None:
            return cls(rows, None, {})
        return cls(rows, trust.roster, {step.sha256: step for step in _good_steps(rows, trust)})


def _good_steps(rows: TableRows, trust: Trust) -> Iterator[SignedStep]:
    for key in rows.bundles:
        yield from replay(rows.bundle(*key), trust.roster, trust.checkpoints).steps
    # A statement that opened an amendment stands in no bundle before the next revision is saved.
    opened, _ = opened_statements(rows)
    for stored, statement in lone_amendments(rows, opened):
        yield from replayed_alone(rows, trust, stored, statement).steps


def _entry(entry: LedgerEntry, signed: _Signed) -> AuditEntry:
    fields = fields_of(entry)
    if fields is None:
        words = "NOT READABLE: this entry of the ledger was damaged"
        return AuditEntry(entry.number, "", "", "", "", "unreadable", words, None, None, "", "")
    person = signed.roster.person(fields["person"]) if signed.roster else None
    signature = _signature(fields, signed) if fields["statement"] else None
    return AuditEntry(
        number=entry.number,
        at=fields["at"],
        person=fields["person"],
        name=person.name if person else "",
        role=fields["role"],
        action=fields["action"],
        words=_words(fields, signature),
        case=fields["case"],
        revision=fields["revision"],
        workstation=str(fields.get("workstation", "")),
        software=str(fields.get("software", "")),
        details=dict(fields["details"]),
        signature=signature,
    )


def _signature(fields: Mapping[str, Any], signed: _Signed) -> AuditedSignature:
    sha256 = fields["statement"]
    good = signed.good.get(sha256)
    if good is not None:
        statement, name, role, problem = good.statement, good.person.name, good.person.role.value, ""
    else:
        try:
            statement, _ = open_statement(_line(signed.rows, sha256), "the statement")
        except MedsegError as error:
            meaning = str(fields["details"].get("meaning", ""))
            return AuditedSignature("", "", meaning, "", None, "", (), "", sha256, error.message)
        name, role = statement.name, statement.role.value
        problem = "its signature is not good, or stands behind one that is not"
        if signed.roster is None:
            problem = "the trust folder is damaged: nobody can say whose signature this is"
    checkpointed = good.checkpointed_at if good else None
    return AuditedSignature(
        name=name,
        role=role,
        meaning=statement.meaning.value,
        signed_at=statement.signed_at.isoformat(timespec="seconds"),
        checkpointed_at=checkpointed.isoformat(timespec="seconds") if checkpointed else None,
        reason=statement.reason,
        structures=statement.structures,
        policy=statement.policy_version,
        sha256=sha256,
        problem=problem,
    )


def _line(rows: TableRows, sha256: str) -> bytes:
    """A statement.

    Raises:
        SidecarError: It is gone.
    """
    if sha256 not in rows.statements:
        raise SidecarError("the statement is gone")
    return rows.statements[sha256].line


def _words(fields: Mapping[str, Any], signature: AuditedSignature | None) -> str:
    if signature is not None:
        why = f": {signature.reason}" if signature.reason else ""
        bad = f" (NOT VALID: {signature.problem})" if signature.problem else ""
        return f"signed as {signature.meaning}{why}{bad}"
    say = _SAY.get(fields["action"])
    try:
        return say(fields["details"], fields) if say else str(fields["action"])
    except (TypeError, AttributeError):
        return str(fields["action"])  # of an entry that somebody edited


def _short(digest: Any) -> str:
    return str(digest)[:SHOWN_DIGITS]


def _to(value: Any) -> str:
    return str(value) if value else "none"


_SAY: Mapping[str, Callable[[Mapping[str, Any], Mapping[str, Any]], str]] = {
    LedgerAction.STUDY_CREATED: lambda d, _: f"made the study, founded by {', '.join(d.get('founders', []))}",
    LedgerAction.CASE_ADDED: lambda d, _: (
        f"added the case, read by {d.get('reads')}, due {_to(d.get('due'))}"
    ),
    LedgerAction.ASSIGNED: lambda d, _: (
        f"assigned to {', '.join(d.get('readers', []))}, due {_to(d.get('due'))}"
        + (f", adjudicated by {d['adjudicator']}" if d.get("adjudicator") else "")
    ),
    LedgerAction.DUE_CHANGED: lambda d, _: (
        f"changed the due date from {_to(d.get('from'))} to {_to(d.get('to'))}"
    ),
    LedgerAction.CHECKED_OUT: lambda _, f: f"took a working copy of read {f['read']}",
    LedgerAction.SAVED: lambda d, _: f"saved revision {d.get('number')}",
    LedgerAction.VIEWED: lambda _, f: f"looked at revision {_short(f['revision'])}",
    LedgerAction.REFUSED: lambda d, _: f"was refused: {d.get('attempted')} ({d.get('rule')})",
    LedgerAction.COMMENTED: lambda d, _: f"made comment {d.get('comment')}",
    LedgerAction.COMMENT_RESOLVED: lambda d, _: f"resolved comment {d.get('comment')}",
    LedgerAction.EXPORTED: lambda _, f: (
        f"exported revision {_short(f['revision'])}" if f["revision"] else "exported a working copy"
    ),
    LedgerAction.CHECKPOINTED: lambda d, _: f"signed a checkpoint of {d.get('size')} entries",
    LedgerAction.TRUST_CHANGED: lambda d, _: f"acted under a changed trust folder ({_short(d.get('trust'))})",
}
