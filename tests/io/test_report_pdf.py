"""The report as PDF: one sheet, everything on it and within its margins, nothing over anything else."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfgen.canvas import Canvas

from case_reports import report
from medseg.errors import OutputExistsError
from medseg.io.report_content import MAX_ROWS, MAX_SIGNATURES
from medseg.io.report_pdf import LEAST_SIDE, MARGIN, write_report_pdf

A4_WIDTH, A4_HEIGHT = 595.3, 841.9


@pytest.fixture
def printed(monkeypatch, tmp_path):
    """Prints a report and tells which texts and pictures stand where: left, bottom, right, top."""

    def run(found):
        texts, pictures = [], []
        draw, paste = Canvas.drawString, Canvas.drawImage

        def noted(canvas, x, y, text, *more, **options):
            width = pdfmetrics.stringWidth(text, canvas._fontname, canvas._fontsize)
            if text:
                texts.append((text, (x, y, x + width, y + 0.7 * canvas._fontsize)))
            return draw(canvas, x, y, text, *more, **options)

        def pasted(canvas, image, x, y, width, height, **options):
            pictures.append((x, y, x + width, y + height))
            return paste(canvas, image, x, y, width, height, **options)

        with monkeypatch.context() as patch:
            patch.setattr(Canvas, "drawString", noted)
            patch.setattr(Canvas, "drawImage", pasted)
            write_report_pdf(found, tmp_path / "report.pdf", overwrite=True)
        pages = re.findall(rb"/Type /Page\b", (tmp_path / "report.pdf").read_bytes())
        return texts, pictures, len(pages)

    return run


def overlap(one, other):
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


FULL = {"rows": MAX_ROWS, "slices": 7, "signatures": MAX_SIGNATURES // 2}


@pytest.mark.parametrize(
    "found", [report(), report(rows=1, slices=1), report(**FULL)], ids=["usual", "small", "full"]
)
def test_everything_stands_on_one_sheet_and_nothing_over_another(printed, found):
    texts, pictures, pages = printed(found)
    assert pages == 1
    assert len(pictures) == len(found.slices) + len(found.surfaces)
    boxes = [*(box for _, box in texts), *pictures]
    for left, bottom, right, top in boxes:
        assert left >= MARGIN - 0.1
        assert right <= A4_WIDTH - MARGIN + 0.1
        assert bottom >= MARGIN - 12
        assert top <= A4_HEIGHT - MARGIN + 0.1
    for number, one in enumerate(boxes):
        assert not [other for other in boxes[number + 1 :] if overlap(one, other)]
    assert all(right - left >= LEAST_SIDE for left, _, right, _ in pictures)


def test_it_says_all_that_the_page_says(printed):
    found = report()
    texts, _, _ = printed(found)
    text = " ".join(said for said, _ in texts)
    expected = [cell for row in found.rows for cell in row.cells]
    expected += [word for line in found.standing.signatures for word in (line.signer, line.meaning)]
    expected += ["there by 2026-03-05 08:00:00+01:00 (checkpoint)", "margins are right", found.remarks[0]]
    expected += ["Slice 3", "3-D, from the front", "Not a medical device"]
    assert [said for said in expected if said not in text] == []


def test_long_names_and_many_words_are_broken_into_lines(printed):
    row = report().rows[0]
    name = "Metastasis of the primary in segment VII at the dome, resected " * 2
    long = replace(report(), rows=(replace(row, cells=(name, *row.cells[1:])),), remarks=("word " * 80,))
    texts, _, pages = printed(long)
    assert pages == 1
    assert max(box[2] for _, box in texts) <= A4_WIDTH - MARGIN + 0.1


def test_a_letter_that_the_font_lacks_is_written_as_its_code(printed):
    texts, _, _ = printed(report(title="Źródło"))
    assert texts[0][0] == "{U+0179}ródło".replace("ł", "ł")


def test_the_same_report_makes_the_same_bytes(tmp_path):
    for name in ("a.pdf", "b.pdf"):
        write_report_pdf(report(), tmp_path / name)
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()
    with pytest.raises(OutputExistsError):
        write_report_pdf(report(), tmp_path / "a.pdf")
