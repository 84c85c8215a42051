"""What was drawn, step by step: nothing is lost, and nothing that was drawn is altered."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medseg.contour import Contour, ContourSet, Origin, Slice, place
from medseg.errors import ContourError, LockedError
from medseg.interpolation import interpolate
from medseg.labelmap import LabelMap, Structure, fill
from medseg.space import Grid, upright_grid
from medseg.workflows.delineate import (
    Delineation,
    History,
    LiveProposal,
    Placements,
    accepted,
    contours_on,
    label_map_of,
    opened,
    proposed_anew,
    with_contours_on,
)

TUMOUR = Structure("tumour", "Tumour", 1)
LIVER = Structure("liver", "Liver", 2)
CORE = Structure("core", "Core", 3, part_of="tumour")
SIZE = {"tumour": 1.0, "liver": 1.7, "core": 0.5}


@pytest.fixture(params=["upright", "oblique"])
def grid(request: pytest.FixtureRequest) -> Grid:
    if request.param == "upright":
        steps = {"step_k_mm": (0, 0, 2), "step_j_mm": (0, 1, 0), "step_i_mm": (1, 0, 0)}
    else:
        steps = {"step_k_mm": (0, -1.2, 1.6), "step_j_mm": (0, 0.8, 0.6), "step_i_mm": (1, 0, 0)}
    return Grid.from_axes((24, 56, 60), origin_lps_mm=(0, 0, 0), **steps)


def circle(grid: Grid, where: Slice, radius_mm: float, structure_id: str, *, hole: bool = False) -> Contour:
    """A circle around the middle of the grid, on a slice."""
    middle = grid.to_lps_mm([[12, 28, 30]])
    plane = grid.plane(where.axis, where.index)
    angles = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    points = plane.to_plane_mm(middle)[0] + radius_mm * np.column_stack([np.cos(angles), np.sin(angles)])
    return Contour(plane, points, structure_id, hole=hole)


def drawn(grid: Grid, *structures: Structure, slices: tuple[int, ...] = (6, 12, 18)) -> Delineation:
    radii = {6: 9.0, 12: 14.0, 18: 8.0}
    return Delineation(
        structures,
        ContourSet(
            tuple(
                circle(grid, Slice(0, k), radii.get(k, 10.0) * SIZE[s.id], s.id)
                for s in structures
                for k in slices
            )
        ),
    )


def test_undo_gives_back_the_very_same_objects() -> None:
    history = History(Delineation())
    made = [Delineation((TUMOUR,), notes=(str(number),)) for number in range(300)]
    for number, delineation in enumerate(made):
        step = history.do(f"step {number}", delineation)
        assert step.after is delineation is history.current
    for delineation in reversed(made[:-1]):
        history.undo()
        assert history.current is delineation
    assert [history.redo().label for _ in range(3)] == ["step 1", "step 2", "step 3"]
    history.do("else", Delineation())
    assert not history.can_redo, "what was undone before a new step is gone"
    assert history.redo() is None


def test_a_history_forgets_its_oldest_steps_only() -> None:
    history = History(Delineation())
    made = [Delineation(notes=(str(number),)) for number in range(1100)]
    for delineation in made:
        history.do("step", delineation)
    assert len(history.steps) == 1000
    while history.undo():
        pass
    assert history.current is made[99] is history.start


@given(st.lists(st.sampled_from(["do", "undo", "redo"]), max_size=60))
def test_a_history_is_a_list_with_a_position(actions: list[str]) -> None:
    history, expected, position = History(Delineation()), [None], 0
    expected = [history.current]
    for number, action in enumerate(actions):
        if action == "do":
            expected[position + 1 :] = [Delineation(notes=(str(number),))]
            position += 1
            history.do(action, expected[-1])
        elif action == "undo":
            assert (history.undo() is None) == (position == 0)
            position = max(0, position - 1)
        else:
            assert (history.redo() is None) == (position == len(expected) - 1)
            position = min(len(expected) - 1, position + 1)
        assert history.current is expected[position]
        assert (history.can_undo, history.can_redo) == (position > 0, position < len(expected) - 1)


def test_what_is_on_a_plane_is_replaced_and_nothing_else(grid: Grid) -> None:
    before = drawn(grid, TUMOUR, LIVER)
    placements = Placements(grid)
    new = circle(grid, Slice(0, 12), 5, "tumour")
    after = with_contours_on(before, "tumour", Slice(0, 12), [new], placements)
    assert contours_on(after, "tumour", Slice(0, 12), placements) == (new,)
    gone = [c for c in before.contours if c not in after.contours.contours]
    assert [(c.structure_id, placements.of(c)) for c in gone] == [("tumour", Slice(0, 12))]
    assert after.contours.contours[-1] is new, "drawn on last"
    beyond = Contour(grid.plane(0, 40), new.points_mm, "tumour")
    with pytest.raises(ContourError, match="outside the grid"):
        with_contours_on(before, "tumour", Slice(0, 12), [beyond], placements)


@pytest.mark.parametrize("structures", [(TUMOUR,), (TUMOUR, LIVER), (LIVER, TUMOUR, CORE)])
def test_all_that_is_accepted_is_what_was_proposed(grid: Grid, structures: tuple[Structure, ...]) -> None:
    before = drawn(grid, *structures)
    proposal, _ = LiveProposal(grid).update(before)
    after = accepted(proposal)
    expected = interpolate(before.contours, grid, structures).label_map
    made = label_map_of(after, grid)
    for structure in structures:
        assert np.array_equal(made.mask(structure.id), expected.mask(structure.id)), structure.name
    assert after.contours.contours[: len(before.contours)] == before.contours.contours
    added = after.contours.contours[len(before.contours) :]
    assert {c.origin for c in added} == {Origin.INTERPOLATED}
    assert set(after.completed) == {s.id for s in structures}
    again, changed = LiveProposal(grid).update(after)
    assert all(not again.open_slices[s.id] for s in structures), "it is complete"
    assert np.array_equal(changed.layers[0], made.voxels)


def test_planes_of_several_directions_are_accepted_as_they_come_out(grid: Grid) -> None:
    contours = (
        circle(grid, Slice(0, 12), 13, "tumour"),
        circle(grid, Slice(1, 28), 13, "tumour"),
        circle(grid, Slice(2, 30), 13, "tumour"),
    )
    before = Delineation((TUMOUR,), ContourSet(contours))
    proposal, changed = LiveProposal(grid).update(before)
    after = accepted(proposal)
    assert after.contours.contours[:3] == contours
    assert np.array_equal(label_map_of(after, grid).voxels, changed.layers[0])


def test_one_slice_can_be_accepted_and_is_then_fixed(grid: Grid) -> None:
    before = drawn(grid, TUMOUR)
    live = LiveProposal(grid)
    proposal, _ = live.update(before)
    after = accepted(proposal, structure_ids=["tumour"], slices=[Slice(0, 9)])
    (taken,) = after.contours.contours[len(before.contours) :]
    assert place(taken, grid) == Slice(0, 9)
    placements = Placements(grid)
    wider = with_contours_on(
        after, "tumour", Slice(0, 12), [circle(grid, Slice(0, 12), 20, "tumour")], placements
    )
    moved, _ = live.update(wider)
    assert Slice(0, 9) not in moved.open_slices["tumour"]
    mask = live.update(wider)[0].completions[0].label_map.voxels[9] > 0
    assert np.array_equal(mask, fill([taken], grid, Slice(0, 9))), "it is not recomputed"
    assert accepted(moved, structure_ids=["tumour"], slices=[Slice(0, 9)]) is wider


def test_accepted_slices_can_be_proposed_anew(grid: Grid) -> None:
    before = drawn(grid, TUMOUR)
    proposal, _ = LiveProposal(grid).update(before)
    after = proposed_anew(accepted(proposal), "tumour")
    assert after.contours.contours == before.contours.contours
    assert after.completed == {}


def test_a_locked_structure_is_not_accepted(grid: Grid) -> None:
    before = replace(drawn(grid, TUMOUR, LIVER), locked=frozenset({"liver"}))
    proposal, _ = LiveProposal(grid).update(before)
    after = accepted(proposal)
    assert {c.structure_id for c in after.contours if c.origin is Origin.INTERPOLATED} == {"tumour"}
    with pytest.raises(LockedError, match="Liver is locked"):
        accepted(proposal, structure_ids=["liver"])


def test_what_changed_is_told_to_the_voxel(grid: Grid) -> None:
    live, now = LiveProposal(grid), drawn(grid, TUMOUR, LIVER)
    placements = Placements(grid)
    _, changed = live.update(now)
    shown = changed.layers[0].copy()
    random = np.random.default_rng(7)
    for _ in range(12):
        where = Slice(0, int(random.integers(4, 20)))
        name = str(random.choice(["tumour", "liver"]))
        size = float(random.uniform(4, 18))
        contours = [circle(grid, where, size, name)] if random.random() < 0.8 else []
        now = with_contours_on(now, name, where, contours, placements)
        _, changed = live.update(now)
        assert not changed.is_whole
        shown[changed.box] = changed.layers[0]
        whole = LiveProposal(grid).update(now)[1].layers[0]
        assert np.array_equal(shown, whole)


def test_an_update_that_failed_is_made_up_for(grid: Grid) -> None:
    live = LiveProposal(grid)
    live.update(drawn(grid, TUMOUR))
    beyond = Contour(grid.plane(0, 60), circle(grid, Slice(0, 6), 9, "tumour").points_mm, "tumour")
    bad = drawn(grid, TUMOUR).with_contours((*drawn(grid, TUMOUR).contours, beyond))
    with pytest.raises(ContourError):
        live.update(bad)
    _, changed = live.update(drawn(grid, TUMOUR, slices=(6, 12)))
    assert changed.is_whole


def masks_of(grid: Grid) -> npt.NDArray[np.uint8]:
    """Two pieces, one above the other, with empty slices between."""
    voxels = np.zeros(grid.shape_kji, dtype=np.uint8)
    voxels[5:8, 20:30, 20:32] = 1
    voxels[12:15, 22:34, 18:30] = 1
    return voxels


def test_voxels_stay_voxels_until_a_slice_is_edited(grid: Grid) -> None:
    voxels = masks_of(grid)
    now = opened(LabelMap(grid, (voxels,), (TUMOUR,)), ContourSet())
    assert not now.contours
    assert np.array_equal(label_map_of(now, grid).voxels, voxels)
    proposal, changed = LiveProposal(grid).update(now)
    assert np.array_equal(changed.layers[0], voxels), "nothing is proposed between the pieces"
    assert proposal.open_slices.get("tumour", ()) == ()
    placements = Placements(grid)
    traced = contours_on(now, "tumour", Slice(0, 6), placements)
    assert np.array_equal(fill(traced, grid, Slice(0, 6)), voxels[6] > 0)
    assert {c.origin for c in traced} == {Origin.IMPORTED}
    edited = with_contours_on(
        now, "tumour", Slice(0, 6), [circle(grid, Slice(0, 6), 4, "tumour")], placements
    )
    made = label_map_of(edited, grid).voxels
    assert np.array_equal(np.delete(made, 6, axis=0), np.delete(voxels, 6, axis=0))
    assert np.array_equal(LiveProposal(grid).update(edited)[1].layers[0], made)


@pytest.mark.parametrize("where", [Slice(0, 6), Slice(2, 20)], ids=str)
def test_a_slice_of_voxels_can_be_emptied(grid: Grid, where: Slice) -> None:
    voxels = masks_of(grid)
    now = opened(LabelMap(grid, (voxels,), (TUMOUR,)), ContourSet())
    placements = Placements(grid)
    edited = with_contours_on(now, "tumour", where, [circle(grid, where, 4, "tumour")], placements)
    expected = voxels.copy()
    np.moveaxis(expected, where.axis, 0)[where.index] = 0
    for before in (now, edited):
        emptied = with_contours_on(before, "tumour", where, (), placements)
        assert np.array_equal(label_map_of(emptied, grid).voxels, expected)
        assert contours_on(emptied, "tumour", where, placements) == ()
        live = LiveProposal(grid)
        live.update(before)
        _, changed = live.update(emptied)
        shown = label_map_of(before, grid).voxels.copy()
        shown[changed.box] = changed.layers[0]
        assert np.array_equal(shown, expected)
        assert with_contours_on(emptied, "tumour", where, (), placements).voxels is emptied.voxels
    assert np.array_equal(label_map_of(now, grid).voxels, voxels), "what was is untouched: undo finds it"


def test_where_a_part_is_emptied_there_is_what_it_is_part_of(grid: Grid) -> None:
    voxels = masks_of(grid)
    voxels[6, 24:28, 24:28] = CORE.label
    now = opened(LabelMap(grid, (voxels,), (TUMOUR, CORE)), ContourSet())
    emptied = with_contours_on(now, "core", Slice(0, 6), (), Placements(grid))
    assert not label_map_of(emptied, grid).mask("core").any()
    assert np.array_equal(label_map_of(emptied, grid).voxels, np.where(voxels == CORE.label, 1, voxels))


def test_what_was_saved_between_contours_can_be_edited_again(grid: Grid) -> None:
    before = drawn(grid, LIVER, TUMOUR, CORE)
    completion = interpolate(before.contours, grid, before.structures)
    how = {"tumour": LiveProposal(grid).update(before)[0].how_completed["tumour"]}
    now = opened(completion.label_map, before.contours, how)
    assert now.contours.contours[: len(before.contours)] == before.contours.contours
    assert np.array_equal(label_map_of(now, grid).voxels, completion.label_map.voxels)
    origins = {c.structure_id: c.origin for c in now.contours.contours[len(before.contours) :]}
    assert origins["tumour"] is Origin.INTERPOLATED
    assert origins["liver"] is Origin.IMPORTED, "no record says that it was interpolated"


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1))
def test_any_voxels_come_back_as_they_were(seed: int) -> None:
    grid = Grid.from_axes(
        (5, 7, 6), origin_lps_mm=(0, 0, 0), step_k_mm=(0, 0, 2), step_j_mm=(0, 1, 0), step_i_mm=(1, 0, 0)
    )
    voxels = np.random.default_rng(seed).integers(0, 4, size=grid.shape_kji).astype(np.uint8)
    label_map = LabelMap(grid, (voxels,), (TUMOUR, LIVER, CORE))
    alone = opened(label_map, ContourSet())
    assert np.array_equal(label_map_of(alone, grid).voxels, voxels)


def test_what_is_proposed_is_cut_by_any_plane_of_another_grid(grid: Grid) -> None:
    """As by true anatomical planes: the outline holds what the voxels of the proposal are there."""
    proposal, changed = LiveProposal(grid, None).update(drawn(grid, TUMOUR))
    (voxels,) = changed.layers
    other = upright_grid(grid)
    middle = np.rint(other.to_index(grid.to_lps_mm([[12, 28, 30]]))[0]).astype(int)
    for axis in range(3):
        where = Slice(axis, int(middle[axis]))
        outlines = proposal.outline_on("tumour", other, where)
        assert len(outlines) == 1
        assert np.abs(other.plane(axis, where.index).distance_mm(outlines[0].points_lps_mm)).max() < 1e-6
        inside = fill(outlines, other, where)
        index = np.stack(np.indices(other.shape_kji), axis=-1).take(where.index, axis=axis)
        nearest = np.rint(grid.to_index(other.to_lps_mm(index))).astype(int)
        held = ((nearest >= 0) & (nearest < grid.shape_kji)).all(axis=-1)
        expected = np.zeros_like(held)
        expected[held] = voxels[tuple(nearest[held].T)] == TUMOUR.label
        overlap = 2 * (inside & expected).sum() / (inside.sum() + expected.sum())
        assert overlap > 0.95, f"across axis {axis}"
    assert proposal.outline_on("tumour", other, Slice(0, 0)) == ()
