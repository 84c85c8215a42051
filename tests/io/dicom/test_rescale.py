"""Each image's values are rescaled by its own numbers, in the smallest type that holds them exactly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medseg.errors import UnsupportedImageError
from medseg.io.dicom.rescale import IDENTITY, Rescale, StoredRange, to_real_values


def real_values(stored, rescales, scales=None):
    """Rescale images, each given as its stored numbers, of any integer type."""
    cells = np.stack([image.astype(f"u{image.itemsize}") for image in stored])
    ranges = [StoredRange(int(i.min()), int(i.max()), i.dtype.kind == "i") for i in stored]
    return to_real_values(cells, ranges, rescales, scales)


def image(*values, dtype=np.int32):
    return np.array([values], dtype)


@pytest.mark.parametrize(
    ("low", "high", "rescale", "dtype"),
    [
        (-1, 5, Rescale(1, 0), np.int16),
        (0, 65535, Rescale(1, 0), np.uint16),
        (0, 65535, Rescale(1, -1024), np.int32),
        (0, 65535, Rescale(60000, 0), np.uint32),
        (-32768, 32767, Rescale(1, -1024), np.int32),
        (0, 5, Rescale(0.5, 0), np.float32),
        (0, 30000, Rescale(-2, 0), np.int32),
        (0, 5, Rescale(1.0, 0.0), np.int16),
    ],
)
def test_the_smallest_exact_type_is_chosen(low, high, rescale, dtype):
    real = real_values([image(low, high)], [rescale])
    assert real.dtype == dtype
    assert real.ravel().tolist() == [low * rescale.slope + rescale.intercept for low in (low, high)]


@given(
    st.lists(
        st.tuples(
            st.sampled_from([np.int16, np.uint16]),
            st.lists(st.integers(0, 65535), min_size=4, max_size=4),
            st.integers(-300, 300).filter(bool),
            st.integers(-70000, 70000),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_whole_values_are_exact_whatever_the_signs_and_widths(images):
    stored = [np.array([bits], np.uint16).view(dtype) for dtype, bits, _, _ in images]
    rescales = [Rescale(slope, intercept) for _, _, slope, intercept in images]
    expected = [
        i.astype(object) * int(r.slope) + int(r.intercept) for i, r in zip(stored, rescales, strict=True)
    ]
    real = real_values(stored, rescales)
    assert real.dtype.kind in "iu"
    assert real.tolist() == [values.tolist() for values in expected]
    if real.dtype != np.int16:
        low, high = min(v.min() for v in expected), max(v.max() for v in expected)
        assert low < -32768 or high > 32767


@given(
    st.lists(st.integers(-32768, 32767), min_size=2, max_size=6),
    st.floats(1e-6, 1e6),
    st.floats(-1e6, 1e6),
    st.one_of(st.none(), st.floats(1e-6, 1e3)),
)
def test_fractions_are_rounded_once(values, slope, intercept, scale):
    stored = image(*values, dtype=np.int16)
    real = real_values([stored], [Rescale(slope, intercept)], None if scale is None else [scale])
    exact = (stored.astype(np.float64) * slope + intercept) * (1.0 if scale is None else scale)
    if real.dtype == np.float32:
        np.testing.assert_array_equal(real[0], exact.astype(np.float32))
    else:
        np.testing.assert_array_equal(real[0], exact)


def test_values_as_wide_as_their_cells_take_no_second_array():
    cells = np.array([[[0, 4000]]], np.uint16)
    real = to_real_values(cells, [StoredRange(0, 4000, signed=False)], [Rescale(1, -1024)])
    assert real.tolist() == [[[-1024, 2976]]]
    assert np.shares_memory(real, cells)


def test_a_scale_makes_floats_of_whole_values():
    real = real_values([image(1, 2), image(3, 4)], [IDENTITY, Rescale(2, 1)], [0.5, 10.0])
    assert real.dtype == np.float32
    assert real.tolist() == [[[0.5, 1.0]], [[70.0, 90.0]]]


@pytest.mark.parametrize(
    ("rescale", "scales"), [(Rescale(1e6, 0), None), (Rescale(1e36, 0.5), None), (Rescale(1, 0), [1e36])]
)
def test_values_beyond_32_bits_are_refused(rescale, scales):
    with pytest.raises(UnsupportedImageError, match="32 bits"):
        real_values([image(65535)], [rescale], scales)
