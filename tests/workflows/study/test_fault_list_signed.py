"""The fault list, about what is signed: altered files, moved statements, keys, people and roles."""

from __future__ import annotations

import gzip
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from medseg.errors import DamagedStudyError, MedsegError, ReviewError, TransitionError
from medseg.io.nifti.content import read_content_and_digests
from medseg.io.trust_folder import read_key
from medseg.review.chain import replay
from medseg.review.circumstances import Circumstances
from medseg.review.person import write_card
from medseg.review.policy import Policy
from medseg.review.signing import next_statement
from medseg.review.statement import open_statement, seal_statement
from medseg.review.states import Meaning, State
from medseg.review.verification import Verdict
from medseg.workflows import study as use
from medseg.workflows.people import create_key
from medseg.workflows.trust_changes import change_trust, enrolment, revocation, rotation
from signed_cases import patch_nifti
from study_cases import CASE, PASSPHRASE, PEOPLE, StudySite

OTHER = "case-0002"

SROW_X = 280
"""Where the sform begins in a header of NIfTI-1."""

LAST_VOXELS = -200
"""From the end of the file: within the voxels, background."""


def opened_up(site, revision):
    """The files of a revision, as somebody who administers the machine can write them."""
    files = site.files(revision)
    for path in files.nifti.parent.iterdir():
        path.chmod(0o644)
    return files


def damages(site):
    return {(one.kind, one.what) for one in use.check_study(site.study).damages}


def folder_of(site, revision):
    return site.study.folder.relative(site.files(revision).nifti.parent)


def by(site, *people):
    return [(site.key(person), PASSPHRASE) for person in people]


# A voxel, the affine or a label's name changed: INVALID, and it says what differs.


def a_voxel(files):
    patch_nifti(files, LAST_VOXELS, b"\2")
    return "voxels of 'Tumour' (tumour)"


def the_affine(files):
    patch_nifti(files, SROW_X + 12, np.float32(-31.0).tobytes())
    return "sform"


def a_name(files):
    files.structures.write_text(files.structures.read_text().replace("Tumour", "Cyst"))
    return "structure tumour: name"


@pytest.mark.parametrize("alter", [a_voxel, the_affine, a_name])
def test_a_voxel_the_affine_or_a_name_is_changed(site, alter):
    """Somebody alters a voxel, the affine or a structure's name: INVALID, with the name of what differs.

    ``verify`` tells it by the file alone, ``study check`` names the revision, and nobody signs on top of it.
    """
    revision = site.approved(released=True)
    named = alter(opened_up(site, revision))
    found = site.verify(revision)
    assert found.verdict is Verdict.INVALID
    assert any(named in difference.field for difference in found.differs), found.differs
    assert any(what.startswith(folder_of(site, revision)) for _, what in damages(site)), damages(site)
    with pytest.raises(DamagedStudyError):
        site.step("dora", "withdrawn", reason="odd")
    assert site.refused()["details"]["rule"] == "revision-changed"
    assert site.case().state is State.RELEASED


# Only the gzip is rewritten: the content matches, the file differs.


def test_only_the_compression_is_another(site):
    """The same bytes compressed anew: ``content-matches``, with the file; to the study it was changed."""
    revision = site.approved()
    files = opened_up(site, revision)
    files.nifti.write_bytes(gzip.compress(gzip.decompress(files.nifti.read_bytes()), 1, mtime=5))
    found = site.verify(revision)
    assert found.verdict is Verdict.CONTENT_MATCHES
    assert found.rewritten == (files.nifti.name,)
    assert (found.state, len(found.signatures), found.differs) == (State.APPROVED, 2, ())
    assert any(files.nifti.name in one.message for one in use.check_study(site.study).damages)


# A signature moved to another case or revision, the same statement replayed: refused, and logged.
# What is brought in the orderly way is in test_receive_statement.py.


@pytest.fixture
def twins(site):
    """Two cases with label maps of the same voxels: the first approved, the second submitted."""
    first = site.approved()
    site.add(OTHER)
    site.assign("ada", case_id=OTHER)
    drawn = site.study.folder.work(CASE, "ada").nifti
    second = use.save_revision(site.study, site.who("ada"), OTHER, drawn)
    site.step("ada", "submitted", case_id=OTHER)
    assert first.digest == second.digest
    return first, second


def require_refused_and_named(site, revision):
    """The file says no, and whoever acts in the study is refused, which is written down."""
    assert site.verify(revision).verdict is Verdict.INVALID
    relative = site.study.folder.relative(site.files(revision).sign_off)
    assert any(relative.startswith(what) for _, what in damages(site)), damages(site)
    for attempt in (
        lambda: use.view_revision(site.study, site.who("ben"), revision.case_id),
        lambda: site.step("ben", "changes-requested", case_id=revision.case_id, reason="more"),
    ):
        with pytest.raises(DamagedStudyError):
            attempt()
        assert (site.refused()["case"], site.refused()["person"]) == (revision.case_id, "ben")


