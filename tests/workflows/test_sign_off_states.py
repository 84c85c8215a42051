"""Loose files on the whole way: partial approvals, release, amendment, withdrawal, and checkpoints."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from medseg.errors import LockedError, ReviewError, TransitionError
from medseg.io.label_map_files import LabelMapFiles
from medseg.io.trust_folder import append_checkpoint, read_key, read_trust_and_checkpoints
from medseg.review.approval import ApprovalStatus, approval_of
from medseg.review.checkpoint import StatementMark, next_checkpoint, seal_checkpoint
from medseg.review.statement import line_sha256, open_statement
from medseg.review.states import TRANSITIONS, Meaning, State
from medseg.review.verification import Verdict
from medseg.workflows.edit_lock import claimed_state, require_editable
from medseg.workflows.history import history, timeline
from signed_cases import PASSPHRASE, Site, copy_case, make_site, write_case


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return make_site(tmp_path_factory.mktemp("site"))


@pytest.fixture
def own_site(site: Site, tmp_path: Path) -> Site:
    """The same people with a trust folder of their own, for checkpoints."""
    own = Site(tmp_path / "site")
    own.folder.mkdir()
    for path in site.folder.iterdir():
        if path.is_file():
            (own.folder / path.name).write_bytes(path.read_bytes())
    own.trust.mkdir()
    (own.trust / "roster.json").write_bytes((site.trust / "roster.json").read_bytes())
    return own


@pytest.fixture(scope="module")
def approved_master(site: Site, tmp_path_factory: pytest.TempPathFactory) -> LabelMapFiles:
    files = write_case(tmp_path_factory.mktemp("approved") / "case")
    site.sign(files, "ada", "submitted")
    site.sign(files, "ben", "approved")
    return files


@pytest.fixture
def approved(approved_master: LabelMapFiles, tmp_path: Path) -> LabelMapFiles:
    return copy_case(approved_master, tmp_path / "case")


@pytest.fixture
def unsigned(tmp_path: Path) -> LabelMapFiles:
    return write_case(tmp_path / "case")


def checkpoint(site: Site, *cases: LabelMapFiles) -> None:
    """Put a checkpoint that names the statements of these label maps into the trust folder."""
    trusted = read_trust_and_checkpoints(site.trust)
    marks = []
    for files in cases:
        for line in files.sign_off.read_bytes().splitlines():
            said = open_statement(line, "it")[0]
            marks.append(StatementMark(line_sha256(line), said.previous, said.content.digest(), said.meaning))
    made = next_checkpoint(
        trusted.checkpoints, trusted.roster, study="study", size=len(marks), head="ab" * 32,
        person_id="dora", statements=marks, at=datetime.now().astimezone(),
    )  # fmt: skip
    append_checkpoint(site.trust, seal_checkpoint(made, read_key(site.key("dora"), PASSPHRASE)))


# The whole way


def test_one_structure_after_the_other(site, unsigned):
    site.sign(unsigned, "ada", "submitted")
    part = site.sign(unsigned, "ben", "approved", structures=["tumour"])
    assert (part.verdict, part.state) == (Verdict.VALID, State.SUBMITTED)
    told = history(unsigned.nifti, trust=site.trust)
    assert (told.standing, told.approvals) == ("submitted", ())
    assert told.signatures[-1].only == ("Tumour",)
    assert "covers only: Tumour" in timeline(told)[-1].lines
    with pytest.raises(LockedError):
        require_editable(unsigned)
    with pytest.raises(TransitionError, match="already"):
        site.sign(unsigned, "ben", "approved", structures=["tumour"])
    with pytest.raises(ReviewError, match="there is no structure 'spleen'"):
        site.sign(unsigned, "ben", "approved", structures=["spleen"])
    whole = site.sign(unsigned, "cleo", "approved", structures=["liver"])
    assert whole.state is State.APPROVED
    told = history(unsigned.nifti, trust=site.trust)
    assert [one.name for one in told.approvals] == ["Ben Radiologist", "Cleo Radiologist"]


def test_what_is_released_was_approved_by_who_approved_it(site, approved):
    released = site.sign(approved, "dora", "released")
    assert (released.verdict, released.state) == (Verdict.VALID, State.RELEASED)
    said = approval_of(released)
    assert (said.status, said.reviewer) == (ApprovalStatus.APPROVED, "Ben Radiologist")
    assert said.at == released.signatures[1].signed_at
    told = history(approved.nifti, trust=site.trust)
    assert (told.standing, [one.name for one in told.approvals]) == ("released", ["Ben Radiologist"])


@pytest.mark.parametrize(
    ("who", "meaning", "status"),
    [
        ("dora", "withdrawn", ApprovalStatus.REJECTED),
        ("cleo", "superseded", ApprovalStatus.UNAPPROVED),
        ("ada", "amended", ApprovalStatus.UNAPPROVED),
    ],
)
def test_an_approval_that_no_longer_holds_approves_nothing(site, approved, who, meaning, status):
    with pytest.raises(TransitionError, match="needs a reason"):
        site.sign(approved, who, meaning)
    answer = site.sign(approved, who, meaning, reason="the wrong scan")
    assert answer.verdict is Verdict.VALID
    assert approval_of(answer).status is status
    assert history(approved.nifti, trust=site.trust).approvals == ()


def test_an_amendment_opens_the_label_map_and_all_eyes_look_again(site, approved):
    assert claimed_state(approved) is State.APPROVED
    site.sign(approved, "dora", "amended", reason="the margin moved")
    require_editable(approved)
    approved.contours.write_text("{}")
    assert site.sign(approved, "ada", "submitted").state is State.SUBMITTED
    assert site.sign(approved, "cleo", "approved").state is State.APPROVED
    assert site.sign(approved, "dora", "released").state is State.RELEASED


def test_a_blind_read_waits_for_an_adjudicator(site, unsigned):
    assert site.sign(unsigned, "ada", "read").state is State.ADJUDICATION
    with pytest.raises(LockedError, match="waits for adjudication and must not change"):
        require_editable(unsigned)
    with pytest.raises(TransitionError, match="can't become approved"):
        site.sign(unsigned, "ben", "approved")
    assert site.sign(unsigned, "ben", "adjudicated", reason="follows the margin").state is State.SUBMITTED


# What may be overwritten


def test_each_meaning_leads_to_one_state():
    """The lock reads the last meaning alone, so that it must."""
    for meaning in Meaning:
        assert len({t.to for (_, step), t in TRANSITIONS.items() if step is meaning}) == 1


@pytest.mark.parametrize(
    ("who", "meaning", "hint"),
    [("dora", "released", "sign as amended first"), ("cleo", "superseded", "save under another name")],
)
def test_a_locked_label_map_says_what_opens_it(site, approved, who, meaning, hint):
    site.sign(approved, who, meaning, reason="because")
    with pytest.raises(LockedError, match=f"was {meaning}") as caught:
        require_editable(approved)
    assert caught.value.hint.endswith(hint)
    assert caught.value.details["state"] == meaning


# Checkpoints in the trust folder


def test_a_checkpoint_confirms_the_times(own_site, approved):
    before = own_site.verify(approved)
    assert [one.as_dict()["time"] for one in before.signatures] == ["claimed", "claimed"]
    checkpoint(own_site, approved)
    after = own_site.verify(approved)
    assert (after.verdict, after.warnings) == (Verdict.VALID, ())
    assert [one.as_dict()["time"] for one in after.signatures] == ["checkpointed", "checkpointed"]
    told = history(approved.nifti, trust=own_site.trust)
    assert any("a checkpoint shows that it was there by" in line for line in timeline(told)[-1].lines)


@pytest.mark.parametrize(("kept", "said"), [(1, "cut off"), (0, "removed")])
def test_statements_that_are_gone_are_missed_and_nothing_is_signed_on_top(own_site, approved, kept, said):
    checkpoint(own_site, approved)
    short = b"".join(approved.sign_off.read_bytes().splitlines(keepends=True)[:kept])
    approved.sign_off.write_bytes(short)
    if not kept:
        approved.sign_off.unlink()
    answer = own_site.verify(approved)
    assert (answer.verdict, answer.state) == (Verdict.INVALID, State.IN_PROGRESS)
    assert said in answer.problems[0]
    meaning = "changes-requested" if kept else "submitted"
    with pytest.raises(ReviewError, match="nothing is signed on top") as caught:
        own_site.sign(approved, "cleo", meaning, reason="because")
    assert caught.value.details["reason"] == "missing-statements"
    assert (approved.sign_off.read_bytes() if kept else b"") == short


def test_a_cut_that_was_signed_over_elsewhere_is_found(own_site, approved, tmp_path):
    """Without the checkpoint at hand somebody signs another way on from the same submission."""
    copy = copy_case(approved, tmp_path / "copy")
    copy.sign_off.write_bytes(approved.sign_off.read_bytes().splitlines(keepends=True)[0])
    own_site.sign(copy, "cleo", "changes-requested", reason="because")
    assert own_site.verify(copy).verdict is Verdict.VALID
    checkpoint(own_site, approved)
    answer = own_site.verify(copy)
    assert answer.verdict is Verdict.INVALID
    assert "statement 2 took the place of another one" in answer.problems[0]
    assert own_site.verify(approved).verdict is Verdict.VALID
