"""Contours → voxels → contours."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from medseg.contour import Contour, ContourSet, Origin, Slice, in_slice_index, trace_slice
from medseg.labelmap import Structure, fill, fill_polygon, rasterise
from medseg.space import Grid
from strategies import grids, star_polygons

GRID = Grid.from_axes(
    (6, 20, 30), origin_lps_mm=(5, 6, 7), step_k_mm=(0, 0, 3), step_j_mm=(0, 0.7, 0), step_i_mm=(0.8, 0, 0)
)
TUMOUR = Structure("tumour", "Tumour", 1)


def on_slice(grid, where, down_across, structure_id="tumour", *, hole=False):
    """A contour from (row, column) indices on a slice."""
    index_kji = np.insert(np.asarray(down_across, dtype=float), where.axis, where.index, axis=1)
    plane = grid.plane(where.axis, where.index)
    return Contour(plane, plane.to_plane_mm(grid.to_lps_mm(index_kji)), structure_id, hole=hole)


def rectangle(top, left, bottom, right):
    return np.array([[top, left], [top, right], [bottom, right], [bottom, left]], dtype=float)


def inside_by_definition(vertices, shape):
    """Even-odd by its definition, voxel by voxel: count the edges to the left of each centre."""
    mask = np.zeros(shape, dtype=bool)
    edges = list(zip(vertices, np.roll(vertices, -1, axis=0), strict=True))
    for row, column in np.ndindex(shape):
        crossings = 0
        for (r0, c0), (r1, c1) in edges:
            if (r0 <= row) != (r1 <= row):
                crossings += c0 + (row - r0) * (c1 - c0) / (r1 - r0) <= column
        mask[row, column] = crossings % 2 == 1
    return mask


def test_voxels_whose_centres_lie_inside_are_filled_and_no_others():
    mask = fill_polygon(rectangle(1.5, 2.5, 4.5, 7.5), (8, 10))
    expected = np.zeros((8, 10), bool)
    expected[2:5, 3:8] = True
    assert np.array_equal(mask, expected)


def test_an_edge_through_centres_belongs_to_one_of_two_neighbours():
    left = fill_polygon(rectangle(0, 0, 5, 3), (8, 8))
    right = fill_polygon(rectangle(0, 3, 5, 6), (8, 8))
    assert not (left & right).any()
    assert np.array_equal(left | right, fill_polygon(rectangle(0, 0, 5, 6), (8, 8)))


def test_what_leaves_the_array_is_cut_off():
    assert fill_polygon(rectangle(-50, -50, 50, 50), (8, 8)).all()
    assert not fill_polygon(rectangle(20, 20, 50, 50), (8, 8)).any()
    assert fill_polygon(rectangle(-9, 6.5, 9, 99), (4, 8)).sum() == 4


def test_a_self_crossing_polygon_is_filled_by_even_odd():
    bow_tie = np.array([[0.5, 0.5], [0.5, 8.5], [8.5, 0.5], [8.5, 8.5]])
    mask = fill_polygon(bow_tie, (10, 10))
    assert mask[2, 4]
    assert mask[7, 4]
    assert not mask[4, 1]


@given(
    hnp.arrays(np.float64, st.tuples(st.integers(3, 12), st.just(2)), elements=st.floats(-3, 14, width=16))
)
def test_any_polygon_is_filled_as_the_definition_says(vertices):
    assert np.array_equal(fill_polygon(vertices, (11, 12)), inside_by_definition(vertices, (11, 12)))


def test_a_disc_has_the_right_area_at_sub_voxel_precision():
    angles = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    radius, centre = 20.3, (31.7, 30.2)
    vertices = centre + radius * np.column_stack([np.sin(angles), np.cos(angles)])
    assert fill_polygon(vertices, (64, 64)).sum() == pytest.approx(np.pi * radius**2, rel=5e-3)


def test_holes_are_cut_out_islands_stay_and_overlapping_pieces_unite():
    where = Slice(0, 2)
    contours = [
        on_slice(GRID, where, rectangle(0.5, 0.5, 15.5, 15.5)),
        on_slice(GRID, where, rectangle(3.5, 3.5, 12.5, 12.5), hole=True),
        on_slice(GRID, where, rectangle(6.5, 6.5, 9.5, 9.5)),
        on_slice(GRID, where, rectangle(10.5, 14.5, 18.5, 20.5)),
    ]
    expected = np.zeros((20, 30), bool)
    expected[1:16, 1:16] = True
    expected[4:13, 4:13] = False
    expected[7:10, 7:10] = True
    expected[11:19, 15:21] = True
    assert np.array_equal(fill(contours, GRID, where), expected)


@given(grids(st.just((12, 12, 12))), st.integers(0, 2), st.integers(0, 11), st.data())
def test_voxels_to_contours_to_voxels_is_the_identity(grid, axis, index, data):
    mask = data.draw(hnp.arrays(bool, (12, 12)))
    where = Slice(axis, index)
    assert np.array_equal(fill(trace_slice(mask, grid, where, "tumour"), grid, where), mask)


@given(star_polygons((40, 40)))
def test_contour_to_voxels_to_contour_stays_within_a_voxel(vertices):
    grid = Grid((3, 40, 40), np.eye(4)[[2, 1, 0, 3]])
    where = Slice(0, 1)
    mask = fill([on_slice(grid, where, vertices)], grid, where)
    for contour in trace_slice(mask, grid, where, "tumour"):
        traced = in_slice_index(contour.points_lps_mm, grid, 0)
        # A traced vertex lies half-way between a centre inside and one outside the polygon, so that the
        # polygon's edge passes between the two: half a voxel away at most.
        assert distance_to_polygon(traced, vertices).max() <= 0.5 + 1e-9


def distance_to_polygon(points, vertices):
    start, end = vertices, np.roll(vertices, -1, axis=0)
    along = end - start
    t = ((points[:, None] - start) * along).sum(-1) / np.maximum((along**2).sum(-1), 1e-30)
    nearest = start + np.clip(t, 0, 1)[..., None] * along
    return np.linalg.norm(points[:, None] - nearest, axis=-1).min(axis=1)


def test_tracing_reports_holes_and_their_origin():
    mask = np.zeros((20, 30), bool)
    mask[2:12, 2:12] = True
    mask[5:8, 5:8] = False
    outer, hole = trace_slice(mask, GRID, Slice(0, 3), "tumour", Origin.IMPORTED)
    assert (outer.hole, hole.hole) == (False, True)
    assert {outer.origin, hole.origin} == {Origin.IMPORTED}
    assert abs(outer.signed_area_mm2) == pytest.approx((10 * 10 - 0.5) * 0.7 * 0.8)
    assert trace_slice(np.zeros((20, 30), bool), GRID, Slice(0, 3), "tumour") == ()


def test_a_part_lies_on_top_of_what_it_is_part_of_whatever_the_order():
    liver = Structure("liver", "Liver", 1)
    tumour = Structure("tumour", "Tumour", 2, part_of="liver")
    contours = ContourSet(
        (
            on_slice(GRID, Slice(0, 2), rectangle(4.5, 4.5, 8.5, 8.5), "tumour"),
            on_slice(GRID, Slice(0, 2), rectangle(1.5, 1.5, 12.5, 12.5), "liver"),
        )
    )
    for structures in ((liver, tumour), (tumour, liver)):
        label_map = rasterise(contours, GRID, structures)
        assert (label_map.voxels == 2).sum() == 16
        assert (label_map.voxels == 1).sum() == 11 * 11 - 16
        assert label_map.voxels.dtype == np.uint8


def test_a_label_above_255_makes_a_label_map_of_16_bits():
    contours = ContourSet((on_slice(GRID, Slice(0, 0), rectangle(1, 1, 4, 4), "big"),))
    label_map = rasterise(contours, GRID, [Structure("big", "Big", 300)])
    assert label_map.voxels.dtype == np.uint16
    assert label_map.voxels.max() == 300


def test_structures_in_further_layers_may_overlap():
    structures = [Structure("gtv", "GTV", 1), Structure("ptv", "PTV", 1, layer=1)]
    contours = ContourSet(
        (
            on_slice(GRID, Slice(0, 1), rectangle(4.5, 4.5, 8.5, 8.5), "gtv"),
            on_slice(GRID, Slice(0, 1), rectangle(2.5, 2.5, 10.5, 10.5), "ptv"),
        )
    )
    label_map = rasterise(contours, GRID, structures)
    assert [int(layer.sum()) for layer in label_map.layers] == [16, 64]
