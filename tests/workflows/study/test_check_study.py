"""Every damage of a study is found and named, and nothing sound is called damaged."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta

import pytest

from medseg.errors import Cancelled
from medseg.study.ledger import Event, LedgerAction, next_entry
from medseg.workflows import study as use
from medseg.workflows.study.check_study import read_kept_checkpoints
from study_cases import CASE, make_study
from study_kills import OPERATIONS, kill_at_each_step


@pytest.fixture
def site(lived_site):
    return lived_site


def check(site, **more):
    return use.check_study(site.study, **more)


def named(found):
    """Kind and object of what is damaged; notes left out."""
    return {(one.kind, one.what) for one in found.damages if one.severity == "damage"}


def kinds(found):
    return {kind for kind, _ in named(found)}


def tamper(site, *statements):
    """Change rows as somebody who administers the database can."""
    with closing(sqlite3.connect(site.path / "study.sqlite")) as database:
        triggers = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        database.execute("PRAGMA foreign_keys = OFF")
        for name, _ in triggers:
            database.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            sql, *values = (statement,) if isinstance(statement, str) else statement
            assert database.execute(sql, values).rowcount != 0, sql
        for _, sql in triggers:
            database.execute(sql)
        database.commit()


def entries(site):
    with site.study.store.reading() as r:
        return list(r.ledger())


def rebuilt(site, start, change):
    """The chain written anew from an entry on, with every link and index right again."""
    before, statements = None, []
    for entry in entries(site):
        fields = entry.fields
        if entry.number >= start:
            change(fields)
            names = ("person", "role", "case", "read", "revision", "statement", "details")
            event = Event(LedgerAction(fields["action"]), **{name: fields[name] for name in names})
            at = datetime.fromisoformat(fields["at"])
            made = next_entry(site.study.id, before, event, at)
            sql = "UPDATE ledger SET previous = ?, sha256 = ?, text = ? WHERE number = ?"
            statements.append((sql, made.previous, made.sha256, made.text, made.number))
            before = made.head
        else:
            before = entry.head
    tamper(site, *statements)


def revision_folder(site, number=1):
    return site.files(site.revisions()[number - 1]).nifti.parent


def edit(path, old, new):
    path.chmod(0o644)
    assert old in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(old, new))


def test_a_sound_study_has_no_damage_and_no_note(site):
    found = check(site)
    assert found.damages == ()
    assert found.is_sound
    assert found.head == entries(site)[-1].sha256
    assert found.counts == {
        "cases": 2,
        "revisions": 3,
        "statements": 8,
        "entries": len(entries(site)),
        "comments": 2,
        "checkpoints": 1,
    }
    assert json.loads(json.dumps(found.as_dict()))["sound"] is True


def test_a_study_is_sound_at_every_point_of_a_blind_read(studies, tmp_path):
    site = studies.make(tmp_path / "study")
    site.require_sound()
    _, second = site.read_twice(adjudicator="carl")
    site.require_sound()
    site.step("carl", "adjudicated", reason="the margin", revision=second.digest)
    site.require_sound()
    site.step("ben", "approved", structures=["liver"])
    site.require_sound()
    site.step("cleo", "approved")
    site.step("ben", "amended", reason="more", reader="ada")
    site.require_sound()
    site.step("dora", "withdrawn", reason="consent", revision=second.digest)
    site.require_sound()
    assert check(site).damages == ()
    site.study.close()


# The ledger


def test_an_edited_entry_is_the_first_that_is_named(site):
    tamper(site, "UPDATE ledger SET text = replace(text, 'ada', 'abe') WHERE number = 5")
    found = check(site)
    assert ("ledger", "entry 5") in named(found)
    assert found.counts["entries"] == 4


@pytest.mark.parametrize(
    ("statements", "number"),
    [
        (["DELETE FROM ledger WHERE number = 6"], 6),
        (["UPDATE ledger SET number = 999 WHERE number = 6"], 6),
        (["UPDATE ledger SET action = 'viewed' WHERE number = 5"], 5),
        (["UPDATE ledger SET case_id = 'blind' WHERE number = 5"], 5),
        (["UPDATE ledger SET text = x'00ff' WHERE number = 4"], 4),
        (["UPDATE ledger SET text = '[]' WHERE number = 4"], 4),
        (["UPDATE ledger SET sha256 = 'x' WHERE number = 4"], 4),
        (
            [
                "UPDATE ledger SET number = 1000 WHERE number = 5",
                "UPDATE ledger SET number = 5 WHERE number = 6",
                "UPDATE ledger SET number = 6 WHERE number = 1000",
            ],
            5,
        ),
        (
            [
                "UPDATE ledger SET number = number + 1000 WHERE number > 4",
                "INSERT INTO ledger SELECT 5, 'p', 's', text, action, case_id FROM ledger WHERE number = 4",
                "UPDATE ledger SET number = number - 999 WHERE number > 1000",
            ],
            5,
        ),
    ],
    ids=["deleted", "moved", "action", "case", "bytes", "no entry", "digest", "swapped", "inserted"],
)
def test_an_altered_ledger_names_the_first_bad_entry(site, statements, number):
    tamper(site, *statements)
    assert ("ledger", f"entry {number}") in named(check(site))


def test_a_tail_that_was_cut_off_is_found_by_the_rows_the_statements_and_the_checkpoint(site):
    tamper(site, "DELETE FROM ledger WHERE number > 4")
    found = check(site)
    assert {"ledger", "revision-unknown", "statement-unknown", "state-differs"} <= kinds(found)
    message = "".join(one.message for one in found.damages if one.kind == "ledger")
    assert "checkpoint 1 names it" in message
    assert "a signed statement names it" in message


def test_a_chain_that_was_rebuilt_is_found_by_statements_and_checkpoint(site):
    rebuilt(site, 3, lambda fields: fields.update(person="ben") if fields["number"] == 3 else None)
    found = check(site)
    first = next(one for one in found.damages if one.kind == "ledger")
    assert "names another entry" in first.message


def test_a_chain_rebuilt_behind_the_last_statement_is_found_by_a_checkpoint_kept_elsewhere(site, tmp_path):
    site.assign("ada", "carl", case_id="blind")
    use.make_checkpoint(site.study, site.who("dora"), copy_to=tmp_path / "kept.jsonl")
    last = [entry for entry in entries(site) if entry.action == "assigned"][-1].number
    shutil.copyfile(site.path / "trust/checkpoints.jsonl", tmp_path / "all.jsonl")
    trust = site.path / "trust/checkpoints.jsonl"
    trust.write_bytes(trust.read_bytes().splitlines(keepends=True)[0])
    tamper(site, f"DELETE FROM ledger WHERE number >= {last}")
    tamper(site, "UPDATE reads SET reader = 'abe' WHERE case_id = 'blind' AND number = 2")
    version = max(entry.number for entry in entries(site) if entry.case_id == "blind")
    at = next(entry for entry in entries(site) if entry.number == version).fields["at"]
    tamper(
        site,
        ("UPDATE cases SET adjudicator = 'carl', version = ?, updated = ? WHERE id = 'blind'", version, at),
    )
    assert check(site).is_sound, "by itself nothing shows it"
    found = check(site, kept=read_kept_checkpoints(site.path, tmp_path / "kept.jsonl"))
    assert {"ledger", "checkpoints-differ"} <= kinds(found)


def test_an_entry_that_nobody_edited_and_that_tells_what_can_not_be(site):
    with site.study.store.transaction() as t:
        event = Event(LedgerAction.SAVED, "ada", "annotator", case="nobody", read=1, revision="0" * 64)
        number = t.append(event).number
    assert ("ledger", f"entry {number}") in named(check(site))


# The rows


@pytest.mark.parametrize(
    ("sql", "kind", "what"),
    [
        ("UPDATE cases SET state = 'released' WHERE id = 'blind'", "state-differs", "blind"),
        (
            "UPDATE reads SET state = 'released' WHERE case_id = 'case-0001'",
            "state-differs",
            "case-0001, read 1",
        ),
        ("UPDATE reads SET reader = 'cleo' WHERE case_id = 'case-0001'", "read-differs", "case-0001, read 1"),
        ("UPDATE reads SET head = base WHERE case_id = 'case-0001'", "read-differs", "case-0001, read 1"),
        (
            "UPDATE reads SET amendment = NULL WHERE case_id = 'case-0001'",
            "read-differs",
            "case-0001, read 1",
        ),
        ("UPDATE cases SET in_force = NULL WHERE id = 'case-0001'", "case-differs", "case-0001"),
        ("UPDATE cases SET leading = 2 WHERE id = 'blind'", "case-differs", "blind"),
        ("UPDATE cases SET adjudicator = 'cleo' WHERE id = 'blind'", "case-differs", "blind"),
        ("UPDATE cases SET due = '2031-01-01' WHERE id = 'blind'", "case-differs", "blind"),
        ("UPDATE cases SET version = 1 WHERE id = 'blind'", "case-differs", "blind"),
        ("UPDATE cases SET structures = '[\"Spleen\"]' WHERE id = 'blind'", "case-differs", "blind"),
        ("UPDATE cases SET image = '../../etc/passwd' WHERE id = 'blind'", "case-differs", "blind"),
        ("UPDATE cases SET image_sha256 = 'x' WHERE id = 'blind'", "case-differs", "blind"),
        (
            "UPDATE cases SET updated = '2020-01-01T00:00:00+00:00' WHERE id = 'blind'",
            "case-differs",
            "blind",
        ),
        ("UPDATE cases SET id = 'other' WHERE id = 'blind'", "case-unknown", "other"),
        ("DELETE FROM cases WHERE id = 'blind'", "case-missing", "blind"),
        ("DELETE FROM reads WHERE case_id = 'blind' AND number = 2", "read-missing", "blind, read 2"),
        (
            "UPDATE reads SET number = 3 WHERE case_id = 'blind' AND number = 2",
            "read-unknown",
            "blind, read 3",
        ),
        ("UPDATE comments SET text = 'fine' WHERE id = 2", "comment-differs", "comment 2"),
        ("UPDATE comments SET x_lps_mm = 9 WHERE id = 1", "comment-differs", "comment 1"),
        ("UPDATE comments SET structure = NULL WHERE id = 1", "comment-differs", "comment 1"),
        ("UPDATE comments SET author = 'ada' WHERE id = 2", "comment-differs", "comment 2"),
        ("UPDATE comments SET resolved_by = NULL WHERE id = 1", "comment-differs", "comment 1"),
        ("UPDATE comments SET resolved_by = 'ben' WHERE id = 2", "comment-differs", "comment 2"),
        ("DELETE FROM comments WHERE id = 2", "comment-missing", "comment 2"),
        ("UPDATE comments SET id = 7 WHERE id = 2", "comment-unknown", "comment 7"),
        ("UPDATE cases SET state = 'perfect' WHERE id = 'blind'", "row-damaged", "cases, row 1"),
        ("UPDATE cases SET due = 'soon' WHERE id = 'blind'", "row-damaged", "cases, row 1"),
        ("UPDATE cases SET id = '../x' WHERE id = 'blind'", "row-damaged", "cases, row 1"),
        ("UPDATE comments SET created = x'00' WHERE id = 2", "row-damaged", "comments, row 2"),
    ],
)
def test_an_edited_row_is_named(site, sql, kind, what):
    tamper(site, sql)
    assert (kind, what) in named(check(site))


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("UPDATE revisions SET author = 'ben' WHERE number = 1", "revision-differs"),
        ("UPDATE revisions SET number = 9 WHERE number = 2", "revision-differs"),
        ("UPDATE revisions SET files = '{}' WHERE number = 2", "revision-differs"),
        ("UPDATE revisions SET files = '{' WHERE number = 2", "row-damaged"),
        ("UPDATE revisions SET folder = '../x' WHERE number = 2", "revision-differs"),
        ("UPDATE revisions SET saved_at = '2020-01-01T00:00:00+00:00' WHERE number = 2", "revision-differs"),
        (f"UPDATE revisions SET digest = '{'0' * 64}' WHERE number = 2", "revision-unknown"),
        ("DELETE FROM revisions WHERE number = 2", "revision-missing"),
        ("UPDATE statements SET line = line || ' ' WHERE meaning = 'approved'", "row-damaged"),
        ("UPDATE statements SET line = CAST(line || ' ' AS BLOB)", "statement-differs"),
        ("UPDATE statements SET line = x'7b' WHERE meaning = 'approved'", "statement-differs"),
        ("UPDATE statements SET person_id = 'dora' WHERE meaning = 'approved'", "statement-differs"),
        ("UPDATE statements SET meaning = 'approved' WHERE meaning = 'released'", "statement-differs"),
        ("UPDATE statements SET case_id = 'blind' WHERE meaning = 'released'", "statement-differs"),
        ("UPDATE statements SET signed_at = '2020-01-01T00:00:00+00:00'", "statement-differs"),
        ("DELETE FROM statements WHERE meaning = 'superseded'", "statement-missing"),
        ("DELETE FROM bundle_lines WHERE position = 2", "bundle-differs"),
        ("UPDATE bundle_lines SET position = position + 7 WHERE position = 0", "signature-invalid"),
        ("UPDATE bundle_lines SET position = 55 WHERE position = 3", "bundle-differs"),
    ],
)
def test_an_edited_revision_or_statement_is_found(site, sql, kind):
    tamper(site, sql)
    assert kind in kinds(check(site))


def test_a_state_edited_together_with_the_ledger_is_told_by_the_signatures(site):
    """Who rebuilds the chain up to the last entry has no key to sign what it would lead to."""
    last = entries(site)[-1]
    rebuilt(site, last.number, lambda fields: fields["details"].update(state="approved"))
    tamper(
        site,
        "UPDATE reads SET state = 'approved' WHERE case_id = 'blind' AND number = 1",
    )
    assert ("state-differs", f"blind, revision {last.fields['revision'][:12]}") in named(check(site))


def test_a_statement_that_no_entry_names_and_one_that_stands_twice(site):
    insert = (
        "INSERT INTO statements SELECT substr(sha256, 2) || 'z', case_id, digest, line, meaning, person_id, "
    )
    tamper(site, insert + "signed_at FROM statements WHERE meaning = 'released'")
    assert {"statement-unknown", "statement-differs"} <= kinds(check(site))


def test_guards_that_were_taken_off_are_told(site):
    with closing(sqlite3.connect(site.path / "study.sqlite")) as database:
        database.execute("DROP TRIGGER ledger_no_update")
    found = check(site)
    assert [(one.kind, one.what, one.severity) for one in found.damages] == [
        ("guard-missing", "trigger ledger_no_update", "note")
    ]


def test_a_broken_database_file_is_named_and_the_files_are_still_looked_at(site):
    path = site.path / "study.sqlite"
    data = bytearray(path.read_bytes())
    data[4096 : 4096 * 40] = bytes(4096 * 39)
    path.write_bytes(data)
    found = use.check_study(site.path)
    assert not found.is_sound
    assert kinds(found) & {"database-damaged", "study-damaged"}
    assert sum(one.kind == "revision-found" for one in found.damages) == 3


def test_a_missing_database_is_named_and_the_files_say_what_they_can(site):
    (site.path / "study.sqlite").unlink()
    found = use.check_study(site.path)
    assert ("database-damaged", "database") in named(found)
    said = sorted(one.message for one in found.damages if one.kind == "revision-found")
    assert said == [
        "adjudication, by its signatures",
        "approved, by its signatures",
        "superseded, by its signatures",
    ]


def test_no_study_json(site):
    (site.path / "study.json").write_text("{}")
    assert ("study-damaged", "study") in named(use.check_study(site.path))


# The files


def test_a_changed_missing_or_new_file_of_a_revision_is_named(site):
    files = site.files(site.revisions()[0])
    folder = site.study.folder.relative(files.nifti.parent)
    edit(files.structures, b"Liver", b"Lever")
    files.provenance.unlink()
    (files.nifti.parent / "notes.txt").write_text("x")
    (files.nifti.parent / f"{CASE}_dseg_layer-1.nii.gz").write_bytes(b"")
    found = check(site)
    assert named(found) == {
        ("revision-changed", f"{folder}/{files.structures.name}"),
        ("revision-changed", f"{folder}/{files.provenance.name}"),
        ("revision-changed", f"{folder}/{CASE}_dseg_layer-1.nii.gz"),
        ("revision-changed", f"{folder}/notes.txt"),
    }


def test_a_folder_of_a_revision_that_is_gone(site):
    folder = revision_folder(site)
    shutil.rmtree(folder)
    assert named(check(site)) == {("revision-missing", site.study.folder.relative(folder))}


def test_an_image_that_is_gone_or_another_one(site):
    first, second = (site.study.folder.image(one) for one in (CASE, "blind"))
    first.unlink()
    edit(second, second.read_bytes()[-1:], b"?")
    assert named(check(site)) == {
        ("image-missing", site.study.folder.relative(first)),
        ("image-changed", site.study.folder.relative(second)),
    }


def test_bundles_beside_revisions(site):
    old, new = (site.files(revision).sign_off for revision in site.revisions())
    old.write_bytes(b"".join(old.read_bytes().splitlines(keepends=True)[:-1]))
    edit(new, b'"payload"', b'"paylaod"')
    relative = site.study.folder.relative
    found = check(site)
    assert named(found) == {("bundle-behind", relative(old)), ("bundle-differs", relative(new))}
    again = check(site, repair=True)
    assert not any(one.repaired for one in again.damages), "something else is damaged: nothing is touched"


def test_a_bundle_that_is_behind_is_written_again(site):
    old = site.files(site.revisions()[0]).sign_off
    whole = old.read_bytes()
    old.write_bytes(b"".join(whole.splitlines(keepends=True)[:-1]))
    assert not check(site).is_sound
    found = check(site, repair=True)
    assert found.is_sound
    assert [(one.kind, one.repaired) for one in found.damages] == [("bundle-behind", True)]
    assert old.read_bytes() == whole
    assert check(site).damages == ()


def test_what_a_killed_save_and_a_killed_signature_left_is_harmless_and_put_right(studies, tmp_path):
    site = studies.make(tmp_path / "study")
    site.add()
    site.assign("ada")
    site.draw("ada")
    notes = set()
    for operation in ("save", "submit"):
        for one in kill_at_each_step(site, operation, tmp_path / f"killed-{operation}"):
            found = check(one.site)
            assert found.is_sound, (one.step, found)
            notes |= {damage.kind for damage in found.damages}
            repaired = check(one.site, repair=True)
            assert all(damage.repaired for damage in repaired.damages), one.step
            assert check(one.site).damages == ()
            one.site.study.close()
        OPERATIONS[operation](site)
    assert notes == {"left-over", "bundle-behind"}
    site.study.close()


def test_a_signed_revision_that_nothing_names_is_no_left_over(site):
    folder = revision_folder(site)
    tamper(site, "DELETE FROM ledger", "DELETE FROM revisions", "DELETE FROM cases", "DELETE FROM reads")
    found = check(site, repair=True)
    assert ("revision-unknown", site.study.folder.relative(folder)) in named(found)
    assert folder.is_dir()


# The trust folder


def test_a_trust_folder_that_is_gone_or_altered(site):
    edit(site.trust / "roster.json", b'"payload"', b'"paylaod"')
    assert ("trust-damaged", "trust") in named(check(site))
    shutil.rmtree(site.trust)
    assert ("trust-damaged", "trust") in named(check(site))


def test_a_roster_that_was_founded_anew_is_found(site, tmp_path):
    other = make_study(tmp_path / "other", site.keys)
    shutil.copyfile(other.trust / "roster.json", site.trust / "roster.json")
    other.study.close()
    found = check(site)
    assert ("trust-damaged", "trust/changes.jsonl") in named(found)
    assert "signature-invalid" in kinds(found)


def test_checkpoints_that_are_gone_or_altered(site):
    path = site.trust / "checkpoints.jsonl"
    data = path.read_bytes()
    path.unlink()
    assert named(check(site)) == {("checkpoint-missing", "trust/checkpoints.jsonl")}
    path.write_bytes(data.replace(b'"sig"', b'"sgi"'))
    found = check(site)
    assert ("trust-damaged", "trust/checkpoints.jsonl") in named(found)
    assert "signature-invalid" not in kinds(found), "the roster is still good"


def test_who_is_not_on_the_roster_or_had_another_role(site):
    with site.study.store.transaction() as t:
        first = t.append(Event(LedgerAction.VIEWED, "mallory", "qa")).number
        t.append(Event(LedgerAction.VIEWED, "ada", "qa"))
        t.append(Event(LedgerAction.REFUSED, "ada", "qa"))
    assert named(check(site)) == {
        ("person-unknown", f"entry {first}"),
        ("role-differs", f"entry {first + 1}"),
    }


def test_clocks_that_ran_wrong_are_notes(site):
    with site.study.store.transaction() as t:
        at = datetime.now().astimezone() + timedelta(days=1)
        t.append(Event(LedgerAction.VIEWED, "ben", "radiologist"), at)
        t.append(Event(LedgerAction.VIEWED, "ben", "radiologist"))
    found = check(site)
    assert found.is_sound
    assert [one.kind for one in found.damages] == ["clock", "clock"]


# The rest


def test_it_can_be_stopped_and_says_how_far_it_is(site):
    said = []
    check(site, progress=lambda task, done, total: said.append((task, done, total)))
    reading = [("Reading database and ledger", done, 1) for done in (0, 1)]
    assert said == reading + [("Checking files", number, 5) for number in range(6)]

    def stop(task, done, total):
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        check(site, progress=stop)


def test_a_check_changes_nothing(site):
    def digests():
        return {path: path.read_bytes() for path in sorted(site.path.rglob("*")) if path.is_file()}

    before = digests()
    check(site)
    check(site, repair=True)
    assert digests() == before
