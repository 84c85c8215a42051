"""Structures on parallel slices, by both methods."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medseg.contour import Slice
from medseg.errors import Cancelled, ContourError
from medseg.interpolation.combined import combined
from medseg.interpolation.drawn import DrawnStructure
from medseg.interpolation.parallel import ParallelSlices, complete_parallel, unjoined
from medseg.interpolation.signed_distance import signed_distance
from medseg.space import Grid

SPACING_KJI = (3.0, 0.9, 1.1)
METHODS = [signed_distance, combined]


def grid_of(shape, spacing_kji_mm=SPACING_KJI):
    k, j, i = spacing_kji_mm
    return Grid(shape, np.array([[0, 0, i, 0], [0, j, 0, 0], [k, 0, 0, 0], [0, 0, 0, 1.0]]))


def drawn_from(truth, axis, indices, spacing_kji_mm=SPACING_KJI):
    masks = {Slice(axis, index): truth.take(index, axis) for index in indices}
    return DrawnStructure("it", grid_of(truth.shape, spacing_kji_mm), masks)


def completed(drawn, method):
    field = complete_parallel(drawn, method)
    voxels = np.zeros(drawn.grid.shape_kji, dtype=bool)
    voxels[field.box] = field.depth_mm > 0
    return voxels


def ellipsoid(shape, centre, radii):
    squares = [
        ((axis - c) / r) ** 2
        for axis, c, r in zip(np.ogrid[tuple(map(slice, shape))], centre, radii, strict=True)
    ]
    return sum(squares) <= 1


def dice(one, other):
    return 2 * (one & other).sum() / (one.sum() + other.sum())


@st.composite
def scattered(draw):
    """A few blobs on a few slices, some of which may be empty."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    truth = np.zeros((14, 30, 34), dtype=bool)
    for _ in range(draw(st.integers(1, 5))):
        truth |= ellipsoid(truth.shape, random.uniform((0, 2, 2), (14, 28, 32)), random.uniform(1, 8, 3))
    axis = draw(st.integers(0, 2))
    indices = draw(st.sets(st.integers(0, truth.shape[axis] - 1), min_size=2, max_size=6))
    return drawn_from(truth, axis, indices)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_an_ellipsoid_comes_back(method, axis):
    truth = ellipsoid((40, 60, 60), (20, 30, 30), (15, 22, 18))
    filled = np.flatnonzero(truth.any(axis=tuple({0, 1, 2} - {axis})))
    indices = [*filled[::5], filled[-1]]
    missing = np.ones(truth.shape[axis], dtype=bool)
    missing[indices] = False
    found = completed(drawn_from(truth, axis, indices), method)
    assert dice(found.compress(missing, axis), truth.compress(missing, axis)) > 0.96


@given(drawn=scattered(), method=st.sampled_from(METHODS))
@settings(deadline=None)
def test_drawn_slices_stay_and_nothing_lies_beyond_them(drawn, method):
    found = completed(drawn, method)
    axis = drawn.parallel_axis
    for where, mask in drawn.masks.items():
        assert np.array_equal(found.take(where.index, axis), mask)
    indices = [where.index for where in drawn.masks]
    outside = np.ones(found.shape[axis], dtype=bool)
    outside[min(indices) : max(indices) + 1] = False
    assert not found.compress(outside, axis).any()


@given(drawn=scattered(), method=st.sampled_from(METHODS))
@settings(deadline=None)
def test_a_gap_by_itself_is_that_of_the_whole_run(drawn, method):
    memo = {}
    field = complete_parallel(drawn, method, memo=memo)
    slices = ParallelSlices(drawn)
    for span in slices.spans:
        alone = slices.fill(span, method)
        assert alone.dtype == np.float32
        assert np.array_equal(memo[slices.memo_key(span, method)], alone)
    again = complete_parallel(drawn, method, memo=memo)
    assert np.array_equal(field.depth_mm, again.depth_mm)


@pytest.mark.parametrize("method", METHODS)
def test_an_edit_touches_only_the_gaps_that_depend_on_it(method):
    truth = ellipsoid((41, 50, 50), (20, 25, 25), (20.5, 20, 20))
    indices = list(range(0, 41, 4))
    memo = {}
    complete_parallel(drawn_from(truth, 0, indices), method, memo=memo)
    before = set(memo)
    edited = truth.copy()
    edited[20, 25:28, 5:8] = True
    edited[20, 20:24, 44:47] ^= True
    field = complete_parallel(drawn_from(edited, 0, indices), method, memo=memo)
    # The two gaps beside slice 20 and the two next to those.
    assert len(set(memo) - before) == 4
    fresh = complete_parallel(drawn_from(edited, 0, indices), method)
    assert np.array_equal(field.depth_mm, fresh.depth_mm)


@pytest.mark.parametrize("method", METHODS)
def test_threads_change_no_bit(method, monkeypatch):
    truth = ellipsoid((31, 170, 180), (15, 85, 90), (16, 80, 85))
    drawn = drawn_from(truth, 0, range(0, 31, 5))
    several = complete_parallel(drawn, method)
    monkeypatch.setattr("medseg.interpolation.parallel.MAX_THREADS", 1)
    assert np.array_equal(complete_parallel(drawn, method).depth_mm, several.depth_mm)


@pytest.mark.parametrize("shape", [(31, 40, 40), (31, 170, 180)])
def test_progress_can_cancel_between_gaps(shape):
    truth = ellipsoid(shape, np.array(shape) / 2, np.array(shape) / 2)
    calls = []

    def stop_at_the_second_gap(task, done, total):
        calls.append((done, total))
        if done == 2:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        complete_parallel(drawn_from(truth, 0, range(1, 31, 4)), combined, progress=stop_at_the_second_gap)
    assert calls == [(0, 7), (1, 7), (2, 7)]


