"""Contours a little off their slices are put on them; all others stay as they are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medseg.contour import Contour, Slice, place
from medseg.contour.settling import settle_on_slices
from medseg.space import Plane
from strategies import grids

TRIANGLE = np.array([[0.0, 0.0], [3.0, 0.5], [1.0, 2.5]])


def off_slice(grid, k, slices, *, hole=False):
    """A triangle so many slices off the slice k, along the normal."""
    plane = grid.plane(0, k)
    next_plane = grid.plane(0, k + 1)
    step_mm = float(plane.distance_mm(next_plane.origin_lps_mm))
    moved = Plane(plane.origin_lps_mm + plane.normal * step_mm * slices, plane.u, plane.v)
    return Contour(moved, TRIANGLE, "a", hole=hole)


@given(grids(st.just((6, 9, 9))), st.floats(-0.045, 0.045).filter(lambda off: abs(off) > 0.002))
def test_what_all_but_lies_on_a_slice_is_put_on_it(grid, off):
    drifted = [off_slice(grid, 2, off), off_slice(grid, 3, 0)]
    (first, second), moved_mm = settle_on_slices(drifted, grid)
    assert place(first, grid) == Slice(0, 2)
    distance_mm = np.linalg.norm(first.points_lps_mm - drifted[0].points_lps_mm, axis=1)
    np.testing.assert_allclose(distance_mm, moved_mm, rtol=1e-6)
    assert second is drifted[1]


@pytest.mark.parametrize("off", [0.0, 0.0005, 0.06, 0.5])
def test_what_lies_on_a_slice_or_between_two_stays(off):
    from solids import upright

    grid = upright((6, 9, 9), (3, 1, 1))
    drawn = (off_slice(grid, 2, off),)
    assert settle_on_slices(drawn, grid) == (drawn, 0.0)


def test_an_outline_and_its_hole_stay_together():
    from solids import upright

    grid = upright((6, 9, 9), (3, 1, 1))
    drawn = (off_slice(grid, 2, 0.049), off_slice(grid, 2, 0.051, hole=True))
    assert settle_on_slices(drawn, grid) == (drawn, 0.0)
    assert settle_on_slices((), grid) == ((), 0.0)
