"""Uptake: the numbers of a hot ball, and what the threshold does."""

from __future__ import annotations

import numpy as np
import pytest

from medseg.errors import UnsupportedImageError
from medseg.measurement.families import OF_SUV_MAX, SuvThreshold
from medseg.measurement.uptake import uptake
from medseg.volume import Quantity, Source, Volume
from solids import lump, upright

GRID = upright((24, 30, 30), (2.0, 1.5, 1.5))


def pet(voxels, quantity=Quantity.SUVBW):
    return Volume(GRID, voxels.astype(np.float32), quantity, Source("phantom"))


@pytest.fixture
def hot_ball():
    """SUV 8 within 10 mm of the middle, 2 around it up to 18 mm, and one hot voxel of 10."""
    voxels = np.where(lump(GRID, 10), 8.0, 2.0)
    voxels[12, 15, 15] = 10.0
    return pet(voxels), lump(GRID, 18)


def values(*args, **kwargs):
    return {one.concept: one.value for one in uptake(*args, **kwargs)}


def test_the_numbers_of_a_hot_ball(hot_ball):
    volume, mask = hot_ball
    found = values(mask, volume)
    hot_ml = np.count_nonzero(lump(GRID, 10)) * 4.5 / 1000
    assert found["suv-max"] == 10
    assert found["suv-mean"] == pytest.approx(volume.voxels[mask].astype(float).mean())
    # A cubic centimetre is 222 voxels, of which one is hotter by 2.
    assert found["suv-peak"] == pytest.approx(8 + 2 / 222, abs=0.001)
    assert found["metabolic-tumour-volume"] == pytest.approx(hot_ml)
    assert found["total-lesion-glycolysis"] == pytest.approx(hot_ml * 8 + 2 * 0.0045, rel=1e-6)


def test_the_threshold_decides_and_is_told(hot_ball):
    volume, mask = hot_ball
    told = {one.concept: dict(one.parameters) for one in uptake(mask, volume, OF_SUV_MAX)}
    assert told["metabolic-tumour-volume"]["threshold"] == "41 % of SUVmax"
    assert told["metabolic-tumour-volume"]["threshold_suv"] == pytest.approx(4.1)
    assert told["suv-max"] == {}
    everything = values(mask, volume, SuvThreshold(2.0, relative=False))
    assert everything["metabolic-tumour-volume"] == pytest.approx(np.count_nonzero(mask) * 0.0045)
    nothing = values(mask, volume, SuvThreshold(50.0, relative=False))
    assert (nothing["metabolic-tumour-volume"], nothing["total-lesion-glycolysis"]) == (0, 0)


@pytest.mark.parametrize("value", [0.0, -1.0, 1.5, float("nan")])
def test_a_share_of_suv_max_lies_between_0_and_1(value):
    with pytest.raises(ValueError, match="fraction of SUVmax"):
        SuvThreshold(value, relative=True)


def test_counts_are_no_suv(hot_ball):
    volume, mask = hot_ball
    with pytest.raises(UnsupportedImageError, match="SUVbw") as refused:
        uptake(mask, pet(volume.voxels, Quantity.BQML))
    assert refused.value.details["reason"] == "not-suv"


def test_an_empty_structure_takes_nothing_up(hot_ball):
    volume, mask = hot_ball
    assert set(values(np.zeros_like(mask), volume).values()) == {None}
