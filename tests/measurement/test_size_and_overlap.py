"""Volumes and Dice: right on any grid, and defined where there is nothing."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from medseg.errors import GridMismatchError
from medseg.measurement import dice, volume_ml, volume_mm3
from medseg.space import Grid
from strategies import grids

SHAPE = (3, 4, 5)

masks = arrays(np.bool_, SHAPE)


def sheared(shape) -> Grid:
    """A gantry tilted by 30 degrees: steps of 3 mm along k, in a direction that leans."""
    tilt = np.deg2rad(30)
    return Grid.from_axes(
        shape,
        origin_lps_mm=(0, 0, 0),
        step_k_mm=(0, 3 * np.sin(tilt), 3 * np.cos(tilt)),
        step_j_mm=(0, 0.5, 0),
        step_i_mm=(0.5, 0, 0),
    )


def test_a_sheared_voxel_is_smaller_than_its_edges_say():
    mask = np.ones(SHAPE, dtype=bool)
    assert volume_mm3(mask, sheared(SHAPE)) == pytest.approx(60 * 3 * 0.5 * 0.5 * np.cos(np.deg2rad(30)))


def test_a_ball_has_the_volume_of_a_ball():
    grid = Grid.from_axes(
        (41, 61, 81),
        origin_lps_mm=(0, 0, 0),
        step_k_mm=(0, 0, 1.0),
        step_j_mm=(0, 0.7, 0),
        step_i_mm=(0.5, 0, 0),
    )
    points = grid.to_lps_mm(np.stack(np.indices(grid.shape_kji), axis=-1))
    inside = np.linalg.norm(points - points.reshape(-1, 3).mean(axis=0), axis=-1) < 15
    assert volume_ml(inside, grid) == pytest.approx(4 / 3 * np.pi * 1.5**3, rel=0.005)


@given(grids(), st.data())
def test_the_volume_does_not_depend_on_how_the_grid_lies(grid, data):
    mask = data.draw(arrays(np.bool_, grid.shape_kji))
    turned = Grid(grid.shape_kji, np.diag([-1.0, 1, -1, 1]) @ grid.index_to_lps_mm)
    assert volume_mm3(mask, turned) == pytest.approx(volume_mm3(mask, grid))


@given(masks, masks)
def test_dice_is_that_of_itk(a, b):
    if not a.any() and not b.any():
        assert dice(a, b) == 1.0
        return
    overlap = SimpleITK.LabelOverlapMeasuresImageFilter()
    overlap.Execute(*(SimpleITK.GetImageFromArray(mask.astype(np.uint8)) for mask in (a, b)))
    assert dice(a, b) == pytest.approx(overlap.GetDiceCoefficient())


def test_two_empty_masks_agree_and_one_empty_mask_does_not():
    none, some = np.zeros(SHAPE, dtype=bool), np.ones(SHAPE, dtype=bool)
    assert (dice(none, none), dice(none, some), dice(some, some)) == (1.0, 0.0, 1.0)


def test_masks_must_be_masks_of_one_shape():
    mask = np.zeros(SHAPE, dtype=bool)
    with pytest.raises(GridMismatchError, match="shape"):
        dice(mask, mask[:2])
    with pytest.raises(GridMismatchError, match="shape"):
        volume_mm3(mask[:2], sheared(SHAPE))
    with pytest.raises(TypeError, match="uint8"):
        dice(mask, mask.astype(np.uint8))
