"""The trail of a study as PDF, for the archive."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medseg.io.atomic import write_whole
from medseg.io.pdf_text import A4, BOLD, FONT, MM, register_fonts, shown, wrapped
from medseg.progress import Progress, silent
from medseg.review.audit import Audit, AuditEntry

if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas

_STEP = 100
"""Entries between two calls of the progress: they take a hundredth of a second."""

_MARGIN = 15 * MM
_SIZE, _LEADING = 8.0, 10.5


def write_audit_pdf(audit: Audit, path: Path, *, progress: Progress = silent) -> None:
    """Write a trail as PDF: study, head of the ledger and the result of the check stand on every page.

    The font knows the letters of Western Europe. One that it lacks is written as its code, such as
    ``{U+017A}``: nothing is left out. The page and the JSON have all letters.

    Args:
        audit: The trail.
        path: The file.
        progress: Called before each hundred entries.

    Raises:
        OutputExistsError: The file exists.
        OutputError: It can't be written.
        Cancelled: The user stopped it; nothing was written.
    """
    buffer = BytesIO()
    _Printer(buffer, audit).run(progress)
    write_whole(path, buffer.getvalue())


class _Printer:
    """Fills pages from top to bottom."""

    def __init__(self, buffer: BytesIO, audit: Audit) -> None:
        from reportlab.pdfgen.canvas import Canvas

        register_fonts()
        # Without a time of its own, the same trail makes the same bytes.
        self._canvas: Canvas = Canvas(buffer, pagesize=A4, pageCompression=1, invariant=1)
        self._audit = audit
        self._pages = 0
        self._y = 0.0

    def run(self, progress: Progress) -> None:
        """Print everything."""
        audit = self._audit
        about = f"case {audit.case}" if audit.case else "all cases"
        self._canvas.setTitle(shown(f"Audit trail: {about}"))
        self._new_page()
        self._text(f"Audit trail: {about}", bold=True)
        for line in _head(audit):
            self._text(line)
        for number, entry in enumerate(audit.entries):
            if number % _STEP == 0:
                progress("Printing", number, len(audit.entries))
            self._entry(entry)
        self._canvas.showPage()
        self._canvas.save()

    def _entry(self, entry: AuditEntry) -> None:
        lines = list(_lines(entry))
        # The heading of an entry does not stand alone at the foot of a page.
        if self._y < _MARGIN + 3 * _LEADING:
            self._new_page()
        self._y -= _LEADING / 2
        self._text(lines[0], bold=True)
        for line in lines[1:]:
            self._text(line, indent=5 * MM)

    def _text(self, text: str, *, bold: bool = False, indent: float = 0.0) -> None:
        font = BOLD if bold else FONT
        for line in wrapped(shown(text), font, _SIZE, A4[0] - 2 * _MARGIN - indent):
            if self._y < _MARGIN + _LEADING:
                self._new_page()
            self._canvas.setFont(font, _SIZE)
            self._canvas.drawString(_MARGIN + indent, self._y, line)
            self._y -= _LEADING

    def _new_page(self) -> None:
        if self._pages:
            self._canvas.showPage()
        self._pages += 1
        audit = self._audit
        result = f"{len(audit.findings)} findings" if audit.findings else "nothing is damaged"
        foot = (
            f"page {self._pages}   study {audit.study}   printed {audit.made_at}   check: {result}",
            f"ledger: {audit.ledger_size} entries, head {audit.ledger_head}",
        )
        self._canvas.setFont(FONT, _SIZE - 2)
        for number, line in enumerate(foot):
            self._canvas.drawString(_MARGIN, _MARGIN - (number + 1) * (_LEADING - 2), shown(line))
        self._y = A4[1] - _MARGIN


def _head(audit: Audit) -> Iterator[str]:
    yield f"study {audit.study}"
    yield f"printed {audit.made_at} by {audit.software}"
    yield f"ledger: {audit.ledger_size} entries, head {audit.ledger_head}"
    yield f"roster {audit.roster}"
    yield "check of the study: " + ("FINDINGS" if audit.findings else "nothing is damaged")
    yield from (f"- {finding}" for finding in audit.findings)


def _lines(entry: AuditEntry) -> Iterator[str]:
    who = f"{entry.name or entry.person} ({entry.person}, {entry.role})"
    yield f"{entry.number}   {entry.at}   {entry.case or ''}   {who}"
    yield entry.words
    signature: Any = entry.signature
    if signature is not None:
        proven = signature.checkpointed_at
        time = f"there by {proven}, as a checkpoint proves" if proven else "by the signer's clock"
        state = "NOT VALID" if signature.problem else "valid"
        signer = f"{signature.name} ({signature.role}), {signature.signed_at} {time}"
        yield f"{state}: {signer}: {signature.meaning}"
        yield f"structures: {', '.join(signature.structures) or 'none'}; policy {signature.policy}"
        yield f"statement {signature.sha256}"
    if entry.revision:
        yield f"revision {entry.revision}"
    yield f"{entry.workstation}, {entry.software}"
