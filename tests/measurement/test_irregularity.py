"""Irregularity: smooth is 2 and round is 0, on every grid; rough and lobed is more."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from analytic_solids import STEPS, ball, box, ellipsoid, voxels_of
from medseg.errors import GridMismatchError
from medseg.measurement.concepts.irregularities import IRREGULARITIES
from medseg.measurement.irregularity import irregularity
from solids import lump, upright


def values(mask, grid):
    return {one.concept: one.value for one in irregularity(mask, grid)}


def rough_ball(grid, radius, grain, height):
    """A ball whose boundary goes up and down at random, over so many voxels."""
    noise = gaussian_filter(np.random.default_rng(0).normal(size=grid.shape_kji), grain)
    middle = (np.array(grid.shape_kji) - 1) / 2
    distance = np.linalg.norm(np.moveaxis(np.indices(grid.shape_kji), 0, -1) - middle, axis=-1)
    return distance < radius + height * noise / noise.std()


@pytest.mark.parametrize("steps", STEPS.values(), ids=STEPS)
def test_a_ball_is_smooth_and_round_on_grids_of_every_kind(steps):
    found = values(*voxels_of(ball(25), steps))
    assert found["fractal-dimension"] == pytest.approx(2, abs=0.1)
    assert found["radial-sd"] < 0.02


@pytest.mark.parametrize("steps", STEPS.values(), ids=STEPS)
def test_the_radial_measure_of_an_ellipsoid_and_a_box_does_not_depend_on_the_grid(steps):
    # By two million points of the surfaces, each by its area.
    assert values(*voxels_of(ellipsoid((24, 15, 12)), steps))["radial-sd"] == pytest.approx(0.1315, abs=0.005)
    assert values(*voxels_of(box((30, 30, 30)), steps))["radial-sd"] == pytest.approx(0.0935, abs=0.005)


def test_rougher_boundaries_have_larger_dimensions():
    grid = upright((70, 70, 70), (1, 1, 1))
    smooth, wavy, rough = (rough_ball(grid, 25, grain, h) for grain, h in ((1, 0), (2, 2), (0.5, 2)))
    dimensions = [values(mask, grid)["fractal-dimension"] for mask in (smooth, wavy, rough)]
    assert dimensions == sorted(dimensions)
    assert dimensions[2] > dimensions[0] + 0.15


def test_a_fractal_of_known_dimension():
    # Menger's sponge, as far as 81 voxels allow: of 27 cubes 20 are left, time and again.
    left = np.ones((3, 3, 3), bool)
    left[1, 1] = left[1, :, 1] = left[:, 1, 1] = False
    sponge = left
    for _ in range(3):
        sponge = np.kron(sponge, left)
    found = values(sponge, upright(sponge.shape, (1, 1, 1)))
    assert found["fractal-dimension"] == pytest.approx(np.log(20) / np.log(3), abs=0.2)


def test_bumps_raise_the_radial_measure():
    grid = upright((70, 70, 70), (1, 1, 1))
    found = [values(lump(grid, 20, bumps=share), grid)["radial-sd"] for share in (0, 0.1, 0.25)]
    assert found == sorted(found)
    assert found[2] > 0.1


def test_small_structures_have_no_fractal_dimension_and_empty_ones_nothing():
    grid = upright((12, 12, 12), (1, 1, 1))
    small = values(lump(grid, 4), grid)
    assert small["fractal-dimension"] is None
    assert small["radial-sd"] > 0
    assert set(values(np.zeros(grid.shape_kji, bool), grid).values()) == {None}
    one = np.zeros(grid.shape_kji, bool)
    one[5, 5, 5] = True
    assert values(one, grid) == {"fractal-dimension": None, "radial-sd": pytest.approx(0)}


def test_sizes_of_boxes_are_told():
    dimension, _ = irregularity(*voxels_of(ball(25), STEPS["anisotropic"]))
    sizes = dict(dimension.parameters)
    assert sizes["smallest_box_mm"] == pytest.approx(4)
    assert 4 * 2**1.5 < sizes["largest_box_mm"] < 50 / 3 + 1


def test_each_number_is_a_concept():
    grid = upright((4, 4, 4), (1, 1, 1))
    keys = [one.concept for one in irregularity(np.ones(grid.shape_kji, bool), grid)]
    assert keys == [concept.key for concept in IRREGULARITIES]
    with pytest.raises(GridMismatchError):
        irregularity(np.ones((4, 4, 5), bool), grid)
