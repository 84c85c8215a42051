"""The report as a page: all of it, nothing that runs, nothing from outside."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from case_reports import HEADINGS, SIGNED, picture, report
from medseg.errors import OutputExistsError
from medseg.io.report_content import CaseReport, Row, Standing
from medseg.io.report_page import write_report_page

STANDING = Standing("<b>", None, "<i>")


def written(tmp_path, found):
    write_report_page(found, tmp_path / "report.html")
    return (tmp_path / "report.html").read_text()


def text_of(page):
    words = []

    class Reader(HTMLParser):
        def handle_data(self, data):
            words.append(data)

    Reader().feed(page[page.index("<body>") :])
    return " ".join(words)


def test_numbers_state_and_signatures_are_there(tmp_path):
    page = written(tmp_path, report())
    text = text_of(page)
    for shown in (
        "Structure 2",
        "45.6 × 7.8",
        "1.8 mm to the surface",
        "approved",
        "Ben Radiologist (radiologist)",
        "there by 2026-03-05 08:00:00+01:00 (checkpoint)",
        "margins are right",
        "Not a medical device",
    ):
        assert shown in text, shown
    assert page.count("<img ") == 6
    assert 'alt="axial: Slice 0"' in page
    assert 'alt="3-D, from the front: Liver, Tumour"' in page


def test_what_does_not_hold_is_red(tmp_path):
    standing = Standing(
        "invalid", False, "this is NOT what was signed", SIGNED.signatures, ("not as signed: sform",)
    )
    page = written(tmp_path, report(standing=standing))
    assert '<span class="badge bad">invalid</span>' in page
    assert "not as signed: sform" in text_of(page)


def test_no_text_becomes_markup_and_nothing_is_loaded(tmp_path):
    trap = '<script>alert("x")</script><img src=http://example.org onload=x>'
    rows = (Row("#d02020", 0, (trap, "1", "2", "3")),)
    pictures = (picture(trap, trap),)
    page = written(
        tmp_path, CaseReport(trap, ((trap, trap),), STANDING, HEADINGS, rows, (trap,), pictures, pictures)
    )
    assert "<script" not in page
    assert re.findall(r"<img alt=\"[^\"<>]*\" src=\"data:image/png;base64,[^\"]*\">", page) == re.findall(
        r"<img[^>]*>", page
    )
    assert "default-src &#x27;none&#x27;; img-src data:" in page


def test_a_page_that_is_there_stays(tmp_path):
    written(tmp_path, report())
    with pytest.raises(OutputExistsError):
        write_report_page(report(), tmp_path / "report.html")
