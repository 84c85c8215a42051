"""LPS ↔ RAS."""

from __future__ import annotations

import numpy as np
from hypothesis import given

from medseg.space import Grid
from medseg.space.handedness import ijk_to_ras_from_kji_to_lps, kji_to_lps_from_ijk_to_ras
from strategies import grids


@given(grids())
def test_there_and_back_is_the_identity(grid):
    ras = ijk_to_ras_from_kji_to_lps(grid.index_to_lps_mm)
    assert np.array_equal(kji_to_lps_from_ijk_to_ras(ras), grid.index_to_lps_mm)


@given(grids())
def test_a_voxel_is_the_same_place_in_both_frames(grid):
    ras = ijk_to_ras_from_kji_to_lps(grid.index_to_lps_mm)
    x_ras, y_ras, z_ras, _ = ras @ (3, 2, 1, 1)
    x_lps, y_lps, z_lps = grid.to_lps_mm((1, 2, 3))
    assert np.allclose((-x_ras, -y_ras, z_ras), (x_lps, y_lps, z_lps), atol=1e-9)


def test_a_plain_axial_grid_has_the_signs_of_the_nifti_standard():
    axial = Grid.from_axes(
        (2, 2, 2), origin_lps_mm=(0, 0, 0), step_k_mm=(0, 0, 3), step_j_mm=(0, 2, 0), step_i_mm=(1, 0, 0)
    )
    ras = ijk_to_ras_from_kji_to_lps(axial.index_to_lps_mm)
    assert np.array_equal(np.diag(ras), (-1, -2, 3, 1))
