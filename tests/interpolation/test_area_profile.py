"""Slices drawn towards the area that their neighbours lead one to expect."""

import numpy as np
import pytest

from discs import SHAPE, depth_of_disc, disc, gap_of
from medseg.interpolation.area_profile import follow_area

NOTHING_ENDS = np.zeros(SHAPE, dtype=bool)


def areas(depth):
    return (depth > 0).sum(axis=(1, 2))


def test_a_slice_too_small_grows_half_of_the_way():
    gap = gap_of([disc((30, 40), 12)] * 4, (0, 4, 8, 12), 1)
    depth = np.array([depth_of_disc((30, 40), 10)] * 3)
    follow_area(depth, gap, NOTHING_ENDS)
    # Its outline, 2 mm too far in, moves by one.
    assert depth == pytest.approx(np.array([depth_of_disc((30, 40), 11)] * 3), abs=0.15)


def test_no_outline_moves_further_than_half_of_the_limit():
    gap = gap_of([disc((30, 40), 20)] * 2, (0, 4), 0)
    before = np.array([depth_of_disc((30, 40), 5)] * 3)
    depth = before.copy()
    follow_area(depth, gap, NOTHING_ENDS)
    assert depth - before == pytest.approx(np.full(before.shape, 0.5 * 3 * 0.8), abs=0.01)


def test_a_bulge_between_two_slices_is_followed():
    masks = [disc((30, 40), radius) for radius in (6, 12, 12, 6)]
    gap = gap_of(masks, (0, 4, 8, 12), 1)
    flat = np.array([depth_of_disc((30, 40), 12)] * 3)
    depth = flat.copy()
    follow_area(depth, gap, NOTHING_ENDS)
    assert (areas(depth) > areas(flat)).all()
    assert areas(depth)[1] == areas(depth).max()


def test_what_ends_takes_no_part():
    ends, stays = disc((30, 15), 6), disc((30, 55), 10)
    gap = gap_of([ends | stays, stays], (0, 4), 0)
    before = np.array([np.maximum(depth_of_disc((30, 15), 4), depth_of_disc((30, 55), 10))] * 3)
    depth = before.copy()
    follow_area(depth, gap, ends)
    assert np.array_equal(depth[:, ends], before[:, ends])
    # The other one already has the area that is expected.
    assert depth == pytest.approx(before, abs=0.2)


def test_beside_an_empty_slice_no_area_is_expected():
    gap = gap_of([disc((30, 40), 8), NOTHING_ENDS], (0, 4), 0)
    before = np.array([depth_of_disc((30, 40), 5)] * 3)
    depth = before.copy()
    follow_area(depth, gap, NOTHING_ENDS)
    assert np.array_equal(depth, before)
