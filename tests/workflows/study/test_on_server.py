"""The same on PostgreSQL, and what becomes of files where nobody knows whether a commit came through."""

from __future__ import annotations

import sqlite3
import sys

import pytest
from sqlalchemy.engine.default import DefaultDialect

from medseg.errors import ConflictError, DatabaseError
from medseg.review.states import State
from medseg.review.verification import Verdict
from medseg.workflows import study as use
from postgres_server import postgres
from study_cases import CASE, StudySite, make_study
from study_kills import kill_at_each_step

__all__ = ["postgres"]


@pytest.fixture
def served(postgres, studies, tmp_path):
    """An empty study whose database is on a server."""
    site = make_study(tmp_path / "study", studies.keys, database=postgres.new_database())
    yield site
    site.require_sound()
    site.study.close()


def test_the_whole_life(served):
    old = served.approved(released=True)
    served.step("ben", "amended", reason="more")
    new = served.save("ada", size=2)
    served.step("ada", "submitted")
    served.step("ben", "approved")
    assert (served.verify(old).state, served.verify(new).state) == (State.SUPERSEDED, State.APPROVED)
    use.make_checkpoint(served.study, served.who("dora"))
    assert not (served.path / "study.sqlite").exists()


def test_a_blind_case(served):
    of_ada, _ = served.read_twice()
    served.step("carl", "adjudicated", revision=of_ada.digest, reason="closer")
    use.add_comment(served.study, served.who("carl"), CASE, "good", at_lps_mm=(1, 2, 3), structure="liver")
    served.step("carl", "approved")
    assert served.case().in_force == of_ada.digest
    assert use.list_cases(served.study).counts == {State.APPROVED: 1}


def test_two_windows_on_one_case(served):
    served.submitted()
    version = served.case().version
    other = StudySite(served.path, served.keys)
    served.step("ben", "approved", expected_version=version)
    with pytest.raises(ConflictError):
        other.step("cleo", "approved", expected_version=version)
    assert other.refused()["person"] == "cleo"
    other.study.close()


@pytest.mark.skipif(sys.platform == "win32", reason="forks, and sends SIGKILL")
def test_a_program_that_is_killed_while_it_signs(served, tmp_path):
    served.add()
    served.assign("ada")
    revision = served.save("ada")
    # All copies of the folder share the one database: the first kill after the commit ends it.
    killed = kill_at_each_step(served, "submit", tmp_path / "killed", until="after commit")
    assert [one.step for one in killed][-2:] == ["commit", "after commit"]
    served.__dict__.pop("study")
    assert served.case().state is State.SUBMITTED
    assert served.verify(revision).verdict is Verdict.UNSIGNED
    use.view_revision(served.study, served.who("ben"), CASE)
    assert served.verify(revision).verdict is Verdict.VALID


def test_where_the_connection_breaks_during_a_commit_no_row_loses_its_files(site, monkeypatch):
    site.add()
    site.assign("ada")
    files = site.draw("ada")
    image = site.path.parent / "phantom.nii.gz"
    ada, cory = site.who("ada"), site.who("cory")
    commit = DefaultDialect.do_commit

    def broken(self, connection):
        commit(self, connection)
        # A reading transaction commits, too.
        raise sqlite3.OperationalError("server closed the connection unexpectedly")

    for attempt in (
        lambda: use.save_revision(site.study, ada, CASE, files.nifti),
        lambda: use.add_case(site.study, cory, image),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(DefaultDialect, "do_commit", broken)
            with pytest.raises(DatabaseError):
                attempt()
    assert len(site.revisions()) == 1
    assert site.case("case-0002").state is State.UNASSIGNED
    site.require_sound()
