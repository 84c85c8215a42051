"""Each template is a sound set of structures that can be told apart."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from medseg.labelmap import LabelMap
from medseg.space import Grid
from medseg.workflows.anatomy_colors import ALIKE, color_distance
from medseg.workflows.delineate import Delineation
from medseg.workflows.structure_edits import with_template
from medseg.workflows.templates import TEMPLATES, Template


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.id)
def test_a_template_makes_a_case(template: Template) -> None:
    structures = with_template(Delineation(), template).structures
    assert [s.name for s in structures] == [part.name for part in template.parts]
    assert [s.label for s in structures] == list(range(1, len(structures) + 1))
    names = {s.id: s.name for s in structures}
    for structure, part in zip(structures, template.parts, strict=True):
        assert structure.code == part.anatomy.code
        assert (names[structure.part_of] if structure.part_of else None) == part.part_of
    for one, other in itertools.combinations(structures, 2):
        assert color_distance(one.color, other.color) > ALIKE, f"{one.name} and {other.name}"
    grid = Grid((1, 1, 1), np.eye(4)[[2, 1, 0, 3]])
    layers = [np.zeros((1, 1, 1), np.uint8)] * (1 + max(s.layer for s in structures))
    assert LabelMap(grid, tuple(layers), structures).structures == structures


def test_the_tasks_of_the_readers_are_there() -> None:
    ids = [template.id for template in TEMPLATES]
    assert {"liver-metastases", "sarcoma", "glioma"} <= set(ids)
    assert len(ids) == len(set(ids))


def test_what_contains_comes_first_and_what_overlaps_lies_in_layers_of_its_own() -> None:
    for template in TEMPLATES:
        before: set[str] = set()
        for part in template.parts:
            assert part.part_of is None or part.part_of in before
            before.add(part.name)
    target = next(t for t in TEMPLATES if t.id == "radiotherapy-target")
    assert [part.layer for part in target.parts] == [0, 1, 2]


def test_a_template_adds_only_what_is_missing() -> None:
    liver, sarcoma = (
        next(t for t in TEMPLATES if t.id == wanted) for wanted in ("liver-metastases", "sarcoma")
    )
    once = with_template(Delineation(), liver)
    assert with_template(once, liver) is once
    both = with_template(with_template(once, sarcoma), liver)
    assert both.structures[:2] == once.structures
    assert len(both.structures) == 5
