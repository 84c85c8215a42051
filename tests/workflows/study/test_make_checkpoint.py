"""Checkpoints prove what was there, and find what was cut off since."""

from __future__ import annotations

import pytest

from medseg.errors import MedsegError
from medseg.review.verification import Verdict
from medseg.study.ledger import verify_ledger
from medseg.workflows import study as use
from medseg.workflows.trust_changes import change_trust, revocation
from study_cases import PASSPHRASE


def test_a_checkpoint_names_the_ledger_and_the_statements(site, tmp_path):
    revision = site.approved()
    head = site.ledger()[-1]["number"]
    made = use.make_checkpoint(site.study, site.who("dora"), copy_to=tmp_path / "copy.jsonl")
    assert (made.size, made.person_id, made.study) == (head, "dora", site.study.id)
    assert [mark.meaning.value for mark in made.statements] == ["approved", "submitted"] or [
        mark.meaning.value for mark in made.statements
    ] == ["submitted", "approved"]
    assert (tmp_path / "copy.jsonl").read_bytes() == (site.trust / "checkpoints.jsonl").read_bytes()
    assert site.ledger()[-1]["details"]["size"] == head
    assert all(signature.checkpointed_at for signature in site.verify(revision).signatures)

    site.step("dora", "released")
    again = use.make_checkpoint(site.study, site.who("dora"))
    assert [mark.meaning.value for mark in again.statements] == ["released"]


def test_a_tail_that_was_cut_off_is_found(site):
    revision = site.approved()
    use.make_checkpoint(site.study, site.who("dora"))
    path = site.files(revision).sign_off
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    found = site.verify(revision)
    assert found.verdict is Verdict.INVALID
    assert "cut off" in found.problems[0]


def test_a_superseded_revision_is_no_cut_off_one(site):
    old = site.approved()
    use.make_checkpoint(site.study, site.who("dora"))
    site.step("ben", "amended", reason="more")
    use.make_checkpoint(site.study, site.who("dora"))
    assert site.verify(old).verdict is Verdict.VALID
    new = site.save("ada", size=2)
    site.step("ada", "submitted")
    site.step("ben", "approved")
    use.make_checkpoint(site.study, site.who("dora"))
    assert [site.verify(one).verdict for one in (old, new)] == [Verdict.VALID, Verdict.VALID]


def test_the_ledger_is_checked_against_the_checkpoints(site):
    site.approved()
    use.make_checkpoint(site.study, site.who("dora"))
    with site.study.store.reading() as r:
        entries = list(r.ledger())
    checkpoints = site.study.trust().checkpoints.all
    assert verify_ledger(entries, site.study.id, checkpoints=checkpoints).problems == ()
    (problem,) = verify_ledger(entries[:-2], site.study.id, checkpoints=checkpoints).problems
    assert problem.number == len(entries) - 1


def test_what_a_lost_key_signed_counts_where_a_checkpoint_saw_it_before(site):
    kept = site.approved()
    site.add("case-0002")
    site.assign("ada", case_id="case-0002")
    doubtful = site.save("ada", case_id="case-0002")
    site.step("ada", "submitted", case_id="case-0002")
    use.make_checkpoint(site.study, site.who("dora"))
    site.step("ben", "approved", case_id="case-0002")
    others = [(site.key(person), PASSPHRASE) for person in ("dora", "cleo")]
    change_trust(site.trust, revocation(site.trust, "ben", why="compromised"), others)
    assert site.verify(kept).verdict is Verdict.VALID
    found = site.verify(doubtful)
    assert found.verdict is Verdict.INVALID
    assert "no checkpoint" in found.problems[0]
    # Nothing is signed on top of it.
    with pytest.raises(MedsegError):
        site.step("dora", "released", case_id="case-0002")
    site.step("dora", "released")
