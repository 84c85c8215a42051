"""Cutting structures out of a label map, and what a number says of itself."""

from __future__ import annotations

import json

import numpy as np
import pytest

from medseg.errors import LabelMapError
from medseg.labelmap import LabelMap, Structure
from medseg.measurement.concepts import CONCEPTS, NO_UNIT
from medseg.measurement.measured import Line, Measured
from medseg.measurement.structures import (
    StructureMeasurements,
    family_of,
    unit_of,
    voxels_of,
    voxels_of_each,
)
from solids import upright

GRID = upright((6, 7, 8), (2.0, 1.0, 1.0))
LIVER = Structure("liver", "Liver", 1)
TUMOUR = Structure("tumour", "Tumour", 1, part_of="liver", layer=1)
CORE = Structure("core", "Core", 2, part_of="tumour", layer=1)
SPLEEN = Structure("spleen", "Spleen", 2)


@pytest.fixture
def label_map():
    """A liver whose tumour, with a core, lies on a layer of its own and reaches beyond it."""
    first, second = np.zeros((2, *GRID.shape_kji), np.uint8)
    first[1:4, 1:4, 1:4] = 1
    second[2:5, 2:5, 2:6] = 1
    second[3, 3, 3] = 2
    return LabelMap(GRID, (first, second), (LIVER, TUMOUR, CORE, SPLEEN))


@pytest.mark.parametrize("structure_id", ["liver", "tumour", "core"])
def test_what_is_cut_out_is_the_structure_with_its_parts_and_nothing_more(label_map, structure_id):
    cut = voxels_of(label_map, structure_id)
    whole = np.zeros(GRID.shape_kji, bool)
    whole[cut.box] = cut.mask
    np.testing.assert_array_equal(whole, label_map.mask_with_parts(structure_id))
    # No smaller box would do, and it lies where it lay.
    assert all(cut.mask.any(axis=axes).all() for axes in ((1, 2), (0, 2), (0, 1)))
    start = [side.start for side in cut.box]
    np.testing.assert_allclose(cut.grid.to_lps_mm([0, 0, 0]), GRID.to_lps_mm(start))


def test_a_structure_without_voxels_is_empty(label_map):
    cut = voxels_of(label_map, "spleen")
    assert cut.is_empty
    assert cut.mask.shape == cut.grid.shape_kji == (1, 1, 1)


def test_each_is_cut_out_in_the_order_of_the_table_or_as_asked_for(label_map):
    assert [one.structure for one in voxels_of_each(label_map)] == [LIVER, TUMOUR, CORE, SPLEEN]
    assert [one.structure.id for one in voxels_of_each(label_map, ["core", "liver"])] == ["core", "liver"]
    with pytest.raises(LabelMapError, match="no structure"):
        voxels_of(label_map, "pancreas")


def test_a_family_is_a_structure_and_all_its_parts(label_map):
    assert family_of(label_map, "liver") == (LIVER, TUMOUR, CORE)
    assert family_of(label_map, "spleen") == (SPLEEN,)


def test_a_number_says_what_it_is_in_json():
    line = Line((1.0, 2.0, 3.0), (4.0, 2.0, 3.0), slice_axis=0, slice_index=7)
    measured = Measured("longest-in-plane", 3.0, line)
    of_tumour = StructureMeasurements(TUMOUR, (measured, Measured("intensity-mean", None, unit="HU")))
    longest, mean = json.loads(json.dumps(of_tumour.as_dicts()))
    assert (longest["value"], longest["unit"], longest["ibsi"]) == (3.0, "mm", None)
    assert longest["line"]["end_lps_mm"] == [4.0, 2.0, 3.0]
    assert "RECIST" in longest["source"]
    assert (mean["value"], mean["unit"], mean["ibsi"]) == (None, "HU", "stat_mean")
    assert of_tumour.value("longest-in-plane") == 3
    assert of_tumour.value("volume-voxel") is None


def test_every_concept_has_words_and_a_source_and_its_own_key():
    for key, concept in CONCEPTS.items():
        assert concept.key == key
        assert concept.definition.endswith(".")
        assert len(concept.source) > 5
    assert unit_of(Measured("sphericity", 0.9)) == NO_UNIT
    tags = [concept.ibsi for concept in CONCEPTS.values() if concept.ibsi and "suv" not in concept.key]
    assert len(tags) == len(set(tags))
