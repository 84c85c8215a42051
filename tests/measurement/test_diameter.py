"""Diameters: solids of known length, an oracle that tries all pairs, RECIST's rules, and where lines lie."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analytic_solids import ASKEW, STEPS, Solid, ball, box, diagonal_mm, ellipsoid, torus, voxels_of
from medseg.errors import GridMismatchError
from medseg.io.dicom import read_series
from medseg.measurement.diameter import REACH, longest, longest_in_plane
from medseg.space import Grid
from solids import lump, upright
from strategies import grids

SOLIDS = {
    "ball": ball(12),
    "ellipsoid": ellipsoid((18, 12, 9)),
    "torus": torus(16, 7),
    "box": box((64, 48, 40)),
}


@pytest.mark.parametrize("steps", STEPS.values(), ids=STEPS)
@pytest.mark.parametrize("solid", SOLIDS.values(), ids=SOLIDS)
def test_known_solids_are_as_long_as_they_are_within_half_a_diagonal(solid, steps):
    found = longest(*voxels_of(solid, steps))
    assert found.value == pytest.approx(solid.longest_mm, abs=diagonal_mm(steps) / 2)


def bar_across_slices(steps, long_mm, short_mm, angle, kind):
    """An ellipse or a rectangle, turned in the plane of slices and drawn on some of them."""
    x = steps[:, 1] / np.linalg.norm(steps[:, 1])
    normal = np.cross(x, steps[:, 2])
    normal /= np.linalg.norm(normal)
    along = np.cos(angle) * x + np.sin(angle) * np.cross(normal, x)
    turn = np.column_stack([along, np.cross(normal, along), normal])
    half = np.array([long_mm / 2, short_mm / 2, 5])

    def holds(points):
        own = np.abs(points @ turn) / half
        in_plane = np.hypot(own[..., 0], own[..., 1]) if kind == "ellipse" else own[..., :2].max(axis=-1)
        return (in_plane <= 1) & (own[..., 2] <= 1)

    return Solid(holds, float(np.linalg.norm(half)), 0, 0, 0), along


@pytest.mark.parametrize("angle", [0.0, 0.5, 1.3, 2.2])
@pytest.mark.parametrize("steps", STEPS.values(), ids=STEPS)
def test_both_diameters_of_an_ellipse_in_slices(steps, angle):
    solid, along = bar_across_slices(steps, 36, 24, angle, "ellipse")
    found = longest_in_plane(*voxels_of(solid, steps))
    half = diagonal_mm(steps, (1, 2)) / 2
    assert found.longest.value == pytest.approx(36, abs=half)
    assert found.perpendicular.value == pytest.approx(24, abs=half)
    direction = np.subtract(found.longest.line.end_lps_mm, found.longest.line.start_lps_mm)
    assert abs(direction @ along) / found.longest.value > np.cos(np.deg2rad(10))


@pytest.mark.parametrize("angle", [0.2, 0.9, 2.6])
def test_the_sharp_corners_of_a_thin_rectangle_may_be_missed(angle):
    steps = STEPS["oblique"]
    solid, _ = bar_across_slices(steps, 40, 4, angle, "rectangle")
    found = longest_in_plane(*voxels_of(solid, steps)).longest.value
    half = diagonal_mm(steps, (1, 2)) / 2
    assert np.hypot(40, 4) - 1.5 * half < found < np.hypot(40, 4) + half


def all_pairs(voxels, grid, axes):
    """The longest line between two corners of the bodies of voxels, by trying all."""
    signs = np.zeros((2 ** len(axes), 3))
    signs[:, axes] = list(product((-REACH, REACH), repeat=len(axes)))
    corners = grid.to_lps_mm((voxels[:, None] + signs).reshape(-1, 3))
    return np.linalg.norm(corners[:, None] - corners, axis=-1).max()


@given(arrays(np.bool_, (4, 3, 5)), st.sampled_from([0, 1, 2]), st.data())
@settings(max_examples=25)
def test_no_pair_of_corners_is_farther_apart(mask, axis, data):
    grid = data.draw(grids(st.just(mask.shape)))
    in_3d, in_plane = longest(mask, grid), longest_in_plane(mask, grid, axis)
    if not mask.any():
        assert in_3d.value is in_plane.longest.value is in_plane.perpendicular.value is None
        assert in_3d.line is in_plane.longest.line is in_plane.perpendicular.line is None
        return
    assert in_3d.value == pytest.approx(all_pairs(np.argwhere(mask), grid, (0, 1, 2)))
    voxels, axes = np.argwhere(mask), tuple(each for each in range(3) if each != axis)
    slices = [voxels[voxels[:, axis] == n] for n in np.unique(voxels[:, axis])]
    assert in_plane.longest.value == pytest.approx(max(all_pairs(each, grid, axes) for each in slices))
    require_lines_in_one_slice(in_plane, grid, axis)


def require_lines_in_one_slice(found, grid, axis):
    """Both lines lie in their slice, are as long as they say, and meet at right angles."""
    directions = []
    for measured in (found.longest, found.perpendicular):
        line = measured.line
        assert (line.slice_axis, line.slice_index) == (axis, found.longest.line.slice_index)
        ends = np.array([line.start_lps_mm, line.end_lps_mm])
        np.testing.assert_allclose(grid.to_index(ends)[:, axis], line.slice_index, atol=1e-6)
        assert np.linalg.norm(ends[1] - ends[0]) == pytest.approx(measured.value)
        directions.append((ends[1] - ends[0]) / measured.value)
    assert directions[0] @ directions[1] == pytest.approx(0, abs=1e-6)


@given(arrays(np.bool_, (1, 5, 6)), st.data())
@settings(max_examples=25)
def test_the_perpendicular_is_the_longest_across_the_outline(mask, data):
    mask[0, 2, 3] = True
    grid = data.draw(grids(st.just(mask.shape)))
    found = longest_in_plane(mask, grid)
    a, b = (np.array(end) for end in (found.longest.line.start_lps_mm, found.longest.line.end_lps_mm))
    along = (b - a) / found.longest.value
    # No two corners of voxels that lie at the same place along the line are farther apart, and none of all
    # corners lies farther to a side of the line than the perpendicular could reach.
    signs = np.array(list(product([0], (-REACH, REACH), (-REACH, REACH))))
    corners = grid.to_lps_mm((np.argwhere(mask)[:, None] + signs).reshape(-1, 3)) - a
    aside = corners - np.outer(corners @ along, along)
    widest = np.linalg.norm(aside[:, None] - aside, axis=-1)
    level = np.abs((corners @ along)[:, None] - corners @ along) < 1e-9
    assert widest[level].max() - 1e-6 <= found.perpendicular.value <= widest.max() + 1e-6


def test_a_bent_structure_is_measured_from_end_to_end():
    grid = upright((1, 20, 20), (1, 1, 1))
    mask = np.zeros(grid.shape_kji, bool)
    mask[0, 2:18, 2] = mask[0, 2, 2:18] = True
    found = longest_in_plane(mask, grid)
    assert found.longest.value == pytest.approx(np.hypot(15.5, 15.5))
    # Across it from the corner to the middle of the diagonal there is nothing but air: the line is as long as
    # an arm of the outline is wide at any one place.
    assert 0.5 < found.perpendicular.value < 1.5


def test_slices_of_equal_length_the_first_is_taken_and_a_longer_one_found():
    grid = upright((5, 12, 12), (3, 1, 1))
    mask = np.zeros(grid.shape_kji, bool)
    mask[1:4, 4:8, 4:8] = True
    assert longest_in_plane(mask, grid).longest.line.slice_index == 1
    mask[3, 4, 8] = True
    found = longest_in_plane(mask, grid)
    assert found.longest.line.slice_index == found.perpendicular.line.slice_index == 3
    assert longest_in_plane(mask, grid, 2).longest.line.slice_axis == 2


def test_one_voxel_is_half_its_diagonal_long():
    grid = upright((3, 3, 3), (2, 1, 1))
    mask = np.zeros(grid.shape_kji, bool)
    mask[1, 1, 1] = True
    assert longest(mask, grid).value == pytest.approx(np.sqrt(6) / 2)
    found = longest_in_plane(mask, grid)
    assert found.longest.value == found.perpendicular.value == pytest.approx(np.sqrt(2) / 2)


def test_a_table_far_from_the_origin_costs_no_digits():
    mask = lump(upright((12, 14, 16), (1, 1, 1)), 5)
    near, far = np.eye(4), np.eye(4)
    near[:3, :3] = far[:3, :3] = ASKEW
    far[:3, 3] = 900
    lengths = [longest_in_plane(mask, Grid(mask.shape, affine)) for affine in (near, far)]
    assert lengths[0].longest.value == pytest.approx(lengths[1].longest.value, rel=1e-9)
    assert lengths[0].perpendicular.value == pytest.approx(lengths[1].perpendicular.value, rel=1e-9)


def test_a_mask_of_another_grid_is_refused():
    grid = upright((2, 2, 3), (1, 1, 1))
    for measure in (longest, longest_in_plane):
        with pytest.raises(GridMismatchError):
            measure(np.ones((2, 2, 2), bool), grid)


def test_a_body_on_a_real_tilted_gantry(real_data):
    volume = read_series(real_data / "ct_gantry_tilt" / "philips_S2010")
    mask = volume.voxels > -300
    found = longest_in_plane(mask, volume.grid)
    require_lines_in_one_slice(found, volume.grid, 0)
    assert 100 < found.perpendicular.value < found.longest.value < longest(mask, volume.grid).value
