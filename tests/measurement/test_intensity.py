"""Intensity: the statistics' formulas, peaks on any grid, units, and voxels without a value."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from medseg.errors import GridMismatchError
from medseg.measurement.concepts.intensities import INTENSITIES
from medseg.measurement.image_values import image_values
from medseg.measurement.intensity import intensity
from medseg.measurement.peak import BALL_RADIUS_MM, ball_rows, intensity_peaks
from medseg.space import box_of
from medseg.volume import Quantity, Source, Volume
from solids import lump, upright
from strategies import grids

GRID = upright((9, 12, 14), (3.0, 2.0, 1.5))


def volume_on(grid, quantity=Quantity.HU, seed=1):
    voxels = np.random.default_rng(seed).normal(60, 25, grid.shape_kji).astype(np.float32)
    return Volume(grid, voxels, quantity, Source("phantom"))


def numbers_of(mask, volume, box=None):
    return {one.concept: one for one in intensity(mask, volume, box, volume_mesh_mm3=1000.0)}


def test_statistics_are_those_of_the_values():
    mask, volume = lump(GRID, 8), volume_on(GRID)
    found = {key: one.value for key, one in numbers_of(mask, volume).items()}
    x = volume.voxels[mask].astype(float)
    expected = {
        "intensity-mean": x.mean(),
        "intensity-sd": x.std(),
        "intensity-variance": x.var(),
        "intensity-skewness": stats.skew(x),
        "intensity-kurtosis": stats.kurtosis(x),
        "intensity-median": np.median(x),
        "intensity-iqr": stats.iqr(x),
        "intensity-cov": stats.variation(x),
        "integrated-intensity": 1000 * x.mean(),
    }
    assert {key: found[key] for key in expected} == pytest.approx(expected)
    assert set(found) == {concept.key for concept in INTENSITIES}


def test_units_are_those_of_the_image():
    mask = lump(GRID, 8)
    in_hu = {key: one.unit for key, one in numbers_of(mask, volume_on(GRID)).items()}
    in_suv = {key: one.unit for key, one in numbers_of(mask, volume_on(GRID, Quantity.SUVBW)).items()}
    assert (in_hu["intensity-mean"], in_hu["intensity-energy"]) == ("HU", "HU2")
    assert (in_suv["intensity-mean"], in_suv["intensity-energy"]) == ("g/ml", "(g/ml)2")
    assert in_hu["integrated-intensity"] == "HU.mm3"
    in_mr = numbers_of(mask, volume_on(GRID, Quantity.ARBITRARY))
    assert {in_mr[key].unit for key in ("intensity-mean", "intensity-variance")} == {"1"}


def test_a_mask_of_a_box_gives_the_same_as_one_of_the_whole():
    mask, volume = lump(GRID, 7), volume_on(GRID)
    box = box_of(mask)
    assert intensity(mask[box], volume, box) == intensity(mask, volume)


def test_voxels_without_a_value_are_left_out_and_told():
    mask, volume = lump(GRID, 7), volume_on(GRID)
    voxels = volume.voxels.copy()
    voxels[4, 5, 6] = np.nan
    found = numbers_of(mask, Volume(GRID, voxels, Quantity.HU, Source("phantom")))
    values = voxels[mask]
    assert found["intensity-mean"].value == pytest.approx(np.nanmean(values.astype(float)))
    assert found["intensity-peak-global"].value is not None
    assert dict(found["intensity-mean"].parameters) == {"voxels_without_value": 1.0}


def test_an_empty_structure_has_no_intensity():
    found = numbers_of(np.zeros(GRID.shape_kji, bool), volume_on(GRID))
    assert {one.value for one in found.values()} == {None}


def test_values_that_cancel_out_have_no_centre():
    voxels = np.zeros(GRID.shape_kji, np.int16)
    voxels[4, 5, 6:8] = (-100, 100)
    mask = voxels != 0
    found = numbers_of(mask, Volume(GRID, voxels, Quantity.HU, Source("phantom")))
    assert found["centre-of-mass-shift"].value is None
    assert found["intensity-cov"].value is None


def test_one_value_everywhere_has_no_skewness():
    volume = Volume(GRID, np.full(GRID.shape_kji, 7, np.int16), Quantity.HU, Source("phantom"))
    found = numbers_of(lump(GRID, 8), volume)
    assert [found[f"intensity-{key}"].value for key in ("skewness", "kurtosis", "sd")] == [0, 0, 0]
    assert found["intensity-peak-global"].value == pytest.approx(7)


def test_a_mask_of_another_shape_is_refused():
    with pytest.raises(GridMismatchError, match="expected a mask of shape"):
        intensity(np.ones((2, 2, 2), bool), volume_on(GRID))


def by_all_pairs(values, grid):
    """The mean over the ball around each voxel, the slow way."""
    everywhere = grid.to_lps_mm(np.argwhere(np.ones(grid.shape_kji, bool)))
    flat = values.voxels.ravel().astype(float)
    centres = grid.to_lps_mm(values.indices)
    inside = np.linalg.norm(everywhere[None] - centres[:, None], axis=-1) <= BALL_RADIUS_MM
    return np.array([flat[row].mean() for row in inside])


@settings(max_examples=20)
@given(grid=grids(shape=st.tuples(*[st.integers(3, 9)] * 3)), seed=st.integers(0, 9))
def test_peaks_are_means_over_balls_in_mm_on_any_grid(grid, seed):
    volume = volume_on(grid, seed=seed)
    mask = np.random.default_rng(seed).random(grid.shape_kji) < 0.2
    mask[1, 1, 1] = True
    values = image_values(mask, volume)
    peaks, means = intensity_peaks(values), by_all_pairs(values, grid)
    assert peaks.highest == pytest.approx(means.max())
    assert peaks.at_maximum == pytest.approx(means[np.argmax(values.values)])
    assert mask[peaks.highest_at_kji]


def test_the_ball_holds_a_cubic_centimetre():
    rows = ball_rows(upright((50, 50, 50), (0.5, 0.4, 0.3)))
    voxels = int((rows[:, 3] - rows[:, 2] + 1).sum())
    assert voxels * 0.5 * 0.4 * 0.3 == pytest.approx(1000, rel=0.01)
