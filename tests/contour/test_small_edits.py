"""Resampling, moving, replacing and deleting contours."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from contour.shapes import BESIDE, PLANE, SAME_SHEET, area, circle, contour, outlines, seen_from, square
from medseg.contour import Contour, ContourSet, Origin, delete_on, replace_on, resample, translate
from medseg.errors import ContourError
from strategies import star_polygons


@given(star_polygons((30, 30)), st.floats(0.05, 3))
def test_vertices_come_to_lie_evenly_along_the_outline(points, spacing):
    before = contour(points, origin=Origin.IMPORTED)
    (after,) = resample([before], spacing)
    ring = shapely.LinearRing(points)
    stations = [ring.project(shapely.Point(point)) for point in after.points_mm]
    assert np.allclose(np.diff(stations), ring.length / len(stations), atol=1e-6)
    assert np.diff(stations).mean() == pytest.approx(spacing, rel=0.1)
    assert outlines([after]).hausdorff_distance(ring) <= spacing
    assert np.array_equal(after.points_mm[0], points[0])
    assert after.origin is Origin.DRAWN


def test_a_contour_smaller_than_the_spacing_keeps_eight_vertices():
    (dot,) = resample([circle((0, 0), 0.01, 9)], 5)
    assert len(dot.points_mm) == 8


@pytest.mark.parametrize(
    ("spacing", "message"), [(0, "above 0"), (np.nan, "finite"), (1e-5, "at most 100000 vertices")]
)
def test_a_spacing_that_is_none_is_refused(spacing, message):
    with pytest.raises(ContourError, match=message):
        resample([square((0, 0), 3)], spacing)


def test_contours_move_in_their_plane_whatever_its_frame():
    here, there = (
        square((0, 0), 3, origin=Origin.ASSISTED),
        seen_from(SAME_SHEET, square((0, 0), 3, hole=True)),
    )
    first, second = translate([here, there], (2, -1))
    assert np.allclose(first.points_mm, np.add(here.points_mm, (2, -1)))
    assert np.allclose(second.points_lps_mm, first.points_lps_mm)
    assert (second.hole, second.plane) == (True, SAME_SHEET)
    assert first.origin is Origin.DRAWN
    assert translate([here], (0, 0)) == (here,)
    with pytest.raises(ContourError, match="shift to be two finite numbers"):
        translate([here], (np.nan, 0))


def test_a_structure_s_contours_on_a_plane_are_replaced_and_deleted():
    here, also_here = square((0, 0), 3), seen_from(SAME_SHEET, square((9, 0), 1))
    beside = Contour(BESIDE, here.points_mm, "tumour")
    other = here.with_structure("liver")
    drawn = ContourSet((here, beside, other, also_here))
    new = square((0, 0), 5)
    assert list(replace_on(drawn, PLANE, "tumour", [new])) == [beside, other, new]
    assert list(delete_on(drawn, PLANE, "tumour")) == [beside, other]
    assert len(drawn) == 4


def test_only_contours_of_that_structure_and_plane_replace_it():
    here = square((0, 0), 3)
    with pytest.raises(ContourError, match="expected contours of 'liver', got one of 'tumour'"):
        replace_on(ContourSet(), PLANE, "liver", [here])
    with pytest.raises(ContourError, match=r"2\.5 mm off"):
        replace_on(ContourSet(), BESIDE, "tumour", [here])


def test_contours_are_read_without_what_edits_need():
    use = "from medseg.contour import Contour, by_placement, trace_slice"
    code = f"{use}; import sys; print('shapely' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_areas_survive_all_that_only_moves():
    assert area(translate([square((0, 0), 3)], (50, 3))) == pytest.approx(36)
