"""Structures come, go and change; contours, voxels and ids stay consistent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medseg.contour import Contour, ContourSet
from medseg.errors import LabelMapError, MedsegError
from medseg.labelmap import LabelMap, Structure
from medseg.space import Grid
from medseg.workflows import structure_edits as edits
from medseg.workflows.anatomy import anatomy_of
from medseg.workflows.delineate import Delineation, LiveProposal, label_map_of
from medseg.workflows.templates import TEMPLATES

GRID = Grid.from_axes(
    (4, 20, 20), origin_lps_mm=(0, 0, 0), step_k_mm=(0, 0, 2), step_j_mm=(0, 1, 0), step_i_mm=(1, 0, 0)
)
LIVER = Structure("liver", "Liver", 1, code=anatomy_of("SCT", "10200004").code)
TUMOUR = Structure("tumour", "Tumour", 2, part_of="liver")
CORE = Structure("core", "Core", 3, part_of="tumour")


def square(structure_id: str, k: int, low: float, high: float) -> Contour:
    corners = np.array([[low, low], [low, high], [high, high], [high, low]], dtype=float)
    return Contour(GRID.plane(0, k), corners, structure_id)


@pytest.fixture
def drawn() -> Delineation:
    """A core in a tumour in a liver, each on two slices."""
    sides = {"liver": (1.5, 17.5), "tumour": (4.5, 13.5), "core": (7.5, 10.5)}
    contours = tuple(square(key, k, *sides[key]) for key in sides for k in (1, 2))
    return Delineation((LIVER, TUMOUR, CORE), ContourSet(contours))


@pytest.fixture
def voxels() -> Delineation:
    """The same as voxels, as another program brought it."""
    layer = np.zeros(GRID.shape_kji, np.uint8)
    for label, (low, high) in {1: (2, 18), 2: (5, 14), 3: (8, 11)}.items():
        layer[1:3, low:high, low:high] = label
    label_map = LabelMap(GRID, (layer,), (LIVER, TUMOUR, CORE))
    return Delineation(label_map.structures, voxels=label_map)


def test_a_structure_gets_the_code_that_its_name_says() -> None:
    after = edits.added(Delineation(), "  left   kidney 2 ")
    (kidney,) = after.structures
    assert (kidney.name, kidney.id, kidney.label) == ("left kidney 2", "left-kidney-2", 1)
    assert kidney.code == anatomy_of("SCT", "64033007").code
    assert kidney.color == anatomy_of("SCT", "64033007").color


def test_a_part_lies_in_the_layer_of_its_whole() -> None:
    before = edits.added(Delineation((replace(LIVER, layer=1),)), "Lesion X", part_of="liver")
    assert (before.structures[1].layer, before.structures[1].part_of) == (1, "liver")
    assert before.structures[1].code is None


@pytest.mark.parametrize("name", ["Liver", " liver", ""])
def test_a_name_is_there_once(drawn: Delineation, name: str) -> None:
    with pytest.raises(LabelMapError):
        edits.added(drawn, name)
    with pytest.raises(LabelMapError):
        edits.renamed(drawn, "tumour", name)


def test_one_more_is_the_next_of_its_kind() -> None:
    one = edits.with_template(Delineation(), TEMPLATES[0])
    three = edits.added_another(edits.added_another(one, "liver-metastasis-1"), "liver-metastasis-1")
    assert [s.name for s in three.structures] == [
        "Liver", "Liver metastasis 1", "Liver metastasis 2", "Liver metastasis 3",
    ]  # fmt: skip
    assert {s.part_of for s in three.structures[1:]} == {"liver"}
    assert len({s.code for s in three.structures[1:]}) == 1
    assert len({s.color for s in three.structures}) == 4


def test_one_more_of_what_has_no_code_has_none() -> None:
    before = edits.recoded(edits.added(Delineation(), "Kidney"), "kidney", None)
    assert edits.added_another(before, "kidney").structures[1].code is None


def test_changes_keep_the_id_and_everything_else(drawn: Delineation) -> None:
    after = edits.renamed(drawn, "tumour", "  Segment 7   lesion ")
    after = edits.recolored(after, "tumour", "#123456")
    after = edits.recoded(after, "tumour", anatomy_of("SCT", "14799000").code)
    changed = after.structure("tumour")
    assert (changed.name, changed.color) == ("Segment 7 lesion", "#123456")
    assert changed.code is not None
    assert changed.code.value == "14799000"
    assert after.contours is drawn.contours
    assert after.structures[0] is LIVER
    assert edits.recoded(after, "tumour", None).structure("tumour").code is None


def test_what_changes_nothing_is_no_step(drawn: Delineation) -> None:
    assert edits.renamed(drawn, "liver", "Liver") is drawn
    assert edits.recolored(drawn, "liver", LIVER.color) is drawn
    assert edits.recoded(drawn, "liver", LIVER.code) is drawn
    assert edits.moved(drawn, "tumour", "liver") is drawn
    assert edits.locked(drawn, "liver", on=False) is drawn


def test_spelling_of_its_own_name_may_change(drawn: Delineation) -> None:
    assert edits.renamed(drawn, "liver", "LIVER").structure("liver").name == "LIVER"


def test_nothing_contains_itself(drawn: Delineation) -> None:
    for whole in ("liver", "tumour", "core"):
        with pytest.raises(LabelMapError, match="can't be part of"):
            edits.moved(drawn, "liver", whole)
    assert edits.moved(drawn, "core", "liver").structure("core").part_of == "liver"
    assert edits.moved(drawn, "core", None).structure("core").part_of is None


def test_a_drawn_part_goes_into_the_layer_of_its_whole(drawn: Delineation, voxels: Delineation) -> None:
    apart = replace(drawn, structures=(replace(LIVER, layer=1), replace(TUMOUR, part_of=None), CORE))
    assert edits.moved(apart, "tumour", "liver").structure("tumour").layer == 1
    other = Structure("other", "Other", TUMOUR.label, layer=1)
    taken = replace(apart, structures=(*apart.structures, other))
    assert edits.moved(taken, "tumour", "liver").structure("tumour").layer == 0, "its label is taken there"
    brought = replace(voxels, structures=(replace(LIVER, layer=1), replace(TUMOUR, part_of=None), CORE))
    assert edits.moved(brought, "tumour", "liver").structure("tumour").layer == 0, "its voxels lie there"


def test_a_lock_comes_and_goes(drawn: Delineation) -> None:
    on = edits.locked(drawn, "tumour", on=True)
    assert on.locked == {"tumour"}
    assert edits.locked(on, "tumour", on=False).locked == frozenset()
    with pytest.raises(LabelMapError):
        edits.locked(drawn, "spleen", on=True)


def test_what_is_deleted_leaves_nothing_behind(drawn: Delineation) -> None:
    after = edits.without(edits.locked(drawn, "tumour", on=True), "tumour")
    assert [s.id for s in after.structures] == ["liver", "core"]
    assert after.structure("core").part_of == "liver", "the core is in the liver now"
    assert {c.structure_id for c in after.contours} == {"liver", "core"}
    assert after.locked == frozenset()
    assert [c for c in drawn.contours if c.structure_id != "tumour"] == list(after.contours)


def test_where_a_tumour_of_voxels_is_deleted_there_is_liver(voxels: Delineation) -> None:
    after = edits.without(voxels, "tumour")
    label_map = label_map_of(after, GRID)
    assert np.count_nonzero(label_map.mask("core")) == 2 * 9
    assert np.count_nonzero(label_map.mask("liver")) == 2 * (256 - 9)
    assert np.count_nonzero(label_map_of(voxels, GRID).mask("tumour")) == 2 * (81 - 9), "it was not altered"
    nothing = edits.without(edits.without(after, "liver"), "core")
    assert nothing.voxels is None
    assert nothing.structures == ()


def test_the_engine_shows_liver_there_too(voxels: Delineation) -> None:
    live = LiveProposal(GRID)
    live.update(voxels)
    proposal, _ = live.update(edits.without(voxels, "tumour"))
    assert proposal.volume_mm3("liver") == pytest.approx(2 * 256 * 2.0), "with the core that is part of it"
    proposal, _ = live.update(voxels)
    assert proposal.volume_mm3("tumour") == pytest.approx(2 * 81 * 2.0), "undone"


def test_a_name_used_again_does_not_get_the_voxels_of_the_one_before(voxels: Delineation) -> None:
    again = edits.added(edits.without(voxels, "tumour"), "Tumour")
    assert again.structures[-1].id == "tumour"
    assert not again.came_as_voxels("tumour")
    assert not label_map_of(again, GRID).mask("tumour").any()


STEPS: dict[str, Callable[[Delineation, str, str], Delineation]] = {
    "add": lambda now, _, name: edits.added(now, name),
    "part": lambda now, key, name: edits.added(now, name, part_of=key),
    "more": lambda now, key, _: edits.added_another(now, key),
    "rename": lambda now, key, name: edits.renamed(now, key, name),
    "color": lambda now, key, _: edits.recolored(now, key, "#abcdef"),
    "move": lambda now, key, name: edits.moved(now, key, name if name in _ids(now) else None),
    "lock": lambda now, key, _: edits.locked(now, key, on=True),
    "delete": lambda now, key, _: edits.without(now, key),
    "template": lambda now, _, name: edits.with_template(now, TEMPLATES[len(name) % len(TEMPLATES)]),
}


def _ids(now: Delineation) -> set[str]:
    return {s.id for s in now.structures}


@settings(max_examples=60, deadline=None)
@given(
    st.booleans(),
    st.lists(
        st.tuples(
            st.sampled_from(sorted(STEPS)),
            st.integers(0, 9),
            st.sampled_from(["liver", "tumour", "core", "Spleen", "Cyst 3", "GTV"]),
        ),
        max_size=12,
    ),
)
def test_whatever_is_done_the_label_map_is_sound(as_voxels: bool, steps: list[tuple[str, int, str]]) -> None:
    now: Delineation = _made(as_voxels=as_voxels)
    for step, number, name in steps:
        key = now.structures[number % len(now.structures)].id if now.structures else "none"
        try:
            now = STEPS[step](now, key, name)
        except MedsegError:
            continue
        checked = label_map_of(now, GRID)
        # The constructor refuses what contradicts itself.
        LabelMap(GRID, checked.layers, now.structures)
        assert {c.structure_id for c in now.contours} <= _ids(now)
        assert now.locked <= _ids(now)
        if now.voxels is not None:
            LabelMap(GRID, now.voxels.layers, now.voxels.structures)
            assert {s.id for s in now.voxels.structures} <= _ids(now)


def _made(*, as_voxels: bool) -> Delineation:
    layer = np.zeros(GRID.shape_kji, np.uint8)
    layer[1:3, 2:18, 2:18], layer[1:3, 5:14, 5:14] = 1, 2
    label_map = LabelMap(GRID, (layer,), (LIVER, TUMOUR))
    contours = ContourSet(tuple(square(key, 1, 2.5, 9.5) for key in ("liver", "tumour")))
    voxels = label_map if as_voxels else None
    return Delineation(label_map.structures, ContourSet() if as_voxels else contours, voxels)
