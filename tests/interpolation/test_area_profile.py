"""Slices drawn towards the area that their neighbours lead one to expect."""

import numpy as np
import pytest

from discs import SHAPE, depth_of_disc, disc, gap_of
from medseg.interpolation.area_profile import (
    EDGE_PIXELS,
    MATCHED,
    MAX_SHIFT_PIXELS,
    TOWARDS_CUBIC,
    follow_area,
)

NOTHING_ENDS = np.zeros(SHAPE, dtype=bool)
FOUND = 1.0


def areas(depth):
    return (depth > 0).sum(axis=(1, 2))


def test_a_slice_too_small_grows_to_what_both_sides_have():
    gap = gap_of([disc((30, 40), 12)] * 4, (0, 4, 8, 12), 1)
    depth = np.array([depth_of_disc((30, 40), 10)] * 3)
    follow_area(depth, gap, NOTHING_ENDS, FOUND)
    assert depth == pytest.approx(np.array([depth_of_disc((30, 40), 12)] * 3), abs=0.15)


def test_a_slice_too_large_shrinks_part_of_the_way():
    gap = gap_of([disc((30, 40), 10)] * 4, (0, 4, 8, 12), 1)
    depth = np.array([depth_of_disc((30, 40), 12)] * 3)
    follow_area(depth, gap, NOTHING_ENDS, FOUND)
    between = 12 - TOWARDS_CUBIC * 2
    assert depth == pytest.approx(np.array([depth_of_disc((30, 40), between)] * 3), abs=0.15)


def test_between_a_small_and_a_large_slice_the_radius_runs_straight():
    gap = gap_of([disc((30, 40), 4), disc((30, 40), 16)], (0, 4), 0)
    straight = np.array([depth_of_disc((30, 40), radius) for radius in (7, 10, 13)])
    depth = straight - 2
    follow_area(depth, gap, NOTHING_ENDS, FOUND)
    # The areas' own line has 23 % more half-way: slices go part of the way to it.
    assert (depth > straight - 0.2).all()
    assert (depth < straight + 0.6).all()


def test_what_is_not_found_again_is_painted_rather_more():
    gap = gap_of([disc((30, 40), 12)] * 2, (0, 4), 0)
    depth = np.array([depth_of_disc((30, 40), 12)] * 3)
    found, guessed = depth.copy(), depth.copy()
    follow_area(found, gap, NOTHING_ENDS, MATCHED)
    follow_area(guessed, gap, NOTHING_ENDS, MATCHED - 0.2)
    assert areas(found) == pytest.approx(areas(depth), rel=0.03)
    assert areas(guessed) / areas(found) == pytest.approx([1.15, 1.2, 1.15], abs=0.02)


def test_pixels_of_one_depth_are_taken_in_together():
    gap = gap_of([disc((30, 40), 10)] * 2, (0, 4), 0)
    within, ring = disc((30, 40), 7), disc((30, 40), 14)
    depth = np.where(within, 1.0, np.where(ring, -0.5, -5.0)).astype(np.float32)[None].repeat(3, axis=0)
    follow_area(depth, gap, NOTHING_ENDS, FOUND)
    assert np.array_equal(depth > 0, ring[None].repeat(3, axis=0))


def test_no_outline_moves_further_than_the_limit():
    gap = gap_of([disc((30, 40), 20)] * 2, (0, 4), 0)
    before = np.array([depth_of_disc((30, 40), 5)] * 3)
    depth = before.copy()
    follow_area(depth, gap, NOTHING_ENDS, FOUND)
    furthest = (MAX_SHIFT_PIXELS + EDGE_PIXELS) * 0.8
    assert depth - before == pytest.approx(np.full(before.shape, furthest), abs=0.01)


def test_a_bulge_between_two_slices_is_followed():
    masks = [disc((30, 40), radius) for radius in (6, 12, 12, 6)]
    gap = gap_of(masks, (0, 4, 8, 12), 1)
    flat = np.array([depth_of_disc((30, 40), 12)] * 3)
    depth = flat.copy()
    follow_area(depth, gap, NOTHING_ENDS, FOUND)
    assert (areas(depth) > areas(flat)).all()
    assert areas(depth)[1] == areas(depth).max()


def test_what_ends_takes_no_part():
    ends, stays = disc((30, 15), 6), disc((30, 55), 10)
    gap = gap_of([ends | stays, stays], (0, 4), 0)
    before = np.array([np.maximum(depth_of_disc((30, 15), 4), depth_of_disc((30, 55), 10))] * 3)
    depth = before.copy()
    follow_area(depth, gap, ends, FOUND)
    assert np.array_equal(depth[:, ends], before[:, ends])
    # The other one already has the area that is expected.
    assert depth == pytest.approx(before, abs=0.2)


def test_beside_an_empty_slice_no_area_is_expected():
    gap = gap_of([disc((30, 40), 8), NOTHING_ENDS], (0, 4), 0)
    before = np.array([depth_of_disc((30, 40), 5)] * 3)
    depth = before.copy()
    follow_area(depth, gap, NOTHING_ENDS, FOUND)
    assert np.array_equal(depth, before)
