"""Outlines and holes as one line: nothing of the region is lost, and the line comes apart again."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from medseg.errors import ContourError
from medseg.io.rtstruct.keyhole import keyhole, split_keyhole
from medseg.labelmap import fill_polygon
from strategies import star_polygons

SQUARE = np.array([[0.0, 0], [10, 0], [10, 10], [0, 10]])
CELLS = np.array([(x, y) for x in (-4, 0, 4) for y in (-4, 0, 4)], dtype=float)


def square(x: float, y: float, size: float = 1.0) -> np.ndarray:
    return np.array([x, y]) + size * np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])


@st.composite
def pieces(draw):
    """A wavy outline around up to nine wavy holes."""
    count = draw(st.integers(8, 30))
    angles = np.arange(count) / count * 2 * np.pi
    radius = np.array(draw(st.lists(st.floats(9, 14), min_size=count, max_size=count)))
    outer = np.column_stack([radius * np.cos(angles), radius * np.sin(angles)])
    cells = draw(st.lists(st.integers(0, 8), min_size=1, max_size=9, unique=True))
    holes = [(draw(star_polygons((10, 10))) - 4.5) * 0.4 + CELLS[cell] for cell in cells]
    if draw(st.booleans()):
        outer = outer[::-1]
    assume(shapely.Polygon(outer, holes).is_valid)
    return outer, holes


def even_odd(line: np.ndarray, step: float = 0.1) -> np.ndarray:
    """By medseg's own scanlines, on a grid that is offset from all round numbers."""
    return fill_polygon((line + 15.0371) / step, (300, 300))


@settings(max_examples=60)
@given(pieces())
def test_the_line_bounds_what_the_outline_and_holes_bound(piece):
    outer, holes = piece
    path = keyhole(outer, holes)
    points = np.vstack([outer, *holes])
    assert set(path.tolist()) == set(range(len(points)))
    assert len(path) == len(points) + 2 * len(holes)
    expected = even_odd(outer)
    for hole in holes:
        expected &= ~even_odd(hole)
    np.testing.assert_array_equal(even_odd(points[path]), expected)


@settings(max_examples=60)
@given(pieces())
def test_slits_lie_inside_and_the_line_never_crosses_itself(piece):
    """So that the winding rule of other programs, and the area by the shoelace formula, say the same."""
    outer, holes = piece
    line = np.vstack([outer, *holes])[keyhole(outer, holes)]
    polygon = shapely.Polygon(outer, holes)
    edges = shapely.linestrings(np.stack([line, np.roll(line, -1, axis=0)], axis=1))
    assert shapely.distance(edges, shapely.Polygon(outer)).max() < 1e-9
    middle = shapely.line_interpolate_point(edges, 0.5, normalized=True)
    assert shapely.distance(middle, polygon).max() < 1e-9
    x, y = line.T
    area = 0.5 * (x @ np.roll(y, -1) - y @ np.roll(x, -1))
    assert area == pytest.approx(polygon.area, rel=1e-9)


@settings(max_examples=60)
@given(pieces())
def test_the_line_comes_apart_into_the_same_rings(piece):
    outer, holes = piece
    rings = split_keyhole(np.vstack([outer, *holes])[keyhole(outer, holes)])
    assert {frozenset(map(tuple, ring)) for ring in rings} == {
        frozenset(map(tuple, ring)) for ring in (outer, *holes)
    }
    assert sum(map(len, rings)) == len(outer) + sum(map(len, holes))


@given(pieces(), st.integers(0, 10_000))
def test_it_comes_apart_wherever_the_line_begins(piece, start):
    outer, holes = piece
    line = np.vstack([outer, *holes])[keyhole(outer, holes)]
    rings = split_keyhole(np.roll(line, start % len(line), axis=0))
    assert sorted(map(len, rings)) == sorted(map(len, (outer, *holes)))


def test_holes_that_touch_the_outline_and_each_other():
    holes = [np.array([[5.0, 0], [6, 2], [4, 2]]), np.array([[6.0, 2], [7, 4], [5, 4]])]
    line = np.vstack([SQUARE[:1], [[5.0, 0]], SQUARE[1:], *holes])
    outer = line[:5]
    path = keyhole(outer, holes)
    assert len(path) == len(line)  # touching needs no slit
    x, y = line[path].T
    assert 0.5 * (x @ np.roll(y, -1) - y @ np.roll(x, -1)) == pytest.approx(100 - 2 - 2)


def test_a_chain_of_a_thousand_holes_needs_no_recursion():
    outer = np.array([[-1.0, -1], [3000, -1], [3000, 2], [-1, 2]])
    holes = [square(3.0 * n, 0) for n in range(990)]
    path = keyhole(outer, holes)
    assert len(split_keyhole(np.vstack([outer, *holes])[path])) == 991


def test_no_hole_is_the_outline():
    np.testing.assert_array_equal(keyhole(SQUARE, []), [0, 1, 2, 3])


@pytest.mark.parametrize(
    "hole", [square(9.5, 5), square(20, 20), np.array([[0.0, 0], [5, 0], [5, 1], [0, 1]])]
)
def test_a_hole_that_crosses_or_lies_outside_is_refused(hole):
    with pytest.raises(ContourError) as e:
        keyhole(SQUARE, [hole])
    assert e.value.details["reason"] == "rings-cross"


def test_a_line_without_a_slit_stays_as_it_is():
    (line,) = split_keyhole(SQUARE)
    assert line is SQUARE


def test_a_spike_goes():
    spiked = np.insert(SQUARE, 2, [[12.0, 5], [10, 5]], axis=0)
    spiked = np.insert(spiked, 2, [[10.0, 5]], axis=0)
    (ring,) = split_keyhole(spiked)
    assert [12.0, 5] not in ring.tolist()
    assert len(ring) == 5


def test_a_slit_of_several_edges_and_one_that_leads_to_another_island():
    line = np.array([*SQUARE, [0, 5], [-2, 6], [-4, 5], [-4, 4], [-6, 4], [-6, 6], [-4, 5], [-2, 6], [0, 5]])
    assert sorted(map(len, split_keyhole(line))) == [4, 5]


def test_only_retraced_edges_leave_nothing():
    assert split_keyhole(np.array([[0.0, 0], [1, 0], [2, 0], [1, 0]])) == []
