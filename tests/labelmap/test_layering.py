"""Structures that overlap share a label map without taking voxels from each other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medseg.errors import GridMismatchError, LabelMapError
from medseg.labelmap import Structure, in_layers
from solids import upright

GRID = upright((3, 4, 5), (1, 1, 1))


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 2**31)), min_size=1, max_size=6))
def test_every_structure_keeps_all_its_voxels(labels_and_seeds):
    masks = [np.random.default_rng(seed).random(GRID.shape_kji) < 0.2 for _, seed in labels_and_seeds]
    structures = [Structure(f"s{n}", f"S{n}", label) for n, (label, _) in enumerate(labels_and_seeds)]
    label_map = in_layers(GRID, zip(structures, masks, strict=True))
    assert [s.id for s in label_map.structures] == [s.id for s in structures]
    for structure, mask in zip(structures, masks, strict=True):
        np.testing.assert_array_equal(label_map.mask(structure.id), mask)


def test_only_what_overlaps_needs_a_further_layer():
    first, second, third = np.zeros((3, *GRID.shape_kji), bool)
    first[0], second[0, 0], third[2] = True, True, True
    structures = [Structure(name, name, 1) for name in ("a", "b", "c")]
    label_map = in_layers(GRID, zip(structures, (first, second, third), strict=True))
    assert [(s.layer, s.label) for s in label_map.structures] == [(0, 1), (1, 2), (0, 3)]
    assert all(layer.dtype == np.uint8 for layer in label_map.layers)


def test_large_labels_stay():
    mask = np.ones(GRID.shape_kji, bool)
    assert in_layers(GRID, [(Structure("a", "A", 300), mask)]).voxels.max() == 300


def test_bad_masks_and_ids_are_refused():
    mask = np.ones(GRID.shape_kji, bool)
    with pytest.raises(GridMismatchError, match="expected a mask of shape"):
        in_layers(GRID, [(Structure("a", "A", 1), mask[1:])])
    with pytest.raises(LabelMapError, match="occurs twice"):
        in_layers(GRID, [(Structure("a", "A", 1), mask), (Structure("a", "B", 2), mask)])
