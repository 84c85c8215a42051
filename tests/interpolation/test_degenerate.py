"""Contours that a careless or unlucky reader draws: each gives a right answer or a clear error."""

from __future__ import annotations

import numpy as np
import pytest

from medseg.contour import Contour, ContourSet, Slice
from medseg.errors import ContourError
from medseg.interpolation import METHODS, interpolate, interpolate_masks
from medseg.labelmap import Structure, fill
from medseg.space import Grid

GRID = Grid.from_axes(
    (21, 60, 64), origin_lps_mm=(5, -7, 30), step_k_mm=(0, 0, 3), step_j_mm=(0, 0.8, 0), step_i_mm=(0.8, 0, 0)
)
BALL = Structure("ball", "Ball", 1)
ANGLES = np.linspace(0, 2 * np.pi, 48, endpoint=False)
EVERY_METHOD = pytest.mark.parametrize("method", ["auto", *METHODS])
# A smooth surface through 500 points is not the method for specks.
FOR_SPECKS = pytest.mark.parametrize("method", ["auto", *sorted(set(METHODS) - {"radial-basis"})])


def circle(where, radius_mm, centre_kji=(10, 30, 32), **options):
    """A circle on a slice of the grid."""
    plane = GRID.plane(where.axis, where.index)
    centre_uv = plane.to_plane_mm(GRID.to_lps_mm(centre_kji))
    points = centre_uv + radius_mm * np.column_stack([np.cos(ANGLES), np.sin(ANGLES)])
    return Contour(plane, points, "ball", **options)


def completed(contours, method="auto"):
    return interpolate(ContourSet(tuple(contours)), GRID, [BALL], method=method)


def filled_slices(completion, axis=0):
    others = tuple(a for a in range(3) if a != axis)
    return np.flatnonzero(completion.label_map.voxels.any(axis=others)).tolist()


def drawn_as(completion, where):
    return completion.label_map.mask("ball").take(where.index, axis=where.axis)


@EVERY_METHOD
@pytest.mark.parametrize("where", [Slice(0, 10), Slice(1, 30), Slice(2, 32)])
def test_one_contour_stays_one_slice(method, where):
    contour = circle(where, 12)
    completion = completed([contour], method)
    assert filled_slices(completion, where.axis) == [where.index]
    assert np.array_equal(drawn_as(completion, where), fill([contour], GRID, where))


@EVERY_METHOD
def test_two_identical_contours_are_one(method):
    twice = completed([circle(Slice(0, 10), 12)] * 2 + [circle(Slice(0, 14), 12)] * 2, method)
    once = completed([circle(Slice(0, 10), 12), circle(Slice(0, 14), 12)], method)
    assert np.array_equal(twice.label_map.voxels, once.label_map.voxels)
    assert filled_slices(once) == [10, 11, 12, 13, 14]
    assert twice.conflicts == ()


@EVERY_METHOD
def test_a_self_crossing_contour_has_an_inside_by_even_odd(method):
    plane = GRID.plane(0, 10)
    corners_mm = plane.to_plane_mm(GRID.to_lps_mm([(10, 15, 15), (10, 45, 49), (10, 15, 49), (10, 45, 15)]))
    bow_tie = Contour(plane, corners_mm, "ball")
    completion = completed([bow_tie, circle(Slice(0, 13), 10)], method)
    expected = fill([bow_tie], GRID, Slice(0, 10))
    assert expected.any()
    assert not expected[18, 32]
    assert np.array_equal(drawn_as(completion, Slice(0, 10)), expected)
    assert filled_slices(completion) == [10, 11, 12, 13]


@FOR_SPECKS
def test_a_single_voxel_is_joined_with_what_lies_above_it(method):
    dot = np.zeros((60, 64), bool)
    dot[30, 32] = True
    disc = fill([circle(Slice(0, 14), 9)], GRID, Slice(0, 14))
    for masks in ({Slice(0, 10): dot, Slice(0, 14): disc}, {Slice(0, 10): dot, Slice(0, 14): dot}):
        completion = interpolate_masks({"ball": masks}, GRID, [BALL], method=method)
        assert filled_slices(completion) == [10, 11, 12, 13, 14]
        assert np.array_equal(drawn_as(completion, Slice(0, 10)), dot)
        assert completion.open_gaps == ()


@EVERY_METHOD
def test_a_structure_that_touches_the_border_goes_on_to_it(method):
    at_corner = [circle(Slice(0, k), 15, (k, 0, 0)) for k in (0, 5, 20)]
    completion = completed(at_corner, method)
    found = completion.label_map.mask("ball")
    assert filled_slices(completion) == list(range(21))
    assert found[:, 0, 0].all()
    for contour, k in zip(at_corner, (0, 5, 20), strict=True):
        assert np.array_equal(found[k], fill([contour], GRID, Slice(0, k)))


