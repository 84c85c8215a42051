"""One step for many cases: asked first, the key opened once, each case reported, refusals passed over."""

from __future__ import annotations

import json
import os
import re
import signal
from datetime import timedelta

import pytest
from click.testing import CliRunner

from medseg.cli.main import main
from medseg.workflows import study as use
from medseg.workflows.study import acting, opened, signing_in
from study_cases import PASSPHRASE, site, studies
from study_commands import medseg_study

__all__ = ["medseg_study", "site", "studies"]

CASES = ("case-0001", "case-0002", "case-0003")


@pytest.fixture
def submitted(medseg_study):
    """Three cases, submitted: the second one by Ben, who may not approve it."""
    site = medseg_study.site
    for case_id, reader in zip(CASES, ("ada", "ben", "ada"), strict=True):
        site.add(case_id)
        site.assign(reader, case_id=case_id)
        site.save(reader, case_id=case_id)
        site.step(reader, "submitted", case_id=case_id)
    return medseg_study


def states(run):
    return {row["id"]: row["state"] for row in run.json("list")["cases"]}


def test_what_would_happen_is_shown_and_asked(submitted):
    asked = submitted.by("ben", "approve", "--state", "submitted", input="y\n", code=1)
    plan = asked.stderr.splitlines()
    assert re.fullmatch(r"case +state +what would happen", plan[0])
    assert plan[1].endswith("sign revision 1 as approved, in the name of Ben Radiologist")
    assert plan[2].endswith("is not possible now, or not for you: it will be refused")
    assert plan[4] == "sign as approved: 3 cases? [y/N]: y"
    assert asked.stdout.splitlines() == [
        "case-0001: done: approved",
        "case-0002: refused: who contoured case-0002 may not sign as approved it",
        "case-0003: done: approved",
    ]
    assert plan[-1] == "2 done, 1 refused"


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_who_does_not_agree_does_nothing(submitted, answer):
    before = states(submitted)
    stopped = submitted.by("ben", "approve", *CASES, input=answer, code=9)
    assert "nothing was done" in stopped.stderr
    assert "--yes" in stopped.stderr
    assert stopped.stdout == ""
    assert states(submitted) == before


def test_one_json_document_and_nothing_else(submitted):
    done = submitted.by("ben", "approve", *CASES, "--json", input="y\n", code=1)
    answer = json.loads(done.stdout)
    assert [(row["case"], row["result"]) for row in answer["cases"]] == [
        ("case-0001", "done"),
        ("case-0002", "refused"),
        ("case-0003", "done"),
    ]
    assert answer["cases"][0]["state"] == "approved"
    assert answer["cases"][1]["error"] == "TransitionError"
    assert answer["cases"][1]["details"]["rule"] == "author"
    assert answer["counts"] == {"done": 2, "refused": 1, "not-done": 0}
    assert answer["stopped"] is None
    assert "case-0001: done" in done.stderr


def test_a_case_that_is_not_there_is_refused_and_the_others_are_done(submitted):
    done = submitted.by("ben", "approve", "case-0009", "case-0001", "case-0001", "--yes", code=1)
    assert done.stdout.splitlines() == [
        "case-0009: refused: there is no case 'case-0009'",
        "case-0001: done: approved",
    ]


def test_cases_or_a_filter_and_not_both(submitted):
    assert "not both" in submitted.by("ben", "approve", "case-0001", "--state", "submitted", code=2).stderr
    assert "name a case" in submitted.by("ben", "approve", "--yes", code=2).stderr


def test_a_filter_that_no_case_passes(submitted):
    none = submitted.by("ben", "release", "--state", "withdrawn", "--json")
    assert json.loads(none.stdout)["cases"] == []
    assert "no case passes the filter" in none.stderr


def test_the_revision_that_was_looked_at_is_signed_or_none(submitted):
    site = submitted.site
    old = site.revisions()[0]
    site.step("dora", "changes-requested", reason="margins")
    new = site.save("ada", size=3)
    site.step("ada", "submitted")
    refused = submitted.by("ben", "approve", "case-0001", "--revision", old.digest[:12], "--yes", code=1)
    assert "not the latest revision" in refused.stdout
    submitted.by("ben", "approve", "case-0001", "--revision", new.digest[:12], "--yes")
    submitted.by("ben", "approve", "case-0001", "case-0002", "--revision", new.digest, "--yes", code=2)


def test_a_case_that_changes_while_the_question_stands_is_not_signed(submitted, monkeypatch):
    def somebody_is_faster(*_, **__):
        submitted.site.step("dora", "changes-requested", reason="margins")
        return True

    monkeypatch.setattr("click.confirm", somebody_is_faster)
    answer = submitted.json_by("ben", "approve", "case-0001", "case-0003", code=1)
    assert [row["result"] for row in answer["cases"]] == ["refused", "done"]
    assert answer["cases"][0]["error"] == "ConflictError"


def test_a_wrong_passphrase_ends_it_before_anything_is_done(submitted, tmp_path):
    wrong = tmp_path / "wrong.txt"
    wrong.write_text("open sesame")
    key = submitted.site.key("ben")
    refused = submitted(
        "approve", *CASES, "--yes", "--key", key, "--passphrase-file", wrong, "--json", code=7
    )
    assert json.loads(refused.stdout)["error"] == "SigningKeyError"
    assert set(states(submitted).values()) == {"submitted"}


