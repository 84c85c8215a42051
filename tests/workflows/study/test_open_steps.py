"""What is worth offering to somebody, and who signed what."""

from __future__ import annotations

import pytest

from medseg.errors import BlindError, MedsegError
from medseg.review.states import Meaning
from medseg.workflows import study as use
from medseg.workflows.study.note_export import note_export
from medseg.workflows.study.open_steps import editable_read, may_adjudicate, open_steps
from medseg.workflows.study.signed_history import signed_history
from study_cases import CASE, PEOPLE


def offered(site):
    """What each of the people could sign now; who could sign nothing is left out."""
    found = {}
    for person in PEOPLE:
        view = use.show_case(site.study, CASE, who=site.who(person))
        steps = [step.meaning.value for step in open_steps(view, site.who(person).person)]
        if steps:
            found[person] = steps
    return found


RADIOLOGISTS = ("ben", "cleo", "carl")

REVIEW = ["approved", "changes-requested", "withdrawn"]


def test_what_is_offered_along_the_way(site):
    site.add()
    site.assign("ada")
    assert offered(site) == {}
    site.save("ada")
    assert offered(site) == {"ada": ["submitted"]}
    site.step("ada", "submitted")
    assert offered(site) == {
        **dict.fromkeys(RADIOLOGISTS, REVIEW),
        "dora": ["changes-requested", "withdrawn"],
    }
    site.step("ben", "approved")
    decided = ["amended", "withdrawn"]
    amends = {"ada": ["amended"], "abe": ["amended"]}
    assert offered(site) == {**amends, **dict.fromkeys(RADIOLOGISTS, decided), "dora": ["released", *decided]}
    site.step("dora", "released")
    assert offered(site) == {**amends, **dict.fromkeys((*RADIOLOGISTS, "dora"), decided)}
    site.step("ben", "amended", reason="a vessel was missed")
    assert offered(site) == {}, "nothing was changed yet"
    site.save("ada", size=2)
    assert offered(site) == {"ada": ["submitted"]}


def test_what_is_offered_between_blind_reads(site):
    site.read_twice(adjudicator="carl")
    assert offered(site) == {"carl": ["adjudicated", "adjudicated"]}
    view = use.show_case(site.study, CASE, who=site.who("carl"))
    assert [step.revision.read for step in open_steps(view, site.who("carl").person)] == [1, 2]
    assert may_adjudicate(view, site.who("carl").person)
    assert not may_adjudicate(view, site.who("ben").person), "somebody else was named"
    site.step("carl", "adjudicated", revision=site.revisions()[0].digest, reason="the dome is in")
    assert offered(site)["carl"] == REVIEW, "who only decided may approve"
    assert "ada" not in offered(site)


@pytest.mark.parametrize("released", [False, True])
def test_everything_that_is_offered_can_be_signed(site, released):
    site.approved(released=released)
    for person, meanings in offered(site).items():
        view = use.show_case(site.study, CASE, who=site.who(person))
        step = next(one for one in open_steps(view, site.who(person).person) if one.meaning == meanings[-1])
        reason = "as it should be" if step.needs_reason else ""
        assert step.needs_reason is (step.meaning in (Meaning.AMENDED, Meaning.WITHDRAWN))
        site.step(person, step.meaning.value, reason=reason, revision=step.revision.digest)
        return


def test_whose_read_can_be_worked_on(site):
    site.submitted()
    view = use.show_case(site.study, CASE, who=site.who("ada"))
    assert editable_read(view, site.who("ada").person) is None
    site.step("ben", "changes-requested", reason="the dome is missing")
    view = use.show_case(site.study, CASE, who=site.who("ada"))
    assert editable_read(view, site.who("ada").person).number == 1
    assert editable_read(view, site.who("abe").person) is None


def test_who_signed_what(site):
    site.submitted()
    site.step("ben", "changes-requested", reason="the dome is missing")
    signed = signed_history(use.show_case(site.study, CASE, who=site.who("ada")))
    told = [(one.meaning.value, one.name, one.role, one.reason, one.revision) for one in signed]
    assert told == [
        ("submitted", "Ada Annotator", "annotator", "", 1),
        ("changes-requested", "Ben Radiologist", "radiologist", "the dome is missing", 1),
    ]


def test_what_goes_out_is_written_down(site):
    revision = site.submitted()
    note_export(site.study, site.who("ben"), CASE, revision.digest, to="seg-nrrd")
    note_export(site.study, site.who("ada"), CASE, None, to="nifti")
    entries = site.ledger("exported")
    assert [(one["person"], one["revision"], one["details"]["to"]) for one in entries] == [
        ("ben", revision.digest, "seg-nrrd"),
        ("ada", None, "nifti"),
    ]


def test_nothing_blind_goes_out(site):
    site.add(reads=2)
    site.assign("ada", "abe")
    of_ada = site.save("ada")
    with pytest.raises(BlindError):
        note_export(site.study, site.who("abe"), CASE, of_ada.digest, to="nifti")
    assert site.ledger("exported") == []
    with pytest.raises(MedsegError):
        note_export(site.study, site.who("ada"), "nowhere", None, to="nifti")
