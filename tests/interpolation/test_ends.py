"""How pieces end in a gap."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from discs import SHAPE, disc, gap_of
from medseg.interpolation.ends import with_ends, without_empty_beyond
from medseg.interpolation.pchip import across_gap

EMPTY = np.zeros(SHAPE, dtype=bool)


@given(st.floats(2, 15), st.integers(2, 12))
def test_towards_an_empty_slice_a_disc_tapers_and_is_gone_half_way(radius_mm, width):
    gap = gap_of([disc((30, 40), radius_mm), EMPTY], (0, width), 0)
    ended, ending = with_ends(gap)
    assert np.array_equal(ending, gap.masks[0])
    found = across_gap(ended.depth_mm, ended.indices, ended.before) > 1e-4
    sizes = found.sum(axis=(1, 2)).tolist()
    assert sizes == sorted(sizes, reverse=True)
    for index, piece in zip(gap.missing, found, strict=True):
        assert piece.any() == (2 * index < width)


@given(st.floats(3, 9), st.integers(3, 9))
def test_a_piece_without_counterpart_ends_whatever_else_there_is(radius_mm, width):
    stays, ends = disc((30, 60), 8), disc((30, 20), radius_mm)
    gap = gap_of([stays | ends, stays], (0, width), 0)
    ended, ending = with_ends(gap)
    assert np.array_equal(ending, ends)
    found = across_gap(ended.depth_mm, ended.indices, ended.before) > 1e-4
    for index, piece in zip(gap.missing, found, strict=True):
        assert (piece & ends).any() == (2 * index < width)
        assert np.array_equal(piece & ~ends, stays)


def test_what_ends_on_both_sides_may_have_moved():
    gap = gap_of([disc((30, 20), 5), disc((30, 60), 5)], (0, 4), 0)
    assert not with_ends(gap)[1].any()


def test_a_gap_is_left_as_it_was():
    gap = gap_of([disc((30, 40), 8), EMPTY], (0, 4), 0)
    masks, depth = gap.masks.copy(), gap.depth_mm.copy()
    with_ends(gap)
    assert np.array_equal(gap.masks, masks)
    assert np.array_equal(gap.depth_mm, depth)


def test_empty_slices_beyond_are_left_out():
    gap = gap_of([EMPTY, disc((30, 40), 8), disc((30, 40), 9), EMPTY], (0, 2, 6, 9), 1)
    kept = without_empty_beyond(gap)
    assert (kept.indices, kept.before) == ((2, 6), 0)
    assert kept.missing == gap.missing
    assert np.array_equal(kept.masks, gap.masks[1:3])
    # The slices next to the gap stay, empty or not.
    gap = gap_of([EMPTY, disc((30, 40), 8), EMPTY, EMPTY], (0, 2, 6, 9), 1)
    assert without_empty_beyond(gap).indices == (2, 6)
