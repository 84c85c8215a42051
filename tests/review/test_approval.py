"""The sign-off in the words of DICOM: only what is validly signed as it stands counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from medseg.provenance.content import StructureContent
from medseg.review.approval import Approval, ApprovalStatus, approval_of
from medseg.review.verification import Verdict, Verification, verify_bundle
from signers import NOON, Signers

LATER = NOON + timedelta(hours=1)


def approval(site: Signers, bundle: bytes, **changes: object) -> Approval:
    given = {"content": site.content, "files": site.files, "now": LATER, **changes}
    return approval_of(verify_bundle(bundle, site.roster, **given))  # type: ignore[arg-type]


@pytest.fixture
def submitted(site):
    return site.signed(b"", "ada", "submitted")


@pytest.fixture
def approved(site, submitted):
    return site.signed(submitted, "ben", "approved", signed_at=LATER)


def test_what_nobody_has_decided_is_unapproved(site, submitted):
    assert approval(site, b"") == approval(site, submitted) == Approval(ApprovalStatus.UNAPPROVED, "", None)


def test_an_approval_has_the_reviewer_of_the_roster_and_the_claimed_time(site, approved):
    assert approval(site, approved) == Approval(ApprovalStatus.APPROVED, "Ben", LATER)


def test_other_file_bytes_with_the_same_content_stay_approved(site, approved):
    assert approval(site, approved, files={"case.nii.gz": "bb" * 32}).status is ApprovalStatus.APPROVED


def test_changes_that_were_asked_for_are_a_rejection(site, submitted):
    returned = site.signed(submitted, "dora", "changes-requested", signed_at=LATER)
    assert approval(site, returned) == Approval(ApprovalStatus.REJECTED, "Dora", LATER)


def test_once_submitted_again_nobody_has_decided(site, submitted):
    returned = site.signed(submitted, "dora", "changes-requested")
    assert approval(site, site.signed(returned, "ada", "submitted")) == Approval()


def test_an_edit_after_the_approval_is_unapproved(site, approved):
    tumour = site.content.structures[0]
    edited = replace(site.content, structures=(StructureContent(tumour.structure, 4, "12" * 32),))
    assert approval(site, approved, content=edited) == Approval()


def test_a_damaged_label_map_and_a_forged_signature_are_unapproved(site, approved):
    assert approval(site, approved, content=None, problem="damaged") == Approval()
    assert approval(site, approved.replace(b"A", b"B", 1)) == Approval()


@pytest.mark.parametrize("verdict", [Verdict.INVALID, Verdict.UNSIGNED])
def test_a_state_never_counts_without_the_verdict(site, approved, verdict):
    """Whoever built it: a verification that does not hold approves nothing."""
    good = verify_bundle(approved, site.roster, site.content, site.files, now=LATER)
    assert isinstance(good, Verification)
    assert approval_of(replace(good, verdict=verdict)) == Approval()
    assert approval_of(replace(good, signatures=())) == Approval()
