"""What is not allowed is refused to whom the key proves, and written down with its rule."""

from __future__ import annotations

from datetime import timedelta

import pytest

from medseg.errors import (
    ConflictError,
    MedsegError,
    ReviewError,
    SessionEndedError,
    SigningKeyError,
    StudyError,
    TransitionError,
    UnknownCaseError,
)
from medseg.review.states import State
from medseg.workflows import study as use
from medseg.workflows.people import create_key
from medseg.workflows.trust_changes import change_of_role, change_trust, revocation
from study_cases import CASE, PASSPHRASE

pytestmark = pytest.mark.usefixtures("stays_sound")


@pytest.mark.parametrize(
    ("person", "meaning", "rule"),
    [
        ("abe", "approved", "role"),
        ("ada", "approved", "author"),
        ("dora", "approved", "role"),
        ("cory", "approved", "role"),
        ("cory", "changes-requested", "role"),
        ("ben", "changes-requested", "reason"),
        ("ben", "withdrawn", "reason"),
        ("abe", "withdrawn", "role"),
        ("dora", "released", "order"),
        ("ben", "amended", "order"),
        ("ben", "superseded", "order"),
        ("ben", "adjudicated", "order"),
        ("ada", "submitted", "order"),
        ("abe", "submitted", "assignment"),
        ("ben", "read", "assignment"),
    ],
)
def test_a_step_that_is_not_allowed_is_refused_and_written_down(site, person, meaning, rule):
    revision = site.submitted()
    with pytest.raises(TransitionError) as refused:
        site.step(person, meaning)
    assert refused.value.details["rule"] == rule
    entry = site.refused()
    assert (entry["person"], entry["case"]) == (person, CASE)
    assert entry["details"] == {
        "attempted": f"sign as {meaning}",
        "rule": rule,
        "error": "TransitionError",
    }
    assert site.case().state is State.SUBMITTED
    assert len(site.verify(revision).signatures) == 1


@pytest.mark.parametrize("person", ["ada", "abe"])
def test_an_annotator_neither_adds_nor_assigns(site, person, tmp_path):
    site.add()
    for attempt in (
        lambda: use.add_case(site.study, site.who(person), tmp_path / "phantom.nii.gz"),
        lambda: use.assign(site.study, site.who(person), CASE, [person]),
        lambda: use.set_due(site.study, site.who(person), CASE, None),
    ):
        with pytest.raises(TransitionError) as refused:
            attempt()
        assert refused.value.details["rule"] == "role"
        assert site.refused()["person"] == person


def test_who_is_not_assigned_neither_checks_out_nor_saves(site):
    site.add()
    site.assign("ada")
    files = site.draw("ada")
    for attempt in (
        lambda: use.check_out(site.study, site.who("abe"), CASE),
        lambda: use.save_revision(site.study, site.who("abe"), CASE, files.nifti),
    ):
        with pytest.raises(TransitionError) as refused:
            attempt()
        assert refused.value.details["rule"] == "assignment"
        assert site.refused()["person"] == "abe"
    assert site.revisions() == ()


def test_who_only_saved_and_handed_the_case_on_does_not_approve_it(site):
    site.add()
    site.assign("ben")
    site.save("ben")
    site.assign("ada")
    site.save("ada", size=2)
    site.step("ada", "submitted")
    with pytest.raises(TransitionError) as refused:
        site.step("ben", "approved")
    assert refused.value.details["rule"] == "author"
    site.step("cleo", "approved")


def test_nobody_is_assigned_who_may_not_contour(site):
    site.add()
    for person, rule in (("dora", "role"), ("cory", "role"), ("nobody", "unknown-person")):
        with pytest.raises(TransitionError) as refused:
            site.assign(person)
        assert refused.value.details["rule"] == rule
    assert site.case().state is State.UNASSIGNED


def test_what_was_submitted_is_not_handed_to_another(site):
    site.submitted()
    with pytest.raises(TransitionError):
        site.assign("abe")
    assert site.reads()[0].reader == "ada"


def test_a_submitted_case_is_locked(site):
    site.submitted()
    files = site.study.folder.work(CASE, "ada")
    with pytest.raises(TransitionError):
        use.check_out(site.study, site.who("ada"), CASE)
    with pytest.raises(TransitionError):
        use.save_revision(site.study, site.who("ada"), CASE, files.nifti)


def test_a_session_ends_and_nothing_is_signed(site, monkeypatch):
    site.add()
    site.assign("ada")
    site.save("ada")
    now = use.acting.now
    monkeypatch.setattr("medseg.workflows.study.acting.now", lambda: now() + timedelta(minutes=16))
    with pytest.raises(SessionEndedError):
        site.step("ada", "submitted")
    assert site.refused()["details"]["error"] == "SessionEndedError"
    # The identity holds: only a signature needs the session.
    site.save("ada", size=2)


