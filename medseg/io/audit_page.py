"""The trail of a study as one HTML page for print: no script, nothing from outside, every text escaped."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path

from medseg.io.atomic import write_whole
from medseg.review.audit import Audit, AuditedSignature, AuditEntry

_STYLE = """
body { margin: 0 auto; max-width: 76rem; padding: 1.5rem; font: .95rem/1.45 system-ui, sans-serif;
  color: #1c2126; background: #fff; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; margin: 0 0 .4rem; } code { font: .85em ui-monospace, monospace; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.2rem; margin: .8rem 0; }
dt { color: #59616a; } dd { margin: 0; }
table { border-collapse: collapse; width: 100%; font-size: .88rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .7rem .3rem 0;
  border-bottom: 1px solid #d9dcdf; }
thead { display: table-header-group; } tr { break-inside: avoid; }
.good { color: #14663a; font-weight: 600; } .bad { color: #9b1c1c; font-weight: 600; }
.refused td { background: #fff6e5; } .signed td { background: #eef8f1; } .faint { color: #59616a; }
ul { margin: .3rem 0; }
@page { margin: 15mm; }
"""

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""Even if something slipped through, a browser would load and run nothing."""


def write_audit_page(audit: Audit, path: Path) -> None:
    """Write a trail as a page.

    Raises:
        OutputExistsError: The file exists.
        OutputError: It can't be written.
    """
    write_whole(path, "\n".join(_page(audit)).encode())


def _page(audit: Audit) -> Iterator[str]:
    about = f"case {audit.case}" if audit.case else "all cases"
    yield "<!doctype html>"
    yield '<html lang="en"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">'
    yield f"<title>Audit trail: {escape(about)}</title><style>{_STYLE}</style></head><body>"
    yield f"<h1>Audit trail: {escape(about)}</h1>"
    yield from _head(audit)
    yield "<table><thead><tr>"
    yield "".join(f"<th>{name}</th>" for name in ("entry", "time", "who", "what", "case", "where"))
    yield "</tr></thead><tbody>"
    for entry in audit.entries:
        yield _row(entry)
    yield "</tbody></table></body></html>"


def _head(audit: Audit) -> Iterator[str]:
    facts = {
        "study": audit.study,
        "printed": f"{audit.made_at} by {audit.software}",
        "ledger": f"{audit.ledger_size} entries, head {audit.ledger_head}",
        "roster": audit.roster,
    }
    yield "<dl>"
    for name, value in facts.items():
        yield f"<dt>{name}</dt><dd><code>{escape(value)}</code></dd>"
    sound = '<span class="good">nothing is damaged</span>'
    found = f'<span class="bad">{len(audit.findings)} findings</span>'
    yield f"<dt>check of the study</dt><dd>{found if audit.findings else sound}</dd></dl>"
    if audit.findings:
        yield "<ul>" + "".join(f"<li>{escape(finding)}</li>" for finding in audit.findings) + "</ul>"


def _row(entry: AuditEntry) -> str:
    kind = "signed" if entry.signature else "refused" if entry.action == "refused" else ""
    who = f"{escape(entry.name or entry.person)}<br><span class='faint'>{escape(entry.role)}</span>"
    what = escape(entry.words) + (_signature(entry.signature) if entry.signature else "")
    if entry.revision:
        what += f"<br><span class='faint'>revision <code>{escape(entry.revision)}</code></span>"
    cells = (
        str(entry.number),
        escape(entry.at),
        who,
        what,
        escape(entry.case or ""),
        f"{escape(entry.workstation)}<br><span class='faint'>{escape(entry.software)}</span>",
    )
    return f'<tr class="{kind}">' + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _signature(signature: AuditedSignature) -> str:
    """Printed name, date and time, and meaning, as 21 CFR 11.50 asks for each printed signature."""
    kind, word = ("bad", "NOT VALID") if signature.problem else ("good", "valid")
    state = f'<span class="{kind}">{word}</span>'
    time = "by the signer's clock"
    if signature.checkpointed_at:
        time = f"there by {escape(signature.checkpointed_at)}, as a checkpoint proves"
    structures = ", ".join(map(escape, signature.structures)) or "no structures"
    signer = f"{escape(signature.name)} ({escape(signature.role)}), {escape(signature.signed_at)} {time}"
    statement = f"statement <code>{escape(signature.sha256)}</code>"
    return f"<br>{state}: {signer}; {structures}; policy {escape(signature.policy)}; {statement}"
