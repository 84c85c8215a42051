"""Several people at once: one wins, and the others are told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading

import pytest

from medseg.errors import ConflictError, MedsegError, TransitionError
from medseg.review.policy import Policy
from medseg.review.states import State
from medseg.study.ledger import verify_ledger
from medseg.workflows import study as use
from study_cases import CASE, StudySite

pytestmark = pytest.mark.usefixtures("stays_sound")


def at_once(*attempts):
    """What each attempt gave, or the error that it raised; all begin at one moment."""
    barrier = threading.Barrier(len(attempts))
    found = [None] * len(attempts)

    def run(number):
        barrier.wait()
        try:
            found[number] = attempts[number]()
        except MedsegError as error:
            found[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(attempts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def errors(found):
    return [one for one in found if isinstance(one, MedsegError)]


def require_unbroken(site):
    with site.study.store.reading() as r:
        assert verify_ledger(r.ledger(), site.study.id).problems == ()


def test_of_two_approvers_at_once_one_wins_and_the_other_is_told(site):
    revision = site.submitted()
    version = site.case().version
    who = [site.who("ben"), site.who("cleo")]
    found = at_once(
        *(
            lambda one=one: use.take_step(site.study, one, CASE, "approved", expected_version=version)
            for one in who
        )
    )
    (told,) = errors(found)
    assert isinstance(told, ConflictError)
    assert "reload" in told.hint
    assert site.refused()["details"]["error"] == "ConflictError"
    assert len(site.verify(revision).signatures) == 2
    assert site.case().in_force == revision.digest
    require_unbroken(site)


def test_without_a_version_the_second_finds_it_approved(site):
    site.submitted()
    who = [site.who("ben"), site.who("cleo")]
    found = at_once(*(lambda one=one: use.take_step(site.study, one, CASE, "approved") for one in who))
    (told,) = errors(found)
    assert isinstance(told, TransitionError)
    assert told.details["rule"] == "order"


def test_two_approvals_at_once_count_both_where_two_are_needed(studies, tmp_path):
    site = studies.make(tmp_path / "two", Policy(version="two", approvals=2))
    revision = site.submitted()
    who = [site.who("ben"), site.who("cleo")]
    found = at_once(*(lambda one=one: use.take_step(site.study, one, CASE, "approved") for one in who))
    assert errors(found) == []
    assert site.verify(revision).state is State.APPROVED
    site.study.close()


def test_approval_while_changes_are_asked_for(site):
    site.submitted()
    version = site.case().version
    ben, cleo = site.who("ben"), site.who("cleo")
    found = at_once(
        lambda: use.take_step(site.study, ben, CASE, "approved", expected_version=version),
        lambda: use.take_step(
            site.study, cleo, CASE, "changes-requested", reason="more", expected_version=version
        ),
    )
    assert len(errors(found)) == 1
    require_unbroken(site)


def test_what_was_looked_at_is_what_is_signed(site):
    seen = site.submitted()
    version = site.case().version
    site.step("cleo", "changes-requested", reason="more")
    site.save("ada", size=2)
    site.step("ada", "submitted")
    with pytest.raises(ConflictError) as refused:
        site.step("ben", "approved", revision=seen.digest)
    assert refused.value.details["rule"] == "content"
    assert site.refused()["details"]["rule"] == "content"
    with pytest.raises(ConflictError):
        site.step("ben", "approved", expected_version=version)
    with pytest.raises(ConflictError):
        use.assign(site.study, site.who("cory"), CASE, ["abe"], expected_version=version)
    assert site.case().state is State.SUBMITTED


def test_approval_while_the_author_saves(site):
    site.add()
    site.assign("ada")
    site.save("ada")
    files = site.draw("ada", size=2)
    ada, ben = site.who("ada"), site.who("ben")
    site.step("ada", "submitted")
    found = at_once(
        lambda: use.save_revision(site.study, ada, CASE, files.nifti),
        lambda: use.take_step(site.study, ben, CASE, "approved"),
    )
    (told,) = errors(found)
    assert isinstance(told, TransitionError)
    assert site.case().state is State.APPROVED
    assert len(site.revisions()) == 1


def test_cases_that_are_added_at_once_have_ids_of_their_own(site):
    site.add("first")
    image = site.path.parent / "phantom.nii.gz"
    cory = site.who("cory")
    found = at_once(*([lambda: use.add_case(site.study, cory, image)] * 4))
    assert sorted(case.id for case in found) == [f"case-000{number}" for number in range(1, 5)]


SCRIPT = """
import json, sys
from pathlib import Path
from medseg.errors import MedsegError
from study_cases import CASE, StudySite

study, keys, person, version = sys.argv[1:]
site = StudySite(Path(study), Path(keys))
site.who(person)
print("ready", flush=True)
sys.stdin.readline()
try:
    site.step(person, "approved", expected_version=int(version))
    print(json.dumps(None))
except MedsegError as error:
    print(json.dumps(type(error).__name__))
"""


def test_two_programs_at_once(site):
    revision = site.submitted()
    arguments = [str(site.path), str(site.keys)]
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", SCRIPT, *arguments, person, str(site.case().version)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        for person in ("ben", "cleo", "carl")
    ]
    for program in programs:
        assert program.stdout.readline() == "ready\n"
    told = [json.loads(program.communicate("go\n")[0]) for program in programs]
    assert sorted(map(str, told)) == ["ConflictError", "ConflictError", "None"]
    assert len(site.verify(revision).signatures) == 2
    assert len(site.ledger("refused")) == 2
    require_unbroken(site)


def test_another_window_sees_what_this_one_did(site):
    site.submitted()
    other = StudySite(site.path, site.keys)
    assert other.case() == site.case()
    site.step("ben", "approved")
    assert other.case().state is State.APPROVED
    other.study.close()