def test_the_approval_of_one_case_is_pasted_onto_another(site, twins):
    """Cut from the file of one case and pasted into that of another, of the very same voxels."""
    first, second = twins
    approval = site.bundle(first).splitlines(keepends=True)[-1]
    path = opened_up(site, second).sign_off
    path.write_bytes(path.read_bytes() + approval)
    require_refused_and_named(site, second)


def test_the_bundle_of_one_case_is_put_in_place_of_anothers(site, twins):
    """All statements of an approved case beside one that is not approved, of the very same voxels."""
    first, second = twins
    shutil.copy(site.files(first).sign_off, opened_up(site, second).sign_off)
    with pytest.raises(DamagedStudyError):
        site.step("ben", "changes-requested", case_id=OTHER, reason="more")
    assert site.refused()["details"]["rule"] == "bundle-differs"
    assert ("bundle-differs", site.study.folder.relative(site.files(second).sign_off)) in damages(site)
    # Voxels and statements fit each other: the file alone says of which case it is.
    found = site.verify(second)
    assert {signature.case for signature in found.signatures} == {CASE}


def test_the_approval_of_one_revision_is_pasted_onto_the_next(site):
    """Cut from the revision that was approved, and pasted onto the one that amends it."""
    old = site.approved()
    site.step("ben", "amended", reason="more")
    new = site.save("ada", size=2)
    site.step("ada", "submitted")
    path = opened_up(site, new).sign_off
    path.write_bytes(path.read_bytes() + site.bundle(old).splitlines(keepends=True)[-1])
    require_refused_and_named(site, new)


def test_the_same_statement_is_repeated_in_the_file(site):
    """An approval that stands twice does not count twice: where two are needed, nothing is approved."""
    revision = site.submitted()
    path = opened_up(site, revision).sign_off
    path.write_bytes(path.read_bytes() * 2)
    require_refused_and_named(site, revision)


def test_a_statement_of_another_study_of_the_same_people_is_brought_in(studies, site, tmp_path):
    """The first statement on the same voxels in a case of the same name, made in another study."""
    # Of the same trust folder, image and case: only its ledger is another.
    other = studies.make(tmp_path / "other")
    made = other.submitted()
    site.add()
    site.assign("ada")
    drawn = other.study.folder.work(CASE, "ada").nifti
    assert use.save_revision(site.study, site.who("ada"), CASE, drawn).digest == made.digest
    with pytest.raises(TransitionError) as refused:
        use.receive_statement(site.study, site.who("ada"), CASE, other.bundle(made))
    other.study.close()
    assert refused.value.details["rule"] == "ledger"
    assert site.refused()["details"]["rule"] == "ledger"
    assert site.case().state is State.IN_PROGRESS


# A lost, rotated or compromised key: revoked from a time; what was checkpointed before stays valid.


@pytest.fixture
def two_approvals(site):
    """Two cases that Ben approved; a checkpoint saw the first approval and not the second."""
    kept = site.approved()
    site.add(OTHER)
    site.assign("ada", case_id=OTHER)
    doubtful = site.save("ada", case_id=OTHER)
    site.step("ada", "submitted", case_id=OTHER)
    use.make_checkpoint(site.study, site.who("dora"))
    site.step("ben", "approved", case_id=OTHER)
    return kept, doubtful


@pytest.mark.parametrize(("why", "still_counts"), [("lost", False), ("compromised", False), ("left", True)])
def test_a_key_is_revoked(site, two_approvals, why, still_counts):
    """A lost or stolen key: what a checkpoint saw before counts, the rest no longer, and the study names it.

    Who only left loses nothing that he signed. The key signs in nowhere any more, and that it was tried is
    written down.
    """
    kept, doubtful = two_approvals
    change_trust(site.trust, revocation(site.trust, "ben", why=why), by(site, "dora", "cleo"))
    assert site.verify(kept).verdict is Verdict.VALID
    assert site.verify(doubtful).verdict is (Verdict.VALID if still_counts else Verdict.INVALID)
    named = {what for _, what in damages(site)}
    assert any(folder_of(site, doubtful) in what or OTHER in what for what in named) is not still_counts
    assert not any(folder_of(site, kept) in what or CASE in what for what in named)
    with pytest.raises(ReviewError):
        use.sign_in(site.study, site.key("ben"), PASSPHRASE)
    assert site.refused()["details"]["attempted"] == "sign in"
    # The case that counts goes on with whoever is there.
    site.step("dora", "released")
    assert site.verify(kept).state is State.RELEASED


def rotated(site, person, folder):
    """Give somebody another key, on the roster too; who he is with the new one."""
    folder.mkdir()
    name, role = PEOPLE[person]
    made = create_key(folder / f"{person}.pem", name=name, role=role, passphrase=PASSPHRASE, person_id=person)
    others = by(site, *[one for one in ("ben", "cleo", "dora") if one != person][:2])
    change_trust(site.trust, rotation(site.trust, made.card), [(made.key, PASSPHRASE), *others])
    return use.sign_in(site.study, made.key, PASSPHRASE)


