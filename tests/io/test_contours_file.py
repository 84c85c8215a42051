"""Contours on disk."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medseg.contour import Contour, ContourSet, Origin, OtherTimePoints
from medseg.errors import SidecarError
from medseg.io.contours_file import read_contours, read_other_time_points, write_contours
from medseg.space import Plane
from strategies import grids, star_polygons

DIGEST = "0" * 64


@given(grids(), star_polygons((40, 40)), st.sampled_from(Origin), st.booleans())
def test_contours_come_back_exactly(tmp_path_factory, grid, points, origin, hole):
    path = tmp_path_factory.mktemp("contours") / "a_contours.json"
    contour = Contour(grid.plane(0, 0), points, "tumour", hole=hole, origin=origin)
    write_contours(ContourSet((contour,)), path, voxels_sha256=DIGEST)
    (back,) = read_contours(path, voxels_sha256=DIGEST)
    assert np.array_equal(back.points_mm, contour.points_mm)
    assert np.array_equal(back.plane.origin_lps_mm, contour.plane.origin_lps_mm)
    assert np.array_equal(back.points_lps_mm, contour.points_lps_mm)
    assert (back.structure_id, back.hole, back.origin) == ("tumour", hole, origin)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        f'{{"schema": "medseg-contours/1", "voxels_sha256": "{DIGEST}"}}',
        f'{{"schema": "medseg-contours/1", "voxels_sha256": "{DIGEST}", "contours": [{{}}]}}',
        '{"schema": "medseg-contours/1", "contours": []}',
        '{"schema": "medseg-contours/2", "contours": []}',
        "[" * 100_000,
    ],
)
def test_damage_is_named(tmp_path, text):
    path = tmp_path / "a_contours.json"
    path.write_text(text)
    with pytest.raises(SidecarError, match="a_contours"):
        read_contours(path, voxels_sha256=DIGEST)


def test_a_contour_that_cannot_be_is_refused(tmp_path):
    plane = {"origin_lps_mm": [0, 0, 0], "u": [1, 0, 0], "v": [0, 1, 0]}
    entry = {
        "structure": "a",
        "origin": "drawn",
        "hole": False,
        "plane": plane,
        "points_mm": [[0, 0], [1, 1]],
    }
    path = tmp_path / "a_contours.json"
    path.write_text(json.dumps({"schema": "medseg-contours/1", "voxels_sha256": DIGEST, "contours": [entry]}))
    with pytest.raises(SidecarError, match="three vertices"):
        read_contours(path, voxels_sha256=DIGEST)


def test_contours_of_other_voxels_are_refused(tmp_path):
    path = tmp_path / "a_contours.json"
    write_contours(ContourSet(), path, voxels_sha256="1" * 64)
    with pytest.raises(SidecarError, match="belongs to other voxels"):
        read_contours(path, voxels_sha256=DIGEST)


SQUARE = np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 3.0]])


def _contour(time_index=None, side_mm=1.0):
    plane = Plane.spanned_by((0, 0, 0), (1, 0, 0), (0, 1, 0))
    return Contour(plane, SQUARE * side_mm, "tumour", time_index=time_index)


def test_other_time_points_come_back_beside_those_that_the_voxels_show(tmp_path):
    path = tmp_path / "a_contours.json"
    shown = ContourSet((_contour(), _contour(3, 2.0)))
    others = OtherTimePoints(3, ContourSet((_contour(None, 3.0), _contour(0, 4.0))))
    write_contours(shown, path, voxels_sha256=DIGEST, other_time_points=others)
    back = read_contours(path, voxels_sha256=DIGEST)
    beside = read_other_time_points(path, voxels_sha256=DIGEST)
    assert beside.shown == 3
    for found, expected in ((back, shown), (beside.contours, others.contours)):
        assert [c.time_index for c in found] == [c.time_index for c in expected]
        assert all(np.array_equal(a.points_mm, b.points_mm) for a, b in zip(found, expected, strict=True))


def test_files_of_3d_images_tell_of_no_time(tmp_path):
    path = tmp_path / "a_contours.json"
    write_contours(ContourSet((_contour(),)), path)
    assert "time" not in path.read_text()
    assert read_other_time_points(path) is None
    assert [c.time_index for c in read_contours(path)] == [None]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("shown_time_index", "3"),
        ("shown_time_index", True),
        ("shown_time_index", 1.5),
        ("other_time_points", None),
        ("other_time_points", [{}]),
        ("time_index", "later"),
        ("time_index", -1),
    ],
)
def test_a_damaged_time_is_named(tmp_path, field, value):
    path = tmp_path / "a_contours.json"
    others = OtherTimePoints(3, ContourSet((_contour(0),)))
    write_contours(ContourSet((_contour(3),)), path, other_time_points=others)
    document = json.loads(path.read_text())
    target = document["contours"][0] if field == "time_index" else document
    assert field in target
    target[field] = value
    path.write_text(json.dumps(document))
    read = read_contours if field == "time_index" else read_other_time_points
    with pytest.raises(SidecarError, match="damaged contour"):
        read(path)
