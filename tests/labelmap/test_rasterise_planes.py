"""Contours on oblique planes → voxels → contours."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from medseg.contour import (
    Contour,
    ContourSet,
    Sheet,
    Slice,
    by_placement,
    columns_shape,
    height,
    lift,
    place,
    plane_of,
    sheet_of,
    trace_slice,
)
from medseg.labelmap import Structure, fill, rasterise
from medseg.space import Grid, Plane
from strategies import grids, planes_through, star_polygons

CUBES = Grid((20, 20, 20), np.eye(4)[[2, 1, 0, 3]])
TUMOUR = Structure("tumour", "Tumour", 1)


def inside_by_definition(points, vertices):
    """Even-odd by its definition, and how far each point is from deciding otherwise."""
    inside, margin = np.zeros(len(points), bool), np.full(len(points), np.inf)
    for (x0, y0), (x1, y1) in zip(vertices, np.roll(vertices, -1, axis=0), strict=True):
        along = np.array([x1 - x0, y1 - y0])
        t = np.clip((points - (x0, y0)) @ along / max(along @ along, 1e-300), 0, 1)
        margin = np.minimum(margin, np.linalg.norm(points - (x0, y0) - t[:, None] * along, axis=1))
        crossed = (y0 <= points[:, 1]) != (y1 <= points[:, 1])
        with np.errstate(divide="ignore", invalid="ignore"):
            at = x0 + (points[:, 1] - y0) / (y1 - y0) * (x1 - x0)
        inside ^= crossed & (at <= points[:, 0])
    return inside, margin


@given(grids(st.just((9, 10, 11))), st.data())
def test_a_column_is_filled_where_it_crosses_the_plane_inside_the_polygon(grid, data):
    plane = data.draw(planes_through(grid))
    # A polygon of some voxels, of any size from within one of them to far off the grid.
    scale_mm = max(grid.spacing_kji_mm) * data.draw(st.sampled_from([0.01, 0.1, 0.5, 3]))
    vertices = (data.draw(star_polygons((20, 20))) - 9.5) * scale_mm
    contour = Contour(plane, vertices, "tumour")
    where = place(contour, grid)
    shape = columns_shape(where, grid.shape_kji)
    crossings = plane.to_plane_mm(grid.to_lps_mm(lift(where, list(np.ndindex(shape)))))
    expected, margin_mm = inside_by_definition(crossings, vertices)
    decided = margin_mm > 1e-4 * max(grid.spacing_kji_mm)
    assert np.array_equal(fill([contour], grid, where).ravel()[decided], expected[decided])


@given(grids(st.just((12, 12, 12))), st.data())
def test_voxels_to_contours_to_voxels_is_the_identity_on_any_plane(grid, data):
    where = sheet_of(data.draw(planes_through(grid)), grid)
    mask = data.draw(hnp.arrays(bool, (12, 12)))
    traced = trace_slice(mask, grid, where, "tumour")
    assert np.array_equal(fill(traced, grid, where), mask)


def test_a_disc_on_an_oblique_plane_of_a_sheared_anisotropic_grid_has_its_area():
    grid = Grid.from_axes(
        (40, 120, 100),
        origin_lps_mm=(-40, -40, -60),
        step_k_mm=(0, 0.6, 3),
        step_j_mm=(0, 0.7, 0),
        step_i_mm=(0.9, 0, 0),
    )
    plane = Plane.spanned_by(grid.to_lps_mm((20, 60, 50)), (1, 0.2, 0.3), (-0.1, 1, 0.5))
    angles = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    circle = Contour(plane, 25.3 * np.column_stack([np.cos(angles), np.sin(angles)]), "tumour")
    where = place(circle, grid)
    a, b = (np.eye(2)[n] for n in range(2))
    corner, down, across = grid.to_lps_mm(lift(where, [(0, 0), a, b]))
    column_mm2 = np.linalg.norm(np.cross(down - corner, across - corner))
    assert fill([circle], grid, where).sum() * column_mm2 == pytest.approx(np.pi * 25.3**2, rel=5e-3)


def test_holes_are_cut_out_on_an_oblique_plane_too():
    plane = Plane.spanned_by((9.5, 9.5, 9.5), (1, 0, 0.4), (0, 1, 0.2))
    square = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], dtype=float)
    outer, hole = Contour(plane, 7.2 * square, "a"), Contour(plane, 3.1 * square, "a", hole=True)
    where = place(outer, CUBES)
    filled = fill([replace(hole, hole=False)], CUBES, where)
    assert filled.any()
    assert np.array_equal(fill([outer, hole], CUBES, where), fill([outer], CUBES, where) & ~filled)
    assert not fill([hole], CUBES, where).any()


def test_a_contour_wholly_off_the_grid_fills_nothing():
    far = Plane.spanned_by((0, 0, 500), (1, 0, 0.4), (0, 1, 0.2))
    contour = Contour(far, np.array([[0, 0], [9, 0], [0, 9]]), "tumour")
    assert not rasterise(ContourSet((contour,)), CUBES, [TUMOUR]).voxels.any()
    beside = Contour(CUBES.plane(0, 4.5), np.array([[90, 90], [99, 90], [90, 99]]), "tumour")
    assert not fill([beside], CUBES, place(beside, CUBES)).any()


def test_the_nearest_voxel_of_each_column_is_drawn():
    plane = Plane.spanned_by((9.5, 9.5, 9.2), (1, 0, 0.4), (0, 1, 0.2))
    square = Contour(plane, 5.3 * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]), "tumour")
    where = place(square, CUBES)
    voxels = rasterise(ContourSet((square,)), CUBES, [TUMOUR]).voxels
    mask = fill([square], CUBES, where)
    assert isinstance(where, Sheet)
    assert np.array_equal(voxels.any(axis=0), mask)
    assert voxels.sum() == mask.sum()
    assert np.array_equal(voxels.argmax(axis=0)[mask], np.floor(height(where, (20, 20)) + 0.5)[mask])


def square_on(where, half, centre=10.0):
    corners = centre + half * np.array([[-1, -1], [-1, 1], [1, 1], [1, -1]])
    plane = plane_of(where, CUBES)
    return Contour(plane, plane.to_plane_mm(CUBES.to_lps_mm(lift(where, corners))), "tumour")


def test_of_two_slices_that_cross_and_disagree_the_later_counts():
    axial, coronal = square_on(Slice(0, 10), 6.3), square_on(Slice(1, 10), 2.3)
    later_coronal = rasterise(ContourSet((axial, coronal)), CUBES, [TUMOUR]).voxels
    later_axial = rasterise(ContourSet((coronal, axial)), CUBES, [TUMOUR]).voxels
    assert later_coronal[10, 10].sum() == 5
    assert later_axial[10, 10].sum() == 13
    # Beside the line on which they cross each is as it was drawn.
    assert later_coronal[10, 9].sum() == later_axial[10, 9].sum() == 13
    assert later_coronal[11, 10].sum() == later_axial[11, 10].sum() == 5


def test_a_sheet_takes_nothing_from_the_slices_that_it_crosses():
    axial, level = square_on(Slice(0, 10), 6.3), square_on(Sheet(0, 10.25), 2.3)
    assert rasterise(ContourSet((axial, level)), CUBES, [TUMOUR]).voxels.sum() == 13**2


def test_two_hundred_pieces_on_one_plane():
    plane = Plane.spanned_by((0, 0, 3), (1, 0, 0.3), (0, 1, 0.2))
    dab = 0.3 * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    sheet = sheet_of(plane, CUBES)
    spots = [(row, column) for row in range(20) for column in range(0, 20, 2)]
    centres = plane.to_plane_mm(CUBES.to_lps_mm(lift(sheet, spots)))
    groups = by_placement([Contour(plane, dab + centre, "tumour") for centre in centres], CUBES)
    assert list(groups) == [sheet]
    assert fill(groups[sheet], CUBES, sheet).sum() == 200


@pytest.mark.parametrize(
    "where", [Slice(0, 3), Slice(2, 0), Sheet(1, 8.4), Sheet(0, 1.0, (0.3, 0.5))], ids=str
)
def test_a_contour_of_one_pixel_fills_one_voxel_and_a_smaller_one_beside_the_centre_none(where):
    voxel = square_on(where, 0.4, centre=10)
    assert rasterise(ContourSet((voxel,)), CUBES, [TUMOUR]).voxels.sum() == 1
    beside = square_on(where, 0.2, centre=10.5)
    assert not rasterise(ContourSet((beside,)), CUBES, [TUMOUR]).voxels.any()


def test_a_contour_around_the_whole_border_fills_the_slice():
    border = square_on(Slice(0, 0), 10.0, centre=9.5)
    assert fill([border], CUBES, Slice(0, 0)).all()
    assert fill([square_on(Slice(0, 0), 25, centre=9.5)], CUBES, Slice(0, 0)).all()


def test_identical_contours_fill_what_one_does_and_a_self_crossing_one_by_even_odd():
    disc = square_on(Slice(0, 3), 4.2)
    assert np.array_equal(fill([disc, disc], CUBES, Slice(0, 3)), fill([disc], CUBES, Slice(0, 3)))
    plane = CUBES.plane(0, 3)
    bow_tie = Contour(plane, np.array([[2, 2], [12.6, 12.6], [12.6, 2], [2, 12.6]]), "tumour")
    mask = fill([bow_tie], CUBES, Slice(0, 3))
    assert mask[7, 3]
    assert mask[7, 11]
    assert not mask[3, 7]
    assert not mask[11, 7]
