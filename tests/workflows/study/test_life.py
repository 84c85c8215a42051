"""The life of a case from the first assignment to its release, and what follows it."""

from __future__ import annotations

import pytest

from medseg.errors import TransitionError
from medseg.review.policy import Policy
from medseg.review.states import State
from medseg.review.verification import Verdict
from medseg.workflows import study as use
from medseg.workflows.history import history
from study_cases import CASE, FOUNDERS

pytestmark = pytest.mark.usefixtures("stays_sound")


def states(site):
    return site.case().state, site.reads()[0].state


def meanings(verification):
    return [signature.meaning.value for signature in verification.signatures]


def test_from_the_first_case_to_its_release(site):
    assert site.add(structures=["Liver"]).state is State.UNASSIGNED
    assert site.assign("ada").state is State.ASSIGNED
    revision = site.save("ada")
    assert states(site) == (State.IN_PROGRESS, State.IN_PROGRESS)
    assert (revision.number, revision.read, revision.parent, revision.author) == (1, 1, None, "ada")
    assert site.step("ada", "submitted").case.state is State.SUBMITTED
    assert site.step("ben", "approved").case.state is State.APPROVED
    taken = site.step("dora", "released")
    assert taken.case.state is State.RELEASED
    assert taken.case == site.case()
    assert taken.revision.digest == revision.digest == site.case().in_force

    found = site.verify(revision)
    assert (found.verdict, found.state) == (Verdict.VALID, State.RELEASED)
    assert meanings(found) == ["submitted", "approved", "released"]
    assert [signature.case for signature in found.signatures] == [CASE] * 3


def test_the_ledger_tells_every_step(site):
    revision = site.approved(released=True)
    told = [(entry["action"], entry["person"]) for entry in site.ledger()]
    assert told == [
        ("study-created", FOUNDERS[0]),
        ("case-added", "cory"),
        ("assigned", "cory"),
        ("checked-out", "ada"),
        ("saved", "ada"),
        ("signed", "ada"),
        ("signed", "ben"),
        ("signed", "dora"),
    ]
    signed = site.ledger("signed")
    assert [entry["details"]["meaning"] for entry in signed] == ["submitted", "approved", "released"]
    assert {entry["revision"] for entry in signed} == {revision.digest}
    with site.study.store.reading() as r:
        assert [entry["statement"] for entry in signed] == [
            signature.sha256 for signature in site.verify(revision).signatures
        ]
        assert all(r.has_statement(entry["statement"]) for entry in signed)


def test_a_statement_binds_case_parent_source_policy_and_ledger(site):
    site.add()
    site.assign("ada")
    first = site.save("ada", size=1)
    second = site.save("ada", size=2)
    head = site.ledger()[-1]["number"]
    taken = site.step("ada", "submitted")
    with site.study.store.reading() as r:
        (stored,) = r.statements(CASE)
        entry = next(iter(r.ledger(head, head)))
    from medseg.review.chain import read_statements

    (statement,) = read_statements(stored.line + b"\n")
    around = statement.circumstances
    assert second.parent == first.digest
    assert (around.case, around.parent) == (CASE, first.digest)
    assert statement.content.digest() == second.digest == taken.revision.digest
    assert around.sources
    assert site.case().image_sha256 in around.sources
    assert (around.ledger.number, around.ledger.sha256) == (head, entry.sha256)
    policy = site.study.policy()
    assert (statement.policy, statement.policy_version) == (policy.sha256, policy.version)
    assert around.workstation


def test_changes_are_asked_for_and_the_chain_goes_on_over_the_new_revision(site):
    first = site.submitted()
    site.step("ben", "changes-requested", reason="the dome of the liver is missing")
    assert states(site) == (State.CHANGES_REQUESTED, State.CHANGES_REQUESTED)
    second = site.save("ada", size=2)
    assert second.parent == first.digest
    site.step("ada", "submitted")
    site.step("ben", "approved")

    assert meanings(site.verify(second)) == ["submitted", "changes-requested", "submitted", "approved"]
    old = site.verify(first)
    assert (old.verdict, old.state) == (Verdict.VALID, State.CHANGES_REQUESTED)
    assert site.case().in_force == second.digest


def test_the_reader_may_submit_again_what_a_reviewer_doubted(site):
    first = site.submitted()
    site.step("ben", "changes-requested", reason="is this the liver?")
    site.step("ada", "submitted", reason="it is")
    site.step("ben", "approved")
    assert site.case().in_force == first.digest
    assert site.verify(first).state is State.APPROVED


def test_an_approval_may_cover_some_structures(site):
    revision = site.submitted()
    assert site.step("ben", "approved", structures=["liver"]).case.state is State.SUBMITTED
    assert site.case().in_force is None
    found = {one.id: one.approved_by for one in site.verify(revision).structures}
    assert found == {"liver": ("Ben Radiologist",), "tumour": ()}
    assert site.step("cleo", "approved", structures=["tumour"]).case.state is State.APPROVED
    assert site.verify(revision).state is State.APPROVED


def test_a_policy_of_two_approvals_needs_two_people(studies, tmp_path):
    site = studies.make(tmp_path / "two", Policy(version="two", approvals=2))
    revision = site.submitted()
    assert site.step("ben", "approved").case.state is State.SUBMITTED
    with pytest.raises(TransitionError) as refused:
        site.step("ben", "approved")
    assert refused.value.details["rule"] == "repeated"
    assert site.refused()["details"]["rule"] == "repeated"
    assert site.step("cleo", "approved").case.state is State.APPROVED
    assert site.verify(revision).state is State.APPROVED
    assert site.case().in_force == revision.digest


