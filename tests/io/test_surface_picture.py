"""The 3-D picture: what lies in front hides what lies behind, sides and scale are right, glass lets see."""

from __future__ import annotations

import numpy as np
import pytest

from medseg.io.surface_picture import FRONT, LEFT, MARGIN, scene_of
from medseg.labelmap import LabelMap, Structure
from medseg.space import Grid
from solids import upright

SIDE = 120


def balls(*placed, grid=None, part_of=None):
    """A label map of balls, each a place in LPS mm, a radius and a colour; later ones lie on earlier ones."""
    grid = grid or upright((40, 40, 40), (2.0, 2.0, 2.0))
    points = grid.to_lps_mm(np.stack(np.indices(grid.shape_kji), axis=-1))
    voxels = np.zeros(grid.shape_kji, np.uint8)
    structures = []
    for number, (place, radius, color) in enumerate(placed, start=1):
        voxels[np.linalg.norm(points - place, axis=-1) <= radius] = number
        whole = f"s{part_of[number]}" if part_of and number in part_of else None
        structures.append(Structure(f"s{number}", f"Ball {number}", number, color, part_of=whole))
    return LabelMap(grid, (voxels,), tuple(structures))


def drawn(label_map, side):
    return np.asarray(scene_of(label_map, pixels=SIDE).picture(side), np.int16)


def reddish(picture):
    return (picture[..., 0] - picture[..., 1] > 40) & (picture[..., 0] - picture[..., 2] > 40)


def bluish(picture):
    return picture[..., 2] - picture[..., 0] > 40


RED, BLUE = "#d02020", "#2020d0"


@pytest.mark.parametrize(("side", "in_front"), [(FRONT, bluish), (LEFT, reddish)])
def test_what_lies_nearer_hides_what_lies_behind(side, in_front):
    # Blue lies anterior (smaller y) and to the right (smaller x); red posterior and to the left.
    behind_each_other = {FRONT: [(40, 60, 40), (40, 20, 40)], LEFT: [(60, 40, 40), (20, 40, 40)]}[side]
    picture = drawn(balls((behind_each_other[0], 15, RED), (behind_each_other[1], 15, BLUE)), side)
    middle = picture[SIDE // 2 - 3 : SIDE // 2 + 3, SIDE // 2 - 3 : SIDE // 2 + 3]
    assert in_front(middle).all()


def test_from_the_front_the_patients_right_is_on_the_left_and_the_head_is_up():
    # LPS: a small x is right, a large z is superior.
    picture = drawn(balls(((20, 40, 60), 12, RED), ((60, 40, 20), 12, BLUE)), FRONT)
    (red_y, red_x), (blue_y, blue_x) = (np.argwhere(here(picture)).mean(axis=0) for here in (reddish, bluish))
    assert red_x < blue_x
    assert red_y < blue_y


def test_from_the_left_the_front_is_on_the_left():
    # A small y is anterior.
    picture = drawn(balls(((40, 20, 40), 12, RED), ((40, 60, 40), 12, BLUE)), LEFT)
    assert np.argwhere(reddish(picture))[:, 1].mean() < np.argwhere(bluish(picture))[:, 1].mean()


@pytest.mark.parametrize(
    "grid",
    [
        upright((26, 40, 52), (3.0, 2.0, 1.5)),
        Grid.from_axes(
            (40, 40, 40),
            origin_lps_mm=(90, -10, 90),
            step_k_mm=(0.2, 0.6, -2.0),
            step_j_mm=(-0.3, 2.0, 0.2),
            step_i_mm=(-2.0, 0.0, 0.0),
        ),
    ],
    ids=["anisotropic", "sheared"],
)
def test_the_scale_is_that_of_the_patient_whatever_the_grid(grid):
    middle = grid.to_lps_mm((np.array(grid.shape_kji) - 1) / 2)
    label_map = balls((middle, 25, RED), grid=grid)
    scene = scene_of(label_map, pixels=SIDE)
    red = reddish(np.asarray(scene.picture(FRONT), np.int16))
    assert scene.pixels_per_mm == pytest.approx(SIDE * (1 - 2 * MARGIN) / 50, rel=0.05)
    # A ball is as wide as high.
    for axis in (0, 1):
        assert np.flatnonzero(red.any(axis=axis)).size == pytest.approx(50 * scene.pixels_per_mm, abs=4)


def test_a_whole_is_of_glass_and_what_it_holds_is_seen():
    inside = balls(((40, 40, 40), 30, BLUE), ((40, 40, 40), 10, RED), part_of={2: 1})
    beside = balls(((40, 40, 40), 30, BLUE), ((40, 40, 40), 10, RED))
    assert reddish(drawn(inside, FRONT))[SIDE // 2, SIDE // 2]
    assert not reddish(drawn(beside, FRONT)).any()


def test_fine_voxels_are_thinned_and_stay_in_place():
    fine = upright((6, 300, 6), (2.0, 0.25, 2.0))
    coarse = upright((6, 75, 6), (2.0, 1.0, 2.0))
    bars = []
    for grid in (fine, coarse):
        voxels = np.zeros(grid.shape_kji, np.uint8)
        voxels[1:5, :, 1:5] = 1
        bars.append(scene_of(LabelMap(grid, (voxels,), (Structure("bar", "Bar", 1, RED),)), pixels=SIDE))
    (low, high), (low_coarse, high_coarse) = (bar.bounds_lps_mm for bar in bars)
    np.testing.assert_allclose([low, high], [low_coarse, high_coarse], atol=1.0)
    assert len(bars[0].bodies[0].surface.triangles) < 8 * 300 * 4


def test_nothing_is_drawn_where_there_is_nothing():
    grid = upright((4, 4, 4), (1.0, 1.0, 1.0))
    empty = LabelMap(grid, (np.zeros(grid.shape_kji, np.uint8),), (Structure("a", "A", 1),))
    assert scene_of(empty, pixels=SIDE) is None
