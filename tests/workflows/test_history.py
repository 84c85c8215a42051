"""The story of a label map: told as it was, with a warning for everything that does not fit."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import nibabel
import numpy as np
import pytest

from drawn_cases import write_drawn_case, write_overlapping_case
from medseg.contour import ContourSet, Origin
from medseg.errors import SidecarError, UnreadableFileError
from medseg.io.label_map_files import LabelMapFiles
from medseg.provenance.history import remarks_on_steps
from medseg.provenance.record import Model
from medseg.provenance.step import Activity, Step, imported, resampled
from medseg.provenance.timeline import compact, timeline
from medseg.workflows.history import history
from medseg.workflows.open_label_map import open_label_map
from medseg.workflows.save import save_label_map
from signed_cases import make_site, write_case, write_nifti

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    return write_drawn_case(tmp_path_factory.mktemp("case"))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return make_site(tmp_path_factory.mktemp("site"))


@pytest.fixture
def files(tmp_path, case):
    """A copy of the label map that a test may spoil."""
    for path in case.files.present():
        shutil.copy(path, tmp_path)
    return LabelMapFiles(tmp_path / case.files.nifti.name)


def save_again(case, path, **more):
    saved = open_label_map(case.files.nifti)
    given = {"contours": saved.contours, "author": "Cleo Editor", "completed": saved.record.completed}
    return save_label_map(
        path, saved.label_map, grid=case.image.grid, source=case.image.source, **(given | more)
    )


def lines(story):
    return [line for entry in timeline(story) for line in entry.lines]


def test_the_story_says_who_what_when_from_what_and_on_which_slices(case):
    story = history(case.files.nifti)
    (entry,) = timeline(story)
    assert (entry.what, entry.who) == ("created", "Ada Reader")
    assert entry.at.tzinfo is not None
    assert "Liver: drawn on k=4, 7, 10; interpolated on k=5–6, 8–9 by combined" in entry.lines
    assert any(line.startswith("on the image: CT, DICOM, 16 files") for line in entry.lines)
    assert (story.standing, story.warnings, story.approvals) == ("unsigned", (), ())
    counts = {one.structure.id: one.voxel_count for one in story.structures}
    assert counts == {s: int(case.label_map.mask(s).sum()) for s in ("liver", "tumour")}


def test_a_draft_that_is_saved_again_goes_on_with_its_story(files, case):
    save_again(case, files.nifti, overwrite=True)
    save_again(case, files.nifti, overwrite=True, author="Dora")
    story = history(files.nifti)
    assert [(e.what, e.who) for e in timeline(story)] == [
        ("created", "Ada Reader"),
        ("edited", "Cleo Editor"),
        ("edited", "Dora"),
    ]
    assert story.warnings == ()


def test_an_import_its_resampling_and_a_model_are_told(tmp_path, case):
    saved = open_label_map(case.files.nifti)
    proposed = ContourSet(tuple(c.with_origin(Origin.ASSISTED) for c in saved.contours))
    steps = (
        imported("Ada", NOON, format="DICOM SEG", sha256="dd" * 32),
        resampled("Ada", NOON, from_voxels_sha256=None, notes=["nearest neighbour"]),
    )
    files = save_again(
        case,
        tmp_path / "b_dseg.nii.gz",
        steps=steps,
        contours=proposed,
        models={"liver": Model("net", "2")},
        completed={},
    )
    story = history(files.nifti)
    assert [entry.what for entry in timeline(story)] == ["imported", "resampled"]
    told = lines(story)
    assert "from label map: DICOM SEG, sha256 dddddddddddd…" in told
    assert "note: nearest neighbour" in told
    assert "Liver: proposed by net 2 on k=4–10" in told
    assert story.warnings == ()


def test_signatures_come_verified_with_a_trust_folder_and_as_claimed_without(files, site):
    site.sign(files, "ada", "submitted")
    site.sign(files, "ben", "changes-requested", reason="look at k=7")
    site.sign(files, "ada", "submitted")
    site.sign(files, "cleo", "approved")
    story = history(files.nifti, trust=site.trust)
    assert (story.standing, story.warnings) == ("approved", ())
    assert [(s.name, s.role) for s in story.approvals] == [("Cleo Radiologist", "radiologist")]
    assert [e.what for e in timeline(story)[1:]] == [
        "submitted",
        "changes-requested",
        "submitted",
        "approved",
    ]
    assert timeline(story)[2].lines == ("reason: look at k=7",)
    claimed = history(files.nifti)
    assert (claimed.standing, claimed.approvals) == ("not verified", ())
    assert [s.verified for s in claimed.signatures] == [False] * 4
    assert "claims to be radiologist, not verified" in timeline(claimed)[-1].trust
    assert any("not verified" in warning for warning in claimed.warnings)


def test_a_label_map_that_changed_after_it_was_signed_is_told_apart(files, site):
    site.sign(files, "ada", "submitted")
    site.sign(files, "ben", "approved")
    image = nibabel.load(files.nifti)
    voxels = np.asarray(image.dataobj).copy()
    voxels[tuple(np.argwhere(voxels)[0])] = 0
    nibabel.save(nibabel.Nifti1Image(voxels, image.affine, image.header), files.nifti)
    story = history(files.nifti, trust=site.trust)
    assert (story.standing, story.approvals) == ("invalid", ())
    assert any("other voxels" in warning for warning in story.warnings)
    assert any(warning.startswith("not as signed: ") for warning in story.warnings)
    assert "this signature is for an earlier content" in " ".join(lines(story))


@pytest.mark.parametrize("bundle", [b"nonsense\n", b"{}\n", b"[" * 100_000 + b"\n", b"\xff\n"])
def test_statements_that_are_damaged_are_told(files, bundle):
    files.sign_off.write_bytes(bundle)
    story = history(files.nifti)
    assert story.signatures == ()
    assert any("sign-off: statement 1" in warning for warning in story.warnings)


def test_a_label_map_of_another_program_has_no_record(tmp_path):
    write_nifti(tmp_path / "a.nii.gz")
    story = history(tmp_path / "a.nii.gz")
    assert (story.recorded, story.steps, story.source, timeline(story)) == (False, (), None, ())
    assert [one.voxel_count > 0 for one in story.structures] == [True, True]
    assert history(write_case(tmp_path / "b").nifti).recorded is False


@pytest.mark.parametrize("text", ["{", "[", '{"medseg": 3}', '{"medseg": {"schema": "medseg-provenance/9"}}'])
def test_a_damaged_record_is_told_and_the_rest_still_is(files, text):
    files.provenance.write_text(text)
    story = history(files.nifti)
    assert not story.recorded
    assert any("the record can't be told" in warning for warning in story.warnings)


@pytest.mark.parametrize("spoilt", ['"by": "\\ud800"', '"by": "Ada", "more": NaN'])
def test_a_record_that_could_not_be_written_is_damaged(files, spoilt):
    text = files.provenance.read_text()
    assert '"by": "Ada Reader"' in text
    files.provenance.write_text(text.replace('"by": "Ada Reader"', spoilt))
    story = history(files.nifti)
    assert not story.recorded
    assert any("is damaged" in warning for warning in story.warnings)


def test_sidecars_of_other_voxels_are_told(files):
    digest = open_label_map(files.nifti).record.voxels_sha256
    for path in (files.provenance, files.contours):
        path.write_text(path.read_text().replace(digest, "0" * 64))
    warnings = " ".join(history(files.nifti).warnings)
    assert "the record is about other voxels" in warnings
    assert "the contours take no part" in warnings


def test_contours_beyond_the_image_take_no_part(files):
    document = json.loads(files.contours.read_text())
    for contour in document["contours"]:
        # Along the normal of the slices by ten of them.
        contour["plane"]["origin_lps_mm"][1] += 60 * 0.6
        contour["plane"]["origin_lps_mm"][2] += 60 * 2.9
    files.contours.write_text(json.dumps(document))
    story = history(files.nifti)
    assert any("contours of Liver take no part" in warning for warning in story.warnings)
    assert story.structures[0].blocks[0].derived_from == ()


def test_an_extension_that_was_carried_onto_other_voxels_is_told(tmp_path, case):
    image = nibabel.load(case.files.nifti)
    carried = nibabel.Nifti1Image(np.ones(image.shape, np.uint8), image.affine, image.header)
    nibabel.save(carried, tmp_path / "x.nii.gz")
    assert any("belongs to another image" in warning for warning in history(tmp_path / "x.nii.gz").warnings)


def test_structures_that_overlap_are_told_too(tmp_path):
    case = write_overlapping_case(tmp_path)
    story = history(case.files.nifti)
    counts = {one.structure.id: one.voxel_count for one in story.structures}
    assert counts == {s: int(case.label_map.mask(s).sum()) for s in ("tumour", "ptv")}
    assert story.warnings == ()


def test_what_does_not_fit_between_steps_is_told():
    first = Step(Activity.CREATED, NOON, "Ada", to_voxels_sha256="aa" * 32)
    second = Step(
        Activity.EDITED,
        NOON - timedelta(1),
        "Ben",
        from_voxels_sha256="bb" * 32,
        to_voxels_sha256="cc" * 32,
    )
    told = list(remarks_on_steps((first, second), "dd" * 32))
    assert len(told) == 3
    fitting = replace(second, at=NOON, from_voxels_sha256="aa" * 32)
    assert list(remarks_on_steps((first, fitting), "cc" * 32)) == []


def test_what_is_not_there_is_a_typed_error(tmp_path, case):
    with pytest.raises(UnreadableFileError, match="there is no file"):
        history(tmp_path / "absent.nii.gz")
    with pytest.raises(SidecarError, match=r"no roster\.json"):
        history(case.files.nifti, trust=tmp_path)


@pytest.mark.parametrize(
    ("slices", "shown"),
    [
        ((), ""),
        (("k=3",), "k=3"),
        (("k=3", "k=4", "k=5", "k=9"), "k=3–5, 9"),
        (("k=3", "j=2", "j=3"), "k=3, j=2–3"),
        (("k=7+0.25j", "k=8", "k=9"), "k=7+0.25j, k=8–9"),
    ],
)
def test_slices_are_told_in_few_words(slices, shown):
    assert compact(slices) == shown
