"""The fault list, about order: two people at once, wrong clocks, and a ledger that somebody altered."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import timedelta

import pytest

from medseg.errors import ConflictError
from medseg.provenance.canonical_json import canonical_json
from medseg.review.states import State
from medseg.review.verification import Verdict
from medseg.study.ledger import GENESIS
from medseg.workflows import study as use

DAY = timedelta(days=1)

# Two approvers at once; approval while the author saves: one wins, the other is told and reloads; refused
# when the digest moved. Within one program, and three approvers from three programs: test_conflicts.py.

CONTENDER = """
import json, sys
from pathlib import Path
from medseg.errors import MedsegError
from medseg.workflows import study as use
from study_cases import CASE, StudySite

study, keys, person, what, digest = sys.argv[1:]
site = StudySite(Path(study), Path(keys))
who = site.who(person)
acts = {
    "approve": lambda: site.step(person, "approved", revision=digest),
    "save": lambda: use.save_revision(site.study, who, CASE, site.study.folder.work(CASE, person).nifti),
    "submit": lambda: site.step(person, "submitted"),
    "request": lambda: site.step(person, "changes-requested", reason="more"),
}
print("ready", flush=True)
for _ in sys.stdin:
    told = []
    for act in what.split():
        try:
            acts[act]()
            told.append(None)
        except MedsegError as error:
            told.append([type(error).__name__, error.details.get("rule") or error.details.get("reason")])
    print(json.dumps(told), flush=True)
"""


def contend(site, *who_does_what, digest):
    """Let several programs begin at one moment; what each was told of each of its acts."""
    site.study.close()
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", CONTENDER, str(site.path), str(site.keys), person, what, digest],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        for person, what in who_does_what
    ]
    for program in programs:
        assert program.stdout.readline() == "ready\n"
    for program in programs:
        program.stdin.write("go\n")
        program.stdin.flush()
    return [json.loads(program.communicate()[0]) for program in programs]


@pytest.mark.parametrize("number", range(3))
def test_two_approvers_in_two_programs(site, number):
    """Both sign what they looked at: one signature stands, the other is told, and that is written down."""
    revision = site.submitted()
    told = [one for (one,) in contend(site, ("ben", "approve"), ("cleo", "approve"), digest=revision.digest)]
    assert sorted(map(bool, told)) == [False, True]
    assert next(filter(None, told))[0] in ("TransitionError", "ConflictError")
    assert len(site.verify(revision).signatures) == 2
    assert len(site.ledger("refused")) == 1
    site.require_sound()


@pytest.mark.parametrize("number", range(3))
def test_an_approval_while_the_author_saves_in_another_program(site, number):
    """The author saves and submits another revision while somebody approves what he looked at: never both.

    Cleo has asked for changes, so that the author may save; the approver does not know of it yet. Whatever
    comes first, no approval ever stands on voxels that the approver did not look at.
    """
    seen = site.submitted()
    site.step("cleo", "changes-requested", reason="more")
    site.draw("ada", size=2)
    author, approver = contend(site, ("ada", "save submit"), ("ben", "approve"), digest=seen.digest)
    assert author == [None, None]
    ((error, rule),) = approver
    # Before the author submitted there was nothing to approve; after, the digest had moved.
    assert (error, rule) in (("TransitionError", "order"), ("ConflictError", "content"))
    old, new = site.revisions()
    assert site.case().state is State.SUBMITTED
    assert site.verify(new).state is State.SUBMITTED
    assert site.ledger("refused")[-1]["person"] == "ben"
    # He reloads, looks again, and signs what he sees.
    site.step("ben", "approved", revision=new.digest)
    assert site.case().in_force == new.digest
    assert old.digest != new.digest
    site.require_sound()


def test_the_digest_moved(site):
    """Who signs what he looked at is refused where another revision took its place, and told to reload."""
    seen = site.submitted()
    site.step("cleo", "changes-requested", reason="more")
    site.save("ada", size=2)
    site.step("ada", "submitted")
    with pytest.raises(ConflictError) as told:
        site.step("ben", "approved", revision=seen.digest)
    assert "again" in told.value.hint or "reload" in told.value.hint
    assert site.refused()["details"]["rule"] == "content"
    assert site.case().in_force is None


# A clock a day off: order comes from the chain; the skew is flagged. More in test_clocks.py.


@pytest.mark.parametrize("offset", [-DAY, DAY])
def test_a_clock_is_a_day_off(site, monkeypatch, offset):
    """Ben's clock is a day off: every list is in the order of the chain, and whoever looks is told so."""
    true = use.opened.now
    revision = site.submitted()
    for module in ("acting", "signing_in"):
        monkeypatch.setattr(f"medseg.workflows.study.{module}.now", lambda: true() + offset)
    site.step("ben", "approved")
    monkeypatch.undo()
    site._who.clear()
    site.step("dora", "released")

    found = site.verify(revision)
    order = ["submitted", "approved", "released"]
    assert found.verdict is Verdict.VALID
    assert [signature.meaning.value for signature in found.signatures] == order
    assert any("clock" in warning for warning in found.warnings)
    signed = [entry for entry in use.audit(site.study).as_dict()["entries"] if entry["action"] == "signed"]
    assert [entry["signature"]["meaning"] for entry in signed] == order
    times = [entry["at"] for entry in signed]
    assert times != sorted(times)
    check = use.check_study(site.study)
    assert check.is_sound
    assert any("clock" in damage.message for damage in check.damages)


