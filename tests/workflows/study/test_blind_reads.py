"""Two readers contour one case and see nothing of each other; a third decides."""

from __future__ import annotations

import pytest

from medseg.errors import BlindError, MedsegError, StudyError, TransitionError
from medseg.review.states import State
from medseg.review.verification import Verdict
from medseg.workflows import study as use
from study_cases import CASE

pytestmark = pytest.mark.usefixtures("stays_sound")


@pytest.fixture
def veiled(site):
    """Ada has submitted, Abe has saved: neither may see the other's."""
    site.add(reads=2)
    site.assign("ada", "abe", adjudicator="carl")
    site.save("ada", size=1)
    site.save("abe", size=2)
    site.step("ada", "submitted")
    return site


def states(site):
    return [read.state for read in site.reads()]


def test_a_case_is_as_far_as_its_slowest_reader(site):
    site.add(reads=2)
    assert site.assign("ada", "abe").state is State.ASSIGNED
    site.save("ada", size=1)
    assert site.case().state is State.ASSIGNED
    site.step("ada", "submitted")
    assert states(site) == [State.ADJUDICATION, State.ASSIGNED]
    assert site.case().state is State.ASSIGNED
    site.save("abe", size=2)
    assert site.case().state is State.IN_PROGRESS
    assert site.step("abe", "submitted").case.state is State.ADJUDICATION
    assert [entry["details"]["meaning"] for entry in site.ledger("signed")] == ["read", "read"]


@pytest.mark.parametrize("person", ["abe", "carl", "ben", "dora", "cory"])
def test_nobody_sees_another_readers_work_before_all_have_submitted(veiled, person):
    who, of_ada = veiled.who(person), veiled.revisions()[0]
    with pytest.raises(BlindError):
        use.view_revision(veiled.study, who, CASE, of_ada.digest)
    assert veiled.refused()["details"]["rule"] == "blind"
    assert veiled.refused()["person"] == person
    shown = use.show_case(veiled.study, CASE, who=who)
    assert shown.is_veiled
    assert of_ada.digest not in repr(shown)
    assert of_ada.digest[:16] not in repr(shown)
    assert {revision.author for revision in shown.revisions} <= {person}
    with pytest.raises(BlindError):
        use.add_comment(veiled.study, who, CASE, "is this Ada's?", revision=of_ada.digest)


def test_a_reader_sees_his_own(veiled):
    _, of_abe = veiled.revisions()
    assert use.view_revision(veiled.study, veiled.who("abe"), CASE).nifti.exists()
    shown = use.show_case(veiled.study, CASE, who=veiled.who("abe"))
    assert [revision.digest for revision in shown.revisions] == [of_abe.digest]
    assert [read.state for read in shown.reads] == [State.ASSIGNED, State.IN_PROGRESS]


def test_comments_of_the_readers_are_blind_too(veiled):
    use.add_comment(veiled.study, veiled.who("ada"), CASE, "a second lesion at the hilum")
    use.add_comment(veiled.study, veiled.who("cory"), CASE, "please by Friday")
    texts = {
        person: [one.text for one in use.list_comments(veiled.study, veiled.who(person), CASE)]
        for person in ("ada", "abe")
    }
    assert texts["ada"] == ["a second lesion at the hilum", "please by Friday"]
    assert texts["abe"] == ["please by Friday"]
    veiled.step("abe", "submitted")
    assert len(use.list_comments(veiled.study, veiled.who("abe"), CASE)) == 2


def test_a_comment_of_a_reader_who_was_replaced_stays_blind(site):
    site.add(reads=2)
    site.assign("ada", "abe")
    use.add_comment(site.study, site.who("ada"), CASE, "a second lesion at the hilum")
    site.assign("ben", "abe")
    assert use.list_comments(site.study, site.who("abe"), CASE) == ()


