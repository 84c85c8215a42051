"""Structures that were drawn inside others."""

from __future__ import annotations

import numpy as np

from medseg.contour import Slice
from medseg.interpolation import interpolate_masks
from medseg.labelmap import Structure
from medseg.space import Grid

GRID = Grid.from_axes(
    (21, 50, 50), origin_lps_mm=(0, 0, 0), step_k_mm=(0, 0, 2), step_j_mm=(0, 1, 0), step_i_mm=(1, 0, 0)
)
LIVER = Structure("liver", "Liver", 1)
TUMOUR = Structure("tumour", "Tumour", 2)
KS, JS, IS = np.ogrid[:21, :50, :50]
IN_LIVER = ((KS - 10) * 2) ** 2 + (JS - 25) ** 2 + (IS - 25) ** 2 < 20**2
IN_TUMOUR = ((KS - 10) * 2) ** 2 + (JS - 25) ** 2 + (IS - 28) ** 2 < 8**2


def drawn(truth, slices):
    return {Slice(0, k): truth[k] for k in slices}


def test_a_tumour_inside_a_liver_keeps_its_voxels_between_the_slices_in_either_order():
    masks = {"liver": drawn(IN_LIVER, (2, 6, 14, 18)), "tumour": drawn(IN_TUMOUR, (8, 12))}
    for structures in ([LIVER, TUMOUR], [TUMOUR, LIVER]):
        completion = interpolate_masks(masks, GRID, structures, method="signed-distance")
        alone = interpolate_masks({"tumour": masks["tumour"]}, GRID, [TUMOUR], method="signed-distance")
        assert completion.nested == (("tumour", "liver"),)
        assert np.array_equal(completion.label_map.mask("tumour"), alone.label_map.mask("tumour"))


def test_what_was_drawn_of_the_outer_one_is_not_altered():
    masks = {"liver": drawn(IN_LIVER, (2, 10, 18)), "tumour": drawn(IN_TUMOUR, (8, 12))}
    found = interpolate_masks(masks, GRID, [LIVER, TUMOUR], method="signed-distance").label_map
    assert np.array_equal(found.mask("liver")[10], IN_LIVER[10])
    assert found.mask("tumour")[[9, 11]].any()


def test_a_part_is_not_called_nested():
    part = Structure("tumour", "Tumour", 2, part_of="liver")
    masks = {"liver": drawn(IN_LIVER, (2, 10, 18)), "tumour": drawn(IN_TUMOUR, (8, 12))}
    completion = interpolate_masks(masks, GRID, [LIVER, part], method="signed-distance")
    assert completion.nested == ()
    assert completion.label_map.mask("tumour")[10].any()


def test_neighbours_and_twins_are_not_nested():
    beside = np.roll(IN_TUMOUR, 16, axis=2)
    masks = {"liver": drawn(IN_LIVER, (2, 10, 18)), "tumour": drawn(beside, (8, 12))}
    assert interpolate_masks(masks, GRID, [LIVER, TUMOUR], method="signed-distance").nested == ()
    twins = {"liver": drawn(IN_LIVER, (2, 18)), "tumour": drawn(IN_LIVER, (2, 18))}
    assert interpolate_masks(twins, GRID, [LIVER, TUMOUR], method="signed-distance").nested == ()
