"""Finding what a structure is by a few letters."""

from __future__ import annotations

import re

import numpy as np
import pytest

from medseg.io.anatomy_codes import anatomy_codes
from medseg.labelmap import PALETTE, LabelMap, Structure
from medseg.space import Grid
from medseg.workflows import anatomy_colors
from medseg.workflows.anatomy import OTHER_WORDS, anatomy_of, find_anatomy, name_of, recognised_anatomy
from medseg.workflows.anatomy_colors import ALIKE, color_beside, color_distance, recommended_color


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("liver", "Liver"),
        ("liv", "Liver"),
        ("LIVER ", "Liver"),
        ("kidn", "Kidney"),
        ("tumour", "Neoplasm"),
        ("tumor", "Neoplasm"),
        ("met", "Neoplasm, Secondary"),
        ("liver metastasis 1", "Neoplasm, Secondary"),
        ("oedema", "Edema"),
        ("haemorrh", "Hemorrhage"),
        ("oesophagus", "Esophagus"),
        ("vertebra l4", "L4 vertebra"),
        ("portal v", "Portal vein"),
        ("bladder", "Bladder"),
        ("10200004", "Liver"),
        ("left kidney", "Kidney"),
        ("gtv", "GTV"),
    ],
)
def test_what_is_meant_comes_first(text: str, first: str) -> None:
    assert find_anatomy(text)[0].code.meaning == first


def test_the_limit_holds_and_nothing_is_found_for_nothing() -> None:
    assert len(find_anatomy("a", 7)) == 7
    assert find_anatomy("") == find_anatomy("  ,") == find_anatomy("qqqq") == ()


def test_what_has_all_words_hides_what_has_one() -> None:
    assert {"axillary", "node"} <= set(find_anatomy("axil node")[0].code.meaning.casefold().split())
    assert all("axil" in one.code.meaning.casefold() for one in find_anatomy("axil node", 100))


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("Liver", "Liver"),
        ("Left kidney", "Kidney"),
        ("Tumour 2", "Neoplasm"),
        ("L4 vertebra", "L4 vertebra"),
        ("Liver metastasis 1", None),
        ("Descending aorta", None),
        ("", None),
        ("left 2", None),
    ],
)
def test_a_name_is_recognised_only_where_it_says_one_thing(name: str, meaning: str | None) -> None:
    found = recognised_anatomy(name)
    assert (found and found.code.meaning) == meaning


@pytest.mark.parametrize(
    ("value", "typed", "name"),
    [
        ("10200004", "liv", "Liver"),
        ("64033007", "left kidn", "Left kidney"),
        ("228791009", "left gtv", "Left GTV"),
        ("14799000", "liver metastasis 1", "Liver metastasis 1"),
        ("14799000", "met", "Neoplasm, Secondary"),
        ("6574001", "", "Necrosis"),
    ],
)
def test_a_structure_is_called_what_was_meant(value: str, typed: str, name: str) -> None:
    assert name_of(anatomy_of("SCT", value), typed) == name


def test_further_words_and_colours_are_of_codes_that_exist() -> None:
    for key in (*OTHER_WORDS, *anatomy_colors._BY_CODE):
        assert anatomy_of(*key).code.scheme == key[0]


def test_every_colour_is_seen_as_an_outline_on_grey() -> None:
    colors = {recommended_color(one) for one in anatomy_codes()}
    assert len(colors) > 40
    for color in colors:
        assert re.fullmatch("#[0-9a-f]{6}", color)
        for grey in ("#000000", "#404040", "#808080"):
            assert color_distance(color, grey) > 100, f"{color} on {grey}"


def test_a_colour_that_is_taken_gives_way() -> None:
    assert color_beside("#ff9a1f", []) == "#ff9a1f"
    assert color_beside("#ff9a1f", ["#0000ff"]) == "#ff9a1f"
    taken = ["#ff9a1f"]
    for _ in range(6):
        taken.append(color_beside("#ff9a20", taken))
        assert taken[-1] in PALETTE
        assert min(color_distance(taken[-1], other) for other in taken[:-1]) > ALIKE


def test_colours_are_further_apart_the_more_they_differ() -> None:
    assert color_distance("#ffffff", "#ffffff") == 0
    assert color_distance("#000000", "#ffffff") == pytest.approx(764.8, abs=0.1)
    assert color_distance("#ff0000", "#ff1000") < color_distance("#ff0000", "#00ff00")


def test_codes_are_those_that_a_label_map_takes() -> None:
    grid = Grid((1, 1, 1), np.eye(4)[[2, 1, 0, 3]])
    structures = tuple(
        Structure(f"s{number}", name_of(one), number, color=one.color, code=one.code)
        for number, one in enumerate(find_anatomy("a", 2000), start=1)
    )
    LabelMap(grid, (np.zeros((1, 1, 1), np.uint16),), structures)
    assert len(structures) > 800