def test_nothing_is_decided_before_all_have_submitted(veiled):
    of_ada, _ = veiled.revisions()
    for person, meaning in (("carl", "adjudicated"), ("ben", "approved"), ("ben", "changes-requested")):
        with pytest.raises(MedsegError):
            veiled.step(person, meaning, reason="early", revision=of_ada.digest)
        assert veiled.refused()["person"] == person
    with pytest.raises(TransitionError):
        use.check_out(veiled.study, veiled.who("carl"), CASE)


def test_what_was_read_can_no_longer_be_changed_by_its_reader(veiled):
    with pytest.raises(TransitionError):
        veiled.save("ada", size=3)


def test_readers_do_not_change_places_once_one_has_looked(veiled):
    with pytest.raises(TransitionError):
        veiled.assign("abe", "ada")


def test_a_reader_does_not_take_over_the_other_read(site):
    site.add(reads=2)
    site.assign("ada", "abe")
    site.save("ada", size=1)
    site.save("abe", size=2)
    for readers in (("abe", "ada"), ("ben", "ada")):
        with pytest.raises(TransitionError) as refused:
            site.assign(*readers)
        assert refused.value.details["rule"] == "blind"
    assert [read.reader for read in site.reads()] == ["ada", "abe"]
    site.assign("ada", "ben")
    assert [read.reader for read in site.reads()] == ["ada", "ben"]


def test_the_adjudicator_chooses_a_read_and_may_approve_it(site):
    of_ada, of_abe = site.read_twice(adjudicator="carl")
    for revision in (of_ada, of_abe):
        use.view_revision(site.study, site.who("carl"), CASE, revision.digest)
    taken = site.step("carl", "adjudicated", revision=of_abe.digest, reason="the dome is in")
    assert (taken.case.state, taken.case.leading) == (State.SUBMITTED, 2)
    assert taken.revision.digest == of_abe.digest
    assert site.step("carl", "approved").case.in_force == of_abe.digest
    site.step("dora", "released")
    found = site.verify(of_abe)
    assert [s.meaning.value for s in found.signatures] == ["read", "adjudicated", "approved", "released"]
    assert (found.verdict, found.state) == (Verdict.VALID, State.RELEASED)
    other = site.verify(of_ada)
    assert (other.verdict, other.state) == (Verdict.VALID, State.ADJUDICATION)
    assert site.reads()[0].state is State.ADJUDICATION


def test_the_adjudicator_draws_anew_and_may_not_approve_it(site):
    of_ada, _ = site.read_twice(adjudicator="carl")
    anew = site.save("carl", size=3)
    assert (anew.read, anew.parent, anew.number) == (3, None, 3)
    assert site.case().state is State.ADJUDICATION
    taken = site.step("carl", "submitted", reason="both missed the caudate lobe")
    assert (taken.case.state, taken.case.leading) == (State.SUBMITTED, 3)
    with pytest.raises(TransitionError) as refused:
        site.step("carl", "approved")
    assert refused.value.details["rule"] == "author"
    assert site.step("ben", "approved").case.in_force == anew.digest
    assert [s.meaning.value for s in site.verify(anew).signatures] == ["submitted", "approved"]
    assert site.verify(of_ada).state is State.ADJUDICATION


def test_who_began_to_draw_anew_may_still_choose_a_read_and_not_approve_it(site):
    of_ada, _ = site.read_twice(adjudicator="carl")
    site.save("carl", size=3)
    taken = site.step("carl", "adjudicated", revision=of_ada.digest, reason="Ada's is better than mine")
    assert (taken.case.state, taken.case.leading) == (State.SUBMITTED, 1)
    with pytest.raises(TransitionError) as refused:
        site.step("carl", "approved")
    assert refused.value.details["rule"] == "author"
    with pytest.raises(TransitionError):
        site.save("carl", size=4)
    assert site.step("ben", "approved").case.in_force == of_ada.digest