@pytest.mark.parametrize("method", METHODS)
def test_a_piece_tapers_towards_a_slice_known_to_be_empty(method):
    truth = np.zeros((21, 40, 40), dtype=bool)
    truth[10] = ellipsoid((40, 40), (20, 20), (9, 12))
    areas = completed(drawn_from(truth, 0, [0, 10, 20]), method).sum(axis=(1, 2))
    assert areas[10] > areas[11] > areas[12] > areas[13] > 0
    assert np.array_equal(areas, areas[::-1])
    assert not areas[15:].any()


@pytest.mark.parametrize("method", METHODS)
def test_a_piece_that_ends_leaves_the_other_alone(method):
    truth = np.zeros((11, 40, 80), dtype=bool)
    stays, ends = ellipsoid((40, 80), (20, 20), (9, 9)), ellipsoid((40, 80), (20, 60), (9, 9))
    truth[0], truth[10] = stays | ends, stays
    found = completed(drawn_from(truth, 0, [0, 10]), method)
    assert all(np.array_equal(piece[:, :40], stays[:, :40]) for piece in found)
    lengths = found[:, 20, 60].sum()
    assert 4 <= lengths <= 6


@pytest.mark.parametrize("method", METHODS)
def test_a_branch_splits(method):
    truth = np.zeros((11, 40, 80), dtype=bool)
    truth[0] = ellipsoid((40, 80), (20, 40), (10, 24))
    truth[10] = ellipsoid((40, 80), (20, 24), (8, 10)) | ellipsoid((40, 80), (20, 56), (8, 10))
    found = completed(drawn_from(truth, 0, [0, 10]), method)
    assert found[:, 20, 24].all()
    assert found[:, 20, 56].all()
    assert found[3, 20, 40]
    assert not found[8, 20, 40]


@pytest.mark.parametrize("method", METHODS)
def test_a_cavity_stays_open_and_one_that_ends_closes(method):
    disc, hole = ellipsoid((40, 40), (20, 20), (15, 15)), ellipsoid((40, 40), (20, 20), (6, 6))
    truth = np.zeros((11, 40, 40), dtype=bool)
    truth[0] = truth[5] = disc & ~hole
    truth[10] = disc
    found = completed(drawn_from(truth, 0, [0, 5, 10]), method)
    assert not found[:6, 20, 20].any()
    assert not found[6, 20, 20]
    assert found[9, 20, 20]


def test_what_moves_is_joined_by_the_flow():
    truth = np.zeros((6, 40, 60), dtype=bool)
    for k in range(6):
        truth[k] = ellipsoid((40, 60), (20, 15 + 2 * k), (4, 4))
    drawn = drawn_from(truth, 0, [0, 5])
    moved, still = completed(drawn, combined), completed(drawn, signed_distance)
    assert dice(moved[1:5], truth[1:5]) > dice(still[1:5], truth[1:5]) + 0.05


@pytest.mark.parametrize("method", METHODS)
def test_pieces_that_do_not_overlap_are_reported(method):
    truth = np.zeros((11, 40, 80), dtype=bool)
    truth[0] = ellipsoid((40, 80), (20, 12), (5, 5)) | ellipsoid((40, 80), (20, 40), (5, 5))
    truth[10] = ellipsoid((40, 80), (20, 40), (5, 5)) | ellipsoid((40, 80), (20, 70), (5, 5))
    drawn = drawn_from(truth, 0, [0, 10])
    (gap,) = unjoined(drawn, complete_parallel(drawn, method))
    assert (gap.structure_id, gap.first, gap.last, gap.pieces) == ("it", Slice(0, 0), Slice(0, 10), 2)


@pytest.mark.parametrize("method", METHODS)
def test_beside_an_empty_slice_nothing_is_unjoined(method):
    truth = np.zeros((11, 40, 40), dtype=bool)
    truth[0] = truth[5] = ellipsoid((40, 40), (20, 20), (5, 5))
    drawn = drawn_from(truth, 0, [0, 5, 10])
    assert list(unjoined(drawn, complete_parallel(drawn, method))) == []


@pytest.mark.parametrize("method", METHODS)
def test_one_slice_alone_and_neighbours_leave_nothing_to_fill(method):
    truth = ellipsoid((11, 40, 40), (5, 20, 20), (5, 9, 9))
    for indices in ([5], [5, 6]):
        drawn = drawn_from(truth, 0, indices)
        assert ParallelSlices(drawn).spans == ()
        assert completed(drawn, method).sum() == truth[indices].sum()


@pytest.mark.parametrize("method", METHODS)
def test_two_hundred_pieces(method):
    truth = np.zeros((7, 80, 80), dtype=bool)
    truth[:, 2::5, 2::6] = truth[:, 3::5, 2::6] = True
    found = completed(drawn_from(truth, 0, [0, 6]), method)
    assert np.array_equal(found, truth)


@pytest.mark.parametrize("method", METHODS)
def test_a_structure_at_the_border_of_the_grid(method):
    truth = np.ones((9, 12, 14), dtype=bool)
    assert completed(drawn_from(truth, 0, [0, 4, 8]), method).all()


def test_slices_of_two_axes_are_refused():
    truth = ellipsoid((11, 40, 40), (5, 20, 20), (5, 9, 9))
    masks = {Slice(0, 3): truth[3], Slice(1, 20): truth[:, 20]}
    with pytest.raises(ContourError, match="one axis"):
        ParallelSlices(DrawnStructure("it", grid_of(truth.shape), masks))
