"""Blended: parallel slices and radial basis functions put together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medseg.contour import Slice
from medseg.contour.sheet import Sheet, height
from medseg.errors import Cancelled
from medseg.interpolation import blended, radial_basis
from medseg.interpolation.drawn import DrawnStructure
from medseg.interpolation.pins import pin
from medseg.interpolation.registry import METHODS
from medseg.progress import silent
from medseg.space import Grid

SHAPE = (24, 60, 64)
GRID = Grid.from_axes(
    SHAPE, origin_lps_mm=(-30, -40, 5), step_k_mm=(0, 0, 2), step_j_mm=(0, 1, 0), step_i_mm=(1, 0, 0)
)


def ball(index_kji, radius_mm=18.0, off_mm=(0, 0, 0)):
    return np.linalg.norm((index_kji - [11.7, 30.3, 31.6]) * [2, 1, 1] - off_mm, axis=-1) < radius_mm


def lobes(index_kji):
    return ball(index_kji, 13, (4, 5, -6)) | ball(index_kji, 14, (-4, -6, 5))


def folded(index_kji):
    """A wall 2 mm thin, in so many folds that 500 points don't resolve them."""
    k, j, i = np.moveaxis(index_kji, -1, 0)
    height_mm = 8 * np.sin(0.9 * i + 0.05 * k) * np.cos(0.35 * j)
    return (np.abs(j - 30 - height_mm) < 2) & (np.abs(i - 32) < 26) & (np.abs(k - 12) < 9)


def cut(solid, where):
    shape = tuple(n for axis, n in enumerate(SHAPE) if axis != where.axis)
    columns = np.stack(np.indices(shape), axis=-1).astype(float)
    return solid(np.insert(columns, where.axis, height(where, shape), axis=-1))


def drawn_on(planes, solid):
    return DrawnStructure("a", GRID, {where: cut(solid, where) for where in planes})


def completed(drawn, complete=blended.complete):
    field = pin(complete(drawn), drawn)
    mask = np.zeros(SHAPE, dtype=bool)
    mask[field.box] = field.depth_mm > 0
    return mask


def dice(mask, solid):
    truth = solid(np.stack(np.indices(SHAPE), axis=-1).astype(float))
    return 2 * (mask & truth).sum() / (mask.sum() + truth.sum())


def parallel(drawn):
    return METHODS["combined"].complete(drawn, None, silent)


def test_parallel_slices_alone_are_completed_as_by_the_method_for_them():
    drawn = drawn_on([Slice(0, k) for k in (4, 9, 14, 19)], lobes)
    assert np.array_equal(completed(drawn), completed(drawn, parallel))


def test_without_two_parallel_slices_it_is_the_smooth_surface():
    drawn = drawn_on([Slice(0, 12), Slice(1, 30), Slice(2, 32)], lobes)
    assert np.array_equal(completed(drawn), completed(drawn, radial_basis.complete))


crossing = st.one_of(
    st.builds(Slice, st.just(2), st.integers(16, 48)),
    st.builds(Slice, st.just(1), st.integers(14, 46)),
    st.builds(
        Sheet,
        st.just(2),
        st.integers(48, 80).map(lambda halves: halves / 2),
        st.tuples(
            st.integers(-12, 12).map(lambda steps: steps / 20),
            st.integers(-2, 2).map(lambda steps: steps / 20),
        ),
    ),
)


@settings(max_examples=12, deadline=None)
@given(st.sampled_from([ball, lobes]), st.sampled_from([2, 3, 5]), st.lists(crossing, max_size=3))
def test_a_plane_more_never_loses_more_than_a_hundredth(solid, every, more):
    axial = [Slice(0, k) for k in sorted({*range(3, 21, every), 20})]
    before = dice(completed(drawn_on(axial, solid)), solid)
    for number in range(len(more)):
        after = dice(completed(drawn_on([*axial, *more[: number + 1]], solid)), solid)
        assert after > before - 0.01
        before = after


def test_what_is_too_fine_for_the_points_is_left_to_the_parallel_slices():
    drawn = drawn_on([*(Slice(0, k) for k in range(3, 22, 3)), Slice(2, 30), Slice(1, 32)], folded)
    ours, smooth = (dice(completed(drawn, how), folded) for how in (blended.complete, radial_basis.complete))
    assert ours > smooth + 0.05


def test_where_parallel_slices_lie_far_apart_the_other_planes_count():
    drawn = drawn_on(
        [Slice(0, 3), Slice(0, 21), Slice(1, 24), Slice(1, 36), Slice(2, 26), Slice(2, 38)], ball
    )
    axial = DrawnStructure("a", GRID, {w: m for w, m in drawn.masks.items() if w.axis == 0})
    assert dice(completed(drawn), ball) > dice(completed(axial, parallel), ball) + 0.1
    assert dice(completed(drawn), ball) > 0.95


def test_beyond_the_last_slice_it_goes_on_only_where_another_plane_shows_it():
    axial = [Slice(0, 9), Slice(0, 12), Slice(0, 15)]
    nothing = {Slice(2, 2): np.zeros((24, 60), bool)}
    stays = DrawnStructure("a", GRID, {**drawn_on(axial, ball).masks, **nothing})
    assert np.flatnonzero(completed(stays).any(axis=(1, 2))).tolist() == list(range(9, 16))
    goes_on = completed(drawn_on([*axial, Slice(2, 32)], ball))
    assert dice(goes_on, ball) > 0.95


def test_two_hundred_specks_stay_specks_where_a_plane_crosses_them():
    rows, columns = np.mgrid[:60, :64]
    pieces = (rows % 4 < 2) & (columns % 4 < 2) & (rows < 56) & (columns < 60)
    crossed = np.zeros((24, 60), bool)
    crossed[10:14] = pieces[:, 32]
    drawn = DrawnStructure("a", GRID, {Slice(0, 10): pieces, Slice(0, 13): pieces, Slice(2, 32): crossed})
    mask = completed(drawn)
    assert np.array_equal(mask[10:14], np.broadcast_to(pieces, (4, 60, 64)))
    assert mask.sum() == 4 * pieces.sum()


def test_a_voxel_is_joined_with_a_disc_that_a_plane_crosses():
    def cone(index_kji):
        k, j, i = np.moveaxis(index_kji, -1, 0)
        return (k >= 10) & (k <= 14) & (np.hypot(j - 30, i - 32) < 0.5 + 2.5 * (k - 10))

    mask = completed(drawn_on([Slice(0, 10), Slice(0, 14), Slice(2, 32)], cone))
    assert dice(mask, cone) > 0.9
    assert np.flatnonzero(mask.any(axis=(1, 2))).tolist() == [10, 11, 12, 13, 14]


def test_it_can_be_cancelled_and_comes_out_alike_each_time():
    drawn = drawn_on([Slice(0, 8), Slice(0, 14), Slice(1, 30), Sheet(2, 30.2, (0.3, 0.1))], lobes)
    first, second = blended.complete(drawn), blended.complete(drawn)
    assert first.corner_kji == second.corner_kji
    assert np.array_equal(first.depth_mm, second.depth_mm)
    assert not np.isnan(first.depth_mm).any()
    for task in ("Interpolating gaps", "Interpolating", "Blending"):

        def cancel(now, done, total, task=task):
            if now == task:
                raise Cancelled("stop")

        with pytest.raises(Cancelled):
            blended.complete(drawn, progress=cancel)