@pytest.mark.parametrize("person", ["ada", "abe", "dora", "cory", "ben"])
def test_only_the_adjudicator_decides(site, person):
    of_ada, _ = site.read_twice(adjudicator="carl")
    with pytest.raises(TransitionError):
        site.step(person, "adjudicated", revision=of_ada.digest, reason="mine is better")
    assert site.refused()["person"] == person
    assert site.case().state is State.ADJUDICATION


def test_a_radiologist_who_read_does_not_adjudicate_nor_approve(site):
    site.add(reads=2)
    site.assign("ben", "ada")
    of_ben, of_ada = site.save("ben", size=1), site.save("ada", size=2)
    site.step("ben", "submitted")
    site.step("ada", "submitted")
    for revision in (of_ben, of_ada):
        with pytest.raises(TransitionError) as refused:
            site.step("ben", "adjudicated", revision=revision.digest, reason="I am sure")
        assert refused.value.details["rule"] == "author"
    site.step("cleo", "adjudicated", revision=of_ada.digest, reason="sharper")
    with pytest.raises(TransitionError) as refused:
        site.step("ben", "approved")
    assert refused.value.details["rule"] == "author"
    site.step("cleo", "approved")


def test_adjudicating_needs_a_reason_and_names_its_revision(site):
    of_ada, _ = site.read_twice()
    with pytest.raises(TransitionError) as refused:
        site.step("carl", "adjudicated", revision=of_ada.digest)
    assert refused.value.details["rule"] == "reason"
    with pytest.raises(MedsegError):
        site.step("carl", "adjudicated", reason="which one?")
    assert site.case().state is State.ADJUDICATION


def test_changes_are_asked_of_the_chosen_reader(site):
    of_ada, _ = site.read_twice()
    site.step("carl", "adjudicated", revision=of_ada.digest, reason="closer")
    site.step("ben", "changes-requested", reason="smooth it")
    with pytest.raises(TransitionError):
        site.save("abe", size=4)
    again = site.save("ada", size=3)
    taken = site.step("ada", "submitted")
    assert taken.case.state is State.SUBMITTED
    assert [s.meaning.value for s in site.verify(again).signatures][-2:] == ["changes-requested", "submitted"]
    assert site.step("ben", "approved").case.in_force == again.digest


def test_an_approved_blind_case_is_amended_without_reading_it_twice_again(site):
    of_ada, _ = site.read_twice()
    site.step("carl", "adjudicated", revision=of_ada.digest, reason="closer")
    site.step("carl", "approved")
    site.step("ben", "amended", reason="side", reader="abe")
    new = site.save("abe", size=3)
    site.step("abe", "submitted")
    assert site.step("cleo", "approved").case.in_force == new.digest
    assert site.verify(of_ada).state is State.SUPERSEDED


def test_who_is_named_must_fit(site):
    site.add(reads=2)
    for readers, adjudicator, rule in (
        (("ada", "ada"), None, "same-person"),
        (("ada", "dora"), None, "role"),
        (("ada", "ben"), "ben", "author"),
        (("ada", "abe"), "dora", "role"),
        (("ada", "nobody"), None, "unknown-person"),
    ):
        with pytest.raises(TransitionError) as refused:
            site.assign(*readers, adjudicator=adjudicator)
        assert refused.value.details["rule"] == rule
    with pytest.raises(StudyError):
        site.assign("ada")
    assert site.case().state is State.UNASSIGNED


def test_three_readers(site):
    site.add(reads=3)
    site.assign("ada", "abe", "ben")
    revisions = [site.save(person, size=size) for size, person in enumerate(("ada", "abe", "ben"), 1)]
    for person in ("ada", "abe"):
        site.step(person, "submitted")
    with pytest.raises(BlindError):
        use.view_revision(site.study, site.who("ada"), CASE, revisions[1].digest)
    site.step("ben", "submitted")
    use.view_revision(site.study, site.who("ada"), CASE, revisions[1].digest)
    taken = site.step("carl", "adjudicated", revision=revisions[2].digest, reason="best")
    assert taken.case.leading == 3
