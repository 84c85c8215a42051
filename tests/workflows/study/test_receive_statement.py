"""A statement that was signed on a copy of the study counts once, for its case and its revision alone."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest

from medseg.errors import MedsegError, ReviewError, SidecarError, TransitionError
from medseg.io.trust_folder import read_key
from medseg.review.circumstances import LedgerHead
from medseg.review.role import Role
from medseg.review.statement import open_statement, seal_statement
from medseg.review.states import State
from medseg.review.verification import Verdict
from medseg.workflows import study as use
from study_cases import CASE, PASSPHRASE, StudySite

pytestmark = pytest.mark.usefixtures("stays_sound")

OTHER = "case-0002"


@pytest.fixture
def revision(site):
    """Submitted by Ada; a second case too, with a label map of the same voxels."""
    revision = site.submitted()
    site.add(OTHER)
    site.assign("ada", case_id=OTHER)
    site.save("ada", case_id=OTHER)
    site.step("ada", "submitted", case_id=OTHER)
    return revision


@pytest.fixture
def elsewhere(site, revision, tmp_path):
    """A copy of the study on another machine."""
    copy = StudySite(shutil.copytree(site.path, tmp_path / "laptop"), site.keys)
    yield copy
    copy.study.close()


def last_line(site, revision):
    return site.bundle(revision).splitlines()[-1]


def receive(site, line, *, person="ben", case_id=CASE):
    return use.receive_statement(site.study, site.who(person), case_id, line)


def test_an_approval_signed_elsewhere_counts(site, revision, elsewhere):
    elsewhere.step("ben", "approved")
    taken = receive(site, last_line(elsewhere, revision))
    assert taken.case.state is State.APPROVED
    assert site.case().in_force == revision.digest
    found = site.verify(revision)
    assert (found.verdict, found.state) == (Verdict.VALID, State.APPROVED)
    assert site.ledger()[-1]["action"] == "signed"


def test_it_counts_once(site, revision, elsewhere):
    elsewhere.step("ben", "changes-requested", reason="more")
    line = last_line(elsewhere, revision)
    receive(site, line)
    site.save("ada", size=2)
    site.step("ada", "submitted")
    with pytest.raises(TransitionError) as refused:
        receive(site, line)
    assert refused.value.details["rule"] == "replayed"
    assert site.refused()["details"]["rule"] == "replayed"
    assert site.case().state is State.SUBMITTED


def test_a_statement_of_this_study_does_not_count_again(site, revision):
    with pytest.raises(TransitionError) as refused:
        receive(site, last_line(site, revision), person="ada")
    assert refused.value.details["rule"] == "replayed"


def test_it_is_not_moved_to_another_case(site, revision, elsewhere):
    elsewhere.step("ben", "approved")
    with pytest.raises(TransitionError) as refused:
        receive(site, last_line(elsewhere, revision), case_id=OTHER)
    assert refused.value.details["rule"] == "moved"
    assert site.refused()["case"] == OTHER
    assert site.case(OTHER).state is State.SUBMITTED


def test_it_is_not_moved_to_another_revision(site, revision, elsewhere):
    elsewhere.step("ben", "changes-requested", reason="more")
    other = elsewhere.save("ada", size=2)
    elsewhere.step("ada", "submitted")
    elsewhere.step("ben", "approved")
    for of in (other,):
        with pytest.raises(TransitionError) as refused:
            receive(site, last_line(elsewhere, of))
        assert refused.value.details["rule"] == "moved"


def test_it_does_not_jump_over_another_statement(site, revision, elsewhere):
    elsewhere.step("ben", "approved")
    elsewhere.step("dora", "released")
    with pytest.raises(TransitionError) as refused:
        receive(site, last_line(elsewhere, revision), person="dora")
    assert refused.value.details["rule"] in ("moved", "order")
    assert site.case().state is State.SUBMITTED


def test_nobody_brings_in_what_another_signed(site, revision, elsewhere):
    elsewhere.step("ben", "approved")
    with pytest.raises(TransitionError) as refused:
        receive(site, last_line(elsewhere, revision), person="cleo")
    assert refused.value.details["rule"] == "signer"


def test_one_that_was_altered_is_refused_and_written_down(site, revision, elsewhere):
    elsewhere.step("ben", "approved")
    envelope = json.loads(last_line(elsewhere, revision))
    envelope["payload"] = envelope["payload"].replace("A", "B", 1)
    for line in (b"{", b"", json.dumps(envelope).encode()):
        with pytest.raises(SidecarError):
            receive(site, line)
        assert site.refused()["details"]["attempted"] == "bring in a statement"
    assert site.case().state is State.SUBMITTED


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("parent", {"parent": "ab" * 32}),
        ("sources", {"sources": ("ab" * 32,)}),
        ("ledger", {"ledger": None}),
        ("ledger", {"ledger": LedgerHead(3, "ab" * 32)}),
        ("ledger", {"ledger": LedgerHead(10**6, "ab" * 32)}),
    ],
)
def test_one_that_tells_another_story_is_refused(site, revision, elsewhere, rule, changes):
    elsewhere.step("ben", "approved")
    honest, _ = open_statement(last_line(elsewhere, revision), "it")
    forged = replace(honest, circumstances=replace(honest.circumstances, **changes))
    with pytest.raises(TransitionError) as refused:
        receive(site, seal_statement(forged, read_key(site.key("ben"), PASSPHRASE)))
    assert refused.value.details["rule"] == rule
    assert site.refused()["details"]["rule"] == rule


def test_a_good_key_does_not_make_a_false_role_true(site, revision, elsewhere):
    elsewhere.step("ben", "approved")
    honest, _ = open_statement(last_line(elsewhere, revision), "it")
    for changes in ({"role": Role.QA}, {"name": "Cleo Radiologist"}, {"policy": "ab" * 32}):
        forged = replace(honest, **changes)
        line = seal_statement(forged, read_key(site.key("ben"), PASSPHRASE))
        with pytest.raises(ReviewError):
            receive(site, line)
    assert site.case().state is State.SUBMITTED


def test_after_the_revision_changed_it_comes_too_late(site, revision, elsewhere):
    elsewhere.step("ben", "approved")
    line = last_line(elsewhere, revision)
    site.step("cleo", "changes-requested", reason="first")
    with pytest.raises(MedsegError):
        receive(site, line)
    assert site.refused()["person"] == "ben"
    assert site.case().state is State.CHANGES_REQUESTED


def test_an_approval_that_supersedes_is_signed_in_the_study(site, tmp_path):
    site.approved()
    site.step("ben", "amended", reason="more")
    new = site.save("ada", size=2)
    site.step("ada", "submitted")
    copy = StudySite(shutil.copytree(site.path, tmp_path / "laptop"), site.keys)
    copy.step("ben", "approved")
    with pytest.raises(TransitionError) as refused:
        receive(site, last_line(copy, new))
    copy.study.close()
    assert refused.value.details["rule"] == "supersedes"
