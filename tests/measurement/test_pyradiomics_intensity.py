"""Intensity statistics of PyRadiomics' own test cases, where its definitions are the IBSI's."""

from __future__ import annotations

import csv

import numpy as np
import pytest
import SimpleITK

from medseg.measurement.intensity import intensity
from medseg.space import box_of
from medseg.volume import Quantity, Source, Volume
from solids import upright

SAME_DEFINITION = {
    "Mean": "intensity-mean",
    "Variance": "intensity-variance",
    "Skewness": "intensity-skewness",
    "Minimum": "intensity-min",
    "Maximum": "intensity-max",
    "Median": "intensity-median",
    "10Percentile": "intensity-p10",
    "90Percentile": "intensity-p90",
    "InterquartileRange": "intensity-iqr",
    "Range": "intensity-range",
    "MeanAbsoluteDeviation": "intensity-mad",
    "RobustMeanAbsoluteDeviation": "intensity-rmad",
}

SHIFT = 2000
"""PyRadiomics adds this to values before it squares them (its setting voxelArrayShift)."""


@pytest.fixture(scope="module")
def baselines(real_data):
    path = real_data / "tumour_nrrd" / "baseline" / "baseline_firstorder.csv"
    with path.open(newline="") as file:
        rows = {row["featureName"]: row for row in csv.DictReader(file)}
    prefix = "original_firstorder_"
    return {name.removeprefix(prefix): row for name, row in rows.items() if name.startswith(prefix)}


@pytest.mark.parametrize("case", ["brain1", "brain2", "breast1"])
def test_statistics_agree_where_the_definitions_do(real_data, baselines, case):
    folder = real_data / "tumour_nrrd"
    voxels, labels = (
        SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(folder / f"{case}_{what}.nrrd")))
        for what in ("image", "label")
    )
    volume = Volume(upright(voxels.shape, (1, 1, 1)), voxels, Quantity.ARBITRARY, Source("NRRD"))
    box = box_of(labels == 1)
    found = intensity((labels == 1)[box], volume, box, volume_mesh_mm3=1.0)
    found = {one.concept: one.value for one in found}
    expected = {key: float(baselines[name][case]) for name, key in SAME_DEFINITION.items()}
    assert {key: found[key] for key in expected} == pytest.approx(expected, rel=1e-9)
    # And where they don't, they differ by what the docs say.
    assert found["intensity-kurtosis"] + 3 == pytest.approx(float(baselines["Kurtosis"][case]))
    x = voxels[labels == 1].astype(float)
    energies = [float(np.sum((x + shift) ** 2)) for shift in (0, SHIFT)]
    assert found["intensity-energy"] == pytest.approx(energies[0])
    assert float(baselines["Energy"][case]) in (pytest.approx(energies[0]), pytest.approx(energies[1]))
