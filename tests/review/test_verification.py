"""Chains of statements, honest and forged by people with good keys."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from medseg.provenance.content import StructureContent
from medseg.review.chain import replay
from medseg.review.envelope import seal
from medseg.review.role import Role
from medseg.review.statement import PAYLOAD_TYPE
from medseg.review.states import Meaning, State
from medseg.review.verification import Verdict, Verification, verify_bundle
from signers import NOON, Signers, person


def judged(site: Signers, bundle: bytes, **changes: object) -> Verification:
    given = {"content": site.content, "files": site.files, "now": NOON, **changes}
    return verify_bundle(bundle, site.roster, **given)  # type: ignore[arg-type]


@pytest.fixture
def submitted(site):
    return site.signed(b"", "ada", "submitted")


@pytest.fixture
def approved(site, submitted):
    return site.signed(submitted, "ben", "approved")


def test_an_honest_chain(site, approved):
    answer = judged(site, approved)
    assert (answer.verdict, answer.state, len(answer.signatures)) == (Verdict.VALID, State.APPROVED, 2)
    assert answer.warnings == ()


def test_other_file_bytes_with_the_same_content(site, approved):
    answer = judged(site, approved, files={"case.nii.gz": "bb" * 32})
    assert (answer.verdict, answer.state) == (Verdict.CONTENT_MATCHES, State.APPROVED)


def test_no_statement(site):
    assert judged(site, b"").verdict is Verdict.UNSIGNED


# An approval that the table forbids, signed with the good key of who forged it.


def test_an_annotator_forges_an_approval(site, submitted):
    honest = site.statement(submitted, "ben", "approved")
    ada = site.people["ada"][0]
    own = {"person_id": ada.id, "name": ada.name, "role": ada.role}
    forged = site.forged(submitted, "ada", honest, **own)
    _assert_refused(site, forged, "only radiologist may sign")


def test_an_annotator_forges_a_radiologists_role(site, submitted):
    honest = site.statement(submitted, "ben", "approved")
    ada = site.people["ada"][0]
    forged = site.forged(submitted, "ada", honest, person_id=ada.id, name=ada.name)
    _assert_refused(site, forged, "the key belongs to Ada (ada, annotator)")


def test_an_annotator_signs_in_a_radiologists_name(site, submitted):
    honest = site.statement(submitted, "ben", "approved")
    _assert_refused(site, site.forged(submitted, "ada", honest), "the key belongs to Ada")


@pytest.mark.parametrize("changes", [{"name": "Dr. Ben"}, {"person_id": "benjamin"}, {"role": Role.QA}])
def test_names_and_roles_are_those_of_the_roster(site, submitted, changes):
    honest = site.statement(submitted, "ben", "approved")
    _assert_refused(site, site.forged(submitted, "ben", honest, **changes), "the key belongs to Ben")


def test_an_author_forges_the_approval_of_his_own_work(site):
    bundle = site.signed(b"", "ben", "submitted")
    honest = site.statement(bundle, "cleo", "approved")
    ben = site.people["ben"][0]
    _assert_refused(
        site, site.forged(bundle, "ben", honest, person_id=ben.id, name=ben.name), "who submitted it may not"
    )


def test_an_approval_without_submission(site, submitted):
    honest = site.statement(submitted, "ben", "approved")
    forged = site.forged(b"", "ben", honest, previous=None)
    _assert_refused(site, forged, "in-progress can't become approved", good=0)


def test_an_approval_of_something_else_than_what_was_submitted(site, submitted):
    honest = site.statement(submitted, "ben", "approved")
    other = replace(site.content, voxels="99" * 32)
    _assert_refused(
        site,
        site.forged(submitted, "ben", honest, content=other),
        "not the one that was submitted",
        content=other,
    )


def test_a_request_without_reason(site, submitted):
    honest = site.statement(submitted, "ben", "changes-requested")
    _assert_refused(site, site.forged(submitted, "ben", honest, reason=""), "needs a reason")


@pytest.mark.parametrize("previous", [None, "00" * 32])
def test_a_statement_that_follows_another(site, submitted, previous):
    honest = site.statement(submitted, "ben", "approved")
    _assert_refused(site, site.forged(submitted, "ben", honest, previous=previous), "does not follow")


def test_two_signatures_on_one_statement(site, submitted):
    honest = site.statement(submitted, "ben", "approved").as_dict()
    line = seal(honest, PAYLOAD_TYPE, [site.people["ben"][1], site.people["cleo"][1]])
    _assert_refused(site, submitted + line + b"\n", "expected one signature, got 2")


@pytest.mark.parametrize(
    "edit",
    [
        lambda s: s["predicate"].update(content_digest="00" * 32),
        lambda s: s["predicate"].update(meaning="blessed"),
        lambda s: s["predicate"].update(structures=["liver", "liver"]),
        lambda s: s["predicate"].update(structures=["spleen"]),
        lambda s: s["predicate"].update(structures=[]),
        lambda s: s["predicate"].update(structures="liver"),
        lambda s: s["predicate"].update(sources=[5]),
        lambda s: s["predicate"].update(ledger={"number": "1", "sha256": "00" * 32}),
        lambda s: s["predicate"].pop("workstation"),
        lambda s: s["predicate"].update(signed_at="2026-03-04T12:00:00"),
        lambda s: s["predicate"].update(signed_at="noon"),
        lambda s: s["predicate"].update(reason="\x1b[2J"),
        lambda s: s["predicate"].update(nonce=5),
        lambda s: s["predicate"].update(more=1),
        lambda s: s["predicate"]["content"].update(schema="urn:medseg:content:2"),
        lambda s: s["predicate"]["content"]["structures"][0].update(label=True),
        lambda s: s["predicate"]["content"]["structures"].append(s["predicate"]["content"]["structures"][0]),
        lambda s: s.update(predicateType="urn:medseg:sign-off:1"),
        lambda s: s.update(_type="https://in-toto.io/Statement/v2"),
        lambda s: s.update(subject=[{"name": "x"}]),
        lambda s: s.update(subject=[{"name": "x", "digest": {"md5": "00"}}]),
    ],
)
def test_a_statement_of_another_form(site, submitted, edit):
    document = site.statement(submitted, "ben", "approved").as_dict()
    edit(document)
    line = seal(document, PAYLOAD_TYPE, [site.people["ben"][1]])
    _assert_refused(site, submitted + line + b"\n", "statement 2")


def _assert_refused(site: Signers, bundle: bytes, message: str, *, good: int = 1, **changes: object) -> None:
    answer = judged(site, bundle, **changes)
    assert (answer.verdict, answer.state) == (Verdict.INVALID, State.IN_PROGRESS)
    assert message in answer.problems[0]
    assert len(answer.signatures) == good


# Who is entitled, and when


def test_a_person_of_another_roster(site, approved):
    everybody = site.people
    site.people = {name: one for name, one in everybody.items() if name != "ben"}
    assert judged(site, approved).verdict is Verdict.INVALID
    site.people = everybody
    assert judged(site, approved).verdict is Verdict.VALID


@pytest.mark.parametrize(("hours", "verdict"), [(1, Verdict.VALID), (25, Verdict.INVALID)])
def test_a_signature_counts_while_its_person_is_entitled(site, hours, verdict):
    site.people["fred"] = person("Fred", "radiologist", valid_to=NOON + timedelta(days=1))
    submitted = site.signed(b"", "ada", "submitted")
    later = NOON + timedelta(hours=hours)
    bundle = site.signed(submitted, "fred", "approved", signed_at=later)
    answer = judged(site, bundle, now=later)
    assert answer.verdict is verdict
    assert verdict is Verdict.VALID or "Fred was not entitled to sign" in answer.problems[0]


def test_clocks_that_ran_wrong_are_told_and_decide_nothing(site, submitted):
    bundle = site.signed(submitted, "ben", "approved", signed_at=NOON - timedelta(days=1))
    answer = judged(site, bundle)
    assert answer.verdict is Verdict.VALID
    assert answer.warnings == (
        "statement 2 claims an earlier time than the one before it: a clock ran wrong",
    )
    answer = judged(site, bundle, now=NOON - timedelta(hours=1))
    assert answer.warnings[1] == "statement 1 claims a time to come: a clock ran wrong"


# Rounds


def test_new_content_is_submitted_after_changes_were_requested(site, submitted):
    bundle = site.signed(submitted, "dora", "changes-requested")
    tumour = StructureContent(site.content.structures[0].structure, 4, "44" * 32)
    site.content = replace(site.content, voxels="55" * 32, structures=(tumour,))
    answer = judged(site, bundle)
    assert (answer.verdict, answer.state) == (Verdict.INVALID, State.IN_PROGRESS)
    assert [d.field for d in answer.differs] == ["voxels of 'Tumour' (tumour)"]
    bundle = site.signed(bundle, "ada", "submitted")
    bundle = site.signed(bundle, "cleo", "approved")
    assert judged(site, bundle).verdict is Verdict.VALID
    chain = replay(bundle, site.roster)
    assert [s.statement.meaning for s in chain.steps] == [
        Meaning.SUBMITTED,
        Meaning.CHANGES_REQUESTED,
        Meaning.SUBMITTED,
        Meaning.APPROVED,
    ]
    assert chain.authors == {"ada"}


def test_a_label_map_that_cannot_be_read(site, approved):
    answer = judged(site, approved, content=None, files={}, problem="it is truncated")
    assert (answer.verdict, answer.problems) == (Verdict.INVALID, ("it is truncated",))
    assert judged(site, b"", content=None, files={}, problem="x").verdict is Verdict.UNSIGNED
