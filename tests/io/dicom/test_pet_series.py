"""PET series on disk, of every kind of header, come out as the SUV that a calculator gives."""

from __future__ import annotations

import math

import nibabel
import numpy as np
import pytest

from analytic_pet import (
    rescaled_values,
    write_dynamic_pet,
    write_enhanced_pet,
    write_pet,
)
from medseg.errors import UnsupportedImageError
from medseg.io.dicom import find_series, read_planned, read_series
from medseg.io.dicom.header import read_headers
from medseg.io.dicom.options import ReadOptions
from medseg.io.dicom.plan import plan_inventory
from medseg.io.dicom.suv import PetUnit, pet_scale
from medseg.volume import Quantity, VolumeSeries

RELATIVE = 1e-4

# By hand, for 370 MBq in 70 kg: g divided by the Bq that are left of the dose, F-18 halving in 6586.2 s.
AT_INJECTION = 70_000 / 370e6
AFTER_55_MIN = 70_000 / (370e6 * math.exp(-math.log(2) * 55 * 60 / 6586.2))
AFTER_58_MIN = 70_000 / (370e6 * math.exp(-math.log(2) * 58 * 60 / 6586.2))
AFTER_60_MIN = 70_000 / (370e6 * math.exp(-math.log(2) * 60 * 60 / 6586.2))
MEAN_OF_3_MIN_S = (
    6586.2
    / math.log(2)
    * math.log((math.log(2) * 180 / 6586.2) / (1 - math.exp(-math.log(2) * 180 / 6586.2)))
)

