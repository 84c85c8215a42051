"""The rows of a mask know its moments and the corners of its hull."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial import ConvexHull, QhullError

from medseg.measurement.rows import rows_of

masks = arrays(np.bool_, st.tuples(*[st.integers(1, 7)] * 3))


def corners_by_qhull(points):
    try:
        return {tuple(point) for point in points[ConvexHull(points).vertices].tolist()}
    except (QhullError, ValueError):
        # Flat, too few or none.
        return set()


@given(masks)
@settings(max_examples=25)
def test_corners_of_the_hull_are_found_once_each(mask):
    voxels = np.argwhere(mask)
    found = rows_of(mask).corners().tolist()
    assert len(found) == len(set(map(tuple, found)))
    assert set(map(tuple, found)) <= set(map(tuple, voxels.tolist()))
    assert corners_by_qhull(voxels) <= set(map(tuple, found))


@given(masks)
@settings(max_examples=25)
def test_corners_of_slices_come_slice_by_slice(mask):
    found = rows_of(mask).corners_of_slices()
    assert found[:, 0].tolist() == sorted(found[:, 0])
    for k, within in enumerate(mask):
        in_slice = {tuple(corner) for corner in found[found[:, 0] == k, 1:].tolist()}
        voxels = np.argwhere(within)
        assert corners_by_qhull(voxels) <= in_slice
        # A line's ends are all that is left of it.
        if len(voxels) and np.linalg.matrix_rank(voxels - voxels[0]) < 2:
            assert len(in_slice) == min(len(voxels), 2)


@given(masks)
@settings(max_examples=25)
def test_moments_are_those_of_the_voxels(mask):
    rows, voxels = rows_of(mask), np.argwhere(mask)
    assert rows.voxels == len(voxels)
    if len(voxels) > 1:
        np.testing.assert_allclose(rows.mean_kji(), voxels.mean(axis=0), atol=1e-9)
        np.testing.assert_allclose(rows.covariance_kji(), np.cov(voxels.T), atol=1e-9)


def test_a_ball_has_few_candidates():
    k, j, i = np.indices((60, 60, 60)) - 29.7
    mask = k**2 + j**2 + i**2 < 28**2
    assert len(rows_of(mask).corners()) < 0.02 * np.count_nonzero(mask)
    assert rows_of(mask).mean_kji() == pytest.approx([29.7] * 3, abs=0.05)
