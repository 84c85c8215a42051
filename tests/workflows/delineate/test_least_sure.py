"""Where to correct next a structure that a model made."""

import numpy as np

from medseg.contour import Contour, ContourSet, Origin, Slice
from medseg.labelmap import LabelMap, Structure
from medseg.space import Grid
from medseg.workflows.delineate import (
    Delineation,
    Placements,
    contours_on,
    is_proposed,
    least_sure_slices,
    with_contours_on,
)

GRID = Grid.from_axes(
    (12, 40, 40), origin_lps_mm=(0, 0, 0), step_k_mm=(0, 0, 3), step_j_mm=(0, 2, 0), step_i_mm=(2, 0, 0)
)
TUMOUR = Structure("tumour", "Tumour", 1)
SPLEEN = Structure("spleen", "Spleen", 2)


def delineation(*structures):
    voxels = np.zeros(GRID.shape_kji, np.uint8)
    voxels[3:8, 4:9, 4:9] = 1
    if SPLEEN in structures:
        voxels[3:8, 32:37, 32:37] = 2
    return Delineation(structures, voxels=LabelMap(GRID, (voxels,), structures))


def bits_map():
    """Doubt at the tumour, and more of it far away."""
    bits = np.zeros(GRID.shape_kji, np.float32)
    bits[7, 4:9, 4:8] = 1
    bits[4, 4:9, 4:6] = 1
    bits[10, 30:38, 30:38] = 1
    return bits


def test_of_one_structure_the_whole_map_counts_of_several_what_is_near():
    alone = least_sure_slices(delineation(TUMOUR), "tumour", GRID, bits_map())
    assert [one.where for one in alone] == [Slice(0, 10), Slice(0, 7), Slice(0, 4)]
    both = delineation(TUMOUR, SPLEEN)
    assert [s.where for s in least_sure_slices(both, "tumour", GRID, bits_map())] == [
        Slice(0, 7),
        Slice(0, 4),
    ]
    assert [s.where for s in least_sure_slices(both, "spleen", GRID, bits_map())] == [Slice(0, 10)]


def test_a_slice_that_was_corrected_is_not_named_again_and_the_next_lies_along_the_same_axis():
    before, placements = delineation(TUMOUR), Placements(GRID)

    def corrected(where):
        traced = contours_on(before, "tumour", where, placements)
        drawn = [Contour(c.plane, c.points_mm, c.structure_id, c.hole, Origin.DRAWN) for c in traced]
        return with_contours_on(before, "tumour", where, drawn, placements)

    after = corrected(Slice(0, 7))
    assert [s.where for s in least_sure_slices(after, "tumour", GRID, bits_map())] == [
        Slice(0, 10),
        Slice(0, 4),
    ]
    across = corrected(Slice(1, 5))
    found = [s.where for s in least_sure_slices(across, "tumour", GRID, bits_map())]
    assert {where.axis for where in found} == {1}
    assert Slice(1, 5) not in found


def assisted(before, *slices, origin=Origin.ASSISTED):
    """The same structure as contours, as accepted from a model and saved with some that were drawn."""
    placements = Placements(GRID)
    contours = [
        Contour(c.plane, c.points_mm, c.structure_id, c.hole, Origin.DRAWN if k in slices else origin)
        for k in range(3, 8)
        for c in contours_on(before, "tumour", Slice(0, k), placements)
    ]
    return Delineation(before.structures, ContourSet(tuple(contours)))


def test_what_was_accepted_of_a_model_is_no_correction():
    made = assisted(delineation(TUMOUR, SPLEEN))
    assert is_proposed(made, "tumour")
    assert [s.where for s in least_sure_slices(made, "tumour", GRID, bits_map())] == [
        Slice(0, 7),
        Slice(0, 4),
    ]
    corrected = assisted(delineation(TUMOUR, SPLEEN), 7)
    assert [s.where for s in least_sure_slices(corrected, "tumour", GRID, bits_map())] == [Slice(0, 4)]


def test_what_was_drawn_by_hand_is_not_proposed():
    assert not is_proposed(assisted(delineation(TUMOUR), origin=Origin.DRAWN), "tumour")
    assert is_proposed(delineation(TUMOUR), "tumour")