# A ledger row deleted or edited, the tail cut off, the chain rebuilt: the first bad entry is named; the last
# two are caught by an exported checkpoint. More in test_check_study.py.


@pytest.fixture
def kept(site, tmp_path):
    """An approved case, and a copy of a checkpoint kept elsewhere; two entries follow."""
    site.approved()
    use.make_checkpoint(site.study, site.who("dora"), copy_to=tmp_path / "kept.jsonl")
    use.add_comment(site.study, site.who("ben"), "case-0001", "hm")
    use.view_revision(site.study, site.who("ben"), "case-0001")
    site.study.close()
    return use.read_kept_checkpoints(site.path, tmp_path / "kept.jsonl")


def as_administrator(site, change):
    """Change the database without its guards, and put them back."""
    with closing(sqlite3.connect(site.path / "study.sqlite")) as database:
        guards = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in guards:
            database.execute(f"DROP TRIGGER {name}")
        change(database)
        for _, sql in guards:
            database.execute(sql)
        database.commit()


def deleted(number):
    return lambda database: database.execute("DELETE FROM ledger WHERE number = ?", [number])


def edited(number):
    sql = "UPDATE ledger SET text = replace(text, '\"ada\"', '\"abe\"') WHERE number = ?"
    return lambda database: database.execute(sql, [number])


def cut_after(number):
    return lambda database: database.execute("DELETE FROM ledger WHERE number > ?", [number])


def rebuilt_from(start, until=None):
    """Edit an entry, and make every link after it good again; cut off what would tell."""

    def change(database):
        previous = GENESIS
        if until is not None:
            database.execute("DELETE FROM ledger WHERE number > ?", [until])
        rows = database.execute("SELECT number, text FROM ledger ORDER BY number").fetchall()
        for number, text in rows:
            fields = json.loads(text) | {"previous": previous}
            if number == start:
                fields["workstation"] = "elsewhere"
            text = canonical_json(fields).decode()
            digest = hashlib.sha256(text.encode()).hexdigest()
            sql = "UPDATE ledger SET text = ?, previous = ?, sha256 = ? WHERE number = ?"
            database.execute(sql, [text, previous, digest, number])
            previous = digest

    return change


def first_bad(check):
    """The number of the first entry that is named."""
    named = [one.what for one in check.damages if one.kind == "ledger"]
    return min(int(what.removeprefix("entry ")) for what in named)


@pytest.mark.parametrize(("change", "number"), [(deleted(3), 3), (edited(4), 4), (deleted(1), 1)])
def test_an_entry_is_deleted_or_edited(site, kept, change, number):
    """The first bad entry is named by the ledger alone, without any checkpoint."""
    (site.trust / "checkpoints.jsonl").unlink()
    as_administrator(site, change)
    assert first_bad(use.check_study(site.study)) == number


@pytest.mark.parametrize(
    "change",
    [cut_after(3), rebuilt_from(2), rebuilt_from(2, until=7)],
    ids=["the tail is cut off", "the chain is rebuilt", "it is rebuilt and cut off"],
)
def test_the_tail_is_cut_off_or_the_chain_rebuilt(site, kept, change):
    """Found by a checkpoint: by the copy kept elsewhere, where the study's own were taken away."""
    as_administrator(site, change)
    assert not use.check_study(site.study).is_sound
    (site.trust / "checkpoints.jsonl").unlink()
    check = use.check_study(site.study, kept=kept)
    size = kept.all[-1].size
    assert 0 < first_bad(check) <= size + 1
    assert any("checkpoint" in one.message for one in check.damages if one.kind == "ledger"), check.damages
