"""Draw here next: the plane whose contour would tell most."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medseg.contour import Sheet, Slice
from medseg.errors import ContourError
from medseg.interpolation import interpolate_masks
from medseg.interpolation.draw_next import best_planes, draw_next
from medseg.interpolation.field import Field
from medseg.labelmap import Structure
from solids import completed, drawn_on, lump, on_grid, upright

SHAPE = (21, 50, 60)
GRID = upright(SHAPE, (3.0, 1.0, 1.0))
LUMP = lump(GRID, 17.0, bumps=0.08, seed=3)
STRUCTURE = Structure("a", "A", 1)


def suggested(where, axes=(0, 1, 2), truth=LUMP, grid=GRID):
    """The suggestions after some planes were drawn."""
    drawn = drawn_on(truth, grid, where)
    return best_planes(drawn, completed(drawn), axes=axes)


@pytest.mark.parametrize(
    "first", [Slice(0, 10), Slice(0, 7), Slice(1, 25), Slice(2, 30), Sheet(1, 20.0, (0.5, 0.1))]
)
def test_after_one_contour_a_plane_across_its_middle_comes_first(first):
    best, *_ = suggested([first])
    assert best.where.axis != first.axis
    along = tuple(axis for axis in range(3) if axis != best.where.axis)
    filled = np.flatnonzero(LUMP.any(axis=along))
    middle, extent = filled.mean(), len(filled)
    assert best.where.index == pytest.approx(middle, abs=0.15 * extent)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.sampled_from([Slice(axis, index) for axis, n in enumerate(SHAPE) for index in range(n)]),
        max_size=5,
        unique=True,
    )
)
def test_suggestions_are_sorted_one_a_gap_and_never_drawn_already(others):
    where = [Slice(0, 10), *(plane for plane in others if plane != Slice(0, 10))]
    found = suggested(where)
    assert not {suggestion.where for suggestion in found} & set(where)
    worth = [suggestion.settles_mm3 for suggestion in found]
    assert worth == sorted(worth, reverse=True)
    gaps = [
        (axis, sum(index < s.where.index for index in (p.index for p in where if p.axis == axis)))
        for s in found
        for axis in [s.where.axis]
    ]
    assert len(gaps) == len(set(gaps))


def test_the_wider_gap_comes_first():
    slices = [Slice(0, index) for index in (5, 7, 14, 16)]
    best, *_ = suggested(slices, axes=(0,))
    assert 7 < best.where.index < 14
    assert best.reason == "the most uncertain place between k=7 and k=14"


def test_only_the_axes_asked_for():
    assert {s.where.axis for s in suggested([Slice(0, 10)], axes=(0, 2))} == {0, 2}
    assert suggested([Slice(0, 10)], axes=()) == []


def test_a_reader_of_axial_slices_is_sent_beyond_an_end_that_is_still_large():
    filled = np.flatnonzero(LUMP.any(axis=(1, 2)))
    best, second, *_ = suggested([Slice(0, 8), Slice(0, 10), Slice(0, 12)], axes=(0,))
    beyond = sorted([best.where.index, second.where.index])
    assert beyond[0] < 8
    assert beyond[1] > 12
    assert filled[0] - 3 <= beyond[0]
    assert beyond[1] <= filled[-1] + 3
    assert {best.reason, second.reason} == {"nothing is drawn below k=8", "nothing is drawn above k=12"}


def test_beyond_a_single_slice_the_first_step_is_a_long_one():
    cubes = upright((61, 60, 60), (1.0, 1.0, 1.0))
    best, *_ = suggested([Slice(0, 30)], axes=(0,), truth=lump(cubes, 20.0), grid=cubes)
    assert 10 <= abs(best.where.index - 30) <= 20


def test_where_the_profile_closes_the_gaps_come_first():
    filled = np.flatnonzero(LUMP.any(axis=(1, 2)))
    ends = int(filled[0]), int(filled[-1])
    best, *_ = suggested([Slice(0, index) for index in (ends[0], 10, ends[1])], axes=(0,))
    assert ends[0] < best.where.index < ends[1]


def test_after_two_planes_the_third_direction_comes_first():
    best, *_ = suggested([Slice(0, 10), Slice(1, 25)])
    assert best.where.axis == 2
    assert best.reason == "nothing is drawn along i yet"


@pytest.mark.parametrize(
    ("grid", "bumps"), [(GRID, 0.0), (GRID, 0.08), (upright((40, 40, 40), (1.5, 1, 1)), 0.1)]
)
def test_three_or_four_contours_show_a_simple_solid(grid, bumps):
    truth = lump(grid, 15.0, bumps=bumps, seed=7, stretch=(1.0, 0.8, 1.1))
    where = [Slice(0, int(truth.sum(axis=(1, 2)).argmax()))]
    while len(where) < 4:
        where.append(suggested(where, truth=truth, grid=grid)[0].where)
    field = completed(drawn_on(truth, grid, where))
    found = on_grid(field, field.depth_mm, grid.shape_kji, -1) > 0
    assert 2 * (found & truth).sum() / (found.sum() + truth.sum()) > 0.95


def test_of_many_uncertain_voxels_an_even_choice_gives_the_same_planes(monkeypatch):
    where = [Slice(0, 4), Slice(0, 16), Slice(1, 25)]
    every = suggested(where)
    # The package's attribute of this name is the function.
    module = sys.modules["medseg.interpolation.draw_next"]
    monkeypatch.setattr(module, "MAX_VOXELS", 1500)
    monkeypatch.setattr(module, "MAX_LOOKED_AT", 9000)
    some = suggested(where)
    assert some[0].where.axis == every[0].where.axis
    assert some[0].where.index == pytest.approx(every[0].where.index, abs=2)
    assert some[0].settles_mm3 == pytest.approx(every[0].settles_mm3, rel=0.1)


def test_nothing_is_suggested_where_everything_is_drawn():
    assert suggested([Slice(0, index) for index in range(SHAPE[0])]) == []


def test_a_structure_that_is_drawn_nowhere_is_an_error():
    nothing = drawn_on(np.zeros(SHAPE, dtype=bool), GRID, [Slice(0, 3)])
    with pytest.raises(ContourError, match="drawn nowhere"):
        best_planes(nothing, Field((0, 0, 0), np.zeros((0, 0, 0), np.float32)))
    completion = interpolate_masks({"a": nothing.masks}, GRID, [STRUCTURE])
    with pytest.raises(ContourError, match="drawn nowhere"):
        draw_next(completion, "a")


def test_a_completion_is_looked_at_with_its_own_field():
    drawn = drawn_on(LUMP, GRID, [Slice(0, 10), Slice(1, 25), Slice(2, 30)])
    completion = interpolate_masks({"a": drawn.masks}, GRID, [STRUCTURE])
    told = []
    found = draw_next(completion, "a", axes=(1, 2), progress=lambda *step: told.append(step))
    assert found == best_planes(drawn, completion.structures["a"].field, axes=(1, 2))
    assert len(told) == 1
