"""The trail of a study: every entry, and every signature with name, time, meaning and what it is worth."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from contextlib import closing
from datetime import datetime

import pytest

from medseg.errors import OutputExistsError, UnknownCaseError
from medseg.workflows import study as use
from study_cases import CASE, PEOPLE


@pytest.fixture
def site(lived_site):
    return lived_site


def trail(site, **more):
    return use.audit(site.study, **more)


def signatures(found):
    return [entry.signature for entry in found.entries if entry.signature is not None]


def test_every_entry_of_the_ledger_stands_in_the_trail(site):
    found = trail(site)
    told = site.ledger()
    assert [(one.number, one.at, one.person, one.role, one.action) for one in found.entries] == [
        (one["number"], one["at"], one["person"], one["role"], one["action"]) for one in told
    ]
    assert (found.ledger_size, found.findings) == (len(told), ())
    assert {one.name for one in found.entries} <= {name for name, _ in PEOPLE.values()}
    assert all(datetime.fromisoformat(one.at).tzinfo and one.workstation for one in found.entries)
    assert {"viewed", "refused", "commented", "checkpointed"} <= {one.action for one in found.entries}


def test_each_signature_has_name_time_meaning_structures_and_what_it_is_worth(site):
    found = signatures(trail(site))
    assert [(one.name, one.role, one.meaning) for one in found][:3] == [
        ("Ada Annotator", "annotator", "submitted"),
        ("Ben Radiologist", "radiologist", "approved"),
        ("Dora Checker", "qa", "released"),
    ]
    assert all(datetime.fromisoformat(one.signed_at).tzinfo for one in found)
    assert all(one.structures == ("liver", "tumour") and not one.problem for one in found)
    times = [one.as_dict()["time"] for one in found]
    assert times == ["checkpointed"] * 3 + ["claimed"] * (len(found) - 3)
    amended = next(one for one in found if one.meaning == "amended")
    assert amended.reason == "the tumour was missed"


def test_what_happened_is_said_in_words(site):
    words = [one.words for one in trail(site).entries]
    assert "was refused: sign as approved (author)" in words
    assert "signed as amended: the tumour was missed" in words
    assert "assigned to ada, abe, due none, adjudicated by carl" in words
    assert "made the study, founded by ben, dora" in words
    assert "resolved comment 1" in words


def test_the_trail_of_one_case(site):
    found = trail(site, case="blind")
    assert {one.case for one in found.entries} == {"blind"}
    assert [one.meaning for one in signatures(found)] == ["read"]
    with pytest.raises(UnknownCaseError):
        trail(site, case="none")


def test_an_amendment_is_good_before_anything_was_saved_and_after_what_it_amends_was_withdrawn(
    studies, tmp_path
):
    site = studies.make(tmp_path / "study")
    revision = site.approved()
    site.step("ben", "amended", reason="doubts")
    assert [one.problem for one in signatures(trail(site))] == ["", "", ""]
    site.step("dora", "withdrawn", reason="consent", revision=revision.digest)
    found = trail(site)
    assert [(one.meaning, one.problem) for one in signatures(found)][2:] == [
        ("amended", ""),
        ("withdrawn", ""),
    ]
    assert found.findings == ()
    site.study.close()


def test_it_is_one_json_document(site):
    found = trail(site)
    document = json.loads(json.dumps(found.as_dict()))
    assert document["schema"] == "urn:medseg:audit:1"
    assert document["ledger"] == {"size": found.ledger_size, "sha256": found.ledger_head}
    assert document["sound"] is True
    signed = [entry["signature"] for entry in document["entries"] if entry["signature"]]
    assert {"name", "role", "meaning", "signed_at", "time", "checkpointed_at", "valid"} <= signed[0].keys()


def test_comments_do_not_stand_in_it(site):
    use.add_comment(site.study, site.who("ben"), CASE, "Frau Canary, geb. 1950")
    found = trail(site)
    use.write_audit(found, html=site.path.parent / "a.html")
    assert "Canary" not in json.dumps(found.as_dict()) + (site.path.parent / "a.html").read_text()


def altered(site, *statements):
    with closing(sqlite3.connect(site.path / "study.sqlite")) as database:
        for table in ("ledger", "statements"):
            database.execute(f"DROP TRIGGER {table}_no_update")
            database.execute(f"DROP TRIGGER {table}_no_delete")
        for statement in statements:
            assert database.execute(statement).rowcount
        database.commit()


def test_a_damaged_study_has_a_trail_that_says_so(site):
    altered(
        site,
        "UPDATE ledger SET text = 'x' WHERE number = 4",
        "DELETE FROM statements WHERE meaning = 'released'",
        "UPDATE statements SET line = CAST(replace(line, 'sig', 'gis') AS BLOB) WHERE meaning = 'amended'",
    )
    found = trail(site)
    assert any("entry 4 was edited" in finding for finding in found.findings)
    assert found.entries[3].words.startswith("NOT READABLE")
    worth = {one.meaning: bool(one.problem) for one in signatures(found)}
    assert worth["released"]
    assert worth["amended"]
    assert not signatures(found)[0].problem
    assert found.as_dict()["sound"] is False


def test_without_a_trust_folder_no_signature_is_called_good(site):
    shutil.rmtree(site.trust)
    found = trail(site)
    assert all("trust folder" in one.problem for one in signatures(found))
    assert found.findings


def test_it_is_written_as_a_page_and_as_pdf(site, tmp_path):
    found = trail(site)
    html, pdf = tmp_path / "trail.html", tmp_path / "trail.pdf"
    use.write_audit(found, html=html, pdf=pdf)
    page = html.read_text()
    assert len(re.findall("<tr class", page)) == len(found.entries)
    assert found.ledger_head in page
    assert pdf.read_bytes().startswith(b"%PDF-")
    with pytest.raises(OutputExistsError):
        use.write_audit(found, html=html)
