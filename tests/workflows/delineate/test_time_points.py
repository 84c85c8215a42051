"""Contours of one time point or of all: what counts where, and what an edit changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medseg.contour import Contour, ContourSet, Slice
from medseg.errors import ContourError
from medseg.labelmap import Structure
from medseg.space import Grid, Plane
from medseg.workflows.delineate import (
    Delineation,
    Placements,
    at_time,
    changed_at,
    other_time_points,
    with_contours_on,
    with_other_time_points,
)

GRID = Grid.from_axes(
    (10, 40, 40), origin_lps_mm=(0, 0, 0), step_k_mm=(0, 0, 3), step_j_mm=(0, 1, 0), step_i_mm=(1, 0, 0)
)
HEART, LUNG = Structure("heart", "Heart", 1), Structure("lung", "Lung", 2)
TIMES = 3
LEANING = Plane.spanned_by((5, 5, 6), (1, 0, 0.5), (0, 1, 0))


def square(plane: Plane | int, side_mm: float, time: int | None = None, of: str = "heart") -> Contour:
    where = GRID.plane(0, plane) if isinstance(plane, int) else plane
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * side_mm + 5
    return Contour(where, corners, of, time_index=time)


def whole(*contours: Contour) -> Delineation:
    return Delineation((HEART, LUNG), ContourSet(contours))


@pytest.fixture
def placements() -> Placements:
    return Placements(GRID)


def test_of_a_3d_image_everything_counts_and_an_edit_is_taken_as_it_is(placements: Placements) -> None:
    before = whole(square(2, 10))
    after = before.with_contours([square(2, 12)])
    assert at_time(before, None, placements) is before
    assert changed_at(before, after, None, placements) is after
    assert at_time(before, 1, placements) is before, "nothing belongs to a time point: identity is kept"


def test_own_contours_of_a_time_point_count_instead_of_those_of_all_on_their_plane_alone(
    placements: Placements,
) -> None:
    for_all, other_plane, own = square(2, 10), square(4, 10), square(2, 14, 1)
    lung, sheet = square(2, 8, of="lung"), square(LEANING, 9)
    # The same plane, named by another of its points: what belongs to a time point counts there too.
    turned = Plane.spanned_by(LEANING.to_lps_mm((2, 3)), LEANING.v, LEANING.u)
    own_sheet = Contour(turned, square(LEANING, 6).points_mm, "heart", time_index=1)
    drawn = whole(for_all, other_plane, own, lung, sheet, own_sheet)
    assert at_time(drawn, 0, placements).contours.contours == (for_all, other_plane, lung, sheet)
    assert at_time(drawn, 1, placements).contours.contours == (other_plane, own, lung, own_sheet)


@pytest.mark.parametrize("only_here", [True, False])
def test_redrawing_a_plane(placements: Placements, only_here: bool) -> None:
    for_all, kept = square(2, 10), square(4, 10)
    before = whole(for_all, kept)
    redrawn = square(2, 15)
    after = with_contours_on(at_time(before, 1, placements), "heart", Slice(0, 2), [redrawn], placements)
    now = changed_at(before, after, 1, placements, only_here=only_here)
    at = [at_time(now, t, placements).contours.contours for t in range(TIMES)]
    (here,) = [c for c in at[1] if c is not kept]
    assert here.time_index == (1 if only_here else None)
    assert np.array_equal(here.points_mm, redrawn.points_mm)
    if only_here:
        assert at[0] == at[2] == (for_all, kept), "the very same contours, in their order"
    else:
        assert at[0] == at[2] == at[1], "the same everywhere"
    assert all(kept in found for found in at)


def test_drawing_for_all_takes_the_place_of_what_the_time_point_had_and_leaves_the_others(
    placements: Placements,
) -> None:
    for_all, own, of_another = square(2, 10), square(2, 12, 1), square(2, 20, 2)
    before = whole(for_all, own, of_another)
    after = replace(before, contours=ContourSet((square(2, 16),)))
    now = changed_at(before, after, 1, placements)
    assert [[len(c.points_mm), c.time_index] for c in now.contours] == [[4, 2], [4, None]]
    for t, side in ((0, 16), (1, 16), (2, 20)):
        (found,) = at_time(now, t, placements).contours
        assert np.ptp(found.points_mm) == side


def test_a_plane_of_all_can_not_be_emptied_at_one_time_point(placements: Placements) -> None:
    before = whole(square(2, 10), square(4, 12, 1), square(LEANING, 9))
    for index, refused in ((2, True), (4, False)):
        after = with_contours_on(at_time(before, 1, placements), "heart", Slice(0, index), (), placements)
        if refused:
            with pytest.raises(ContourError, match="Heart belongs to all time points"):
                changed_at(before, after, 1, placements, only_here=True)
        else:
            changed_at(before, after, 1, placements, only_here=True)
        gone = changed_at(before, after, 1, placements)
        assert not placements.on(at_time(gone, 1, placements).contours, Slice(0, index))
    no_sheet = at_time(before, 0, placements)
    with pytest.raises(ContourError):
        changed_at(before, no_sheet.with_contours(list(no_sheet.contours)[:1]), 0, placements, only_here=True)


def test_a_deleted_structure_takes_the_contours_of_all_time_points_with_it(placements: Placements) -> None:
    before = whole(square(2, 10), square(2, 12, 1), square(4, 9, 2), square(2, 5, of="lung"))
    seen = at_time(before, 0, placements)
    after = replace(seen, structures=(LUNG,), contours=seen.contours.of("lung"))
    for only_here in (False, True):
        now = changed_at(before, after, 0, placements, only_here=only_here)
        assert now.contours.structure_ids == ("lung",)


def test_what_lies_beside_a_time_point_comes_back_with_it(placements: Placements) -> None:
    drawn = whole(square(2, 10), square(4, 8), square(2, 12, 1), square(4, 9, 2))
    for time in range(TIMES):
        others = other_time_points(drawn, time, placements)
        assert others is not None
        assert others.shown == time
        again = with_other_time_points(at_time(drawn, time, placements), others)
        assert set(again.contours) == set(drawn.contours)
        for seen in range(TIMES):
            first, second = (set(at_time(d, seen, placements).contours) for d in (drawn, again))
            assert first == second
    assert other_time_points(drawn, None, placements) is None
    assert with_other_time_points(drawn, None) is drawn


@given(
    st.lists(
        st.tuples(
            st.integers(0, TIMES - 1), st.integers(0, 3), st.booleans(), st.sampled_from(["draw", "add"])
        ),
        max_size=12,
    )
)
def test_what_the_reader_sees_is_what_was_drawn_last(
    edits: list[tuple[int, int, bool, str]],
) -> None:
    """By a model: drawing for all reaches the time points that have nothing of their own there."""
    placements = Placements(GRID)
    now = whole()
    own: dict[tuple[int, int], list[float]] = {}
    for_all: dict[int, list[float]] = {}
    for number, (time, plane, only_here, how) in enumerate(edits, start=1):
        side = float(number)
        view = at_time(now, time, placements)
        kept = placements.on(view.contours, Slice(0, plane)) if how == "add" else ()
        seen = [*own.get((time, plane), for_all.get(plane, []))] if how == "add" else []
        drawn = [*kept, square(plane, side)]
        after = with_contours_on(view, "heart", Slice(0, plane), drawn, placements)
        now = changed_at(now, after, time, placements, only_here=only_here)
        if only_here:
            own[time, plane] = [*seen, side]
        else:
            own.pop((time, plane), None)
            for_all[plane] = [*seen, side]
        for t in range(TIMES):
            for p in range(4):
                found = placements.on(at_time(now, t, placements).contours, Slice(0, p))
                sides = sorted(float(np.ptp(c.points_mm)) for c in found)
                assert sides == sorted(own.get((t, p), for_all.get(p, [])))