KINDS = {
    "START": ({}, AFTER_60_MIN),
    "START, beds after each other": (
        {"AcquisitionTime": ["101200", "100900", "100600", "100300", "100000"], "DecayFactor": [None] * 5},
        AFTER_60_MIN,
    ),
    "START, beds after each other, with their decay factors": (
        # By bed: two to the minutes passed over 109.77, times 1.00951 for the decay during the three minutes.
        {
            "AcquisitionTime": ["101200", "100900", "100600", "100300", "100000"],
            "DecayFactor": ["1.08898", "1.06855", "1.04849", "1.02881", "1.00951"],
        },
        AFTER_60_MIN,
    ),
    "START, series begun before the scan": (
        {"SeriesTime": "095500", "DecayFactor": None},
        AFTER_55_MIN,
    ),
    "START, series begun before the scan, but corrected to the scan": (
        {"SeriesTime": "095500", "DecayFactor": "1.00951"},
        AFTER_60_MIN,
    ),
    "ADMIN": ({"DecayCorrection": "ADMIN", "DecayFactor": None}, AT_INJECTION),
    "ADMIN without half-life and times": (
        {"DecayCorrection": "ADMIN", "RadionuclideHalfLife": None, "RadiopharmaceuticalStartTime": None},
        AT_INJECTION,
    ),
    "injection before midnight": (
        {"SeriesTime": "003000", "AcquisitionTime": "003000", "RadiopharmaceuticalStartTime": "233000"},
        AFTER_60_MIN,
    ),
    "injection before midnight, with its date": (
        {
            "SeriesTime": "003000",
            "AcquisitionTime": "003000",
            "RadiopharmaceuticalStartTime": "233000.00",
            "RadiopharmaceuticalStartDateTime": "20240101233000.000000",
        },
        AFTER_60_MIN,
    ),
    "beds before and after midnight": (
        {
            "SeriesDate": "20240101",
            "SeriesTime": "235900",
            "AcquisitionDate": ["20240101", "20240102", "20240102", "20240102", "20240102"],
            "AcquisitionTime": ["235900", "000200", "000500", "000800", "001100"],
            "DecayFactor": None,
            "RadiopharmaceuticalStartTime": "225900",
        },
        AFTER_60_MIN,
    ),
    "delayed reconstruction": ({"SeriesTime": "163000"}, AFTER_60_MIN),
    "reconstruction on another day": ({"SeriesDate": "20240109", "SeriesTime": "083000"}, AFTER_60_MIN),
    "delayed reconstruction, GE": (
        # GE's own scan time is two minutes before the first image.
        {"SeriesTime": "163000", "GeScanDateTime": "20240102095800.00", "DecayFactor": None},
        AFTER_58_MIN,
    ),
    "delayed reconstruction of a late window": (
        # The 50th to the 70th minute of a scan from ten o'clock on, as FrameReferenceTime tells.
        {
            "SeriesTime": "163000",
            "AcquisitionTime": "105000",
            "ActualFrameDuration": "1200000",
            "FrameReferenceTime": "3593686",
            "DecayFactor": "1.45965",
        },
        AFTER_60_MIN,
    ),
    "not decay-corrected": (
        {"DecayCorrection": "NONE", "CorrectedImage": ["ATTN", "SCAT"], "DecayFactor": None},
        70_000 / (370e6 * 2 ** (-(3600 + MEAN_OF_3_MIN_S) / 6586.2)),
    ),
    "GML": ({"Units": "GML", "SUVType": "BW"}, 1.0),
    "GML without a type": ({"Units": "GML"}, 1.0),
    "GML without anything": (
        {"Units": "GML", "PatientWeight": None, "RadionuclideTotalDose": None, "DecayCorrection": None},
        1.0,
    ),
    "Philips counts, SUV factor": ({"Units": "CNTS", "PhilipsSuvFactor": "0.000412"}, 0.000412),
    "Philips counts, activity factor": (
        {"Units": "CNTS", "PhilipsActivityFactor": "1.753"},
        1.753 * AFTER_60_MIN,
    ),
    "Philips counts, both factors": (
        {"Units": "CNTS", "PhilipsActivityFactor": "1.753", "PhilipsSuvFactor": "0.000485"},
        0.000485,
    ),
    "times with fractions": (
        {
            "SeriesTime": "100000.500",
            "AcquisitionTime": "100000.5",
            "RadiopharmaceuticalStartTime": "090000.500",
        },
        AFTER_60_MIN,
    ),
    "dates and times of ACR-NEMA": (
        {"SeriesDate": "2024.01.02", "AcquisitionTime": "10:00:00", "RadiopharmaceuticalStartTime": "09:00"},
        AFTER_60_MIN,
    ),
    "a date-time of another zone": (
        {
            "TimezoneOffsetFromUTC": "+0100",
            "RadiopharmaceuticalStartTime": None,
            "RadiopharmaceuticalStartDateTime": "20240102030000.00-0500",
        },
        AFTER_60_MIN,
    ),
    "without dates": ({"SeriesDate": None, "AcquisitionDate": None}, AFTER_60_MIN),
}  # fmt: skip
"""Changes of the header (a list: one value a slice) and the factor from Bq/ml, counts or SUV by hand."""

LEFT = {
    "no weight": ({"PatientWeight": None}, "PatientWeight"),
    "weight zero": ({"PatientWeight": "0"}, "PatientWeight"),
    "weight empty": ({"PatientWeight": ""}, "PatientWeight"),
    "weight no number": ({"PatientWeight": "nan"}, "PatientWeight"),
    "weight in grams": ({"PatientWeight": "70000"}, "PatientWeight"),
    "no dose": ({"RadionuclideTotalDose": None}, "RadionuclideTotalDose"),
    "dose zero": ({"RadionuclideTotalDose": "0"}, "RadionuclideTotalDose"),
    "dose in MBq": ({"RadionuclideTotalDose": "370"}, "RadionuclideTotalDose"),
    "dose in kBq": ({"RadionuclideTotalDose": "370000"}, "RadionuclideTotalDose"),
    "no half-life": ({"RadionuclideHalfLife": None}, "RadionuclideHalfLife"),
    "half-life in minutes": ({"RadionuclideHalfLife": "109.77"}, "half-lives"),
    "no time of injection": ({"RadiopharmaceuticalStartTime": None}, "RadiopharmaceuticalStartTime"),
    "no acquisition time": ({"AcquisitionTime": None}, "AcquisitionTime"),
    "injection after the scan": ({"RadiopharmaceuticalStartTime": "100500"}, "half-lives"),
    "injection after the scan, with its date": (
        {"RadiopharmaceuticalStartTime": None, "RadiopharmaceuticalStartDateTime": "20240102100500"},
        "after the scan",
    ),
    "two times of injection": ({"RadiopharmaceuticalStartDateTime": "20240102080000+0000"}, "contradict"),
    "a nuclide of several days": ({"RadionuclideHalfLife": "282240"}, "several days"),
    "no attenuation correction": ({"CorrectedImage": ["DECY", "SCAT"]}, "attenuation"),
    "START, but no decay correction": ({"CorrectedImage": ["ATTN", "SCAT"]}, "contradict"),
    "no decay correction named": ({"DecayCorrection": None}, "DecayCorrection"),
}
"""Changes of the header, and a word that the warning must hold."""


