"""The average of two fields, voxel by voxel."""

from __future__ import annotations

import numpy as np
import pytest

from medseg.interpolation.blending import blend

SHAPE = (6, 7, 8)
INNER, INNER_SHAPE = (1, 2, 1), (4, 4, 6)
REACH = np.float32(1.5)
SHEETS = np.array([[0, 2.4, 0.3, -0.2, 0.9], [2, 3.1, 0.1, 0.4, 0.7]])


def fields():
    random = np.random.default_rng(0)
    smooth, parallel = (random.normal(0, 2, shape).astype(np.float32) for shape in (SHAPE, INNER_SHAPE))
    parallel[0] = np.inf
    return smooth, parallel


def blended(smooth, parallel, axis, beyond_mm, sheets):
    near = tuple(np.linspace(0.1, 0.5, n) for n in SHAPE)
    result = smooth.copy()
    off = np.linspace(0.5, 2.0, SHAPE[axis])
    blend(result, parallel, INNER, near, sheets, axis, beyond_mm, off, 0.2, 0.35, 3, REACH)
    return result, near, off


def closeness(near, sheets):
    total = near[0][:, None, None] + near[1][:, None] + near[2]
    index = np.indices(SHAPE)
    for axis, offset, slope_a, slope_b, mm in sheets:
        a, b = (index[other] for other in range(3) if other != axis)
        total = total + 1 / (mm * np.abs(index[int(axis)] - offset - slope_a * a - slope_b * b))
    return total


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("sheets", [SHEETS[:0], SHEETS])
def test_depths_are_averaged_by_what_is_expected_of_them(axis, sheets):
    smooth, parallel = fields()
    result, near, off = blended(smooth, parallel, axis, np.zeros(SHAPE[axis]), sheets)
    other = np.full(SHAPE, -np.inf)
    other[tuple(slice(a, a + n) for a, n in zip(INNER, INNER_SHAPE, strict=True))] = parallel
    votes = np.clip(smooth, -REACH, REACH), np.clip(other, -REACH, REACH)
    of_parallel = np.moveaxis(np.broadcast_to(off, (*np.delete(SHAPE, axis), SHAPE[axis])), -1, axis)
    share = of_parallel / (of_parallel + 0.2 + (0.35 / closeness(near, sheets)) ** 3)
    agreed = votes[0] == votes[1]
    assert agreed.any()
    assert not agreed.all()
    expected = votes[1] + share * (votes[0] - votes[1])
    np.testing.assert_allclose(result[~agreed], expected[~agreed], atol=1e-6)
    # Where both are sure of a side, the lesser depth holds.
    lesser = np.sign(smooth) * np.minimum(np.abs(smooth), np.abs(other))
    np.testing.assert_array_equal(result[agreed], lesser[agreed].astype(np.float32))


def test_beyond_the_slices_the_first_field_is_cut_off_or_left_alone():
    smooth, parallel = fields()
    beyond_mm = np.array([2.0, 0.5, 0.0, 0.0, 0.0, -1.0])
    result, *_ = blended(smooth, parallel, 0, beyond_mm, SHEETS)
    np.testing.assert_array_equal(result[:2], np.minimum(smooth[:2], [[[-2.0]], [[-0.5]]]))
    np.testing.assert_array_equal(result[5], smooth[5])


def test_on_a_sheet_the_first_field_is_off_by_its_misfit_alone():
    smooth, parallel = np.ones(SHAPE, np.float32), np.zeros(INNER_SHAPE, np.float32)
    on_sheet = np.array([[1, 4.0, 0.0, 0.0, 1.0]])
    result, _, off = blended(smooth, parallel, 0, np.zeros(SHAPE[0]), on_sheet)
    np.testing.assert_allclose(
        result[1:5, 4, 1:7], np.tile((off[1:5] / (off[1:5] + 0.2))[:, None], 6), rtol=1e-6
    )
