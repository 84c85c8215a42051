"""Label maps explain every voxel."""

from __future__ import annotations

import numpy as np
import pytest

from medseg.errors import GridMismatchError, LabelMapError
from medseg.labelmap import Code, LabelMap, Structure, labels_in, structure_id_for
from medseg.space import Grid

GRID = Grid((2, 3, 4), np.eye(4))


def voxels(*labels, dtype=np.uint8):
    array = np.zeros(GRID.shape_kji, dtype)
    array.flat[: len(labels)] = labels
    return array


def test_a_label_without_a_structure_is_refused_by_number():
    with pytest.raises(LabelMapError, match=r"\[7\]") as caught:
        LabelMap(GRID, (voxels(1, 7),), (Structure("a", "A", 1),))
    assert caught.value.details["labels"] == [7]


def test_a_structure_without_voxels_is_allowed():
    label_map = LabelMap(GRID, (voxels(),), (Structure("a", "A", 1),))
    assert not label_map.mask("a").any()


@pytest.mark.parametrize(
    ("structures", "message"),
    [
        ((Structure("a", "A", 1), Structure("a", "B", 2)), "own id"),
        ((Structure("a", "A", 1), Structure("b", "B", 1)), "own layer and label"),
        ((Structure("a", "A", 1, part_of="nobody"),), "not there"),
        ((Structure("a", "A", 1, part_of="b"), Structure("b", "B", 2, part_of="a")), "part of itself"),
        ((Structure("a", "A", 1, layer=1),), "layer 1 of 1"),
    ],
)
def test_structures_that_contradict_each_other_are_refused(structures, message):
    with pytest.raises(LabelMapError, match=message):
        LabelMap(GRID, (voxels(),), structures)


def test_another_shape_or_type_of_voxel_is_refused():
    with pytest.raises(GridMismatchError):
        LabelMap(GRID, (np.zeros((2, 3, 5), np.uint8),), ())
    with pytest.raises(LabelMapError, match="uint8 or uint16"):
        LabelMap(GRID, (voxels(dtype=np.int16),), ())
    with pytest.raises(LabelMapError, match="at least one layer"):
        LabelMap(GRID, (), ())


def test_voxels_cannot_be_changed():
    label_map = LabelMap(GRID, (voxels(1),), (Structure("a", "A", 1),))
    with pytest.raises(ValueError, match="read-only"):
        label_map.voxels[0, 0, 0] = 0


def test_an_unknown_structure_is_named():
    with pytest.raises(LabelMapError, match="no structure 'b'"):
        LabelMap(GRID, (voxels(),), (Structure("a", "A", 1),)).structure("b")


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "white space"},
        {"id": ""},
        {"name": " "},
        {"name": "n/a"},
        {"name": "two\nlines"},
        {"label": 0},
        {"label": 70000},
        {"color": "red"},
        {"layer": -1},
        {"part_of": "a"},
    ],
)
def test_what_is_no_structure_is_refused(wrong):
    with pytest.raises(LabelMapError):
        Structure(**({"id": "a", "name": "A", "label": 1} | wrong))


def test_a_code_needs_a_value():
    with pytest.raises(LabelMapError):
        Code("SCT", "", "Neoplasm")
    with pytest.raises(LabelMapError):
        Code("SCT", "n/a", "Neoplasm")


def test_structures_get_colours_that_differ():
    assert Structure("a", "A", 1).color != Structure("b", "B", 2).color


def test_labels_are_listed_without_background():
    assert labels_in(voxels(3, 0, 1, 65535, dtype=np.uint16)) == [1, 3, 65535]


def test_ids_are_made_from_names():
    taken = {"tumour"}
    assert structure_id_for("Tumour", taken) == "tumour-2"
    assert structure_id_for("Läsion, 2. Segment", set()) == "l-sion-2-segment"
    assert structure_id_for("肝臓", set()) == "structure"