def test_each_signature_starts_the_session_anew(site, monkeypatch):
    site.add()
    site.assign("ada")
    site.save("ada")
    now = use.acting.now
    for person, meaning, minutes in (("ada", "submitted", 10), ("ben", "approved", 10)):
        site.who(person)
        monkeypatch.setattr(
            "medseg.workflows.study.acting.now", lambda minutes=minutes: now() + timedelta(minutes=minutes)
        )
        site.step(person, meaning)
    monkeypatch.setattr("medseg.workflows.study.acting.now", lambda: now() + timedelta(minutes=20))
    site.step("ben", "amended", reason="ten minutes after the last one", reader="ada")


def test_a_key_that_was_revoked_no_longer_acts_nor_signs_in(site):
    site.submitted()
    ben = site.who("ben")
    change_trust(
        site.trust,
        revocation(site.trust, "ben", why="lost"),
        [(site.key(person), PASSPHRASE) for person in ("dora", "cleo")],
    )
    for attempt in (
        lambda: use.take_step(site.study, ben, CASE, "approved"),
        lambda: use.add_comment(site.study, ben, CASE, "still me"),
        lambda: use.view_revision(site.study, ben, CASE),
        lambda: use.sign_in(site.study, site.key("ben"), PASSPHRASE),
    ):
        with pytest.raises(ReviewError) as refused:
            attempt()
        assert refused.value.details["reason"] == "revoked"
        assert site.refused()["person"] == "ben"
        assert site.refused()["details"]["rule"] == "revoked"
    assert site.case().state is State.SUBMITTED


def test_a_role_counts_as_it_is_now(site):
    site.submitted()
    ben = site.who("ben")
    signers = [(site.key(person), PASSPHRASE) for person in ("ben", "dora", "cleo")]
    change_trust(site.trust, change_of_role("ben", "annotator"), signers)
    with pytest.raises(TransitionError) as refused:
        use.take_step(site.study, ben, CASE, "approved")
    assert refused.value.details["rule"] == "role"
    assert site.refused()["role"] == "annotator"


def test_a_changed_trust_folder_is_written_down_once(site):
    site.add()
    assert site.ledger("trust-changed") == []
    signers = [(site.key(person), PASSPHRASE) for person in ("ben", "dora", "cleo")]
    change_trust(site.trust, change_of_role("ben", "annotator"), signers)
    site.assign("ada")
    site.save("ada")
    (changed,) = site.ledger("trust-changed")
    assert changed["details"]["trust"] == site.study.trust().roster.digest


def test_strangers_and_wrong_passphrases_do_not_come_in(site, tmp_path):
    create_key(tmp_path / "eve.pem", name="Eve", role="qa", passphrase=PASSPHRASE)
    with pytest.raises(SigningKeyError):
        use.sign_in(site.study, tmp_path / "eve.pem", PASSPHRASE)
    with pytest.raises(SigningKeyError):
        use.sign_in(site.study, site.key("ada"), "wrong")


def test_what_was_mistyped_is_not_written_down(site):
    for attempt in (
        lambda: use.view_revision(site.study, site.who("ada"), "Doe_Jane"),
        lambda: use.add_case(site.study, site.who("cory"), site.add() and site.path, case_id="Doe^Jane"),
    ):
        with pytest.raises(MedsegError):
            attempt()
    assert "Doe" not in str(site.ledger())
    with pytest.raises(UnknownCaseError):
        use.take_step(site.study, site.who("ada"), "case-0009", "submitted")
    with pytest.raises(UnknownCaseError):
        use.view_revision(site.study, site.who("ada"), CASE)


@pytest.mark.parametrize("case_id", ["Doe_Jane", "../case", "a/b", "a" * 65, "-x", "a..b", "käse"])
def test_a_case_id_is_a_plain_word(site, case_id):
    with pytest.raises(StudyError):
        site.add(case_id)
    assert not (site.path / "images").exists()


def test_two_cases_do_not_share_an_id(site):
    site.add()
    before = (site.path / site.case().image).read_bytes()
    with pytest.raises(ConflictError):
        site.add()
    assert (site.path / site.case().image).read_bytes() == before
    assert len(site.ledger("case-added")) == 1


def test_cases_are_counted(site):
    site.add("case-0007")
    site.add("special")
    assert [site.add(None).id for _ in range(2)] == ["case-0008", "case-0009"]
