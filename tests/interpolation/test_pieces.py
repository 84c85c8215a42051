"""Pieces of a mask and groups of them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import find_objects, label

from medseg.interpolation.pieces import Pieces, groups_of_near

SHAPE = (8, 12)
masks = arrays(np.bool_, SHAPE)


@given(masks)
def test_pieces_are_those_that_touch_at_sides_or_corners(mask):
    pieces = Pieces.of(mask)
    labels, count = label(mask, structure=np.ones((3, 3)))
    assert len(pieces.boxes) == count
    for number, (rows, columns) in enumerate(find_objects(labels)):
        assert pieces.boxes[number].tolist() == [rows.start, columns.start, rows.stop, columns.stop]
        assert np.array_equal(pieces.painted([number], (0, 0, *SHAPE)), labels == number + 1)


@given(masks, st.integers(-4, 8), st.integers(-4, 12))
def test_a_window_cuts_what_is_painted(mask, top, left):
    pieces = Pieces.of(mask)
    every = range(len(pieces.boxes))
    framed = np.pad(mask, 20)[top + 20 : top + 25, left + 20 : left + 27]
    assert np.array_equal(pieces.painted(every, (top, left, 5, 7)), framed)
    inside = {number for number in every if pieces.painted([number], (top, left, 5, 7)).any()}
    assert inside <= set(pieces.within((top, left, 5, 7)))


@given(masks, masks)
def test_content_tells_masks_apart(one, other):
    first, second = Pieces.of(one), Pieces.of(other)
    same = first.content(range(len(first.boxes))) == second.content(range(len(second.boxes)))
    assert same == np.array_equal(one, other)


@given(masks, masks)
def test_touched_are_those_with_a_pixel_in_common(mask, other):
    pieces = Pieces.of(mask)
    expected = [
        bool((pieces.painted([number], (0, 0, *SHAPE)) & other).any()) for number in range(len(pieces.boxes))
    ]
    assert pieces.touched(other).tolist() == expected


def test_near_boxes_are_grouped_through_others():
    boxes = np.array([[0, 0, 2, 2], [0, 8, 2, 10], [0, 4, 2, 6], [30, 0, 31, 1]], dtype=np.int32)
    assert groups_of_near(boxes, 2.0, 2.0).tolist() == [0, 0, 0, 3]
    assert groups_of_near(boxes, 2.0, 1.5).tolist() == [0, 1, 2, 3]
    assert groups_of_near(boxes, 28.0, 1.5).tolist() == [0, 1, 2, 0]


def test_a_piece_lies_where_it_lies_on_a_large_plane_too():
    mask = np.zeros((10_000, 3), dtype=bool)
    mask[5:8, 1:] = mask[90] = True
    small, large = Pieces.of(mask[:100]), Pieces.of(mask)
    assert large.boxes.tolist() == [[5, 1, 8, 3], [90, 0, 91, 3]]
    assert np.array_equal(small.runs, large.runs)
    assert np.array_equal(small.boxes, large.boxes)
