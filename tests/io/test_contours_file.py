"""Contours on disk."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medseg.contour import Contour, ContourSet, Origin
from medseg.errors import SidecarError
from medseg.io.contours_file import read_contours, write_contours
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