def _split(changes):
    each = {
        keyword: value for keyword, value in changes.items() if isinstance(value, list) and len(value) == 5
    }
    return {keyword: value for keyword, value in changes.items() if keyword not in each}, each


@pytest.mark.parametrize("kind", KINDS)
def test_suv_is_that_worked_by_hand(tmp_path, kind):
    changes, factor = KINDS[kind]
    read = read_series(write_pet(tmp_path / "pet", *_split(changes)))
    assert read.quantity is Quantity.SUVBW
    np.testing.assert_allclose(read.voxels, rescaled_values() * factor, rtol=RELATIVE, atol=0)


@pytest.mark.parametrize("kind", LEFT)
def test_what_is_missing_leaves_the_values_as_they_are(tmp_path, kind):
    changes, word = LEFT[kind]
    read = read_series(write_pet(tmp_path / "pet", changes))
    assert read.quantity is Quantity.BQML
    np.testing.assert_allclose(read.voxels, rescaled_values(), rtol=1e-6, atol=0)
    assert [warning for warning in read.warnings if "stay in Bq/ml" in warning and word in warning]


def test_counts_without_philips_factors_stay_counts(tmp_path):
    read = read_series(write_pet(tmp_path / "pet", {"Units": "CNTS"}))
    assert read.quantity is Quantity.CNTS
    np.testing.assert_allclose(read.voxels, rescaled_values(), rtol=1e-6, atol=0)
    assert any("(7053,xx00)" in warning for warning in read.warnings)


@pytest.mark.parametrize(
    ("units", "suv_type"), [("GML", "LBM"), ("GML", "IBW"), ("CM2ML", "BSA"), ("PCNT", None)]
)
def test_other_suv_types_are_refused_by_their_name(tmp_path, units, suv_type):
    with pytest.raises(UnsupportedImageError, match=f"found {units}") as caught:
        read_series(write_pet(tmp_path / "pet", {"Units": units, "SUVType": suv_type}))
    assert caught.value.details["reason"] == "units"


def test_a_plain_series_has_no_warning(tmp_path):
    assert read_series(write_pet(tmp_path / "pet")).warnings == ()


DYNAMIC = [
    # Started at ten, injected 20 s later; three images in a row, all corrected to ten o'clock.
    {
        "AcquisitionTime": "100000",
        "ActualFrameDuration": "60000",
        "FrameReferenceTime": "30000",
        "DecayFactor": "1.00316",
    },
    {
        "AcquisitionTime": "100100",
        "ActualFrameDuration": "120000",
        "FrameReferenceTime": "120000",
        "DecayFactor": "1.01269",
    },
    {
        "AcquisitionTime": "100300",
        "ActualFrameDuration": "300000",
        "FrameReferenceTime": "330000",
        "DecayFactor": "1.03529",
    },
]


def _pet_facts_of(folder):
    return [header.pet for path in sorted(folder.iterdir()) for header in read_headers(path)]


def test_all_images_of_a_dynamic_series_have_one_factor(tmp_path):
    times = [{**changes, "RadiopharmaceuticalStartTime": "100020"} for changes in DYNAMIC]
    scale = pet_scale(_pet_facts_of(write_dynamic_pet(tmp_path / "pet", times)))
    by_hand = 70_000 / (370e6 * 2 ** (20 / 6586.2))  # 20 s before the injection there was more of the dose
    assert scale.quantity is Quantity.SUVBW
    assert scale.factors == pytest.approx([by_hand] * 15, rel=RELATIVE)
    assert scale.warnings == ()


