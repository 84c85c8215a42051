"""Boxes of voxels, and the grids of parts of an array."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medseg.errors import GeometryError
from medseg.space import box_at, box_grown, box_of
from strategies import grids


def test_the_box_of_a_mask_holds_all_of_it_and_no_more():
    mask = np.zeros((5, 6, 7), bool)
    mask[1, 2, 3] = mask[3, 2, 5] = True
    assert box_of(mask) == (slice(1, 4), slice(2, 3), slice(3, 6))
    assert box_of(np.zeros((2, 2, 2), bool)) is None


def test_a_box_grows_as_far_as_the_array_goes():
    box = box_at((1, 2, 3), (2, 2, 2))
    assert box_grown(box, (2, 1, 9), (4, 9, 8)) == (slice(0, 4), slice(1, 5), slice(0, 8))


@settings(max_examples=20)
@given(grid=grids(), data=st.data())
def test_voxels_of_a_part_lie_where_they_lie_in_the_whole(grid, data):
    start = [data.draw(st.integers(0, n - 1)) for n in grid.shape_kji]
    shape = [data.draw(st.integers(1, n - a)) for n, a in zip(grid.shape_kji, start, strict=True)]
    part = grid.within(box_at(start, shape))
    assert part.shape_kji == tuple(shape)
    last = np.array(shape) - 1
    np.testing.assert_allclose(part.to_lps_mm(last), grid.to_lps_mm(last + start), atol=1e-6)


def test_there_is_no_grid_of_nothing():
    from solids import upright

    with pytest.raises(GeometryError, match="at least one voxel"):
        upright((4, 4, 4), (1, 1, 1)).within(box_at((1, 1, 1), (0, 2, 2)))
