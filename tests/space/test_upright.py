"""The true anatomical planes of an image that lies at a slant."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medseg.space import Grid, is_upright, upright_grid


def rotation(x: float, y: float, z: float) -> np.ndarray:
    """About the three axes of the patient, in degrees."""
    a, b, c = np.radians([x, y, z])
    about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    about_y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    about_z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return about_z @ about_y @ about_x


def turned(
    degrees: tuple[float, float, float], spacing: tuple[float, float, float] = (3.0, 0.8, 0.7)
) -> Grid:
    k, j, i = (rotation(*degrees) @ np.eye(3)[::-1].T).T
    return Grid.from_axes(
        (9, 20, 30),
        origin_lps_mm=(-40, 12, 300),
        step_k_mm=spacing[0] * k,
        step_j_mm=spacing[1] * j,
        step_i_mm=spacing[2] * i,
        frame_of_reference_uid="1.2.3",
    )


def test_a_grid_is_upright_however_its_axes_are_named() -> None:
    assert is_upright(turned((0, 0, 0)))
    assert is_upright(turned((90, 0, 0)))
    assert is_upright(turned((0, 180, 90)))
    assert not is_upright(turned((1, 0, 0)))
    assert not is_upright(turned((0, 0, -0.1)))
    assert is_upright(turned((0, 0.01, 0))), "which a scanner's rounding makes"


@settings(max_examples=60, deadline=None)
@given(st.tuples(*[st.floats(-40, 40)] * 3))
def test_an_upright_grid_holds_every_voxel_and_hardly_more(degrees) -> None:
    grid = turned(degrees)
    upright = upright_grid(grid)
    assert is_upright(upright)
    assert np.allclose(upright.directions, np.eye(3)[::-1]), "towards superior, posterior and left"
    assert upright.frame_of_reference_uid == grid.frame_of_reference_uid
    last = np.array(grid.shape_kji) - 1
    corners = np.array([[k, j, i] for k in (0, last[0]) for j in (0, last[1]) for i in (0, last[2])])
    index = upright.to_index(grid.to_lps_mm(corners))
    assert index.min() > -1e-6
    assert (index.max(axis=0) <= np.array(upright.shape_kji) - 1 + 1e-3).all()
    assert np.allclose(index.min(axis=0), 0, atol=1e-6)
    assert (index.max(axis=0) > np.array(upright.shape_kji) - 2 - 1e-3).all()


def test_each_axis_keeps_the_spacing_of_the_axis_that_runs_nearest_to_it() -> None:
    assert upright_grid(turned((20, 0, 0))).spacing_kji_mm == pytest.approx((3.0, 0.8, 0.7))
    # A sagittal acquisition: its slices are counted to the left.
    sagittal = Grid.from_axes(
        (9, 20, 30),
        origin_lps_mm=(0, 0, 0),
        step_k_mm=3 * rotation(0, 0, 10) @ (1, 0, 0),
        step_j_mm=0.8 * rotation(0, 0, 10) @ (0, 0, -1),
        step_i_mm=0.7 * rotation(0, 0, 10) @ (0, 1, 0),
    )
    assert upright_grid(sagittal).spacing_kji_mm == pytest.approx((0.8, 0.7, 3.0))
    assert upright_grid(turned((0, 0, 0))).shape_kji == (9, 20, 30)
