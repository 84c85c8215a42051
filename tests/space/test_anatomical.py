"""The lossless order of axes for display."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medseg.space import AnatomicalOrder, Grid
from strategies import grids


@given(grids(sheared=False), st.integers(0, 2**32 - 1))
def test_voxels_and_indices_are_reordered_alike_and_back_without_loss(grid, seed):
    rng = np.random.default_rng(seed)
    voxels = rng.integers(0, 1000, grid.shape_kji)
    order = AnatomicalOrder.of(grid)
    shown = order.apply(voxels)
    assert np.array_equal(order.undo(shown), voxels)
    index_kji = np.array([rng.integers(0, n) for n in grid.shape_kji])
    index = order.to_anatomical(index_kji).astype(int)
    assert shown[tuple(index)] == voxels[tuple(index_kji)]
    assert np.array_equal(order.to_kji(index), index_kji)


@given(grids(sheared=False))
def test_the_axes_run_towards_superior_posterior_and_left_as_far_as_the_grid_allows(grid):
    order = AnatomicalOrder.of(grid)
    steps = [
        grid.to_lps_mm(order.to_kji(np.eye(3)[axis])) - grid.to_lps_mm(order.to_kji(np.zeros(3)))
        for axis in range(3)
    ]
    superior, posterior, left = (steps[0][2], steps[1][1], steps[2][0])
    assert min(superior, posterior, left) > -1e-9


@pytest.mark.parametrize("sign", [1, -1])
def test_a_sagittal_acquisition_is_shown_with_its_slices_along_left_and_superior_up(sign):
    sagittal = Grid.from_axes(
        (3, 4, 5),
        origin_lps_mm=(0, 0, 0),
        step_k_mm=(4 * sign, 0, 0),
        step_j_mm=(0, 0, -2),
        step_i_mm=(0, 1, 0),
    )
    order = AnatomicalOrder.of(sagittal)
    assert order.axes == (1, 2, 0)
    assert order.flipped == (True, False, sign < 0)
    assert order.spacing_mm(sagittal) == pytest.approx((2, 1, 4))
