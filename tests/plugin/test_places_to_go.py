"""Next and previous contoured slices, and gaps, on each axis of the array."""

from __future__ import annotations

import numpy as np
import pytest

from medseg.contour import Contour, Origin, Slice
from medseg.space import Grid
from medseg.volume import Quantity, Source, Volume
from napari_medseg.case import Case
from napari_medseg.places_to_go import contoured_slices, gap_around, next_contoured, next_gap

TUMOUR = "tumour"


@pytest.fixture
def case():
    grid = Grid.from_axes(
        (20, 20, 20), origin_lps_mm=(0, 0, 0), step_k_mm=(0, 0, 3), step_j_mm=(0, 1, 0), step_i_mm=(1, 0, 0)
    )
    made = Case(Volume(grid, np.zeros((20, 20, 20), np.int16), Quantity.HU, Source("phantom")), "phantom")
    made.add_structure("Tumour")
    return made


def draw(case, axis, *indices, origin=Origin.DRAWN):
    for index in indices:
        plane = case.volume.grid.plane(axis, index)
        middle = plane.to_plane_mm(case.volume.grid.to_lps_mm([[10, 10, 10]]))[0]
        corners = np.array([(-3, -3), (3, -3), (3, 3), (-3, 3)], dtype=float)
        case.edit_contours(TUMOUR, (), [Contour(plane, middle + corners, TUMOUR, origin=origin)])


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_the_next_contoured_slice_is_of_the_same_direction(case, axis):
    draw(case, axis, 12, 3, 8)
    draw(case, (axis + 1) % 3, 5)
    assert contoured_slices(case, TUMOUR, axis) == (3, 8, 12)
    assert next_contoured(case, TUMOUR, Slice(axis, 4), up=True) == Slice(axis, 8)
    assert next_contoured(case, TUMOUR, Slice(axis, 8), up=True) == Slice(axis, 12)
    assert next_contoured(case, TUMOUR, Slice(axis, 8), up=False) == Slice(axis, 3)
    assert next_contoured(case, TUMOUR, Slice(axis, 3), up=False) is None
    assert next_contoured(case, "liver", Slice(axis, 3), up=True) is None


def test_gaps_are_gone_through_from_their_middles_and_around(case):
    draw(case, 0, 2, 3, 9, 15)
    assert next_gap(case, TUMOUR, Slice(0, 0)) == Slice(0, 6)
    assert next_gap(case, TUMOUR, Slice(0, 6)) == Slice(0, 12)
    assert next_gap(case, TUMOUR, Slice(0, 12)) == Slice(0, 6), "from the first one on again"
    assert next_gap(case, TUMOUR, Slice(1, 0)) is None
    assert gap_around(case, TUMOUR, Slice(0, 6)) == (3, 9)
    assert gap_around(case, TUMOUR, Slice(0, 1)) == (-1, 2)
    assert gap_around(case, TUMOUR, Slice(0, 18)) == (15, 20)


def test_accepted_slices_fill_a_gap_and_are_not_stopped_at(case):
    draw(case, 0, 2, 6)
    draw(case, 0, 3, 4, 5, origin=Origin.INTERPOLATED)
    assert next_gap(case, TUMOUR, Slice(0, 0)) is None
    assert next_contoured(case, TUMOUR, Slice(0, 2), up=True) == Slice(0, 6)
    assert contoured_slices(case, TUMOUR, 0) == (2, 3, 4, 5, 6)
