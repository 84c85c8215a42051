"""Random walks of a case: whatever people try, in whatever order, the study stays sound."""

from __future__ import annotations

import random

import pytest

from medseg.errors import BlindError, ConflictError, TransitionError
from medseg.review.policy import Policy
from medseg.review.states import Meaning, State
from medseg.review.verification import Verdict
from medseg.workflows import study as use
from medseg.workflows.study.open_steps import open_steps
from study_cases import CASE, PEOPLE

STEPS = 100

REFUSALS = (TransitionError, ConflictError, BlindError)
"""How a step is refused that somebody tries; anything else would be a fault."""

MEANINGS = [meaning for meaning in Meaning if meaning is not Meaning.READ]


class Walk:
    """People who do things to one case."""

    def __init__(self, site, seed):
        self.site = site
        self.chance = random.Random(seed)
        self.size = 0

    def step(self):
        """One thing by one person; what became of it."""
        person = self.chance.choice(list(PEOPLE))
        kind = self.chance.choice(["save", "sign", "sign", "offered", "offered", "assign"])
        before, entries = self.known(), len(self.site.ledger())
        try:
            getattr(self, kind)(person)
        except REFUSALS:
            assert self.known() == before
            assert self.site.ledger()[-1]["action"] == "refused"
            assert len(self.site.ledger()) == entries + 1
            return "refused"
        return kind

    def known(self):
        return self.site.case(), self.site.reads(), self.site.revisions()

    def save(self, person):
        readers = [read.reader for read in self.site.reads()]
        self.size += 1
        self.site.save(self.chance.choice([person, *readers, *readers]), size=1 + self.size % 5)

    def sign(self, person):
        meaning = self.chance.choice(MEANINGS)
        revisions = self.site.revisions()
        chosen = self.chance.choice([None, *(one.digest for one in revisions)])
        if meaning is Meaning.ADJUDICATED and chosen is None:
            return
        self.site.step(person, meaning, reason="because", revision=chosen)

    def offered(self, person):
        """What is offered to somebody works."""
        who = self.site.who(person)
        steps = open_steps(use.show_case(self.site.study, CASE, who=who), who.person)
        for one in self.chance.sample(steps, min(1, len(steps))):
            # Who approved already is offered it again, as long as others have not.
            again = {"rule": "repeated"} if one.meaning is Meaning.APPROVED else {}
            taken = self.refusal_of(
                lambda one=one: self.site.step(
                    person, one.meaning, reason="because", revision=one.revision.digest
                )
            )
            assert taken in (None, again), (person, one.meaning, taken)

    def refusal_of(self, attempt):
        try:
            attempt()
        except TransitionError as error:
            return {"rule": error.details["rule"]}
        return None

    def assign(self, person):
        case = self.site.case()
        count = case.reads if case.leading is None else 1
        readers = self.chance.sample(["ada", "abe", "ben", "cleo"], count)
        use.assign(self.site.study, self.site.who(person), CASE, readers)


@pytest.mark.parametrize("seed", range(6))
def test_whatever_people_try(studies, tmp_path, seed):
    policy = Policy(version="walk", approvals=1 + seed % 2, reads=1 + seed // 2 % 2)
    site = studies.make(tmp_path / "walk", policy)
    site.add()
    site.assign(*["ada", "abe"][: policy.reads])
    walk = Walk(site, seed)
    became = {walk.step() for _ in range(STEPS)}
    assert became > {"refused", "save"}
    for revision in site.revisions():
        assert site.verify(revision).verdict in (Verdict.VALID, Verdict.UNSIGNED)
    in_force = site.case().in_force
    approved = [one.digest for one in site.revisions() if site.verify(one).state in _STANDING]
    assert approved == ([] if in_force is None else [in_force])
    site.require_sound()
    site.study.close()


_STANDING = (State.APPROVED, State.RELEASED)
