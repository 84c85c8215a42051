"""Real cases, from DICOM to a training set and a picture of what changed."""

from __future__ import annotations

import json

import numpy as np
import pytest
import SimpleITK

from medseg.contour import ContourSet
from medseg.io.nifti.label_map import read_label_map
from medseg.labelmap import LabelMap, Structure
from medseg.review.verification import Verdict
from medseg.workflows import study as use
from medseg.workflows.open_image import open_image
from medseg.workflows.save import save_label_map
from medseg.workflows.verify import verify
from study_cases import StudySite

PATIENTS = ("STS_001", "STS_002")


def save(site: StudySite, case_id: str, mask: np.ndarray, label: int):
    copy = use.check_out(site.study, site.who("ada"), case_id)
    image = open_image(copy.image)
    structure = Structure("gtv", "GTV", label)
    save_label_map(
        copy.files.nifti,
        LabelMap(image.grid, ((mask * label).astype(np.uint8),), (structure,)),
        grid=image.grid,
        source=image.source,
        contours=ContourSet(),
        author="Ada Annotator",
        overwrite=True,
    )
    return use.save_revision(site.study, site.who("ada"), case_id, copy.files.nifti)


@pytest.fixture
def masks(real_data, site: StudySite) -> dict[str, np.ndarray]:
    """CT of two patients in a study, and the tumour of each."""
    folder, found = real_data / "sarcoma_pet_ct_mr", {}
    for number, patient in enumerate(PATIENTS, start=1):
        case_id, case = f"case-{number:04d}", folder / "dicom" / patient / "CT"
        use.add_case(site.study, site.who("cory"), case / "image", case_id=case_id, structures=["GTV"])
        site.assign("ada", case_id=case_id)
        image = open_image(site.path / f"images/{case_id}/{case_id}.nii.gz")
        mask = read_label_map(folder / "nifti" / patient / "CT_mask.nii.gz")
        assert mask.grid.is_same_as(image.grid, 1e-2)
        found[case_id] = np.asarray(mask.layers[0] > 0)
    return found


def test_two_patients_become_a_training_set(site, masks, tmp_path):
    for number, (case_id, mask) in enumerate(masks.items(), start=1):
        save(site, case_id, mask, label=number)
        site.step("ada", "submitted", case_id=case_id)
        site.step("ben", "approved", case_id=case_id)
    out = tmp_path / "dataset"
    dataset = use.export_dataset(site.study, site.who("dora"), out)
    assert dataset.left_out == ()
    listed = json.loads((out / "dataset.json").read_text())
    assert listed["modality"] == {"0": "CT"}
    for item, (case_id, mask) in zip(listed["training"], masks.items(), strict=True):
        image, label = (SimpleITK.ReadImage(str(out / item[key])) for key in ("image", "label"))
        np.testing.assert_array_equal(SimpleITK.GetArrayFromImage(label), mask)
        assert label.GetOrigin() == image.GetOrigin()
        assert label.GetDirection() == image.GetDirection()
        signed = out / f"signed/{case_id}/{case_id}_dseg.nii.gz"
        assert verify(signed, trust=out / "trust").verdict is Verdict.VALID
    everything = b"".join(path.read_bytes() for path in out.rglob("*.json*"))
    assert not any(patient.encode() in everything for patient in PATIENTS)


def test_a_correction_is_measured_as_itk_measures_it(site, masks, tmp_path):
    case_id, mask = next(iter(masks.items()))
    grown = mask.copy()
    middle = np.argwhere(mask).mean(axis=0).astype(int)
    last = np.flatnonzero(mask[middle[0], :, middle[2]])[-1]
    grown[middle[0] - 1 : middle[0] + 2, last - 3 : last + 12, middle[2]] = True
    first, second = save(site, case_id, mask, 1), save(site, case_id, grown, 1)
    found = use.compare_revisions(
        site.study, site.who("ben"), case_id, first.digest, second.digest, picture=tmp_path / "d.png"
    )
    gtv = found.difference.structures[0]
    image = open_image(site.path / f"images/{case_id}/{case_id}.nii.gz")
    edges = []
    for each in (mask, grown):
        shown = SimpleITK.GetImageFromArray(each.astype(np.uint8))
        shown.SetSpacing(image.grid.spacing_kji_mm[::-1])
        edges.append(SimpleITK.LabelContour(shown, fullyConnected=False))
    judge = SimpleITK.HausdorffDistanceImageFilter()
    judge.Execute(*edges)
    assert gtv.largest.mm == pytest.approx(judge.GetHausdorffDistance(), rel=1e-5)
    assert gtv.voxels_changed == np.count_nonzero(mask != grown) > 30
    assert (tmp_path / "d.png").stat().st_size > 10_000