def test_an_annotator_who_approves_is_refused_and_that_is_written_down(submitted):
    refused = submitted.by("abe", "approve", "case-0001", "--yes", code=1)
    assert "only radiologist may sign as approved" in refused.stdout
    entry = submitted.site.refused()
    assert (entry["person"], entry["details"]["rule"]) == ("abe", "role")


@pytest.fixture
def slow(submitted, monkeypatch):
    """Twenty minutes pass after each signature."""
    passed = [0]

    def later():
        return opened.now() + timedelta(minutes=passed[0])

    real = use.take_step

    def step(*args, **more):
        taken = real(*args, **more)
        passed[0] += 20
        return taken

    monkeypatch.setattr(acting, "now", later)
    monkeypatch.setattr(signing_in, "now", later)
    monkeypatch.setattr(use, "take_step", step, raising=False)


ADAS = ("case-0001", "case-0003")


@pytest.mark.usefixtures("slow")
def test_the_passphrase_is_asked_once_and_again_after_the_time_out(submitted):
    given = ["study", "approve", *ADAS, "--yes", "--study", submitted.site.path, "--key"]
    given += [submitted.site.key("ben")]
    done = CliRunner().invoke(main, list(map(str, given)), input=f"{PASSPHRASE}\n{PASSPHRASE}\n")
    assert done.exit_code == 0, done.output
    assert done.stderr.count("Passphrase of ben.pem") == 2
    assert "the session of Ben Radiologist has ended" in done.stderr
    assert done.stdout.splitlines() == [f"{case}: done: approved" for case in ADAS]


@pytest.mark.usefixtures("slow")
def test_who_can_not_open_the_key_again_signs_no_more(submitted):
    given = ["study", "approve", *ADAS, "--yes", "--json", "--study", submitted.site.path]
    given += ["--key", submitted.site.key("ben")]
    done = CliRunner().invoke(main, list(map(str, given)), input=f"{PASSPHRASE}\nopen sesame\n")
    assert done.exit_code == 7
    answer = json.loads(done.stdout)
    assert [row["result"] for row in answer["cases"]] == ["done", "not-done"]
    assert answer["stopped"]["error"] == "SigningKeyError"
    assert states(submitted)["case-0003"] == "submitted"


@pytest.mark.usefixtures("slow")
def test_a_descriptor_is_read_once(submitted):
    reading, writing = os.pipe()
    os.write(writing, f"{PASSPHRASE}\n".encode())
    os.close(writing)
    key = submitted.site.key("ben")
    ended = submitted("approve", *ADAS, "--yes", "--key", key, "--passphrase-fd", reading, code=7)
    os.close(reading)
    assert ended.stdout.splitlines() == ["case-0001: done: approved", "case-0003: not-done"]
    assert "has ended" in ended.stderr


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_lets_a_case_come_to_its_end_and_tells_what_is_done(submitted, monkeypatch, number, as_json):
    real = use.take_step

    def interrupted(*args, **more):
        os.kill(os.getpid(), number)
        return real(*args, **more)

    monkeypatch.setattr(use, "take_step", interrupted, raising=False)
    options = ["--json"] if as_json else []
    stopped = submitted.by("ben", "approve", *ADAS, "--yes", *options, code=9)
    if as_json:
        answer = json.loads(stopped.stdout)
        assert [row["result"] for row in answer["cases"]] == ["done", "not-done"]
        assert answer["stopped"]["details"]["reason"] == "cancelled"
    else:
        assert stopped.stdout.splitlines() == ["case-0001: done: approved", "case-0003: not-done"]
    assert f"stopped by {number.name}" in stopped.stderr
    assert states(submitted) == dict(zip(CASES, ("approved", "submitted", "submitted"), strict=True))


def test_ctrl_c_at_the_passphrase_is_one_line(submitted, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("click.prompt", interrupted)
    key = submitted.site.key("ben")
    stopped = submitted("approve", *ADAS, "--yes", "--key", key, code=9)
    assert stopped.stderr == "medseg: error: stopped\n"


def test_assignment_and_due_dates_of_many(medseg_study):
    site = medseg_study.site
    for case_id in CASES:
        site.add(case_id)
    done = medseg_study.json_by("cory", "assign", "--state", "unassigned", "--reader", "ada", "--yes")
    assert done["counts"]["done"] == 3
    moved = medseg_study.by("cory", "assign", "case-0002", "--reader", "abe", input="y\n")
    assert "assign to abe, from ada" in moved.stderr
    assert "1 case?" in moved.stderr
    due = medseg_study.by("cory", "due", "--person", "ada", "--on", "2026-12-24", input="y\n")
    assert "due 2026-12-24, instead of none" in due.stderr
    listed = medseg_study.json("list", "--due-before", "2027-01-01")["cases"]
    assert [(row["id"], row["due"]) for row in listed] == [(case, "2026-12-24") for case in ADAS]
    medseg_study.by("cory", "due", "case-0001", "--never", "--yes")
    assert medseg_study.json("show", "case-0001")["case"]["due"] is None
    medseg_study.by("cory", "due", "case-0001", "--yes", code=2)
    refused = medseg_study.by("ada", "assign", "case-0001", "--reader", "abe", "--yes", code=1)
    assert "refused" in refused.stdout
