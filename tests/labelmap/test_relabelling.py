"""One table of labels over many label maps."""

from __future__ import annotations

import numpy as np
import pytest

from medseg.errors import LabelMapError
from medseg.labelmap import LabelMap, Structure
from medseg.labelmap.relabelling import LabelTable, relabelled
from solids import upright

GRID = upright((2, 3, 4), (1.0, 1.0, 1.0))
LIVER = Structure("liver", "Liver", 7)
TUMOUR = Structure("tumour", "Tumour", 3, part_of="liver")
CYST = Structure("cyst", "Cyst", 4)


def label_map(*layers, structures) -> LabelMap:
    return LabelMap(
        GRID, tuple(np.array(layer, np.uint8).reshape(GRID.shape_kji) for layer in layers), structures
    )


ROW = [0, 7, 7, 3, 3, 4] + [0] * 18


def test_labels_follow_the_names_whatever_their_case_and_their_label():
    table = LabelTable(("tumour", "LIVER", "cyst"))
    labels = table.labels_for((LIVER, TUMOUR, CYST))
    assert labels == {"liver": 2, "tumour": 1, "cyst": 3}
    found = relabelled(label_map(ROW, structures=(LIVER, TUMOUR, CYST)), labels)
    assert found.dtype == np.uint8
    assert found.ravel().tolist() == [0, 2, 2, 1, 1, 3] + [0] * 18


def test_what_the_table_does_not_name_belongs_to_what_it_is_part_of_or_to_nothing():
    table = LabelTable(("Liver",))
    labels = table.labels_for((TUMOUR, LIVER, CYST))
    found = relabelled(label_map(ROW, structures=(TUMOUR, LIVER, CYST)), labels)
    assert found.ravel().tolist() == [0, 1, 1, 1, 1, 0] + [0] * 18


def test_names_that_a_label_map_lacks_are_told():
    assert LabelTable(("Liver", "Spleen")).missing_in((LIVER, TUMOUR)) == ("Spleen",)


def test_two_structures_of_one_name_are_one():
    nodes = (Structure("node", "Node", 1), Structure("node-2", "node", 2))
    found = relabelled(
        label_map([1, 2] + [0] * 22, structures=nodes), LabelTable(("Node",)).labels_for(nodes)
    )
    assert found.ravel().tolist() == [1, 1] + [0] * 22


@pytest.mark.parametrize("inner_layer", [0, 1])
def test_a_part_lies_on_top_of_its_whole_in_whichever_layer(inner_layer):
    part = Structure("tumour", "Tumour", 3, part_of="liver", layer=inner_layer)
    whole = Structure("liver", "Liver", 7, layer=1 - inner_layer)
    layers = [[7] * 24, [0, 3] + [0] * 22]
    if inner_layer == 0:
        layers.reverse()
    found = relabelled(label_map(*layers, structures=(part, whole)), {"tumour": 1, "liver": 2})
    assert found.ravel().tolist() == [2, 1] + [2] * 22


def test_structures_that_overlap_are_refused_by_name():
    target = Structure("target", "Planning target", 1, layer=1)
    overlapping = label_map(ROW, [0, 0, 1, 1] + [0] * 20, structures=(LIVER, TUMOUR, CYST, target))
    table = LabelTable(("Liver", "Tumour", "Planning target"))
    with pytest.raises(LabelMapError, match="Planning target") as told:
        relabelled(overlapping, table.labels_for(overlapping.structures))
    assert told.value.details["reason"] == "overlap"
    # Without the target nothing is in doubt.
    without = LabelTable(("Liver", "Tumour"))
    found = relabelled(overlapping, without.labels_for(overlapping.structures))
    assert found.ravel().tolist() == [0, 1, 1, 2, 2, 0] + [0] * 18


def test_layers_that_touch_no_common_voxel_are_one_array():
    target = Structure("target", "Planning target", 1, layer=1)
    apart = label_map(ROW, [0] * 23 + [1], structures=(LIVER, TUMOUR, CYST, target))
    found = relabelled(apart, LabelTable(("Liver", "Planning target")).labels_for(apart.structures))
    assert found.ravel()[-1] == 2


@pytest.mark.parametrize("names", [(), ("Liver", " liver ")])
def test_a_table_names_each_structure_once(names):
    with pytest.raises(LabelMapError):
        LabelTable(names)


def test_many_labels_need_larger_numbers():
    structure = Structure("a", "A", 1)
    assert relabelled(label_map([1] * 24, structures=(structure,)), {"a": 256}).dtype == np.uint16
