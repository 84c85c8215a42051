"""The report of a saved case: its numbers, its signatures, and nothing of the patient."""

from __future__ import annotations

import re

import numpy as np
import pytest

from medseg.errors import GridMismatchError, InputError, UnreadableFileError
from medseg.io.nifti.image import write_image
from medseg.io.nifti.label_map import read_label_map
from medseg.space import Grid
from medseg.volume import Quantity, Source, Volume
from medseg.workflows.case_report import case_report, save_case_report
from signed_cases import make_site, write_layered_case


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return make_site(tmp_path_factory.mktemp("site"))


@pytest.fixture
def case(tmp_path):
    """A liver of 50 with a tumour of 20, and its image, under the name of a patient."""
    files = write_layered_case(tmp_path / "Jane_Doe")
    labels = read_label_map(files.nifti).layers[0]
    image = tmp_path / "Jane_Doe.nii.gz"
    write_on(read_label_map(files.nifti).grid, np.select([labels == 1, labels == 2], [50, 20], -100), image)
    return files, image


def write_on(grid, voxels, path):
    write_image(Volume(grid, voxels.astype(np.int16), Quantity.ARBITRARY, Source("NIfTI")), path)


def test_it_holds_the_numbers_the_pictures_and_the_signatures(site, case):
    files, image = case
    site.sign(files, "ada", "submitted")
    site.sign(files, "ben", "approved", reason="margins are right")
    found = case_report(files.nifti, image, trust=site.trust, quantity=Quantity.HU)
    rows = {row.cells[0]: dict(zip(found.headings, row.cells, strict=True)) for row in found.rows}
    # 60 voxels of 1.225 mm³ with the tumour's 4, which lower the mean of the whole liver from 50 to 48.
    assert rows["Liver"]["volume, ml"] == "0.0735"
    assert rows["Liver"]["mean ± SD, HU"].split(" ± ")[0] == "48.00"
    assert rows["Tumour"]["mean ± SD, HU"] == "20.00 ± 0.000"
    assert [row.depth for row in found.rows] == [0, 1, 0]
    assert found.slices[0].words.startswith("Tumour: ")
    assert len(found.surfaces) == 2
    standing = found.standing
    assert (standing.badge, standing.is_good, standing.problems) == ("approved", True, ())
    assert [(one.meaning, one.signer) for one in standing.signatures] == [
        ("submitted", "Ada Annotator (annotator)"),
        ("approved", "Ben Radiologist (radiologist)"),
    ]
    assert "by the signer's clock" in standing.signatures[1].time
    assert standing.signatures[1].more == "margins are right"


def test_a_label_map_that_was_changed_is_not_shown_as_approved(site, case):
    files, image = case
    site.sign(files, "ada", "submitted")
    site.sign(files, "ben", "approved")
    files.structures.write_text(files.structures.read_text().replace("Tumour", "Cyst"))
    standing = case_report(files.nifti, image, trust=site.trust).standing
    assert (standing.badge, standing.is_good) == ("invalid", False)
    assert any("not as signed" in problem for problem in standing.problems)
    assert all("of other content" in one.meaning for one in standing.signatures)


def test_nobody_signed_and_nobody_looked_are_two_things(site, case):
    files, _ = case
    assert case_report(files.nifti, trust=site.trust).standing.badge == "unsigned"
    standing = case_report(files.nifti).standing
    assert (standing.badge, standing.is_good, standing.signatures) == ("not verified", None, ())


def test_without_an_image_the_structures_are_silhouettes(case):
    found = case_report(case[0].nifti)
    assert len(found.slices) >= 3
    assert not [heading for heading in found.headings if "mean" in heading]
    assert "Image" not in dict(found.facts)


def test_uptake_stands_there_for_suv(case):
    files, image = case
    found = case_report(files.nifti, image, quantity=Quantity.SUVBW)
    row = dict(zip(found.headings, found.rows[1].cells, strict=True))
    assert row["SUVmax"] == "20.0"
    assert "MTV, ml (41 % of SUVmax)" in found.headings


def test_nothing_of_the_patient_is_written_unless_asked(case, tmp_path):
    files, image = case
    save_case_report(case_report(files.nifti, image), tmp_path / "report.html")
    page = re.sub('base64,[^"]*', "", (tmp_path / "report.html").read_text())
    assert not [word for word in ("Jane", "Doe", files.stem, str(tmp_path)) if word in page]
    save_case_report(case_report(files.nifti, image, title="Jane Doe"), tmp_path / "named.html")
    assert "<h1>Jane Doe</h1>" in (tmp_path / "named.html").read_text()


def test_a_real_tumour_is_shown_in_three_views_with_its_diameters(real_data):
    folder = real_data / "sarcoma_pet_ct_mr" / "nifti" / "STS_001"
    found = case_report(folder / "MR_T1_mask.nii.gz", folder / "MR_T1_image.nii.gz")
    assert [picture.title for picture in found.slices] == ["axial", "coronal", "sagittal", "axial"]
    row = dict(zip(found.headings, found.rows[0].cells, strict=True))
    # The bounding box of all slices is 96 × 92 mm in plane; no slice fills it.
    longest, across = map(float, row["in plane, mm"].split(" × "))
    assert 80 < longest < np.hypot(96, 92)
    assert across <= longest
    assert f"{longest} × {across} mm" in found.slices[0].words


def test_it_refuses_another_grid_another_ending_and_no_file(case, tmp_path):
    files, image = case
    other = Grid((5, 6, 7), np.diag([1.0, 1.0, 1.0, 1.0]))
    write_on(other, np.zeros(other.shape_kji), tmp_path / "other.nii.gz")
    with pytest.raises(GridMismatchError):
        case_report(files.nifti, tmp_path / "other.nii.gz")
    with pytest.raises(InputError) as caught:
        save_case_report(case_report(files.nifti), tmp_path / "report.docx")
    assert caught.value.details["reason"] == "other-suffix"
    with pytest.raises(UnreadableFileError):
        case_report(tmp_path / "missing.nii.gz", image)
    with pytest.raises(ValueError, match="low to high"):
        case_report(files.nifti, image, window=(100, 0))
