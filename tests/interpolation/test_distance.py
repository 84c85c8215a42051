"""The distance map: exact, whatever the window."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from medseg.interpolation.distance import bounds, depth_map_mm

SHAPE = (9, 11)
masks = arrays(np.bool_, SHAPE)
spacings = st.sampled_from([(1.0, 1.0), (3.27, 0.98), (0.7, 2.0)])


def brute_force(mask, spacing_mm, window):
    """Distance to the nearest pixel of the other kind, one pixel at a time; half a pixel belongs to it."""
    framed = np.pad(mask, 30)
    kinds = [np.argwhere(framed == value) - 30 for value in (False, True)]
    top, left, rows, columns = window
    depth = np.empty((rows, columns))
    for r, c in np.ndindex(rows, columns):
        inside = framed[top + r + 30, left + c + 30]
        away = (kinds[int(not inside)] - (top + r, left + c)) * spacing_mm
        distance = np.sqrt((away**2).sum(axis=1).min()) - min(spacing_mm) / 2
        depth[r, c] = distance if inside else -distance
    return depth


@given(masks, spacings)
def test_the_distance_is_exact(mask, spacing_mm):
    window = (-3, -2, 14, 16)
    depth = depth_map_mm(mask, spacing_mm, window)
    if not mask.any():
        assert np.isneginf(depth).all()
    else:
        assert depth == pytest.approx(brute_force(mask, spacing_mm, window), abs=1e-5)


@given(
    masks.filter(np.any),
    spacings,
    st.booleans(),
    st.tuples(st.integers(-12, 12), st.integers(-12, 12), st.integers(1, 9), st.integers(1, 9)),
)
def test_the_window_changes_no_bit(mask, spacing_mm, smooth, window):
    whole = depth_map_mm(mask, spacing_mm, (-12, -12, 34, 34), smooth=smooth)
    top, left, rows, columns = window
    part = whole[top + 12 : top + 12 + rows, left + 12 : left + 12 + columns]
    assert np.array_equal(depth_map_mm(mask, spacing_mm, window, smooth=smooth), part)


@given(masks.filter(np.any), spacings)
def test_smoothing_keeps_every_pixel_on_its_side(mask, spacing_mm):
    depth = depth_map_mm(mask, spacing_mm, (0, 0, *SHAPE), smooth=True)
    assert np.array_equal(depth > 0, mask)


@given(masks)
def test_bounds_hold_all_of_a_mask_and_no_more(mask):
    top, left, rows, columns = bounds(mask)
    part = mask[top : top + rows, left : left + columns]
    assert part.sum() == mask.sum()
    if mask.any():
        assert all(edge.any() for edge in (part[0], part[-1], part[:, 0], part[:, -1]))
    else:
        assert rows == columns == 0
