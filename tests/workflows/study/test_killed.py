"""Kill -9 before each step on the disk: old or new, whole, and the work goes on."""

from __future__ import annotations

import sys

import pytest

from medseg.errors import TransitionError
from medseg.review.states import State
from medseg.review.verification import Verdict
from medseg.workflows import study as use
from study_cases import CASE
from study_kills import OPERATIONS, kill_at_each_step

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="forks, and sends SIGKILL")


@pytest.fixture
def drawn(site):
    """A case that Ada has drawn and not saved."""
    site.add()
    site.assign("ada")
    site.draw("ada")
    return site


def kills(site, operation, tmp_path, *, least):
    """Each study that was left by a kill: sound but for files that are behind, every other one repaired."""
    killed = kill_at_each_step(site, operation, tmp_path / "killed")
    assert len(killed) >= least, [one.step for one in killed]
    assert {"commit", "after commit"} <= {one.step for one in killed}
    for number, one in enumerate(killed):
        found = {damage.kind for damage in use.check_study(one.site.study).damages}
        assert found <= {"left-over", "bundle-behind"}, (one.step, found)
        if number % 2:
            assert use.check_study(one.site.study, repair=True).is_sound
            assert use.check_study(one.site.study).damages == ()
        yield one.step, one.site
        one.site.require_sound()
        one.site.study.close()


def test_saving(drawn, tmp_path):
    saved = set()
    for step, site in kills(drawn, "save", tmp_path, least=20):
        was_there = len(site.revisions())
        assert site.case().state is (State.IN_PROGRESS if was_there else State.ASSIGNED), step
        saved.add(was_there)
        OPERATIONS["save"](site)
        (revision,) = site.revisions()
        site.step("ada", "submitted")
        assert site.verify(revision).verdict is Verdict.VALID
    assert saved == {0, 1}


def test_submitting(drawn, tmp_path):
    OPERATIONS["save"](drawn)
    states = set()
    for step, site in kills(drawn, "submit", tmp_path, least=4):
        state = site.case().state
        states.add(state)
        if state is State.SUBMITTED:
            # It happened: the file is behind until somebody looks, and tells nothing false.
            assert site.verify(site.revisions()[0]).verdict in (Verdict.VALID, Verdict.UNSIGNED), step
            with pytest.raises(TransitionError):
                site.step("ada", "submitted")
        else:
            site.step("ada", "submitted")
        use.view_revision(site.study, site.who("ben"), CASE)
        found = site.verify(site.revisions()[0])
        assert (found.verdict, len(found.signatures)) == (Verdict.VALID, 1)
        site.step("ben", "approved")
    assert states == {State.IN_PROGRESS, State.SUBMITTED}


def test_approving_what_supersedes(drawn, tmp_path):
    OPERATIONS["save"](drawn)
    drawn.step("ada", "submitted")
    drawn.step("ben", "approved")
    drawn.step("ben", "amended", reason="more")
    drawn.save("ada", size=2)
    drawn.step("ada", "submitted")
    in_force = set()
    for _, site in kills(drawn, "approve", tmp_path, least=8):
        old, new = site.revisions()
        in_force.add(site.case().in_force)
        if site.case().in_force == old.digest:
            assert site.verify(old).state is State.APPROVED
            site.step("ben", "approved")
        for revision in (old, new):
            use.view_revision(site.study, site.who("dora"), CASE, revision.digest)
        assert (site.verify(old).state, site.verify(new).state) == (State.SUPERSEDED, State.APPROVED)
        assert site.case().in_force == new.digest
    assert in_force == {one.digest for one in drawn.revisions()}


def test_amending(drawn, tmp_path):
    OPERATIONS["save"](drawn)
    drawn.step("ada", "submitted")
    drawn.step("ben", "approved")
    for _, site in kills(drawn, "amend", tmp_path, least=2):
        if site.case().state is State.APPROVED:
            site.step("ben", "amended", reason="more")
        new = site.save("ada", size=2)
        assert len(site.bundle(new).splitlines()) == 3


def test_adding_a_case(site, tmp_path):
    site.add()
    for _, left in kills(site, "add", tmp_path, least=5):
        with left.study.store.reading() as r:
            ids = r.case_ids()
        assert ids in (("case-0001",), ("case-0001", "case-0002"))
        assert left.add(None).id == f"case-{len(ids) + 1:04d}"


def test_checking_out(drawn, tmp_path):
    OPERATIONS["save"](drawn)
    (revision,) = drawn.revisions()
    for _, site in kills(drawn, "check_out", tmp_path, least=8):
        copy = use.check_out(site.study, site.who("ada"), CASE)
        assert not copy.is_unsaved
        assert {path.name for path in copy.files.present()} == set(revision.files)
        assert use.save_revision(site.study, site.who("ada"), CASE, copy.files.nifti) == revision


def test_making_a_checkpoint(drawn, tmp_path):
    OPERATIONS["save"](drawn)
    drawn.step("ada", "submitted")
    for _, site in kills(drawn, "checkpoint", tmp_path, least=4):
        use.make_checkpoint(site.study, site.who("dora"))
        assert site.verify(site.revisions()[0]).signatures[0].checkpointed_at
