"""``medseg study``: from the first folder to the release, and two blind reads with their adjudication."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from medseg.cli.main import main
from medseg.io.label_map_files import LabelMapFiles
from study_cases import CASE, PASSPHRASE, PEOPLE, StudySite, draw, site, studies, write_phantom
from study_commands import medseg_study

__all__ = ["medseg_study", "site", "studies"]


def work(medseg_study, person, *, size=1, case=CASE):
    """Check out, draw with a program, save."""
    copy = medseg_study.json_by(person, "checkout", case)
    draw(Path(copy["image"]), LabelMapFiles(Path(copy["label_map"])), person, size=size)
    return medseg_study.json_by(person, "save", case)


def test_a_case_from_the_first_folder_to_its_release(studies, tmp_path, medseg_study):
    folder = tmp_path / "new"
    cards = [part for who in PEOPLE for part in ("--person", studies.keys / f"{who}.person.json")]
    founders = [
        part
        for who in ("ben", "dora")
        for part in ("--founder", studies.keys / f"{who}.pem", "--passphrase-file", medseg_study.secret)
    ]
    made = CliRunner().invoke(main, list(map(str, ["study", "init", folder, *cards, *founders])))
    assert made.exit_code == 0, made.output
    assert "7 people, founded by ben, dora" in made.stdout
    assert made.stdout.splitlines()[1].startswith("roster sha256: ")

    run = type(medseg_study)(type(medseg_study.site)(folder, studies.keys), medseg_study.secret)
    image = write_phantom(tmp_path / "phantom.nii.gz")
    assert run.by("cory", "add", image, "--structure", "Tumour").stdout == "case-0001: phantom.nii.gz\n"
    run.by("cory", "assign", CASE, "--reader", "ada", "--due", "2026-12-24", "--yes")
    assert work(run, "ada")["number"] == 1
    assert run.by("ada", "submit", CASE, "--yes").stdout == "case-0001: done: submitted\n"
    run.by("ben", "approve", CASE, "--yes", "--reason", "margins are right")
    released = run.json_by("dora", "release", "--state", "approved", "--yes")
    assert released["counts"] == {"done": 1, "refused": 0, "not-done": 0}
    assert released["cases"][0]["state"] == "released"

    shown = run("show", CASE).stdout.splitlines()
    assert shown[0] == "case-0001: released, due 2026-12-24"
    assert "wanted: Tumour" in shown
    assert [line.split(",")[0].strip() for line in shown if " by " in line and line.startswith("  ")] == [
        "submitted by ada",
        "approved by ben",
        "released by dora",
    ]
    label_map = run.by("dora", "view", CASE).stdout.strip()
    checked = CliRunner().invoke(main, ["verify", label_map, "--trust", str(folder / "trust"), "--json"])
    assert checked.exit_code == 0, checked.output
    assert json.loads(checked.stdout)["state"] == "released"
    assert run("check").stdout.startswith("sound: 1 cases, 1 revisions, 3 statements")


@pytest.fixture
def blind(medseg_study):
    medseg_study.site.add(reads=2)
    medseg_study.by("cory", "assign", CASE, "--reader", "ada", "--reader", "abe", "--yes")
    return medseg_study


def test_two_blind_reads_and_a_third_who_chooses(blind):
    ada = work(blind, "ada", size=1)
    blind.by("ada", "submit", CASE, "--yes")
    seen = blind.json_by("abe", "show", CASE)
    assert seen["veiled"]
    assert seen["revisions"] == []
    blinded = blind.json_by("abe", "view", CASE, "--revision", ada["digest"], code=11)
    assert blinded["error"] == "BlindError"
    abe = work(blind, "abe", size=2)
    assert blind.by("abe", "submit", CASE, "--yes").stdout == "case-0001: done: adjudication\n"

    drew = blind.json_by("abe", "adjudicate", CASE, "--revision", abe["digest"], "--reason", "mine", code=7)
    assert drew["details"]["rule"] == "role"
    chosen = blind.by("cleo", "adjudicate", CASE, "--revision", abe["digest"], "--reason", "follows the rim")
    assert chosen.stdout == (
        f"case-0001: adjudicated by Cleo Radiologist (radiologist), revision 2 ({abe['digest'][:12]}), "
        "now submitted\n"
    )
    assert "read 2: abe, submitted, the one that counts" in blind("show", CASE).stdout
    assert blind.by("ben", "approve", CASE, "--yes").stdout == "case-0001: done: approved\n"
    assert blind.json("list", "--state", "approved")["cases"][0]["in_force"] == abe["digest"]


def test_the_numbers_of_revisions_tell_a_blind_reader_nothing_of_the_other_read(blind):
    first = work(blind, "ada", size=1)
    work(blind, "ada", size=2)
    copy = blind.json_by("abe", "checkout", CASE)
    draw(Path(copy["image"]), LabelMapFiles(Path(copy["label_map"])), "abe", size=3)
    own = blind.by("abe", "save", CASE).stdout
    assert own.startswith("case-0001: revision 1 (")
    assert work(blind, "abe", size=4)["number"] == 2

    assert [one["number"] for one in blind.json_by("abe", "show", CASE)["revisions"]] == [1, 2]
    shown = blind.by("abe", "show", CASE).stdout.splitlines()
    assert [line.split(" (")[0] for line in shown if line.startswith("revision")] == [
        "revision 1",
        "revision 2",
    ]
    compared = blind.json_by("abe", "compare", CASE, "1", "2")
    assert [compared[one]["revision"] for one in ("first", "second")] == [1, 2]
    assert compared["first"]["digest"] != first["digest"]
    # By a number he gets at his own, and is not told how many others there are.
    assert own.split("(")[1][:8] in blind.by("abe", "view", CASE, "--revision", "1").stdout
    assert blind.json_by("abe", "view", CASE, "--revision", "3", code=11)["error"] == "UnknownCaseError"
    asked = blind.by("abe", "submit", CASE, "--revision", "2", input="y\n").output
    assert "sign revision 2 as read" in asked

    blind.by("ada", "submit", CASE, "--yes")
    assert [one["number"] for one in blind.json_by("abe", "show", CASE)["revisions"]] == [1, 2, 3, 4]


def test_the_adjudicator_may_draw_a_read_of_his_own(blind):
    for size, person in enumerate(("ada", "abe"), start=1):
        work(blind, person, size=size)
        blind.by(person, "submit", CASE, "--yes")
    own = work(blind, "cleo", size=3)
    assert own["read"] == 3
    assert blind.by("cleo", "submit", CASE, "--yes").stdout == "case-0001: done: submitted\n"
    drew = blind.by("cleo", "approve", CASE, "--yes", code=1)
    assert "refused" in drew.stdout
    blind.by("ben", "approve", CASE, "--yes")


def test_an_amendment_leaves_what_was_approved_in_force(medseg_study):
    approved = medseg_study.site.approved()
    medseg_study.by("ada", "amend", CASE, code=2)
    opened = medseg_study.json_by("dora", "amend", CASE, "--reason", "a second tumour", "--reader", "ada")
    assert opened["case"]["state"] == "in-progress"
    assert opened["case"]["in_force"] == approved.digest
    new = work(medseg_study, "ada", size=3)
    medseg_study.by("ada", "submit", CASE, "--yes")
    assert medseg_study.json("show", CASE)["case"]["in_force"] == approved.digest
    medseg_study.by("ben", "approve", CASE, "--yes")
    shown = medseg_study.json("show", CASE)
    assert shown["case"]["in_force"] == new["digest"]
    assert "superseded" in [one["meaning"] for one in shown["statements"]]
    assert f"({new['digest'][:12]}) by ada" in medseg_study("show", CASE).stdout


def test_approval_of_some_structures_and_of_the_others(medseg_study):
    medseg_study.site.submitted()
    approve = ("approve", CASE, "--yes", "--only")
    assert medseg_study.by("ben", *approve, "liver").stdout == "case-0001: done: submitted\n"
    unknown = medseg_study.by("ben", *approve, "spleen", code=1)
    assert "spleen" in unknown.stdout
    assert medseg_study.by("cleo", *approve, "tumour").stdout == "case-0001: done: approved\n"


def test_withdrawn_with_a_reason_only(medseg_study):
    medseg_study.site.approved()
    medseg_study.by("dora", "withdraw", CASE, "--yes", code=2)
    done = medseg_study.by("dora", "withdraw", CASE, "--yes", "--reason", "wrong patient")
    assert done.stdout == "case-0001: done: withdrawn\n"


def test_a_signature_made_on_a_copy_of_the_study_is_brought_in_and_not_twice(medseg_study, tmp_path):
    site = medseg_study.site
    revision = site.submitted()
    laptop = replace(medseg_study, site=StudySite(shutil.copytree(site.path, tmp_path / "laptop"), site.keys))
    laptop.by("ben", "approve", CASE, "--yes")
    bundle = laptop.site.path / revision.folder / f"{CASE}_dseg.intoto.jsonl"
    taken = medseg_study.by("ben", "receive", CASE, bundle)
    assert taken.stdout.startswith("case-0001: approved by Ben Radiologist (radiologist), revision 1 (")
    refused = medseg_study.json_by("ben", "receive", CASE, bundle, code=7)
    assert refused["details"]["rule"] == "replayed"
    assert site.refused()["details"]["rule"] == "replayed"


def test_a_checkpoint_and_a_copy_elsewhere_find_a_ledger_that_was_cut(medseg_study, tmp_path):
    site = medseg_study.site
    site.submitted()
    elsewhere = tmp_path / "elsewhere.jsonl"
    made = medseg_study.json_by("ben", "checkpoint", "--copy-to", elsewhere)
    assert made["statements"] == 1
    assert medseg_study("check", "--kept", elsewhere).exit_code == 0
    assert medseg_study.by("dora", "checkpoint").stdout.startswith("checkpoint of ")
    (site.trust / "checkpoints.jsonl").unlink()
    cut = medseg_study("check", "--kept", elsewhere, code=1)
    assert "checkpoints-differ" in cut.stdout
    assert "NOT SOUND" in cut.stdout


def test_working_copies_are_told_and_what_is_unsaved_is_kept(medseg_study, tmp_path):
    site = medseg_study.site
    site.add()
    site.assign("ada")
    first = medseg_study.by("ada", "checkout", CASE)
    assert "(to be made)" in first.stdout
    site.draw("ada")
    again = medseg_study.by("ada", "checkout", CASE)
    assert "(to be made)" not in again.stdout
    assert "no revision holds" in again.stderr
    saved = medseg_study.by("ada", "save", CASE).stdout
    assert saved.startswith("case-0001: revision 1 (")
    out = medseg_study.json_by("ada", "checkout", CASE, "--out", tmp_path / "desk")
    assert out["label_map"] == str(tmp_path / "desk" / f"{CASE}_dseg.nii.gz")
    assert out["parent"].startswith(saved.split("(")[1].split(")")[0])
    medseg_study.by("abe", "checkout", CASE, code=7)


def test_the_audit_names_who_signed_what(medseg_study, tmp_path):
    medseg_study.site.approved()
    text = medseg_study("audit", CASE).stdout
    assert "Ada Annotator signed as submitted" in text
    assert "Ben Radiologist signed as approved" in text
    page, pdf = tmp_path / "audit.html", tmp_path / "audit.pdf"
    assert medseg_study("audit", "--html", page, "--pdf", pdf).stdout == ""
    assert "Ben Radiologist" in page.read_text()
    assert pdf.read_bytes().startswith(b"%PDF")
    assert medseg_study.json("audit", CASE)["entries"][0]["case"] == CASE
    medseg_study("audit", "--html", page, code=8)


def test_a_founder_without_his_own_passphrase_file(studies, tmp_path):
    arguments = [
        "study", "init", tmp_path / "new", "--person", studies.keys / "ben.person.json", "--founder",
        studies.keys / "ben.pem", "--passphrase-file", __file__, "--passphrase-file", __file__,
    ]  # fmt: skip
    refused = CliRunner().invoke(main, list(map(str, arguments)))
    assert refused.exit_code == 2
    assert not (tmp_path / "new").exists()


def test_init_asks_each_founder_for_the_passphrase_and_answers_in_json(studies, tmp_path):
    cards = [part for who in ("ben", "dora") for part in ("--person", studies.keys / f"{who}.person.json")]
    founders = [part for who in ("ben", "dora") for part in ("--founder", studies.keys / f"{who}.pem")]
    arguments = ["study", "init", tmp_path / "new", *cards, *founders, "--approvals", "2", "--json"]
    made = CliRunner().invoke(main, list(map(str, arguments)), input=f"{PASSPHRASE}\n{PASSPHRASE}\n")
    assert made.exit_code == 0, made.output
    assert "Passphrase of dora.pem" in made.stderr
    document = json.loads(made.stdout)
    assert document["founders"] == ["ben", "dora"]
    assert document["policy"]["approvals"] == 2
    migrated = CliRunner().invoke(main, ["study", "migrate", "--study", str(tmp_path / "new")])
    assert migrated.exit_code == 0
    assert migrated.stdout.startswith("the database has version ")
