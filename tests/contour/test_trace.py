"""Depths → contours, at sub-voxel precision."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from medseg.contour import Origin, Sheet, Slice, lift, place, plane_of, trace_field, trace_slice
from medseg.errors import ContourError
from medseg.labelmap import fill
from medseg.space import Grid, Plane

ANISOTROPIC = Grid.from_axes(
    (30, 60, 70),
    origin_lps_mm=(3, 4, 5),
    step_k_mm=(0, 0.4, 2.5),
    step_j_mm=(0, 0.7, 0),
    step_i_mm=(0.9, 0, 0),
)
PLACES = [Slice(0, 12), Slice(1, 30), Slice(2, 33), Sheet(0, 4.3, (0.21, 0.13)), Sheet(2, 20.4, (0.3, -0.1))]


def points_of(grid, where):
    """The plane, and where the grid's columns cross it, ``(rows, columns, 2)`` in its frame."""
    plane = plane_of(where, grid)
    shape = tuple(np.delete(grid.shape_kji, where.axis))
    return plane, plane.to_plane_mm(grid.to_lps_mm(lift(where, list(np.ndindex(shape))))).reshape(*shape, 2)


@pytest.mark.parametrize("where", PLACES, ids=str)
def test_a_disc_is_traced_within_a_twentieth_of_a_voxel(where):
    _, points_mm = points_of(ANISOTROPIC, where)
    centre = points_mm.reshape(-1, 2).mean(axis=0)
    depth = 15.3 - np.linalg.norm(points_mm - centre, axis=-1)
    (contour,) = trace_field(depth, ANISOTROPIC, where, "tumour")
    error_mm = np.linalg.norm(contour.points_mm - centre, axis=1) - 15.3
    in_plane = [mm for axis, mm in enumerate(ANISOTROPIC.spacing_kji_mm) if axis != where.axis]
    assert np.abs(error_mm).max() <= 0.05 * max(in_plane)
    assert abs(contour.signed_area_mm2) == pytest.approx(np.pi * 15.3**2, rel=0.01)
    assert place(contour, ANISOTROPIC) == where


@given(st.floats(6, 11), st.floats(6, 11), st.floats(0, np.pi), st.tuples(st.floats(-1, 1), st.floats(-1, 1)))
def test_an_ellipse_is_traced_within_a_twentieth_of_a_voxel(a, b, turn, shift):
    grid = Grid((5, 40, 40), np.eye(4)[[2, 1, 0, 3]])
    where = Sheet(0, 2.2, (0.01, 0.02))
    _, points_mm = points_of(grid, where)
    axes = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])

    def distance_mm(points):
        """To first order: exact at the outline, where it counts."""
        x = (points - (19.5, 19.5) - shift) @ axes.T / (a, b)
        r = np.linalg.norm(x, axis=-1)
        return r * (1 - r) / np.maximum(np.linalg.norm(x / (a, b), axis=-1), 1e-9)

    (contour,) = trace_field(distance_mm(points_mm), grid, where, "tumour")
    assert np.abs(distance_mm(contour.points_mm)).max() <= 0.05


def test_contour_to_depth_to_contour_is_the_contour():
    where = PLACES[3]
    _, points_mm = points_of(ANISOTROPIC, where)
    centre = points_mm.reshape(-1, 2).mean(axis=0)
    ring = 14 - np.linalg.norm(points_mm - centre, axis=-1)
    (first,) = trace_field(ring, ANISOTROPIC, where, "tumour")
    outline = shapely.Polygon(first.points_mm)
    columns = shapely.points(points_mm)
    depth = np.where(shapely.contains(outline, columns), 1, -1) * shapely.distance(outline.exterior, columns)
    (second,) = trace_field(depth, ANISOTROPIC, where, "tumour")
    assert shapely.hausdorff_distance(outline.exterior, shapely.LinearRing(second.points_mm)) <= 0.05 * 0.9


depths = hnp.arrays(np.float64, (7, 8), elements=st.floats(1e-3, 5) | st.floats(-5, -1e-3))


@given(depths, st.sampled_from(PLACES), st.tuples(st.integers(0, 9), st.integers(0, 9)))
def test_what_is_deep_lies_inside_the_outline_and_nothing_else(depth, where, corner):
    traced = trace_field(depth, ANISOTROPIC, where, "tumour", corner=corner)
    mask = np.zeros(tuple(np.delete(ANISOTROPIC.shape_kji, where.axis)), bool)
    mask[corner[0] : corner[0] + 7, corner[1] : corner[1] + 8] = depth > 0
    assert np.array_equal(fill(traced, ANISOTROPIC, where), mask)


def test_where_only_the_side_is_known_the_outline_runs_half_way_as_that_of_a_mask():
    mask = np.zeros((60, 70), bool)
    mask[0:9, 20:31] = True
    mask[4:6, 25:28] = False
    known = np.where(mask, np.inf, -np.inf)
    for contour, expected in zip(
        trace_field(known, ANISOTROPIC, Slice(0, 3), "tumour", origin=Origin.ASSISTED),
        trace_slice(mask, ANISOTROPIC, Slice(0, 3), "tumour"),
        strict=True,
    ):
        assert np.allclose(contour.points_mm, expected.points_mm)
        assert contour.hole == expected.hole
        assert contour.origin is Origin.ASSISTED


def test_holes_and_pieces_are_traced_apart():
    _, points_mm = points_of(ANISOTROPIC, Slice(0, 12))
    r = np.linalg.norm(points_mm - (20, 20), axis=-1)
    tube = np.minimum(12 - r, r - 5)
    ball = 4 - np.linalg.norm(points_mm - (45, 30), axis=-1)
    contours = trace_field(np.maximum(tube, ball), ANISOTROPIC, Slice(0, 12), "tumour")
    assert sorted((c.hole, round(abs(c.signed_area_mm2) ** 0.5)) for c in contours) == [
        (False, 7),
        (False, 21),
        (True, 9),
    ]


def test_a_depth_of_exactly_0_is_outside_and_makes_no_ring_without_area():
    depth = np.ones((5, 5))
    depth[2, 2] = 0
    (outer,) = trace_field(depth, ANISOTROPIC, Slice(0, 0), "tumour")
    assert not outer.hole
    assert trace_field(np.zeros((5, 5)), ANISOTROPIC, Slice(0, 0), "tumour") == ()


def test_a_depth_that_is_no_number_is_refused():
    depth = np.ones((5, 5))
    depth[1, 3] = np.nan
    with pytest.raises(ContourError, match="1 are NaN"):
        trace_field(depth, ANISOTROPIC, Slice(0, 0), "tumour")


def test_a_traced_contour_lies_on_the_plane_that_was_asked_for():
    plane = Plane.spanned_by(ANISOTROPIC.to_lps_mm((15, 30, 30)), (1, 0.1, 0.2), (0, 1, 0.3))
    where = Sheet(0, 4.3, (0.21, 0.13))
    (contour,) = trace_slice(np.ones((60, 70), bool), ANISOTROPIC, where, "tumour")
    assert place(contour, ANISOTROPIC) == where
    assert abs(plane_of(where, ANISOTROPIC).normal @ contour.plane.normal) == pytest.approx(1)
    assert abs(plane.normal @ contour.plane.normal) < 1
