"""A real sarcoma: its SUV by another reader, and what becomes of them on the grid of the CT."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK
from highdicom.sr import srread

from medseg.workflows.measure import Family, MeasureOptions, Order, Quantity, measure, save_report

UPTAKE = MeasureOptions(frozenset({Family.UPTAKE}))


@pytest.fixture(scope="module")
def sarcoma(real_data):
    return real_data / "sarcoma_pet_ct_mr" / "nifti" / "STS_001"


def test_the_suv_are_those_of_itk(sarcoma, real_data):
    dicom = real_data / "sarcoma_pet_ct_mr" / "dicom" / "STS_001" / "PET" / "image"
    (tumour,) = measure(sarcoma / "PET_mask.nii.gz", dicom)
    suv, mask = (
        SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(sarcoma / f"PET_{what}.nii.gz")))
        for what in ("image", "mask")
    )
    inside = suv[mask > 0].astype(float)
    assert tumour.value("suv-max") == pytest.approx(inside.max(), rel=1e-3)
    assert tumour.value("suv-mean") == pytest.approx(inside.mean(), rel=1e-3)
    active = inside[inside >= 0.41 * inside.max()]
    voxel_ml = tumour.value("volume-voxel") / len(inside) / 1000
    assert tumour.value("metabolic-tumour-volume") == pytest.approx(len(active) * voxel_ml, rel=0.01)
    assert tumour.value("total-lesion-glycolysis") == pytest.approx(active.sum() * voxel_ml, rel=0.01)
    assert inside.mean() < tumour.value("suv-peak") < inside.max()


@pytest.mark.parametrize(("order", "suv_max"), [(Order.LINEAR, 7.72), (Order.NEAREST, 7.91)])
def test_the_suv_max_that_the_docs_name(sarcoma, order, suv_max):
    (tumour,) = measure(
        sarcoma / "CT_mask.nii.gz",
        sarcoma / "PET_image.nii.gz",
        UPTAKE,
        quantity=Quantity.SUVBW,
        resample=order,
    )
    assert tumour.value("suv-max") == pytest.approx(suv_max, abs=0.005)


def test_the_report_of_a_real_series_is_read_back(sarcoma, real_data, tmp_path):
    dicom = real_data / "sarcoma_pet_ct_mr" / "dicom" / "STS_001" / "CT" / "image"
    mask = sarcoma / "CT_mask.nii.gz"
    measurements = measure(mask, dicom)
    save_report(measurements, tmp_path / "sr.dcm", mask, series=dicom)
    (group,) = srread(tmp_path / "sr.dcm").content.get_image_measurement_groups()
    read = {one.name.value: one for one in group.get_measurements()}
    longest = measurements[0].get("longest-in-plane")
    assert read["103339001"].value == pytest.approx(longest.value)
    ends = np.reshape(read["103339001"].referenced_coordinates[0].GraphicData, (2, 3))
    assert np.linalg.norm(ends[1] - ends[0]) == pytest.approx(longest.value, rel=1e-5)
