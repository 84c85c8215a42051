"""The unsteady hand of the benchmark: of the size that it says, smooth, and the same every time."""

from __future__ import annotations

import numpy as np
import pytest

from interpolate.cases import slices_at
from interpolate.jitter import CORRELATION_MM, STEP_MM, displaced, jittered
from interpolate.metrics import dice
from medseg.contour import Slice
from medseg.space import Grid

RADIUS_MM = 40.0


def circle():
    angle = np.arange(0, 2 * np.pi, 0.02)
    return RADIUS_MM * np.column_stack([np.cos(angle), np.sin(angle)])


@pytest.fixture(scope="module")
def outward_mm():
    """Displacement along the normal of many jittered circles, a row each."""
    return np.stack(
        [
            np.linalg.norm(displaced(circle(), 2.0, np.random.default_rng(seed)), axis=1) - RADIUS_MM
            for seed in range(300)
        ]
    )


def test_displacements_have_the_standard_deviation_that_was_asked_for(outward_mm):
    assert outward_mm.std() == pytest.approx(2.0, rel=0.05)
    assert outward_mm.mean() == pytest.approx(0, abs=0.15)


def test_displacements_are_smooth_along_the_outline(outward_mm):
    def correlation(distance_mm):
        shifted = np.roll(outward_mm, round(distance_mm / STEP_MM), axis=1)
        return np.corrcoef(outward_mm.ravel(), shifted.ravel())[0, 1]

    assert correlation(CORRELATION_MM) == pytest.approx(np.exp(-0.5), abs=0.06)
    assert correlation(3 * CORRELATION_MM) == pytest.approx(0, abs=0.1)


def ball():
    k, j, i = np.ogrid[:20, :60, :60]
    return (3 * (k - 10)) ** 2 + (j - 30) ** 2 + (i - 30) ** 2 < 25**2


GRID = Grid(ball().shape, np.array([[0, 0, 1, 0], [0, 1, 0, 0], [3, 0, 0, 0], [0, 0, 0, 1.0]]))


def test_a_slice_is_drawn_alike_however_many_others_are_drawn():
    few = jittered(slices_at(ball(), 0, [10]), GRID, 1.0, "a case")
    many = jittered(slices_at(ball(), 0, [4, 10, 13]), GRID, 1.0, "a case")
    np.testing.assert_array_equal(few[Slice(0, 10)], many[Slice(0, 10)])
    other = jittered(slices_at(ball(), 0, [10]), GRID, 1.0, "another case")
    assert (few[Slice(0, 10)] != other[Slice(0, 10)]).any()


def test_more_jitter_moves_more_and_none_moves_nothing():
    drawn = slices_at(ball(), 0, range(3, 18))
    truth = np.stack(list(drawn.values()))
    alike = [
        dice(np.stack(list(jittered(drawn, GRID, sd_mm, "a case").values())), truth)
        for sd_mm in (0.0, 0.01, 1.0, 3.0)
    ]
    assert alike[0] == 1
    assert alike[1] > 0.99
    assert alike[1] > alike[2] > alike[3] > 0.7


def test_the_last_voxel_of_a_slice_stays():
    mask = np.zeros((60, 60), dtype=bool)
    mask[30, 30] = True
    for index in range(20):
        moved = jittered({Slice(0, index): mask}, GRID, 3.0, "a dot")
        assert moved[Slice(0, index)].any()
