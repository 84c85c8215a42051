"""The report of a case as one HTML page: no script, nothing from outside, every text escaped.

Printed, a usual one takes one sheet of A4; one with many structures may take two.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from html import escape
from pathlib import Path

from medseg.io.atomic import write_whole
from medseg.io.history_pictures import Picture
from medseg.io.report_content import NOT_A_DEVICE, CaseReport, Row, SignedLine

_STYLE = """
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 1.2rem; background: #fff; color: #1c2126;
  font: .92rem/1.4 system-ui, sans-serif; overflow-wrap: anywhere; }
header { display: flex; align-items: baseline; justify-content: space-between; gap: 1rem; }
h1 { font-size: 1.45rem; margin: 0; } h2 { font-size: 1rem; margin: 1rem 0 .3rem; }
.badge { padding: .1rem .8rem; border-radius: 1rem; border: 1px solid #c6cacf; font-weight: 600;
  white-space: nowrap; } .good { color: #14663a; background: #e3f4e9; border-color: #9fd3b3; }
.bad { color: #9b1c1c; background: #fdeaea; border-color: #e7b0b0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; margin: .5rem 0 .8rem;
  font-size: .82rem; } dt { color: #59616a; } dd { margin: 0; }
.pictures { display: grid; grid-template-columns: repeat(3, 1fr); gap: .5rem; }
figure { margin: 0; break-inside: avoid; } figure img { width: 100%; height: auto; display: block; }
figcaption { font-size: .8rem; color: #3c434a; padding-top: .15rem; }
.surface img { border: 1px solid #e3e5e8; }
table { border-collapse: collapse; width: 100%; font-size: .86rem; margin-top: .8rem;
  font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .2rem 0 .2rem .7rem; border-bottom: 1px solid #d9dcdf;
  vertical-align: top; }
th { color: #59616a; font-weight: 600; vertical-align: bottom; }
th:first-child, td:first-child, .signatures th, .signatures td { text-align: left; padding-left: 0;
  padding-right: .7rem; }
.swatch { display: inline-block; width: .75em; height: .75em; border-radius: 50%; margin-right: .45em;
  print-color-adjust: exact; -webkit-print-color-adjust: exact; }
ul { margin: .4rem 0; padding-left: 1.1rem; font-size: .84rem; } .problems { color: #9b1c1c; }
footer { margin-top: 1rem; color: #59616a; font-size: .78rem; }
@page { size: A4; margin: 12mm; }
@media print { body { padding: 0; max-width: none; font-size: 8.5pt; }
  .pictures { grid-template-columns: repeat(3, 5.2cm); justify-content: space-between; }
  .pictures.many { grid-template-columns: repeat(3, 4.1cm); } }
"""

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""Even if something slipped through, a browser would load and run nothing."""

FEW_PICTURES = 6
"""More are printed smaller."""

_INDENT_EM = 1.1


def write_report_page(report: CaseReport, path: Path, *, overwrite: bool = False) -> None:
    """Write a report as a page.

    Raises:
        OutputExistsError: The file exists and ``overwrite`` is not set.
        OutputError: It can't be written.
    """
    write_whole(path, "\n".join(_page(report)).encode(), overwrite=overwrite)


def _page(report: CaseReport) -> Iterator[str]:
    title = escape(report.title)
    yield "<!DOCTYPE html>"
    yield '<html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">'
    yield f"<title>{title}</title><style>{_STYLE}</style></head><body>"
    standing = report.standing
    kind = {True: "good", False: "bad", None: ""}[standing.is_good]
    yield f'<header><h1>{title}</h1><span class="badge {kind}">{escape(standing.badge)}</span></header>'
    facts = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in report.facts)
    yield f"<dl>{facts}</dl>"
    if report.slices or report.surfaces:
        many = " many" if len(report.slices) + len(report.surfaces) > FEW_PICTURES else ""
        yield f'<div class="pictures{many}">'
        yield from (_figure(picture, "slice") for picture in report.slices)
        yield from (_figure(picture, "surface") for picture in report.surfaces)
        yield "</div>"
    yield from _table(report)
    yield from _sign_off(report)
    yield f"<footer>{escape(NOT_A_DEVICE)}</footer></body></html>"


def _figure(picture: Picture, kind: str) -> str:
    data = base64.b64encode(picture.png).decode()
    words = picture.words if kind == "slice" else picture.title
    alternative = escape(f"{picture.title}: {picture.words}", quote=True)
    image = f'<img alt="{alternative}" src="data:image/png;base64,{data}">'
    return f'<figure class="{kind}">{image}<figcaption>{escape(words)}</figcaption></figure>'


def _table(report: CaseReport) -> Iterator[str]:
    headings = "".join(f'<th scope="col">{escape(heading)}</th>' for heading in report.headings)
    yield f"<table><thead><tr>{headings}</tr></thead><tbody>"
    yield from map(_row, report.rows)
    yield "</tbody></table>"
    yield from _list(report.remarks, "remarks")


def _row(row: Row) -> str:
    name, *numbers = row.cells
    swatch = f'<span class="swatch" style="background:{escape(row.color)}"></span>'
    indent = f' style="padding-left:{row.depth * _INDENT_EM}em"' if row.depth else ""
    cells = "".join(f"<td>{escape(number)}</td>" for number in numbers)
    return f"<tr><td{indent}>{swatch}{escape(name)}</td>{cells}</tr>"


def _sign_off(report: CaseReport) -> Iterator[str]:
    standing = report.standing
    yield f"<h2>Sign-off: {escape(standing.badge)}</h2><div>{escape(standing.words)}</div>"
    if standing.signatures:
        yield '<table class="signatures"><thead><tr><th>meaning</th><th>name</th><th>time</th><th></th></tr>'
        yield "</thead><tbody>"
        yield from map(_signed, standing.signatures)
        yield "</tbody></table>"
    yield from _list(standing.problems, "problems")


def _signed(line: SignedLine) -> str:
    cells = (line.meaning, line.signer, line.time, line.more)
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"


def _list(sentences: tuple[str, ...], kind: str) -> Iterator[str]:
    if sentences:
        yield f'<ul class="{kind}">' + "".join(f"<li>{escape(one)}</li>" for one in sentences) + "</ul>"
