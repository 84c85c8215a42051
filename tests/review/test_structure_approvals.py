"""Approvals of some structures, and policies that ask for several people: nothing is approved by halves."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medseg.errors import ReviewError, SidecarError, TransitionError
from medseg.labelmap import Structure
from medseg.provenance.content import Content, StructureContent
from medseg.review.approval import ApprovalStatus, approval_of
from medseg.review.chain import NO_APPROVALS, Chain, replay
from medseg.review.circumstances import Circumstances
from medseg.review.fold import read_roster
from medseg.review.founding import seal_roster
from medseg.review.policy import Policy
from medseg.review.roster import Roster
from medseg.review.signing import next_statement
from medseg.review.statement import Statement, seal_statement
from medseg.review.states import Meaning, State
from medseg.review.verification import Verdict, Verification, verify_bundle
from signers import NOON, Signers, person
from walks import SLOWLY

FILES = {"case.nii.gz": "aa" * 32}
IDS = ("liver", "spleen", "tumour")
RADIOLOGISTS = ("ben", "cleo", "fred")


class Site:
    """A site with a policy, and a label map of three structures that is signed there."""

    def __init__(self, content: Content, approvals: int, *, structures: tuple[str, ...] = IDS) -> None:
        self.content = replace(
            content,
            structures=tuple(
                StructureContent(Structure(one, one.title(), label), 3, f"{label}{label}" * 32)
                for label, one in enumerate(structures, start=1)
            ),
        )
        names = [
            ("Ben", "radiologist"),
            ("Cleo", "radiologist"),
            ("Fred", "radiologist"),
            ("Ada", "annotator"),
        ]
        self.keys = {made.id: (made, key) for made, key in (person(*one) for one in (*names, ("Dora", "qa")))}
        people, keys = zip(*self.keys.values(), strict=True)
        policy = Policy(version="2026", approvals=approvals)
        self.roster: Roster = read_roster(seal_roster(people, keys[:2], policy=policy, founded=NOON))
        self.bundle = b""

    @property
    def chain(self) -> Chain:
        return replay(self.bundle, self.roster)

    def statement(self, who: str, meaning: str, *structures: str) -> Statement:
        return next_statement(
            self.chain,
            self.content,
            FILES,
            self.keys[who][0],
            meaning=Meaning(meaning),
            reason="because",
            signed_at=NOON,
            roster=self.roster,
            circumstances=Circumstances(),
            structures=structures or None,
        )

    def sign(self, who: str, meaning: str, *structures: str) -> Chain:
        self.bundle += seal_statement(self.statement(who, meaning, *structures), self.keys[who][1]) + b"\n"
        return self.chain

    def verify(self) -> Verification:
        return verify_bundle(self.bundle, self.roster, self.content, FILES, now=NOON + timedelta(hours=1))


def test_it_is_approved_when_every_structure_is(content):
    site = Site(content, 1)
    site.sign("ada", "submitted")
    assert site.sign("ben", "approved", "tumour", "liver").state is State.SUBMITTED
    answer = site.verify()
    assert (answer.verdict, answer.state) == (Verdict.VALID, State.SUBMITTED)
    assert {one.name: one.approved_by for one in answer.structures} == {
        "Liver": ("Ben",), "Spleen": (), "Tumour": ("Ben",)
    }  # fmt: skip
    assert answer.signatures[-1].structures == ("liver", "tumour")
    assert approval_of(answer).status is ApprovalStatus.UNAPPROVED
    assert site.sign("cleo", "approved", "spleen").state is State.APPROVED
    assert approval_of(site.verify()).reviewer == "Cleo"


def test_two_approvals_are_of_two_people(content):
    site = Site(content, 2)
    site.sign("ada", "submitted")
    assert site.sign("ben", "approved").state is State.SUBMITTED
    with pytest.raises(TransitionError, match="Ben has approved this already") as caught:
        site.sign("ben", "approved", "liver")
    assert caught.value.details["rule"] == "repeated"
    site.sign("cleo", "approved", "liver", "spleen")
    assert site.chain.state is State.SUBMITTED
    assert site.sign("fred", "approved", "tumour").state is State.APPROVED


def test_a_release_waits_for_the_last_structure(content):
    site = Site(content, 1)
    site.sign("ada", "submitted")
    site.sign("ben", "approved", "liver")
    with pytest.raises(TransitionError, match="submitted can't become released"):
        site.sign("dora", "released")


def test_changes_requested_take_all_approvals_away(content):
    site = Site(content, 1)
    site.sign("ada", "submitted")
    site.sign("ben", "approved", "liver", "spleen")
    site.sign("cleo", "changes-requested")
    assert site.chain.approvals == NO_APPROVALS
    site.sign("ada", "submitted")
    assert site.sign("cleo", "approved", "tumour").state is State.SUBMITTED


def test_an_adjudication_is_no_approval(content):
    site = Site(content, 1)
    site.sign("ada", "read")
    assert site.chain.state is State.ADJUDICATION
    assert site.sign("ben", "adjudicated").approvals == NO_APPROVALS
    assert site.sign("ben", "approved").state is State.APPROVED


def test_a_label_map_without_structures_can_be_approved(content):
    site = Site(content, 2, structures=())
    site.sign("ada", "submitted")
    assert site.sign("ben", "approved").state is State.SUBMITTED
    with pytest.raises(TransitionError, match="already"):
        site.sign("ben", "approved")
    assert site.sign("cleo", "approved").state is State.APPROVED


@pytest.mark.parametrize(
    ("structures", "error", "message"),
    [(("bone",), ReviewError, "no structure 'bone'"), (("liver", "bone"), ReviewError, "there are: liver")],
)
def test_only_what_is_there_is_approved(content, structures, error, message):
    site = Site(content, 1)
    site.sign("ada", "submitted")
    with pytest.raises(error) as caught:
        site.sign("ben", "approved", *structures)
    assert message in f"{caught.value.message} {caught.value.hint}"
    assert caught.value.details["reason"] == "unknown-structure"


@pytest.mark.parametrize("meaning", ["submitted", "read"])
def test_only_an_approval_covers_a_part(content, meaning):
    with pytest.raises(SidecarError, match="expected all structures to be covered"):
        Site(content, 1).sign("ada", meaning, "liver")


def test_an_approval_under_a_weaker_policy_than_the_sites_is_invalid(content):
    site = Site(content, 2)
    site.sign("ada", "submitted")
    weaker = Policy(version="2026", approvals=1)
    forged = replace(site.statement("ben", "approved"), policy=weaker.sha256)
    site.bundle += seal_statement(forged, site.keys["ben"][1]) + b"\n"
    answer = site.verify()
    assert (answer.verdict, answer.state) == (Verdict.INVALID, State.IN_PROGRESS)
    assert "signed under the policy '2026'" in answer.problems[0]


@SLOWLY
@given(
    needed=st.integers(1, 3),
    steps=st.lists(
        st.tuples(st.sampled_from(RADIOLOGISTS), st.sets(st.sampled_from(IDS), min_size=1)), max_size=9
    ),
)
def test_approved_means_enough_people_for_each_structure(content, needed, steps):
    """Whatever the order: counted by hand beside the program."""
    site = Site(content, needed)
    site.sign("ada", "submitted")
    counted: dict[str, set[str]] = {one: set() for one in IDS}
    for who, structures in steps:
        done = all(len(people) >= needed for people in counted.values())
        if done or all(who in counted[one] for one in structures):
            with pytest.raises(TransitionError):
                site.sign(who, "approved", *structures)
            continue
        site.sign(who, "approved", *structures)
        for one in structures:
            counted[one].add(who)
    chain = site.chain
    assert chain.problems == ()
    assert {one: set(chain.approvals.get(one, ())) for one in IDS} == counted
    expected = all(len(people) >= needed for people in counted.values())
    assert chain.state is (State.APPROVED if expected else State.SUBMITTED)


def test_one_person_with_two_roles_over_time_counts_once(site: Signers):
    """People are counted, not statements: the same person's second approval adds nobody."""
    bundle = site.signed(b"", "ada", "submitted")
    bundle = site.signed(bundle, "ben", "approved")
    assert replay(bundle, site.roster).approvals == {"tumour": {"ben"}}
    with pytest.raises(TransitionError):
        site.signed(bundle, "ben", "approved")
