"""The trail as a page: everything is on it, escaped, and nothing comes from elsewhere."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from audit_trails import NASTY, TRAIL
from medseg.errors import OutputExistsError
from medseg.io.audit_page import write_audit_page


class Page(HTMLParser):
    """What a browser would see."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.text = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += data + " "


def page_of(trail, tmp_path):
    path = tmp_path / "trail.html"
    write_audit_page(trail, path)
    return Page(path.read_text(encoding="utf-8"))


def test_it_shows_who_signed_what_when_and_why(tmp_path):
    text = page_of(TRAIL, tmp_path).text
    for shown in (
        "Ben Radiologist",
        "radiologist",
        "2026-03-04T13:20:23+01:00",
        "signed as approved: margins are right",
        "there by 2026-03-05T08:00:00+01:00, as a checkpoint proves",
        "valid",
        "liver, tumour",
        "ws-7",
        TRAIL.ledger_head,
        "nothing is damaged",
    ):
        assert shown in text, shown


def test_a_signature_that_is_not_good_and_a_time_that_is_claimed_are_told(tmp_path):
    entry = TRAIL.entries[1]
    bad = replace(entry, signature=replace(entry.signature, problem="altered", checkpointed_at=None))
    found = page_of(replace(TRAIL, entries=(bad,), findings=("entry 3: edited",)), tmp_path).text
    assert "NOT VALID" in found
    assert "by the signer's clock" in found
    assert "1 findings" in found
    assert "entry 3: edited" in found


def test_text_is_escaped_and_nothing_is_loaded(tmp_path):
    entry = replace(TRAIL.entries[0], words=NASTY, name=NASTY, workstation=NASTY, case=NASTY)
    page = page_of(replace(TRAIL, case=NASTY, findings=(NASTY,), entries=(entry,)), tmp_path)
    assert page.text.count(NASTY) >= 6
    assert not {"script", "img", "link", "iframe", "base"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on") or name in ("src", "href")]
    policy = next(value for name, value in page.attributes if name == "content")
    assert policy.startswith("default-src 'none'")


def test_each_row_stays_whole_in_print_and_no_file_is_overwritten(tmp_path):
    path = tmp_path / "trail.html"
    write_audit_page(TRAIL, path)
    assert re.search(r"@page|break-inside: avoid", path.read_text())
    with pytest.raises(OutputExistsError):
        write_audit_page(TRAIL, path)
