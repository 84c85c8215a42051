"""Uncertainty: for each voxel the chance that its label is wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medseg.contour import Sheet, Slice, nearest_index
from medseg.interpolation import interpolate_masks
from medseg.interpolation.field import Field
from medseg.interpolation.uncertainty import uncertainty, uncertainty_map
from medseg.labelmap import Structure
from solids import completed, drawn_on, lump, on_grid, upright

SHAPE = (14, 20, 22)
GRID = upright(SHAPE, (3.0, 1.0, 1.5))
BALL = lump(GRID, 12.0)

slices = st.sampled_from([Slice(axis, index) for axis, n in enumerate(SHAPE) for index in range(n)])
sheets = st.builds(
    Sheet, st.just(0), st.floats(2.0, 11.0), st.tuples(st.floats(-0.3, 0.3), st.floats(-0.3, 0.3))
)
planes = st.lists(slices | sheets, min_size=1, max_size=5, unique=True)


def everywhere(depth_mm):
    """A field over the whole grid."""
    return Field((0, 0, 0), np.broadcast_to(np.float32(depth_mm), SHAPE).copy())


def chances_of(drawn, field, others=()):
    """The chances on the whole grid."""
    found = uncertainty(drawn, field, others)
    assert found.chances.dtype == np.float32
    return on_grid(found, found.chances, SHAPE)


@given(planes, st.floats(-3, 3))
def test_drawn_voxels_are_sure_whatever_a_method_proposes(where, depth_mm):
    drawn = drawn_on(BALL, GRID, where)
    chances = chances_of(drawn, everywhere(depth_mm))
    for plane in where:
        along = np.moveaxis(chances, plane.axis, 0)
        index = nearest_index(plane, along.shape[1:])
        a, b = np.nonzero((index >= 0) & (index < len(along)))
        assert not along[index[a, b], a, b].any()
    assert chances.min() >= 0
    assert chances.max() <= 1


def test_on_the_proposed_surface_it_is_even_and_less_away_from_it():
    drawn = drawn_on(BALL, GRID, [Slice(0, 4), Slice(0, 10), Slice(1, 9)])
    chances = [chances_of(drawn, everywhere(depth_mm))[7, 5, 8] for depth_mm in (0, 0.5, 2, -2, 5, 60)]
    assert chances[0] == pytest.approx(0.5)
    assert chances == sorted(chances, reverse=True)
    assert chances[2] == chances[3]
    assert chances[-1] == 0


def test_it_grows_with_the_distance_to_the_drawn_planes_in_mm():
    drawn = drawn_on(BALL, GRID, [Slice(0, 1), Slice(0, 9)])
    along_k = chances_of(drawn, everywhere(2.0))[1:10, 5, 8]
    assert (np.diff(along_k[:5]) > 0).all()
    assert np.allclose(along_k, along_k[::-1])
    with_another = drawn_on(BALL, GRID, [Slice(0, 1), Slice(0, 9), Slice(2, 3)])
    along_i = chances_of(with_another, everywhere(2.0))[5, 5, 4:]
    assert (np.diff(along_i) > 0).all()
    assert along_i[-1] < along_k[4]


def test_a_scene_twice_as_large_is_as_uncertain():
    double = upright(SHAPE, tuple(2 * mm for mm in GRID.spacing_kji_mm))
    where = [Slice(0, 3), Slice(0, 11), Sheet(2, 7.3, (0.2, -0.1))]
    once = chances_of(drawn_on(BALL, GRID, where), everywhere(1.5))
    assert once.any()
    assert np.allclose(once, chances_of(drawn_on(BALL, double, where), everywhere(3.0)), atol=1e-6)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_sheet_that_is_a_slice_counts_as_that_slice(axis):
    others = [Slice(0, 2), Slice(1, 15), Slice(2, 3)]
    as_slice = chances_of(drawn_on(BALL, GRID, [Slice(axis, 8), *others]), everywhere(1.0))
    as_sheet = chances_of(drawn_on(BALL, GRID, [Sheet(axis, 8.0), *others]), everywhere(1.0))
    assert np.allclose(as_slice, as_sheet)


def test_distance_to_an_oblique_sheet_is_taken_at_a_right_angle():
    cubes = upright(SHAPE, (1.0, 1.0, 1.0))
    flat, oblique = (
        chances_of(drawn_on(BALL, cubes, [sheet, Slice(2, 0)]), everywhere(1.0))
        for sheet in (Sheet(1, 10.0), Sheet(1, 10.0 - 7.0, (1.0, 0.0)))
    )
    # At k = 7 both cross row 10. Six rows on, the oblique one is six times cos 45° away.
    flat_between = np.interp(6 * np.sqrt(0.5), np.arange(10), flat[7, 10:, 8])
    assert oblique[7, 16, 8] == pytest.approx(flat_between, rel=0.02)


def test_what_methods_disagree_on_is_less_sure():
    drawn = drawn_on(BALL, GRID, [Slice(0, 2), Slice(0, 12)])
    field = everywhere(1.0)
    agree = chances_of(drawn, field, [field])
    close, apart = (chances_of(drawn, field, [everywhere(depth)]) for depth in (0.5, -4.0))
    between = slice(3, 12)
    assert (agree[between] < close[between]).all()
    assert (close[between] < apart[between]).all()
    nowhere = Field((0, 0, 0), np.zeros((0, 0, 0), np.float32))
    missing = chances_of(drawn, field, [nowhere])
    assert np.allclose(missing, chances_of(drawn, field, [everywhere(0.0)]))


def test_methods_are_compared_where_their_boxes_lie():
    drawn = drawn_on(BALL, GRID, [Slice(0, 2), Slice(0, 12)])
    field = everywhere(1.0)
    part = Field((4, 5, 6), np.full((3, 4, 5), 1.0, np.float32))
    inside = np.zeros(SHAPE, dtype=bool)
    inside[part.box] = True
    same = chances_of(drawn, field, [field])
    found = chances_of(drawn, field, [part])
    assert np.array_equal(found[inside], same[inside])
    assert (found[3:12] > same[3:12])[~inside[3:12]].all()


def test_beyond_one_slice_a_structure_is_thought_as_deep_as_wide():
    cubes = upright((60, 60, 60), (1.0, 1.0, 1.0))
    ball = lump(cubes, 15.0)
    drawn = drawn_on(ball, cubes, [Slice(0, 30)])
    found = uncertainty(drawn, completed(drawn))
    chances = on_grid(found, found.chances, cubes.shape_kji)
    up, down = chances[31:, 30, 30], chances[29::-1, 30, 30]
    assert np.allclose(up[:25], down[:25], atol=0.01)
    assert up[0] > 0.9
    assert np.flatnonzero(up < 0.5)[0] == pytest.approx(15, abs=2)
    assert chances[31:][ball[31:]].mean() > 0.8
    assert chances[31:][~ball[31:]].mean() < 0.1


def test_a_single_oblique_plane_leaves_both_of_its_sides_uncertain():
    drawn = drawn_on(BALL, GRID, [Sheet(1, 8.0, (0.1, 0.05))])
    field = Field((0, 0, 0), np.zeros((0, 0, 0), np.float32))
    chances = chances_of(drawn, field)
    assert chances[6, 14, 10] > 0.2
    assert chances[6, 4, 10] > 0.2


def test_a_profile_that_closes_ends_there():
    cubes = upright((60, 40, 40), (1.0, 1.0, 1.0))
    ball = lump(cubes, 15.0)
    filled = np.flatnonzero(ball.any(axis=(1, 2)))
    to_the_end = drawn_on(ball, cubes, [Slice(0, int(index)) for index in (filled[0], 30, filled[-1])])
    not_to_the_end = drawn_on(ball, cubes, [Slice(0, 24), Slice(0, 30), Slice(0, 36)])
    beyond = [uncertainty(drawn, completed(drawn)) for drawn in (to_the_end, not_to_the_end)]
    sums = [on_grid(found, found.chances, cubes.shape_kji)[filled[-1] + 1 :].sum() for found in beyond]
    assert sums[0] < 0.01 * sums[1]


def test_an_empty_plane_at_the_end_closes_too():
    drawn = drawn_on(BALL, GRID, [Slice(0, 0), Slice(0, 7), Slice(0, 13)])
    assert not drawn.masks[Slice(0, 13)].any()
    found = uncertainty(drawn, completed(drawn))
    assert found.chances.any()
    assert found.box[0].start >= 0
    assert found.box[0].stop <= SHAPE[0]


@pytest.mark.parametrize(
    "where",
    [
        [Slice(0, index) for index in range(2, 40, 5)],
        [Slice(0, 20), Slice(1, 28), Slice(2, 25), Slice(2, 37), Slice(0, 11)],
    ],
)
def test_of_voxels_as_uncertain_as_this_about_so_many_are_wrong(where):
    grid = upright((41, 60, 60), (2.0, 1.0, 1.0))
    chances, wrong = [], []
    for seed in range(4):
        truth = lump(grid, 19.0, bumps=0.12, seed=seed)
        drawn = drawn_on(truth, grid, where)
        field = completed(drawn)
        found = uncertainty(drawn, field)
        label = on_grid(field, field.depth_mm, grid.shape_kji, -1) > 0
        chances.append(on_grid(found, found.chances, grid.shape_kji).ravel())
        wrong.append((label != truth).ravel())
    chance, is_wrong = np.concatenate(chances), np.concatenate(wrong)
    shares = [
        is_wrong[(chance > low) & (chance <= high)].mean()
        for low, high in ((0, 0.05), (0.1, 0.2), (0.2, 0.35), (0.35, 0.5))
    ]
    assert shares == sorted(shares)
    assert shares[0] < 0.03
    assert 0.03 < shares[1] < 0.3
    assert 0.08 < shares[2] < 0.4
    assert 0.2 < shares[3] < 0.6


def test_the_map_shows_the_most_uncertain_of_all_structures():
    structures = [Structure("a", "A", 1), Structure("b", "B", 2)]
    left, right = BALL.copy(), BALL.copy()
    left[:, :, 11:] = False
    right[:, :, :11] = False
    planes = [Slice(0, index) for index in (3, 7, 10)]
    masks = {name: dict(drawn_on(truth, GRID, planes).masks) for name, truth in (("a", left), ("b", right))}
    told = []
    both = uncertainty_map(
        interpolate_masks(masks, GRID, structures), lambda task, done, total: told.append((done, total))
    )
    alone = [uncertainty_map(interpolate_masks({name: masks[name]}, GRID, structures)) for name in ("a", "b")]
    assert both.shape == SHAPE
    assert both.dtype == np.float32
    assert np.array_equal(both, np.maximum(*alone))
    assert not both[[3, 7, 10]].any()
    assert told == [(0, 2), (1, 2)]


def test_the_map_of_parallel_slices_compares_two_methods():
    structure = Structure("a", "A", 1)
    truth = lump(GRID, 11.0, bumps=0.3, seed=2)
    drawn = drawn_on(truth, GRID, [Slice(0, 2), Slice(0, 7), Slice(0, 11)])
    completion = interpolate_masks({"a": drawn.masks}, GRID, [structure])
    one = completion.structures["a"]
    compared = uncertainty_map(completion)
    alone = uncertainty(one.drawn, one.field)
    assert not np.array_equal(compared, on_grid(alone, alone.chances, SHAPE))
    preview = replace(completion, structures={"a": replace(one, method="signed-distance")})
    assert uncertainty_map(preview).any()
