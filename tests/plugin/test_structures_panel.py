"""The structures' panel without a window: what it lists, and what it does to a case."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from medseg.contour import Contour, Slice
from medseg.errors import LabelMapError, LockedError
from medseg.labelmap import PALETTE
from medseg.space import Grid
from medseg.volume import Quantity, Source, Volume
from medseg.workflows.anatomy import anatomy_of
from medseg.workflows.delineate import LiveProposal
from medseg.workflows.templates import TEMPLATES
from medseg.workflows.verify import State
from napari_medseg.case import Case, Change
from napari_medseg.panel.structures.editing import StructureEditing
from napari_medseg.panel.structures.rows import Volumes, rows_of

GRID = Grid.from_axes(
    (12, 60, 60), origin_lps_mm=(0, 0, 0), step_k_mm=(0, 0, 2), step_j_mm=(0, 1, 0), step_i_mm=(1, 0, 0)
)
GLIOMA = next(t for t in TEMPLATES if t.id == "glioma")
LIVER = TEMPLATES[0]


@pytest.fixture
def case() -> Case:
    return Case(Volume(GRID, np.zeros(GRID.shape_kji, np.int16), Quantity.HU, Source("phantom")), "phantom")


@pytest.fixture
def editing(case: Case) -> StructureEditing:
    return StructureEditing(case)


def draw(case: Case, structure_id: str, k: int, side_mm: float) -> None:
    low, high = 29.5 - side_mm / 2, 29.5 + side_mm / 2
    corners = np.array([[low, low], [low, high], [high, high], [high, low]])
    contour = Contour(GRID.plane(0, k), corners, structure_id)
    case.replace_on(structure_id, Slice(0, k), [contour], "draw")


def test_a_row_says_all_that_there_is_to_know(case: Case, editing: StructureEditing) -> None:
    editing.use(LIVER)
    editing.lock("liver", on=True)
    draw(case, "liver-metastasis-1", 3, 10)
    liver, metastasis = rows_of(case, {"liver": 1510.4}, {"liver-metastasis-1"})
    assert (liver.key, liver.name, liver.about, liver.volume) == ("1", "Liver", "Liver", "1510")
    assert (liver.locked, liver.shown) == (True, True)
    assert (metastasis.key, metastasis.about) == ("2", "in Liver · Neoplasm, Secondary")
    assert (metastasis.drawn, metastasis.volume) == ("1 contour", "–")
    assert (metastasis.locked, metastasis.shown) == (False, False)
    assert metastasis.tip == "Liver metastasis 1, in Liver · Neoplasm, Secondary, 1 contour"


def test_nine_have_a_key(editing: StructureEditing) -> None:
    for number in range(11):
        editing.add(f"Node {number}")
    keys = [row.key for row in rows_of(editing.case, {}, ())]
    assert keys == [*"123456789", "", ""]
    assert rows_of(None, {}, ()) == []


def test_the_volume_is_that_of_the_proposal(case: Case, editing: StructureEditing) -> None:
    editing.use(LIVER)
    volumes, live = Volumes(), LiveProposal(GRID)
    for k in (2, 8):
        draw(case, "liver", k, 40)
    volumes.follow(live.update(case.delineation)[0])
    assert volumes.ml["liver"] == pytest.approx(7 * 2 * 1600 / 1000)
    assert "liver-metastasis-1" not in volumes.ml
    for k in (4, 6):
        draw(case, "liver-metastasis-1", k, 10)
    volumes.follow(live.update(case.delineation)[0])
    assert volumes.ml["liver-metastasis-1"] == pytest.approx(3 * 2 * 100 / 1000)
    assert volumes.ml["liver"] == pytest.approx(7 * 2 * 1600 / 1000), "the tumour counts into it"
    case.undo()
    case.undo()
    volumes.follow(live.update(case.delineation)[0])
    assert set(volumes.ml) == {"liver"}


EDITS: dict[str, Callable[[StructureEditing], object]] = {
    "add": lambda e: e.add("Spleen"),
    "add chosen": lambda e: e.add("liv", anatomy=anatomy_of("SCT", "10200004")),
    "add another": lambda e: e.add_another("necrosis"),
    "template": lambda e: e.use(LIVER),
    "rename": lambda e: e.rename("oedema", "Swelling"),
    "recolour": lambda e: e.recolor("oedema", "#123456"),
    "recode": lambda e: e.recode("oedema", anatomy_of("SCT", "6574001")),
    "take the code back": lambda e: e.recode("oedema", None),
    "move": lambda e: e.move("oedema", "glioma"),
    "lock": lambda e: e.lock("oedema", on=True),
    "delete": lambda e: e.delete("glioma"),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_each_edit_is_one_step_that_can_be_undone(
    case: Case, editing: StructureEditing, edit: Callable[[StructureEditing], object]
) -> None:
    editing.use(GLIOMA)
    draw(case, "glioma", 3, 20)
    before, steps = case.delineation, len(case.history.steps)
    told: list[Change] = []
    case.subscribe(told.append)
    edit(editing)
    after = case.delineation
    assert after is not before
    assert Change.STRUCTURES in told
    assert len(case.history.steps) == steps + 1
    case.undo()
    assert case.delineation is before
    case.redo()
    assert case.delineation is after


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_no_edit_of_an_approved_case(
    case: Case, editing: StructureEditing, edit: Callable[[StructureEditing], object]
) -> None:
    editing.use(GLIOMA)
    before = case.delineation
    case.mark_state(State.APPROVED)
    with pytest.raises(LockedError):
        edit(editing)
    assert case.delineation is before


@pytest.mark.parametrize("name", ["rename", "recolour", "recode", "move"])
def test_no_edit_of_a_locked_structure(case: Case, editing: StructureEditing, name: str) -> None:
    editing.use(GLIOMA)
    editing.lock("oedema", on=True)
    before = case.delineation
    with pytest.raises(LockedError, match="Oedema is locked"):
        EDITS[name](editing)
    with pytest.raises(LockedError):
        editing.delete("oedema")
    assert case.delineation is before
    editing.lock("oedema", on=False)
    EDITS[name](editing)
    assert case.delineation is not before


def test_a_choice_of_the_list_names_and_colours_the_structure(editing: StructureEditing) -> None:
    metastasis = anatomy_of("SCT", "14799000")
    first = editing.add("met", anatomy=metastasis)
    second = editing.add("met", anatomy=metastasis)
    assert (first.name, second.name) == ("Neoplasm, Secondary", "Neoplasm, Secondary 2")
    assert first.color == metastasis.color
    assert second.color in PALETTE
    assert first.code == second.code == metastasis.code
    assert editing.add("left kidn", anatomy=anatomy_of("SCT", "64033007")).name == "Left kidney"
    with pytest.raises(LabelMapError, match="needs a name"):
        editing.add("  ")


def test_a_template_that_is_all_there_is_no_step(case: Case, editing: StructureEditing) -> None:
    assert [s.name for s in editing.use(GLIOMA)] == [part.name for part in GLIOMA.parts]
    steps = len(case.history.steps)
    assert editing.use(GLIOMA) == ()
    assert len(case.history.steps) == steps


def test_what_is_offered_can_be_chosen(case: Case, editing: StructureEditing) -> None:
    editing.use(GLIOMA)
    assert {s.id for s in editing.wholes_for("glioma")} == {"oedema"}
    for structure in case.structures[1:]:
        for whole in editing.wholes_for(structure.id):
            editing.move(structure.id, whole.id)
            assert case.structure(structure.id).part_of == whole.id
    assert editing.wholes_for("glioma") == (), "all is part of it now, by way of others"
    editing.recolor("oedema", PALETTE[0])
    assert editing.colors_for("glioma")[-1] == PALETTE[0]
    assert set(editing.colors_for("glioma")) == set(PALETTE)
