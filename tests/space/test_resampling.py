"""Values at new places are exact where they must be, and of the type they had."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from medseg.errors import Cancelled
from medseg.space.even_slices import plan_even_slices
from medseg.space.resampling import resample_evenly, shift_in_plane

fractions = st.floats(-0.5, 0.5)


@given(st.tuples(fractions, fractions), st.integers(0, 2**32 - 1))
def test_a_shifted_slice_is_what_scipy_interpolates(fraction_ji, seed):
    pixels = np.random.default_rng(seed).normal(0, 1000, (5, 7))
    places = np.indices(pixels.shape) + np.reshape(fraction_ji, (2, 1, 1))
    expected = ndimage.map_coordinates(pixels, places, order=1, mode="nearest")
    assert np.allclose(shift_in_plane(pixels, np.array(fraction_ji)), expected, atol=1e-6)


@given(
    st.tuples(fractions, fractions),
    st.sampled_from([np.int16, np.uint16, np.uint8, np.int32, np.float32]),
    st.integers(0, 2**32 - 1),
)
def test_values_keep_their_type_and_range(fraction_ji, dtype, seed):
    limits = np.finfo(dtype) if dtype is np.float32 else np.iinfo(dtype)
    pixels = np.random.default_rng(seed).choice([limits.min, limits.max], (6, 6)).astype(dtype)
    moved = shift_in_plane(pixels, np.array(fraction_ji))
    assert moved.dtype == dtype
    assert moved.shape == pixels.shape
    assert moved.min() >= pixels.min()
    assert moved.max() <= pixels.max()


def test_a_slice_that_is_not_shifted_is_the_same_bit_for_bit():
    pixels = np.array([[np.nan, np.inf], [-np.inf, 1e-45]], np.float32)
    assert shift_in_plane(pixels, np.zeros(2)).tobytes() == pixels.tobytes()


def test_integers_are_rounded_half_to_even():
    pixels = np.array([[0, 1, 2, 3, 3]], np.int16)
    assert shift_in_plane(pixels, np.array([0, 0.5])).tolist() == [[0, 2, 2, 3, 3]]
    assert shift_in_plane(-pixels, np.array([0, 0.5])).tolist() == [[0, -2, -2, -3, -3]]


@pytest.mark.parametrize("dtype", [np.int16, np.uint16, np.float32])
def test_slices_that_coincide_are_copies_and_others_are_between(dtype):
    voxels = np.random.default_rng(3).integers(0, 4000, (6, 4, 5)).astype(dtype)
    positions = np.array([[0, 0, z] for z in (0, 2, 4, 6, 11, 16)], float)
    even = plan_even_slices(positions, (0, 0, 1))  # 0 2 4 6 8 10 12 14 16
    result = resample_evenly(voxels, even)
    assert result.dtype == dtype
    assert np.array_equal(result[[0, 1, 2, 3, 8]], voxels[[0, 1, 2, 3, 5]])
    expected = 0.6 * voxels[3].astype(float) + 0.4 * voxels[4]
    assert np.abs(result[4] - expected).max() <= (1e-3 if dtype is np.float32 else 0.5)


def test_interpolating_slices_can_be_cancelled():
    def stop(task: str, done: int, total: int) -> None:
        assert (task, total) == ("interpolating slices", 3)
        if done == 1:
            raise Cancelled("enough")

    even = plan_even_slices([[0, 0, 0], [0, 0, 1], [0, 0, 2]], (0, 0, 1))
    with pytest.raises(Cancelled):
        resample_evenly(np.zeros((3, 2, 2)), even, progress=stop)
