"""Revisions: what is taken in, and that it stays as it is."""

from __future__ import annotations

import gzip
import json
import shutil
import stat

import nibabel
import numpy as np
import pytest

from canaries import disguises
from medseg.contour import ContourSet
from medseg.errors import (
    ConflictError,
    DamagedStudyError,
    GridMismatchError,
    InputError,
    LabelMapError,
    LockedError,
    MedsegError,
    SidecarError,
)
from medseg.io.label_map_files import LabelMapFiles
from medseg.io.nifti.content import read_content
from medseg.review.states import State
from medseg.review.verification import Verdict
from medseg.space import Grid
from medseg.volume import Source
from medseg.workflows import study as use
from medseg.workflows.save import save_label_map
from signed_cases import patch_nifti
from study_cases import CASE, GRID, draw, label_map_of, write_phantom


@pytest.fixture
def drawn(site):
    """A case that Ada has drawn in her working copy."""
    site.add()
    site.assign("ada")
    return site.draw("ada")


def save(site, files, **more):
    return use.save_revision(site.study, site.who("ada"), CASE, files.nifti, **more)


def tree(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_revision_is_named_by_its_content_and_nobody_may_write_it(site, drawn):
    revision = save(site, drawn)
    files = site.files(revision)
    assert revision.digest == read_content(drawn).digest() == read_content(files).digest()
    assert files.nifti.parent.name == revision.digest[:16]
    assert {path.name for path in files.nifti.parent.iterdir()} == set(revision.files)
    assert all(not path.stat().st_mode & stat.S_IWUSR for path in files.nifti.parent.iterdir())


def test_the_working_copy_stays_and_the_old_revisions_too(site, drawn):
    before = tree(drawn.nifti.parent)
    first = save(site, drawn)
    assert tree(drawn.nifti.parent) == before
    kept = tree(site.files(first).nifti.parent)
    second = site.save("ada", size=2)
    assert second.parent == first.digest
    assert tree(site.files(first).nifti.parent) == kept
    assert [one.digest for one in site.revisions()] == [first.digest, second.digest]


def test_the_same_content_again_is_the_same_revision(site, drawn):
    first = save(site, drawn)
    entries = len(site.ledger())
    assert save(site, drawn) == first
    assert len(site.ledger()) == entries


def test_an_old_content_does_not_come_back_unnoticed(site, drawn, tmp_path):
    shutil.copytree(drawn.nifti.parent, tmp_path / "kept")
    first = save(site, drawn)
    second = site.save("ada", size=2)
    with pytest.raises(ConflictError) as refused:
        save(site, LabelMapFiles(tmp_path / "kept" / drawn.nifti.name))
    assert refused.value.details["reason"] == "same-content"
    assert [one.digest for one in site.revisions()] == [first.digest, second.digest]


def test_checking_out_gives_the_latest_revision_without_its_statements(site, drawn):
    save(site, drawn)
    site.step("ada", "submitted")
    site.step("ben", "changes-requested", reason="more")
    shutil.rmtree(drawn.nifti.parent)
    copy = use.check_out(site.study, site.who("ada"), CASE)
    assert (copy.parent, copy.is_unsaved) == (site.revisions()[0].digest, False)
    assert read_content(copy.files).digest() == copy.parent
    assert not copy.files.sign_off.exists()
    assert copy.image.exists()


def test_unsaved_work_is_never_written_over(site, drawn):
    save(site, drawn)
    files = site.draw("ada", size=3)
    before = tree(files.nifti.parent)
    copy = use.check_out(site.study, site.who("ada"), CASE)
    assert copy.is_unsaved
    assert tree(files.nifti.parent) == before


def test_a_copy_is_taken_elsewhere(site, drawn, tmp_path):
    revision = save(site, drawn)
    copy = use.check_out(site.study, site.who("ada"), CASE, out=tmp_path / "mine")
    assert copy.files.nifti.parent == tmp_path / "mine"
    assert read_content(copy.files).digest() == revision.digest
    with pytest.raises(MedsegError):
        use.check_out(site.study, site.who("ada"), CASE, out=tmp_path / "mine")


def test_a_label_map_that_is_not_compressed_is_taken_too(site, drawn, tmp_path):
    folder = shutil.copytree(drawn.nifti.parent, tmp_path / "plain")
    packed = folder / drawn.nifti.name
    packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
    packed.unlink()
    revision = save(site, LabelMapFiles(packed.with_suffix("")))
    site.step("ada", "submitted")
    assert revision.digest == read_content(drawn).digest()
    assert site.verify(revision).verdict is Verdict.VALID


def test_a_file_of_another_program_is_brought_in_first(site, drawn, tmp_path):
    foreign = tmp_path / "foreign.nii.gz"
    shutil.copy(drawn.nifti, foreign)
    with pytest.raises(InputError) as refused:
        save(site, LabelMapFiles(foreign))
    assert refused.value.details["reason"] == "foreign"
    assert site.revisions() == ()


def test_a_label_map_of_another_grid_is_refused_and_written_down(site, drawn, tmp_path):
    moved = Grid(GRID.shape_kji, np.array(GRID.index_to_lps_mm) + np.eye(4, k=3))
    files = save_label_map(
        tmp_path / "x_dseg.nii.gz",
        label_map_of(moved),
        grid=moved,
        source=Source("phantom"),
        contours=ContourSet(),
        author="Ada",
    )
    with pytest.raises(GridMismatchError):
        save(site, files)
    assert site.refused()["details"] == {
        "attempted": "save",
        "rule": "GridMismatchError",
        "error": "GridMismatchError",
    }
    assert site.case().state is State.ASSIGNED


def test_a_label_map_of_another_image_on_the_same_grid_is_refused(site, drawn, tmp_path):
    other = nibabel.load(write_phantom(tmp_path / "other.nii.gz"))
    image = tmp_path / "elsewhere.nii.gz"
    nibabel.save(nibabel.Nifti1Image(np.asanyarray(other.dataobj) + 1, None, other.header), image)
    files = draw(image, LabelMapFiles(tmp_path / "x_dseg.nii.gz"), "ada")
    with pytest.raises(InputError) as refused:
        save(site, files)
    assert refused.value.details["reason"] == "other-image"
    assert site.refused()["details"]["rule"] == "other-image"


def test_what_was_drawn_on_the_original_image_is_taken(site, tmp_path):
    original = write_phantom(tmp_path / "original.nii.gz")
    original.write_bytes(gzip.compress(gzip.decompress(original.read_bytes()), mtime=1))
    use.add_case(site.study, site.who("cory"), original, case_id=CASE)
    site.assign("ada")
    files = draw(original, LabelMapFiles(tmp_path / "x_dseg.nii.gz"), "ada")
    assert save(site, files).number == 1


def test_labels_without_a_structure_are_refused(site, drawn):
    lines = drawn.structures.read_text().splitlines(keepends=True)
    drawn.structures.write_text("".join(line for line in lines if "Tumour" not in line))
    with pytest.raises(LabelMapError):
        save(site, drawn)
    drawn.structures.unlink()
    with pytest.raises((SidecarError, LabelMapError, InputError)):
        save(site, drawn)
    assert site.revisions() == ()


def test_a_sidecar_of_other_voxels_is_refused(site, drawn):
    record = json.loads(drawn.provenance.read_text())
    record["medseg"]["voxels_sha256"] = "0" * 64
    drawn.provenance.write_text(json.dumps(record))
    with pytest.raises(SidecarError):
        save(site, drawn)


@pytest.mark.parametrize("what", ["descrip", "aux_file", "intent_name", "extension", "gzip"])
def test_text_of_other_programs_stays_outside(site, drawn, what):
    name = "CANARY00001"
    raw = bytearray(gzip.decompress(drawn.nifti.read_bytes()))
    offsets = {"descrip": 148, "aux_file": 228, "intent_name": 328}
    if what in offsets:
        raw[offsets[what] : offsets[what] + len(name)] = name.encode()
    if what == "extension":
        image = nibabel.Nifti1Image.from_bytes(bytes(raw))
        image.header.extensions.append(nibabel.nifti1.Nifti1Extension("comment", name.encode()))
        raw = bytearray(image.to_bytes())
    if what == "gzip":
        with drawn.nifti.open("wb") as out, gzip.GzipFile(f"{name}.nii", "wb", fileobj=out) as packed:
            packed.write(raw)
    else:
        drawn.nifti.write_bytes(gzip.compress(bytes(raw)))
    assert name.encode() in drawn.nifti.read_bytes() + gzip.decompress(drawn.nifti.read_bytes())
    digest = read_content(drawn).digest()
    revision = save(site, drawn)
    assert revision.digest == digest
    kept = site.files(revision).nifti.read_bytes()
    for data in (kept, gzip.decompress(kept)):
        assert not any(form in data.lower() for form in disguises(name) | {name.lower().encode()})


def test_bytes_behind_the_voxels_are_refused(site, drawn):
    drawn.nifti.write_bytes(gzip.compress(gzip.decompress(drawn.nifti.read_bytes()) + b"Doe^Jane"))
    with pytest.raises(InputError):
        save(site, drawn)
    assert site.revisions() == ()


def test_a_copy_of_what_medseg_wrote_is_the_same_bytes(site, drawn):
    revision = save(site, drawn)
    assert tree(site.files(revision).nifti.parent) == tree(drawn.nifti.parent)


def changes(files):
    """Each way to change a revision outside of medseg, by what is then named."""

    def voxel():
        patch_nifti(files, -4, b"\1")

    def table():
        files.structures.write_text(files.structures.read_text().replace("Liver", "Lover"))

    def sidecar():
        files.contours.write_text(files.contours.read_text() + "\n")

    def layer():
        shutil.copy(files.nifti, files.layer(1))

    return {
        f"{files.nifti.name} was changed": voxel,
        f"{files.structures.name} was changed": table,
        f"{files.contours.name} was changed": sidecar,
        f"{files.provenance.name} is missing": files.provenance.unlink,
        f"{files.layer(1).name} is new": layer,
    }


@pytest.mark.parametrize("number", range(5))
def test_a_revision_that_was_changed_outside_is_found_and_named(site, number):
    revision = site.submitted()
    files = site.files(revision)
    for path in files.nifti.parent.iterdir():
        path.chmod(0o644)
    named, change = list(changes(files).items())[number]
    change()
    for attempt in (
        lambda: use.view_revision(site.study, site.who("ben"), CASE),
        lambda: site.step("ben", "approved"),
        lambda: site.step("ben", "changes-requested", reason="odd"),
    ):
        with pytest.raises(DamagedStudyError) as found:
            attempt()
        assert named in found.value.details["differs"]
        assert site.refused()["details"]["rule"] == "revision-changed"
    assert site.case().state is State.SUBMITTED


def test_a_damaged_revision_is_not_checked_out(site, drawn):
    revision = save(site, drawn)
    path = site.files(revision).structures
    path.chmod(0o644)
    path.write_text("index\tname\n")
    with pytest.raises(DamagedStudyError):
        use.check_out(site.study, site.who("ada"), CASE, out=site.path.parent / "mine")


def test_statements_beside_a_revision_that_are_not_the_studys_are_found(site):
    revision = site.submitted()
    path = site.files(revision).sign_off
    path.write_bytes(path.read_bytes().replace(b"payload", b"paYload", 1))
    with pytest.raises(DamagedStudyError) as found:
        use.view_revision(site.study, site.who("ben"), CASE)
    assert found.value.details["reason"] == "bundle-differs"
    path.unlink()
    assert use.view_revision(site.study, site.who("ben"), CASE).sign_off.exists()
    assert site.verify(revision).verdict is Verdict.VALID


def test_saving_after_somebody_else_saved_is_told(site, drawn):
    first = save(site, drawn, expected_parent=None)
    files = site.draw("ada", size=2)
    save(site, files, expected_parent=first.digest)
    for parent in (None, first.digest):
        with pytest.raises(ConflictError) as refused:
            save(site, site.draw("ada", size=3), expected_parent=parent)
        assert refused.value.details["reason"] == "parent"
    assert len(site.revisions()) == 2


def test_a_draft_is_unsigned_and_not_called_bad(site):
    """What was signed before it is about other revisions; it comes back with the first signature."""
    site.submitted()
    site.step("ben", "changes-requested", reason="more")
    draft = site.save("ada", size=2)
    assert not site.files(draft).sign_off.exists()
    assert site.verify(draft).verdict is Verdict.UNSIGNED
    use.view_revision(site.study, site.who("ada"), CASE)
    assert site.verify(draft).verdict is Verdict.UNSIGNED
    site.require_sound()
    site.step("ada", "submitted")
    assert [one.meaning.value for one in site.verify(draft).signatures] == [
        "submitted",
        "changes-requested",
        "submitted",
    ]


def test_nothing_is_looked_at_worked_on_or_signed_over_another_image(site):
    site.submitted()
    image = site.path / site.case().image
    image.chmod(0o644)
    image.write_bytes(image.read_bytes()[:-1] + b"x")
    for act in (
        lambda: use.view_revision(site.study, site.who("ben"), CASE),
        lambda: site.step("ben", "approved"),
    ):
        with pytest.raises(DamagedStudyError) as caught:
            act()
        assert caught.value.details["reason"] == "image-changed"
        assert site.refused()["details"]["rule"] == "image-changed"


def test_a_revision_is_not_written_over_as_a_loose_file(site):
    site.add()
    site.assign("ada")
    files = site.files(site.save("ada"))
    with pytest.raises(LockedError, match="reading only"):
        draw(site.path / site.case().image, files, "ada", size=3)
    assert use.check_study(site.study).damages == ()