def test_images_of_a_dynamic_series_without_decay_correction_have_their_own_factors(tmp_path):
    uncorrected = {"DecayCorrection": "NONE", "CorrectedImage": ["ATTN"], "DecayFactor": None}
    times = [{**changes, **uncorrected} for changes in DYNAMIC]
    scale = pet_scale(_pet_facts_of(write_dynamic_pet(tmp_path / "pet", times)))
    by_hand = []
    for begin_s, duration_s in ((3600, 60), (3660, 120), (3780, 300)):
        rate = math.log(2) / 6586.2
        mean_left = (math.exp(-rate * begin_s) - math.exp(-rate * (begin_s + duration_s))) / (
            rate * duration_s
        )
        by_hand += [70_000 / (370e6 * mean_left)] * 5
    assert scale.factors == pytest.approx(by_hand, rel=RELATIVE)


def test_a_dynamic_series_is_suv_at_each_time(tmp_path):
    folder = write_dynamic_pet(tmp_path / "pet", DYNAMIC)
    (plan,) = plan_inventory(find_series([folder]))
    read = read_planned(plan)
    assert isinstance(read, VolumeSeries)
    for volume in read.volumes:
        assert volume.quantity is Quantity.SUVBW
        np.testing.assert_allclose(volume.voxels, rescaled_values() * AFTER_60_MIN, rtol=RELATIVE, atol=0)


@pytest.mark.parametrize(
    ("changes", "unit", "quantity", "factor"),
    [
        ({}, PetUnit.BQML, Quantity.BQML, 1.0),
        ({}, PetUnit.STORED, Quantity.BQML, 1.0),
        ({"Units": "GML"}, PetUnit.BQML, Quantity.SUVBW, 1.0),
        ({"Units": "CNTS", "PhilipsActivityFactor": "1.753"}, PetUnit.BQML, Quantity.BQML, 1.753),
        ({"Units": "CNTS", "PhilipsActivityFactor": "1.753"}, PetUnit.STORED, Quantity.CNTS, 1.0),
    ],
)
def test_other_units_on_request(tmp_path, changes, unit, quantity, factor):
    read = read_series(write_pet(tmp_path / "pet", changes), options=ReadOptions(pet_unit=unit))
    assert read.quantity is quantity
    np.testing.assert_allclose(read.voxels, rescaled_values() * factor, rtol=RELATIVE, atol=0)


@pytest.mark.parametrize("rescale_is_mapping", [True, False])
def test_an_enhanced_image_is_suv_by_its_real_world_values(tmp_path, rescale_is_mapping):
    path = write_enhanced_pet(tmp_path / "enhanced.dcm", rescale_is_mapping=rescale_is_mapping)
    read = read_series(path)
    assert read.quantity is Quantity.SUVBW
    np.testing.assert_allclose(read.voxels, rescaled_values() * AFTER_60_MIN, rtol=RELATIVE, atol=0)


@pytest.mark.parametrize("patient", ["STS_001", "STS_002", "STS_003"])
def test_real_suv_passes_as_it_is(real_data, patient):
    folder = real_data / "sarcoma_pet_ct_mr"
    read = read_series(folder / "dicom" / patient / "PET" / "image")
    reference = nibabel.load(folder / "nifti" / patient / "PET_image.nii.gz")
    assert read.quantity is Quantity.SUVBW
    assert read.warnings == () or not any("PET" in warning for warning in read.warnings)
    expected = np.asarray(reference.dataobj).T
    flips = [slice(None, None, -1) if turn else slice(None) for turn in _turns(reference, read)]
    np.testing.assert_allclose(read.voxels, expected[tuple(flips)], atol=1e-3)


def _turns(reference, read):
    """Which axes of the reference run against those of the volume (k, j, i)."""
    ras = np.diag(reference.affine[:3, :3])[::-1]
    lps = np.array([1, -1, -1]) * ras  # z, y, x
    ours = read.grid.index_to_lps_mm[:3, :3]
    return [np.sign(ours[2 - axis, axis]) != np.sign(lps[axis]) for axis in range(3)]
