"""The trail as PDF: all of it, within the margins, with study, ledger and check at the foot of each page."""

from __future__ import annotations

from dataclasses import replace

import pytest
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfgen.canvas import Canvas

from audit_trails import TRAIL
from medseg.errors import Cancelled, OutputExistsError
from medseg.io.audit_pdf import write_audit_pdf

A4_WIDTH = 595.3


@pytest.fixture
def printed(monkeypatch, tmp_path):
    """Prints a trail and tells what stands on each page."""

    def run(trail):
        pages = [[]]
        draw, show = Canvas.drawString, Canvas.showPage

        def noted(canvas, x, y, text, *more, **options):
            pages[-1].append((x, y, text, pdfmetrics.stringWidth(text, canvas._fontname, canvas._fontsize)))
            return draw(canvas, x, y, text, *more, **options)

        def turned(canvas):
            pages.append([])
            return show(canvas)

        with monkeypatch.context() as patch:
            patch.setattr(Canvas, "drawString", noted)
            patch.setattr(Canvas, "showPage", turned)
            write_audit_pdf(trail, tmp_path / f"{len(list(tmp_path.iterdir()))}.pdf")
        return [page for page in pages if page]

    return run


def text_of(pages):
    return " ".join(text for page in pages for _, _, text, _ in page)


def test_it_shows_who_signed_what_when_and_why(printed):
    text = text_of(printed(TRAIL))
    for shown in (
        "Ben Radiologist (ben, radiologist)",
        "signed as approved: margins are right",
        "valid: Ben Radiologist (radiologist), 2026-03-04T13:20:23+01:00",
        "there by 2026-03-05T08:00:00+01:00, as a checkpoint proves: approved",
        "structures: liver, tumour; policy default",
        "5" * 64,
        "ws-7, medseg 1",
    ):
        assert shown in text, shown


def test_each_page_names_study_ledger_check_and_number_and_nothing_leaves_the_paper(printed):
    many = tuple(
        replace(TRAIL.entries[n % 2], number=n + 1, words="word " * 60 + "x" * 300) for n in range(60)
    )
    pages = printed(replace(TRAIL, entries=many, findings=("entry 3: edited",)))
    assert len(pages) > 5
    for number, page in enumerate(pages, start=1):
        text = text_of([page])
        assert f"page {number} " in text
        assert "study study-id" in text
        assert "check: 1 findings" in text
        assert f"head {'a' * 64}" in text
        assert all(x >= 0 and y > 0 and x + width < A4_WIDTH for x, y, _, width in page)
        assert len({(x, y) for x, y, _, _ in page}) == len(page)


def test_letters_that_the_font_lacks_are_written_as_codes(printed):
    text = text_of(printed(replace(TRAIL, findings=("Müller, Åsa, Łódź, 北, א",))))
    assert "Müller, Åsa, Łód{U+017A}, {U+5317}, {U+05D0}" in text


def test_the_same_trail_makes_the_same_bytes_and_no_file_is_overwritten(tmp_path):
    first, second = tmp_path / "a.pdf", tmp_path / "b.pdf"
    write_audit_pdf(TRAIL, first)
    write_audit_pdf(TRAIL, second)
    assert first.read_bytes() == second.read_bytes()
    with pytest.raises(OutputExistsError):
        write_audit_pdf(TRAIL, first)


def test_it_can_be_stopped_and_then_nothing_is_written(tmp_path):
    def stop(task, done, total):
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        write_audit_pdf(TRAIL, tmp_path / "a.pdf", progress=stop)
    assert list(tmp_path.iterdir()) == []