@EVERY_METHOD
def test_a_structure_that_fills_every_slice_fills_all_between(method):
    everything = np.ones((60, 64), bool)
    masks = {Slice(0, 3): everything, Slice(0, 7): everything}
    completion = interpolate_masks({"ball": masks}, GRID, [BALL], method=method)
    assert completion.label_map.mask("ball")[3:8].all()
    assert filled_slices(completion) == [3, 4, 5, 6, 7]


@EVERY_METHOD
def test_a_hole_without_an_outline_around_it_is_nothing(method):
    completion = completed([circle(Slice(0, 10), 8, hole=True), circle(Slice(0, 14), 8)], method)
    assert filled_slices(completion) == [14]
    assert completion.unfilled == (("ball", Slice(0, 10)),)


@EVERY_METHOD
def test_neighbours_that_do_not_overlap_are_reported(method):
    apart = [circle(Slice(0, 8), 4, (8, 12, 12)), circle(Slice(0, 14), 4, (14, 48, 52))]
    completion = completed(apart, method)
    (gap,) = completion.open_gaps
    assert (gap.structure_id, gap.first, gap.last) == ("ball", Slice(0, 8), Slice(0, 14))
    for contour, k in zip(apart, (8, 14), strict=True):
        assert np.array_equal(drawn_as(completion, Slice(0, k)), fill([contour], GRID, Slice(0, k)))


@FOR_SPECKS
def test_two_hundred_pieces_all_arrive_on_the_other_side(method):
    rows, columns = np.mgrid[:60, :64]
    pieces = (rows % 4 < 2) & (columns % 4 < 2) & (rows < 56) & (columns < 60)
    masks = {Slice(0, 10): pieces, Slice(0, 13): pieces}
    completion = interpolate_masks({"ball": masks}, GRID, [BALL], method=method)
    found = completion.label_map.mask("ball")
    assert np.array_equal(found[10], pieces)
    for k in (11, 12):
        overlap = 2 * (found[k] & pieces).sum() / (found[k].sum() + pieces.sum())
        assert overlap > 0.9
    assert completion.open_gaps == ()


def test_a_contour_with_a_vertex_that_is_no_number_is_refused():
    plane = GRID.plane(0, 10)
    with pytest.raises(ContourError, match="finite"):
        Contour(plane, np.array([[0, 0], [1, np.nan], [2, 0]]), "ball")


def test_a_contour_on_a_slice_that_the_image_lacks_is_refused():
    plane = GRID.plane(0, 30)
    points = plane.to_plane_mm(GRID.to_lps_mm([(30, 10, 10), (30, 20, 10), (30, 20, 20)]))
    with pytest.raises(ContourError, match="k=30"):
        completed([Contour(plane, points, "ball"), circle(Slice(0, 10), 9)])


def test_a_contour_beside_the_image_is_reported_and_changes_nothing():
    inside = [circle(Slice(0, 8), 9), circle(Slice(0, 14), 9)]
    beside = circle(Slice(0, 11), 9, (11, 400, 400))
    completion = completed([*inside, beside])
    assert completion.unfilled == (("ball", Slice(0, 11)),)
    assert np.array_equal(completion.label_map.voxels, completed(inside).label_map.voxels)


def test_a_mask_of_another_shape_is_refused():
    with pytest.raises(ContourError, match=r"\(60, 64\)"):
        interpolate_masks({"ball": {Slice(0, 3): np.ones((64, 60), bool)}}, GRID, [BALL])


def test_nothing_drawn_is_an_empty_label_map():
    empty = interpolate_masks({"ball": {Slice(0, 3): np.zeros((60, 64), bool)}}, GRID, [BALL])
    assert not empty.label_map.voxels.any()
    assert empty.method is None


def test_a_piece_on_a_crossing_plane_that_nothing_is_joined_to_is_reported():
    speck = np.zeros((60, 64), bool)
    speck[3:5, 3:5] = True
    ball = {where: fill([circle(where, 12)], GRID, where) for where in (Slice(0, 10), Slice(1, 30))}
    completion = interpolate_masks({"ball": {**ball, Slice(0, 4): speck}}, GRID, [BALL])
    assert completion.method == "blended"
    found = completion.label_map.mask("ball")
    assert np.array_equal(found[4], speck)
    assert [(lone.where, lone.pieces) for lone in completion.alone] == [(Slice(0, 4), 1)]
    assert interpolate_masks({"ball": ball}, GRID, [BALL]).alone == ()