def test_a_key_is_rotated(site, tmp_path):
    """What the old key signed stays valid without any checkpoint; from now on the new key signs alone."""
    revision = site.approved()
    old = site.who("ben")
    new = rotated(site, "ben", tmp_path / "new")
    assert site.verify(revision).verdict is Verdict.VALID
    with pytest.raises(ReviewError):
        use.take_step(site.study, old, CASE, "withdrawn", reason="odd")
    assert site.refused()["person"] == "ben"
    use.take_step(site.study, new, CASE, "amended", reason="more", reader="ada")
    site.require_sound()


# One person with two accounts or keys: the rule of two people fails closed.


def test_one_person_approves_with_two_keys(studies, tmp_path):
    """Where two must approve, a radiologist's second key is not a second radiologist."""
    site = studies.make(tmp_path / "two", Policy(version="two", approvals=2))
    revision = site.submitted()
    site.step("ben", "approved")
    again = rotated(site, "ben", tmp_path / "new")
    with pytest.raises(TransitionError) as refused:
        use.take_step(site.study, again, CASE, "approved")
    assert refused.value.details["rule"] == "repeated"
    assert site.refused()["details"]["rule"] == "repeated"
    assert site.verify(revision).state is State.SUBMITTED
    site.require_sound()
    site.study.close()


def test_an_author_approves_with_another_key(site, tmp_path):
    """Who contoured it does not become a stranger to it by another key."""
    revision = site.submitted("cleo")
    again = rotated(site, "cleo", tmp_path / "new")
    with pytest.raises(TransitionError) as refused:
        use.take_step(site.study, again, CASE, "approved")
    assert refused.value.details["rule"] == "author"
    assert site.refused()["person"] == "cleo"
    assert site.verify(revision).state is State.SUBMITTED


@pytest.mark.parametrize("account", ["another id", "another spelling", "the same key"])
def test_one_person_gets_no_second_account(site, tmp_path, account):
    """A second entry that could be the same person is not enrolled, whoever signs for it."""
    name, role = PEOPLE["ben"]
    key, card = tmp_path / "second.pem", tmp_path / "second.person.json"
    if account == "the same key":
        key = site.key("ben")
        ben = site.who("ben").person
        card.write_bytes(
            write_card(replace(ben, id="second", name="Someone Else"), read_key(key, PASSPHRASE))
        )
    else:
        name = name.upper() if account == "another spelling" else name
        create_key(key, name=name, role=role, passphrase=PASSPHRASE, person_id="second")
    before = (site.trust / "roster.json").read_bytes()
    with pytest.raises(ReviewError):
        change_trust(site.trust, enrolment(card), [(key, PASSPHRASE), *by(site, "cleo", "dora")])
    assert (site.trust / "roster.json").read_bytes() == before
    assert not (site.trust / "changes.jsonl").exists()


def test_one_key_signs_under_two_key_ids(site, tmp_path):
    """An envelope that carries the signature of one key twice, as if two people had signed, is refused."""
    revision = site.submitted()
    copy = StudySite(shutil.copytree(site.path, tmp_path / "laptop"), site.keys)
    copy.step("ben", "approved")
    envelope = json.loads(copy.bundle(revision).splitlines()[-1])
    copy.study.close()
    envelope["signatures"].append({**envelope["signatures"][0], "keyid": "ab" * 32})
    with pytest.raises(MedsegError):
        use.receive_statement(site.study, site.who("ben"), CASE, json.dumps(envelope).encode())
    assert site.refused()["person"] == "ben"
    assert site.case().state is State.SUBMITTED


# An annotator calls approve: refused, and recorded.


@pytest.mark.parametrize("person", ["ada", "abe"])
def test_an_annotator_approves(site, person):
    """Not one's own work nor another's; not by the program, a statement of one's own, nor in the file."""
    revision = site.submitted()
    with pytest.raises(TransitionError):
        site.step(person, "approved")
    assert (site.refused()["person"], site.refused()["role"]) == (person, "annotator")
    assert site.refused()["details"]["attempted"] == "sign as approved"

    line = forged_approval(site, revision, person)
    with pytest.raises(ReviewError):
        use.receive_statement(site.study, site.who(person), CASE, line)
    assert site.refused()["person"] == person
    assert site.case().state is State.SUBMITTED
    site.require_sound()

    path = opened_up(site, revision).sign_off
    path.write_bytes(path.read_bytes() + line + b"\n")
    require_refused_and_named(site, revision)


def forged_approval(site, revision, person):
    """What a program without scruples makes somebody's own key sign: what a radiologist's would say."""
    trust = site.study.trust()
    found = read_content_and_digests(site.files(revision))
    with site.study.store.reading() as r:
        head = r.head()
    submission, _ = open_statement(site.bundle(revision).splitlines()[-1], "it")
    honest = next_statement(
        replay(site.bundle(revision), trust.roster, trust.checkpoints),
        found.content,
        found.files,
        trust.roster.person("ben"),
        meaning=Meaning.APPROVED,
        reason="",
        signed_at=use.opened.now(),
        roster=trust.roster,
        circumstances=Circumstances(CASE, revision.parent, submission.circumstances.sources, head),
    )
    own = trust.roster.person(person)
    forged = replace(honest, person_id=own.id, name=own.name, role=own.role)
    return seal_statement(forged, read_key(site.key(person), PASSPHRASE))
