"""Every value of the IBSI that is measured lies within the consensus tolerance of its digital phantom."""

from __future__ import annotations

import csv

import pytest

from medseg.io.nifti.image import read_image
from medseg.labelmap import LabelMap, Structure
from medseg.measurement.concepts import CONCEPTS
from medseg.measurement.families import Family, MeasureOptions
from medseg.measurement.measure import measure_structure

NOT_MEASURED = {
    # No consensus was reached: the table has no value.
    "morph_vol_dens_ombb", "morph_area_dens_ombb", "morph_vol_dens_mvee", "morph_area_dens_mvee",
    # Spatial autocorrelation: nobody asks for it of a tumour, and it takes a look at all pairs of voxels.
    "morph_moran_i", "morph_geary_c",
}  # fmt: skip
"""Of the families of morphology, local intensity and intensity statistics."""

MEASURED = ("morph_", "loc_", "stat_")


@pytest.fixture(scope="module")
def reference(real_data):
    """The consensus: value and tolerance by tag, as written."""
    path = real_data / "ibsi_digital_phantom" / "reference_values.csv"
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    return {row["tag"]: (row["reference value"], row["tolerance"]) for row in rows}


@pytest.fixture(scope="module")
def phantom(real_data):
    """The phantom as a label map and its image."""
    folder = real_data / "ibsi_digital_phantom" / "nifti"
    image = read_image(folder / "image" / "phantom.nii.gz")
    mask = read_image(folder / "mask" / "mask.nii.gz").voxels > 0
    return LabelMap(image.grid, (mask.astype("uint8"),), (Structure("roi", "ROI", 1),)), image


@pytest.fixture(scope="module")
def measured(phantom):
    label_map, image = phantom
    options = MeasureOptions(frozenset({Family.SHAPE, Family.DIAMETERS, Family.INTENSITY}))
    return measure_structure(label_map, "roi", image, options)


def half_of_last_digit(written: str) -> float:
    """How far off a right value may be where the tolerance is 0: consensus values are rounded."""
    decimals = len(written.partition(".")[2])
    return 0.5 * 10.0**-decimals


def test_every_value_lies_within_the_consensus_tolerance(measured, reference):
    off = {}
    for one in measured.measured:
        tag = CONCEPTS[one.concept].ibsi
        if tag is None:
            continue
        written, tolerance = reference[tag]
        allowed = float(tolerance) or half_of_last_digit(written)
        if one.value is None or abs(one.value - float(written)) > allowed:
            off[tag] = (one.value, written, tolerance)
    assert off == {}


def test_all_of_morphology_local_intensity_and_statistics_are_measured(measured, reference):
    tags = {tag for tag in reference if tag.startswith(MEASURED)}
    found = {CONCEPTS[one.concept].ibsi for one in measured.measured}
    assert tags - found == NOT_MEASURED
