"""Two revisions of a case, compared: numbers, places, a picture, and no look at what is blind."""

from __future__ import annotations

import json

import pytest
from PIL import Image

from medseg.errors import BlindError, DamagedStudyError, UnknownCaseError
from medseg.workflows.study.compare_revisions import compare_revisions
from study_cases import CASE, GRID, StudySite


@pytest.fixture
def two_revisions(site: StudySite):
    """A case that Ada saved twice, the liver larger the second time."""
    site.add()
    site.assign("ada")
    return site, site.save("ada", size=1), site.save("ada", size=3)


def test_numbers_and_the_place_of_the_largest_distance(two_revisions):
    site, first, second = two_revisions
    found = compare_revisions(site.study, site.who("ada"), CASE, first.digest, second.digest[:8])
    assert (found.first.number, found.second.number) == (1, 2)
    liver, tumour = found.difference.structures
    added = 3 * 2 * 6  # rows 4 and 5 of three slices
    assert liver.voxels_changed == added
    assert liver.added_mm3 == pytest.approx(added * GRID.voxel_volume_mm3, rel=1e-5)
    assert liver.largest.mm == pytest.approx(2 * GRID.spacing_kji_mm[1], rel=1e-5)
    assert GRID.to_index(liver.largest.at_lps_mm)[1] == pytest.approx(5, abs=1e-3)
    assert not tumour.is_changed
    written = json.loads(json.dumps(found.as_dict()))
    assert written["first"] == {"revision": 1, "digest": first.digest}
    assert ".nii.gz" in written["files"]


def test_the_picture_is_written_and_both_looks_are_in_the_ledger(two_revisions, tmp_path):
    site, first, second = two_revisions
    path = tmp_path / "difference.png"
    compare_revisions(site.study, site.who("ben"), CASE, first.digest, second.digest, picture=path)
    with Image.open(path) as image:
        assert image.size[0] > 500
    looks = site.ledger("viewed")
    assert [(look["person"], look["revision"]) for look in looks] == [
        ("ben", first.digest),
        ("ben", second.digest),
    ]


def test_nobody_compares_blind_reads_before_both_are_in(site: StudySite):
    site.add(reads=2)
    site.assign("ada", "abe")
    first, second = site.save("ada", size=1), site.save("abe", size=2)
    for who in ("ada", "abe", "ben", "dora"):
        with pytest.raises(BlindError):
            compare_revisions(site.study, site.who(who), CASE, first.digest, second.digest)
        assert site.refused()["person"] == who
    site.step("ada", "submitted")
    site.step("abe", "submitted")
    found = compare_revisions(site.study, site.who("carl"), CASE, first.digest, second.digest)
    assert found.difference.structures[0].dice < 1


def test_a_changed_file_is_not_compared(two_revisions):
    site, first, second = two_revisions
    nifti = site.files(second).nifti
    nifti.chmod(0o644)
    nifti.write_bytes(site.files(first).nifti.read_bytes())
    with pytest.raises(DamagedStudyError, match="changed"):
        compare_revisions(site.study, site.who("ada"), CASE, first.digest, second.digest)


def test_an_unknown_revision_is_told(two_revisions):
    site, first, _ = two_revisions
    for said in ("0" * 64, "3", "0", first.digest[:7]):
        with pytest.raises(UnknownCaseError):
            compare_revisions(site.study, site.who("ada"), CASE, first.digest, said)


def test_revisions_are_named_by_their_numbers_too(two_revisions):
    site, first, second = two_revisions
    found = compare_revisions(site.study, site.who("ada"), CASE, "2", "1")
    assert (found.first, found.second) == (second, first)
    assert found.difference.structures[0].removed_mm3 > 0
