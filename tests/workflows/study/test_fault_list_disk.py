"""The fault list, about the disk: kill -9, a full disk and a broken one at every system call of a write."""

from __future__ import annotations

import os

import pytest

from medseg.study.ledger import verify_ledger
from medseg.workflows import study as use
from study_cases import CASE
from study_faults import ALL_OPERATIONS, Fault, strike

EACH = 1 if "MEDSEG_SOAK" in os.environ else 11
"""How many system calls lie between two faults: none in ``make soak``."""

HARMLESS = {"left-over", "bundle-behind"}
"""What a program that died may leave: files that nothing names, and a bundle older than the database."""


def drawn(site):
    site.add()
    site.assign("ada")
    site.draw("ada")


def saved(site):
    drawn(site)
    ALL_OPERATIONS["save"](site)


def submitted(site):
    saved(site)
    site.step("ada", "submitted")


def approved(site):
    submitted(site)
    site.step("ben", "approved")


def amended(site):
    approved(site)
    site.step("ben", "amended", reason="more")
    site.save("ada", size=2)
    site.step("ada", "submitted")


STORIES = {
    "save": drawn,
    "submit": saved,
    "approve": amended,
    "amend": approved,
    "release": approved,
    "add": lambda site: site.add(),
    "check_out": saved,
    "checkpoint": approved,
    "comment": saved,
    "export": approved,
    "change_people": saved,
}
"""What happened before each of the use cases that write."""


def rows(site):
    """Everything that the database says, but for times; and who may sign."""
    with site.study.store.reading() as r:
        ids = r.case_ids()
        entries = [(one.fields["action"], one.fields["case"]) for one in r.ledger()]
        assert verify_ledger(r.ledger(), site.study.id).problems == ()
        told = [
            (
                (case := r.case(one)).state,
                case.in_force,
                [(read.state, read.head) for read in r.reads(one)],
                [(revision.number, revision.digest) for revision in r.revisions(one)],
                [line.meaning for line in r.statements(one)],
                len(r.comments(one)),
            )
            for one in ids
        ]
    people = {person.id: person.role for person in site.study.trust().roster.people}
    marks = [len(one.statements) for one in site.study.trust().checkpoints.all]
    return entries, told, people, marks


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("operation", list(STORIES))
def test_a_disk_that_fails_at_any_call(site, tmp_path, operation, fault):
    """Kill -9, a full and a broken disk at each write, rename, link and flush of each use case.

    The study is the old one or the new one, whole; where it said that it failed, the old one. No row is
    without its file, the check finds nothing but what a kill may leave, repair takes that away, and the use
    case can be run (again).
    """
    STORIES[operation](site)
    before = rows(site)
    found = set()
    for struck in strike(site, operation, fault, tmp_path / "struck", each=EACH):
        left, where = struck.site, (operation, fault, struck.number, struck.ended)
        damages = [one for one in use.check_study(left.study).damages if one.kind not in HARMLESS]
        assert damages == [], where
        is_old = rows(left) == before
        found.add((struck.ended, is_old))
        if struck.ended == "done":
            assert not is_old or operation == "check_out", where
        elif struck.ended != "killed":
            assert struck.ended in ("OutputError", "DatabaseError"), where
        assert use.check_study(left.study, repair=True).is_sound, where
        assert use.check_study(left.study).damages == (), where
        if is_old:
            ALL_OPERATIONS[operation](left)
            left.require_sound()
        for revision in left.revisions():
            use.view_revision(left.study, left.who("dora"), CASE, revision.digest)
    print(operation, fault, found)
