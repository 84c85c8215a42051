"""The report of a case as PDF: one sheet of A4.

Text has its size; the pictures take what room it leaves, in as many columns as make them largest.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from medseg.io.atomic import write_whole
from medseg.io.history_pictures import Picture
from medseg.io.pdf_text import A4, BOLD, FONT, MM, register_fonts, shown, width_of, wrapped
from medseg.io.report_content import NOT_A_DEVICE, CaseReport, Standing
from medseg.io.report_pictures import CELL

if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas

MARGIN = 13 * MM
GAP = 2.5 * MM
TITLE_SIZE, SIZE, SMALL = 13.0, 7.6, 6.4
LINE = 1.32
"""Height of a line over the size of its letters."""

COLUMNS = range(3, 7)
LEAST_SIDE = 20 * MM
"""Pictures smaller than this show nothing: a sheet this full has fewer of them."""

ASPECT = CELL[1] / CELL[0]
"""Height over width of a picture."""

CAPTION_LINES = 2
INDENT = 3 * MM
DOT = 1.1 * MM

_INK, _FAINT, _RULE = "#1c2126", "#59616a", "#d9dcdf"
_COLORS = {True: ("#14663a", "#e3f4e9"), False: ("#9b1c1c", "#fdeaea"), None: ("#3c434a", "#f1f2f4")}
_WIDTH = A4[0] - 2 * MARGIN


def write_report_pdf(report: CaseReport, path: Path, *, overwrite: bool = False) -> None:
    """Write a report as PDF of one page.

    Raises:
        OutputExistsError: The file exists and ``overwrite`` is not set.
        OutputError: It can't be written.
    """
    from reportlab.pdfgen.canvas import Canvas

    buffer = BytesIO()
    # Without a time of its own, the same report makes the same bytes.
    canvas = Canvas(buffer, pagesize=A4, pageCompression=1, invariant=1)
    draw_report(canvas, report)
    canvas.save()
    write_whole(path, buffer.getvalue(), overwrite=overwrite)


def draw_report(canvas: Canvas, report: CaseReport) -> None:
    """Draw a report on a sheet of A4, and end the page.

    Args:
        canvas: Of reportlab, or what draws elsewhere as it does.
        report: What is drawn.
    """
    _Sheet(canvas, report).draw()


@dataclass(frozen=True)
class _Cell:
    """Lines of text at a place across the sheet.

    Attributes:
        lines: The lines.
        x: Where it begins or, of numbers, where it ends, from the left margin.
        is_number: Whether it ends there.
        font: Of all lines.
        size: Of all lines.
        color: Of all lines.
    """

    lines: tuple[str, ...]
    x: float = 0.0
    is_number: bool = False
    font: str = FONT
    size: float = SIZE
    color: str = _INK


@dataclass(frozen=True)
class _Line:
    """Cells side by side, with a rule below and a coloured dot before them, if any."""

    cells: tuple[_Cell, ...]
    has_rule: bool = False
    dot: str = ""
    dot_x: float = 0.0

    @property
    def height(self) -> float:
        """In points."""
        text = max(len(cell.lines) * cell.size * LINE for cell in self.cells)
        return text + (0.8 * MM if self.has_rule else 0.3 * MM)


class _Sheet:
    """Fills one page from top to bottom."""

    def __init__(self, canvas: Canvas, report: CaseReport) -> None:
        register_fonts()
        self._canvas = canvas
        self._report = report
        self._y = A4[1] - MARGIN

    def draw(self) -> None:
        """Draw everything."""
        report = self._report
        self._canvas.setTitle(shown(report.title))
        self._title()
        for line in _facts(report):
            self._line(line)
        below = [*_table(report), *_remarks(report.remarks), *_sign_off(report.standing)]
        foot = _Line((_Cell((shown(NOT_A_DEVICE),), size=SMALL, color=_FAINT),))
        self._y -= GAP
        room = self._y - MARGIN - sum(line.height for line in (*below, foot))
        self._pictures([*report.slices, *report.surfaces], room)
        for line in below:
            self._line(line)
        self._y = MARGIN
        self._line(foot)
        self._canvas.showPage()

    def _title(self) -> None:
        standing, canvas = self._report.standing, self._canvas
        badge = shown(standing.badge)
        ink, paper = _COLORS[standing.is_good]
        width = width_of(badge, BOLD, SIZE) + 5 * MM
        title = next(wrapped(shown(self._report.title), BOLD, TITLE_SIZE, _WIDTH - width - GAP))
        self._y -= TITLE_SIZE
        self._text(title, 0, BOLD, TITLE_SIZE, _INK)
        canvas.setFillColor(paper)
        canvas.setStrokeColor(ink)
        canvas.roundRect(A4[0] - MARGIN - width, self._y - 1.2 * MM, width, 5 * MM, 2.5 * MM, fill=1)
        self._text(badge, _WIDTH - width + 2.5 * MM, BOLD, SIZE, ink)
        self._y -= 2.2 * MM

    def _line(self, line: _Line) -> None:
        for cell in line.cells:
            for number, text in enumerate(cell.lines):
                down = (number + 0.85) * cell.size * LINE
                x = cell.x - (width_of(text, cell.font, cell.size) if cell.is_number else 0)
                self._text(text, x, cell.font, cell.size, cell.color, down)
        if line.dot:
            self._canvas.setFillColor(line.dot)
            self._canvas.circle(MARGIN + line.dot_x, self._y - 0.6 * SIZE * LINE, DOT, stroke=0, fill=1)
        self._y -= line.height
        if line.has_rule:
            self._canvas.setStrokeColor(_RULE)
            self._canvas.setLineWidth(0.4)
            self._canvas.line(MARGIN, self._y, A4[0] - MARGIN, self._y)

    def _text(self, text: str, x: float, font: str, size: float, color: str, down: float = 0.0) -> None:
        self._canvas.setFont(font, size)
        self._canvas.setFillColor(color)
        self._canvas.drawString(MARGIN + x, self._y - down, text)

    def _pictures(self, pictures: Sequence[Picture], room: float) -> None:
        from reportlab.lib.utils import ImageReader

        caption = CAPTION_LINES * SMALL * LINE
        columns, side = _fitted(len(pictures), room, caption)
        if side < LEAST_SIDE:
            return
        for number, picture in enumerate(pictures):
            column = number % columns
            if number and not column:
                self._y -= side * ASPECT + caption + GAP
            x = column * (_WIDTH - side) / (columns - 1)
            image = ImageReader(io.BytesIO(picture.png))
            self._canvas.drawImage(image, MARGIN + x, self._y - side * ASPECT, side, side * ASPECT)
            words = picture.words if picture in self._report.slices else picture.title
            lines = list(wrapped(shown(words), FONT, SMALL, side))[:CAPTION_LINES]
            for place, text in enumerate(lines):
                self._text(text, x, FONT, SMALL, _FAINT, side * ASPECT + (place + 0.9) * SMALL * LINE)
        if pictures:
            self._y -= side * ASPECT + caption + GAP


def _fitted(count: int, room: float, caption: float) -> tuple[int, float]:
    """In how many columns pictures are largest, and how large."""
    best = (COLUMNS[0], 0.0)
    for columns in COLUMNS:
        rows = -(-count // columns) or 1
        side = min((_WIDTH - (columns - 1) * GAP) / columns, (room / rows - caption - GAP) / ASPECT)
        if side > best[1]:
            best = (columns, side)
    return best


def _facts(report: CaseReport) -> list[_Line]:
    names = [shown(name) for name, _ in report.facts]
    x = max((width_of(name, FONT, SMALL) for name in names), default=0) + 3 * MM
    return [
        _Line(
            (
                _Cell((name,), size=SMALL, color=_FAINT),
                _Cell(tuple(wrapped(shown(value), FONT, SMALL, _WIDTH - x)), x, size=SMALL),
            )
        )
        for name, (_, value) in zip(names, report.facts, strict=True)
    ]


def _table(report: CaseReport) -> list[_Line]:
    ends = _column_ends(report)
    lines = [_table_line(report.headings, ends, color=_FAINT, font=BOLD)]
    for row in report.rows:
        indent = row.depth * INDENT
        lines.append(_table_line(row.cells, ends, dot=row.color, indent=indent))
    return lines


def _table_line(
    cells: Sequence[str],
    ends: Sequence[float],
    *,
    color: str = _INK,
    font: str = FONT,
    dot: str = "",
    indent: float = 0.0,
) -> _Line:
    starts = [0.0, *ends[:-1]]
    made = []
    for number, (text, start, end) in enumerate(zip(cells, starts, ends, strict=True)):
        x = indent + 3 * DOT if dot and not number else 0.0
        lines = tuple(wrapped(shown(text), font, SIZE, end - start - x - (2 * MM if number else GAP)))
        made.append(_Cell(lines, end if number else x, bool(number), font, SIZE, color))
    return _Line(tuple(made), has_rule=True, dot=dot, dot_x=indent + DOT)


def _column_ends(report: CaseReport) -> list[float]:
    """Where each column ends: numbers get what they need, the names the rest."""
    needs = [
        max(width_of(shown(row.cells[column]), FONT, SIZE) for row in report.rows) if report.rows else 0.0
        for column in range(len(report.headings))
    ]
    words = [max(width_of(word, BOLD, SIZE) for word in shown(one).split()) for one in report.headings]
    widths = [max(pair) + 4 * MM for pair in zip(needs, words, strict=True)][1:]
    spare = _WIDTH - sum(widths)
    first = min(max(spare, 30 * MM), 70 * MM)
    # What is left over or missing is shared by the columns of numbers.
    factor = (_WIDTH - first) / sum(widths) if widths else 1.0
    ends = [first if widths else _WIDTH]
    for width in widths:
        ends.append(ends[-1] + width * factor)
    return ends


def _remarks(sentences: Sequence[str], color: str = _INK) -> list[_Line]:
    return [
        _Line((_Cell(tuple(wrapped(shown(one), FONT, SMALL, _WIDTH)), size=SMALL, color=color),))
        for one in sentences
    ]


def _sign_off(standing: Standing) -> list[_Line]:
    heading = f"Sign-off: {standing.badge}. {standing.words}"
    lines = [
        _Line((_Cell(("",), size=SMALL),)),
        _Line((_Cell(tuple(wrapped(shown(heading), BOLD, SIZE, _WIDTH)), font=BOLD),)),
    ]
    for one in standing.signatures:
        said = ", ".join(part for part in (one.meaning, one.signer, one.time, one.more) if part)
        lines.append(_Line((_Cell(tuple(wrapped(shown(said), FONT, SIZE, _WIDTH))),), has_rule=True))
    return lines + _remarks(standing.problems, _COLORS[False][0])
