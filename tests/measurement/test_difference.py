"""The difference between two label maps: volumes, agreement, places, table and grid."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from medseg.labelmap import Code, LabelMap, Structure
from medseg.measurement import difference_between
from solids import upright

GRID = upright((6, 20, 20), (3.0, 1.0, 0.5))
LIVER = Structure("liver", "Liver", 1)
TUMOUR = Structure("tumour", "Tumour", 2, part_of="liver")
CYST = Structure("cyst", "Cyst", 3)


def label_map(*structures, tumour_to=8, grid=GRID) -> LabelMap:
    voxels = np.zeros(grid.shape_kji, dtype=np.uint8)
    voxels[1:5, 2:18, 2:18] = 1
    voxels[2:4, 4:tumour_to, 4:8] = 2
    if any(structure.id == "cyst" for structure in structures):
        voxels[5, 0, 0] = 3
    return LabelMap(grid, (voxels,), structures or (LIVER, TUMOUR))


def by_id(difference):
    return {structure.id: structure for structure in difference.structures}


def test_the_same_label_map_differs_in_nothing():
    difference = difference_between(label_map(), label_map())
    assert difference.changed == ()
    assert difference.grid == ""
    liver = by_id(difference)["liver"]
    assert (liver.dice, liver.voxels_changed, liver.largest.mm) == (1.0, 0, 0.0)


def test_a_larger_tumour_is_told_in_numbers_and_the_liver_that_holds_it_is_as_it_was():
    difference = difference_between(label_map(), label_map(tumour_to=10))
    assert [structure.id for structure in difference.changed] == ["tumour"]
    tumour = by_id(difference)["tumour"]
    assert tumour.voxels_changed == 2 * 2 * 4
    assert tumour.first_mm3 == pytest.approx(2 * 4 * 4 * 1.5)
    assert tumour.second_mm3 == pytest.approx(2 * 6 * 4 * 1.5)
    assert tumour.added_mm3 == pytest.approx(16 * 1.5)
    assert tumour.removed_mm3 == 0
    assert tumour.dice == pytest.approx(2 * 32 / (32 + 48))
    assert tumour.largest.mm == pytest.approx(2.0)
    assert tumour.largest.at_lps_mm[1] == pytest.approx(9.0)
    assert by_id(difference)["liver"].second_mm3 == pytest.approx(4 * 16 * 16 * 1.5)


def test_a_structure_of_one_of_them_has_one_volume_and_no_agreement():
    more, fewer = label_map(LIVER, TUMOUR, CYST), label_map()
    for difference, volumes in (
        (difference_between(fewer, more), (None, 1.5)),
        (difference_between(more, fewer), (1.5, None)),
    ):
        cyst = by_id(difference)["cyst"]
        assert (cyst.first_mm3, cyst.second_mm3) == pytest.approx(volumes)
        assert (cyst.dice, cyst.largest, cyst.voxels_changed) == (None, None, None)
        assert cyst.is_changed


def test_a_structure_that_lost_all_voxels_has_no_surface():
    difference = difference_between(label_map(), label_map(tumour_to=4))
    tumour = by_id(difference)["tumour"]
    assert (tumour.second_mm3, tumour.dice, tumour.largest) == (0, 0, None)


def test_changes_of_the_table_are_told_cell_by_cell():
    code = Code("SCT", "4147007", "Mass")
    renamed = Structure("tumour", "Metastasis", 2, code=code, part_of="liver")
    difference = difference_between(label_map(), label_map(LIVER, renamed))
    tumour = by_id(difference)["tumour"]
    assert tumour.name == "Metastasis"
    assert [(change.field, change.first, change.second) for change in tumour.table] == [
        ("name", "Tumour", "Metastasis"),
        ("code", "", "SCT 4147007 Mass"),
    ]
    assert tumour.is_changed
    assert tumour.voxels_changed == 0


@pytest.mark.parametrize(
    ("grid", "words"),
    [
        (upright((6, 20, 21), (3.0, 1.0, 0.5)), r"\(6, 20, 20\) voxels"),
        (upright((6, 20, 20), (3.0, 1.0, 0.51)), "moved by up to 0.19 mm"),
    ],
)
def test_on_another_grid_only_volumes_and_tables_are_compared(grid, words):
    difference = difference_between(label_map(), label_map(grid=grid))
    assert re.search(words, difference.grid)
    liver = by_id(difference)["liver"]
    assert liver.first_mm3 is not None
    assert (liver.dice, liver.largest, liver.voxels_changed) == (None, None, None)
    assert liver.is_changed


def test_it_can_be_written_as_json():
    difference = difference_between(label_map(), label_map(tumour_to=10))
    written = json.loads(json.dumps(difference.as_dict()))
    assert written["grid"] is None
    assert written["structures"][1]["largest_distance"]["mm"] == pytest.approx(2.0)
