"""Sparse contours → whole structures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medseg.contour import Contour, ContourSet, Slice, trace_slice
from medseg.errors import Cancelled, ContourError
from medseg.interpolation import METHODS, interpolate, interpolate_masks
from medseg.labelmap import Structure
from medseg.space import Grid
from strategies import grids

GRID = Grid.from_axes(
    (41, 60, 60), origin_lps_mm=(0, 0, 0), step_k_mm=(0, 0, 2), step_j_mm=(0, 1, 0), step_i_mm=(1, 0, 0)
)
BALL = Structure("ball", "Ball", 1)


def ball(grid, centre_lps_mm, radius_mm):
    """Voxels within a radius in mm."""
    index = np.stack(np.meshgrid(*map(np.arange, grid.shape_kji), indexing="ij"), axis=-1)
    return np.linalg.norm(grid.to_lps_mm(index) - centre_lps_mm, axis=-1) < radius_mm


def contours_of(truth, grid, slices, structure_id="ball"):
    return ContourSet(
        tuple(
            c
            for where in slices
            for c in trace_slice(truth.take(where.index, axis=where.axis), grid, where, structure_id)
        )
    )


def dice(a, b):
    return 2 * (a & b).sum() / (a.sum() + b.sum())


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_ball_is_completed_from_every_fourth_slice_along_any_axis(method, axis):
    truth = ball(GRID, (30, 30, 40), 22)
    filled = np.flatnonzero(truth.any(axis=tuple(a for a in range(3) if a != axis)))
    drawn = [Slice(axis, int(i)) for i in sorted({*filled[::4], filled[-1]})]
    completion = interpolate(contours_of(truth, GRID, drawn), GRID, [BALL], method=method)
    assert dice(completion.label_map.mask("ball"), truth) > 0.97
    assert completion.open_gaps == ()
    assert completion.drawn == {"ball": tuple(drawn)}


@given(st.integers(0, 2**32 - 1), st.integers(0, 2), grids(st.just((9, 11, 12))))
def test_drawn_slices_come_out_exactly_as_drawn(seed, axis, grid):
    rng = np.random.default_rng(seed)
    shape = [n for a, n in enumerate(grid.shape_kji) if a != axis]
    chosen = sorted(rng.choice(grid.shape_kji[axis], 3, replace=False).tolist())
    masks = {Slice(axis, index): rng.random(shape) < 0.5 for index in chosen}
    result = interpolate_masks({"ball": masks}, grid, [BALL]).label_map.mask("ball")
    for where, mask in masks.items():
        assert np.array_equal(result.take(where.index, axis=axis), mask)
    outside = [i for i in range(grid.shape_kji[axis]) if not chosen[0] <= i <= chosen[-1]]
    assert not result.take(outside, axis=axis).any()


def test_one_slice_stays_one_slice():
    truth = ball(GRID, (30, 30, 40), 15)
    completion = interpolate(contours_of(truth, GRID, [Slice(0, 20)]), GRID, [BALL])
    assert np.array_equal(np.flatnonzero(completion.label_map.voxels.any(axis=(1, 2))), [20])


def test_without_contours_there_is_an_empty_label_map():
    completion = interpolate(ContourSet(), GRID, [BALL])
    assert not completion.label_map.voxels.any()
    assert completion.drawn == {}


def test_a_slice_drawn_as_empty_is_not_crossed():
    truth = ball(GRID, (30, 30, 40), 15)
    masks = {Slice(0, k): truth[k] for k in (16, 18, 22, 24)} | {Slice(0, 20): np.zeros((60, 60), bool)}
    filled = interpolate_masks({"ball": masks}, GRID, [BALL]).label_map.voxels.any(axis=(1, 2))
    assert np.flatnonzero(filled).tolist() == [16, 17, 18, 22, 23, 24]


def test_two_structures_never_overlap_and_neither_alters_what_was_drawn_of_the_other():
    left, right = ball(GRID, (22, 30, 40), 15), ball(GRID, (38, 30, 40), 15) & ~ball(GRID, (22, 30, 40), 15)
    other = Structure("other", "Other", 2)
    drawn_left = [Slice(0, k) for k in (14, 19, 26)]
    drawn_right = [Slice(0, k) for k in (15, 20, 25)]
    contours = ContourSet(
        (*contours_of(left, GRID, drawn_left), *contours_of(right, GRID, drawn_right, "other"))
    )
    label_map = interpolate(contours, GRID, [BALL, other]).label_map
    for where in drawn_left:
        assert np.array_equal(label_map.mask("ball")[where.index], left[where.index])
    for where in drawn_right:
        assert np.array_equal(label_map.mask("other")[where.index], right[where.index])


def test_a_tumour_lies_on_top_of_its_liver_between_the_slices_too():
    liver, tumour = ball(GRID, (30, 30, 40), 24), ball(GRID, (30, 30, 40), 9)
    structures = [Structure("liver", "Liver", 1), Structure("ball", "Tumour", 2, part_of="liver")]
    slices = [Slice(0, k) for k in (16, 20, 24)]
    contours = ContourSet((*contours_of(tumour, GRID, slices), *contours_of(liver, GRID, slices, "liver")))
    label_map = interpolate(contours, GRID, structures).label_map
    assert dice(label_map.mask("ball")[16:25], tumour[16:25]) > 0.95
    assert label_map.mask("ball")[18, 30, 30]


def test_pieces_that_cannot_be_joined_are_reported():
    far_apart = {Slice(0, 5): ball(GRID, (10, 10, 10), 5)[5], Slice(0, 15): ball(GRID, (50, 50, 30), 5)[15]}
    completion = interpolate_masks({"ball": far_apart}, GRID, [BALL])
    (gap,) = completion.open_gaps
    assert (gap.structure_id, gap.first, gap.last) == ("ball", Slice(0, 5), Slice(0, 15))


def test_contours_along_two_axes_are_completed_or_refused_by_a_method_for_parallel_slices():
    truth = ball(GRID, (30, 30, 40), 15)
    contours = contours_of(truth, GRID, [Slice(0, 20), Slice(1, 30)])
    completion = interpolate(contours, GRID, [BALL])
    assert completion.method == "blended"
    assert dice(completion.label_map.mask("ball"), truth) > 0.95
    with pytest.raises(ContourError, match="k=20, j=30"):
        interpolate(contours, GRID, [BALL], method="combined")


def test_it_can_be_cancelled_and_reports_its_progress():
    truth = ball(GRID, (30, 30, 40), 15)
    contours = contours_of(truth, GRID, [Slice(0, 18), Slice(0, 22)])
    steps = []
    interpolate(contours, GRID, [BALL], progress=lambda *step: steps.append(step))
    assert steps[0] == ("Interpolating", 0, 1)
    assert steps[-1] == ("Interpolating", 1, 1)
    assert ("Interpolating gaps", 1, 1) in steps

    def cancel(task, done, total):
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        interpolate(contours, GRID, [BALL], progress=cancel)


def test_an_unknown_method_is_a_callers_bug():
    truth = ball(GRID, (30, 30, 40), 15)
    with pytest.raises(ValueError, match="signed-distance"):
        interpolate(contours_of(truth, GRID, [Slice(0, 18), Slice(0, 22)]), GRID, [BALL], method="magic")


def test_a_contour_that_holds_no_voxel_is_reported_and_splits_nothing():
    truth = ball(GRID, (30, 30, 40), 15)
    contours = contours_of(truth, GRID, [Slice(0, 16), Slice(0, 24)])
    plane = GRID.plane(0, 20)
    speck = Contour(plane, np.array([[10.2, 10.2], [10.4, 10.2], [10.3, 10.4]]), "ball")
    completion = interpolate(contours.with_added([speck]), GRID, [BALL])
    assert completion.unfilled == (("ball", Slice(0, 20)),)
    without = interpolate(contours, GRID, [BALL])
    assert np.array_equal(completion.label_map.voxels, without.label_map.voxels)
    assert without.unfilled == ()


@given(st.integers(0, 2**32 - 1), grids(st.just((9, 11, 12))), st.sampled_from(["auto", "radial-basis"]))
def test_drawn_planes_of_all_directions_come_out_exactly_as_drawn(seed, grid, method):
    rng = np.random.default_rng(seed)
    truth = rng.random(grid.shape_kji) < rng.choice([0.1, 0.5, 0.9])
    places = [
        Slice(axis, int(n)) for axis in range(3) for n in rng.choice(grid.shape_kji[axis], 2, replace=False)
    ]
    rng.shuffle(places)
    masks = {where: truth.take(where.index, axis=where.axis) for where in places}
    completion = interpolate_masks({"ball": masks}, grid, [BALL], method=method)
    assert completion.conflicts == ()
    found = completion.label_map.mask("ball")
    for where, mask in masks.items():
        assert np.array_equal(found.take(where.index, axis=where.axis), mask)


@given(st.integers(0, 2**32 - 1))
def test_where_planes_contradict_each_other_the_one_drawn_last_comes_out_exactly(seed):
    rng = np.random.default_rng(seed)
    shape = (9, 11, 12)
    masks = {}
    for axis in rng.permutation(3).tolist():
        sides = [n for a, n in enumerate(shape) if a != axis]
        masks[Slice(axis, int(rng.integers(shape[axis])))] = rng.random(sides) < 0.5
    grid = Grid(shape, np.eye(4))
    completion = interpolate_masks({"ball": masks}, grid, [BALL])
    last = list(masks)[-1]
    assert np.array_equal(completion.label_map.mask("ball").take(last.index, axis=last.axis), masks[last])
    crossings = {frozenset((c.first, c.second)) for c in completion.conflicts}
    for c in completion.conflicts:
        assert list(masks).index(c.first) < list(masks).index(c.second)
    assert len(crossings) == len(completion.conflicts)
