"""Lone pieces that move clear of themselves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from discs import SHAPE, disc, gap_of
from medseg.interpolation.combined import combined
from medseg.interpolation.shift import shift_between


@given(st.integers(-24, 24), st.integers(-35, 35))
def test_a_disc_that_moved_clear_of_itself_is_found(rows, columns):
    first, last = disc((30, 40), 4), disc((30 + rows, 40 + columns), 4)
    shift = shift_between(first, last)
    if not (first & last).any():
        assert shift == pytest.approx((rows, columns))
        assert shift_between(last, first) == pytest.approx((-rows, -columns))


def test_what_overlaps_is_left_to_the_flow():
    assert shift_between(disc((30, 40), 8), disc((30, 43), 8)) is None


def test_shapes_that_do_not_coincide_are_not_the_same_piece():
    assert shift_between(disc((30, 20), 3), disc((30, 55), 12)) is None
    bar = np.zeros(SHAPE, dtype=bool)
    bar[40:42, 10:40] = True
    post = np.zeros(SHAPE, dtype=bool)
    post[5:35, 60:62] = True
    assert shift_between(bar, post) is None


def test_of_several_pieces_none_is_matched():
    pair = disc((20, 20), 4) | disc((20, 40), 4)
    assert shift_between(pair, disc((45, 30), 4)) is None
    assert shift_between(pair, np.roll(pair, (20, 5), (0, 1))) is None


def test_an_empty_slice_shifts_nothing():
    assert shift_between(disc((30, 40), 4), np.zeros(SHAPE, dtype=bool)) is None


@pytest.mark.parametrize("step", [(0.0, 3.0), (2.0, 0.0), (-2.0, 2.5)])
def test_a_thin_tilted_tube_is_whole(step):
    centres = [(30 + step[0] * n, 40 + step[1] * n) for n in range(-4, 5)]
    truth = np.array([disc(centre, 3) for centre in centres])
    found = combined(gap_of([truth[0], truth[4], truth[8]], (0, 4, 8), 1)) > 0
    assert 2 * (found & truth[5:8]).sum() / (found.sum() + truth[5:8].sum()) > 0.9