def test_amending_leaves_the_approved_revision_in_force_until_the_new_one_is_approved(site):
    old = site.approved()
    site.step("ben", "amended", reason="the tumour was missed")
    assert states(site) == (State.IN_PROGRESS, State.IN_PROGRESS)
    assert site.case().in_force == old.digest
    assert site.verify(old).state is State.APPROVED
    new = site.save("ada", size=2)
    site.step("ada", "submitted")
    assert site.case().in_force == old.digest
    assert site.verify(old).state is State.APPROVED

    site.step("ben", "approved")
    assert site.case().in_force == new.digest
    assert meanings(site.verify(new)) == ["submitted", "approved", "amended", "submitted", "approved"]
    superseded = site.verify(old)
    assert (superseded.verdict, superseded.state) == (Verdict.VALID, State.SUPERSEDED)
    assert superseded.signatures[-1].person_id == "ben"
    assert "2" in superseded.signatures[-1].reason
    last_two = [entry["details"]["meaning"] for entry in site.ledger()[-2:]]
    assert sorted(last_two) == ["approved", "superseded"]


def test_a_released_case_is_amended_by_another_reader_twice(site):
    first = site.approved(released=True)
    site.step("dora", "amended", reason="wrong side", reader="abe")
    assert site.reads()[0].reader == "abe"
    second = site.save("abe", size=2)
    site.step("abe", "submitted")
    site.step("cleo", "approved")
    site.step("cleo", "amended", reason="still wrong", reader="ada")
    third = site.save("ada", size=3)
    site.step("ada", "submitted")
    site.step("ben", "approved")
    assert [site.verify(one).state for one in (first, second, third)] == [
        State.SUPERSEDED,
        State.SUPERSEDED,
        State.APPROVED,
    ]
    assert site.case().in_force == third.digest


def test_who_drew_the_amended_revision_is_an_author_of_the_new_one_too(site):
    site.add()
    site.assign("ben")
    site.save("ben")
    site.step("ben", "submitted")
    site.step("cleo", "approved")
    site.step("cleo", "amended", reason="too small", reader="ada")
    site.save("ada", size=2)
    site.step("ada", "submitted")
    with pytest.raises(TransitionError) as refused:
        site.step("ben", "approved")
    assert refused.value.details["rule"] == "author"


def test_what_is_amended_moves_on_only_with_a_new_revision(site):
    old = site.approved()
    site.step("ben", "amended", reason="doubts")
    for person, meaning, rule in (("ada", "submitted", "content"), ("dora", "released", "order")):
        with pytest.raises(TransitionError) as refused:
            site.step(person, meaning)
        assert refused.value.details["rule"] == rule
    site.assign("abe")
    with pytest.raises(TransitionError):
        site.step("abe", "submitted")
    assert site.case().in_force == old.digest
    assert site.verify(old).state is State.APPROVED


@pytest.mark.parametrize("is_saved", [False, True])
def test_what_is_in_force_is_withdrawn_also_while_it_is_amended(site, is_saved):
    old = site.approved()
    site.step("ben", "amended", reason="doubts")
    if is_saved:
        site.save("ada", size=2)
    taken = site.step("dora", "withdrawn", reason="consent was withdrawn", revision=old.digest)
    assert taken.case.in_force is None
    assert site.verify(old).state is State.WITHDRAWN
    if is_saved:
        site.step("ada", "submitted")
        assert site.step("ben", "approved").case.state is State.APPROVED
    else:
        assert taken.case.state is State.WITHDRAWN
    assert site.verify(old).state is State.WITHDRAWN


def test_withdrawing_takes_it_out_of_force_and_amending_brings_it_back(site):
    old = site.approved(released=True)
    taken = site.step("dora", "withdrawn", reason="consent was withdrawn")
    assert (taken.case.state, taken.case.in_force) == (State.WITHDRAWN, None)
    assert site.verify(old).state is State.WITHDRAWN
    site.step("dora", "amended", reason="consent was given again")
    new = site.save("ada", size=2)
    site.step("ada", "submitted")
    assert site.step("ben", "approved").case.in_force == new.digest
    assert site.verify(old).state is State.WITHDRAWN


def test_a_label_map_of_several_layers_is_signed_as_one(site):
    site.add()
    site.assign("ada")
    revision = site.save("ada", layers=2)
    assert any("_layer-1" in name for name in revision.files)
    site.step("ada", "submitted")
    site.step("ben", "approved")
    found = site.verify(revision)
    assert (found.verdict, found.state) == (Verdict.VALID, State.APPROVED)
    assert [one.id for one in found.structures] == ["liver", "tumour", "target"]


def test_a_label_map_without_structures_can_be_approved(site):
    import numpy as np

    from medseg.contour import ContourSet
    from medseg.labelmap import LabelMap
    from medseg.workflows.open_image import open_image
    from medseg.workflows.save import save_label_map

    site.add()
    site.assign("ada")
    copy = use.check_out(site.study, site.who("ada"), CASE)
    image = open_image(copy.image)
    nothing = LabelMap(image.grid, (np.zeros(image.grid.shape_kji, np.uint8),), ())
    save_label_map(
        copy.files.nifti, nothing, grid=image.grid, source=image.source, contours=ContourSet(), author="Ada"
    )
    use.save_revision(site.study, site.who("ada"), CASE, copy.files.nifti)
    site.step("ada", "submitted")
    assert site.step("ben", "approved").case.state is State.APPROVED


def test_the_story_of_a_revision_is_told_without_the_study(site):
    revision = site.approved()
    told = history(site.files(revision).nifti, trust=site.trust)
    assert "Ben Radiologist" in str(told)
