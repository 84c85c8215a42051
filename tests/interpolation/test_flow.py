"""Flow between maps of depth, on discs of which it is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from discs import SPACING_MM, depth_of_disc
from medseg.interpolation.flow import flow_between, sample

CENTRE = (30, 40)


def test_what_stays_does_not_flow():
    depth = depth_of_disc(CENTRE, 12)
    rows, columns = flow_between(depth, depth, SPACING_MM[1:])
    assert np.abs([rows, columns]).max() == 0


def test_a_disc_that_grows_does_not_flow():
    rows, columns = flow_between(depth_of_disc(CENTRE, 10), depth_of_disc(CENTRE, 13), SPACING_MM[1:])
    assert np.abs([rows, columns]).max() < 0.2


@pytest.mark.parametrize("move", [(4, 0), (0, -4), (-3, 3)])
def test_a_disc_that_moves_flows_with_it(move):
    first = depth_of_disc(CENTRE, 5)
    last = depth_of_disc((CENTRE[0] + move[0], CENTRE[1] + move[1]), 5)
    half_way = depth_of_disc((CENTRE[0] + move[0] / 2, CENTRE[1] + move[1] / 2), 5) > 0
    rows, columns = flow_between(first, last, SPACING_MM[1:])
    # Stiffness holds it back a little.
    assert np.array([rows[half_way].mean(), columns[half_way].mean()]) == pytest.approx(move, abs=0.6)


@given(st.floats(8, 14), st.floats(-4, 4), st.floats(-4, 4))
def test_backwards_it_is_the_reverse(radius_mm, down, across):
    first = depth_of_disc(CENTRE, 12)
    last = depth_of_disc((CENTRE[0] + down, CENTRE[1] + across), radius_mm)
    forwards, backwards = (flow_between(*pair, SPACING_MM[1:]) for pair in ((first, last), (last, first)))
    assert np.abs(np.array(forwards) + np.array(backwards)).max() < 1e-2


@given(st.floats(-5, 12), st.floats(-5, 12))
def test_samples_of_a_plane_lie_on_it_and_beyond_the_border_stay(row, column):
    rows, columns = np.mgrid[:8, :9]
    plane = (2 * rows - 3 * columns).astype(np.float32)
    expected = 2 * np.clip(row, 0, 7) - 3 * np.clip(column, 0, 8)
    assert sample(plane, row, column) == pytest.approx(expected, abs=1e-4)
