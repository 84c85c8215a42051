"""The surface cube by cube is the one of marching cubes, on every grid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.measure import marching_cubes

from medseg.measurement.mesh import cube_surface
from medseg.measurement.mesh_loops import boundary_cubes
from solids import upright
from strategies import grids

masks = arrays(np.bool_, st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 20)))


def triangles_of(mask, grid):
    """The triangles of the padded mask in mm, ``(m, 3, 3)``, about the grid's origin."""
    field = np.pad(mask, 1).astype(np.float32)
    vertices, triangles, _, _ = marching_cubes(field, 0.5, method="lorensen")
    return (vertices[triangles].astype(float) - 1) @ grid.index_to_lps_mm[:3, :3].T


@given(masks, st.data())
@settings(max_examples=25)
def test_area_volume_and_middle_are_those_of_the_triangles(mask, data):
    grid = data.draw(grids(st.just(mask.shape)))
    surface = cube_surface(mask, grid)
    if not mask.any():
        assert (surface.area_mm2, surface.volume_mm3, len(surface.cube_area_mm2)) == (0, 0, 0)
        return
    a, b, c = np.moveaxis(triangles_of(mask, grid), 1, 0)
    normals = np.cross(b - a, c - a) / 2
    areas = np.linalg.norm(normals, axis=1)
    assert surface.area_mm2 == pytest.approx(areas.sum())
    assert surface.cube_area_mm2.sum() == pytest.approx(areas.sum())
    volume = abs(np.einsum("ij,ij->", a, normals)) / 3
    assert surface.volume_mm3 == pytest.approx(volume, rel=1e-6, abs=1e-9)
    middle = np.average((a + b + c) / 3, axis=0, weights=areas)
    found = np.average(surface.cube_centre_lps_mm, axis=0, weights=surface.cube_area_mm2)
    np.testing.assert_allclose(found - grid.origin_lps_mm, middle, atol=1e-6)


@given(masks)
@settings(max_examples=25)
def test_the_cubes_are_all_that_are_neither_in_nor_out(mask):
    padded = np.pad(mask, 1).astype(int)
    k, j, i = np.array(padded.shape) - 1
    code = sum(
        padded[dk : dk + k, dj : dj + j, di : di + i] << (dj + 2 * dk + 4 * di)
        for dk, dj, di in np.ndindex(2, 2, 2)
    )
    corner, configuration = boundary_cubes(mask.view(np.uint8))
    mixed = np.argwhere((code > 0) & (code < 255))
    np.testing.assert_array_equal(corner, mixed - 1)
    np.testing.assert_array_equal(configuration, code[tuple(mixed.T)])


def test_structures_of_more_cubes_than_are_expected_at_first():
    mask = np.indices((12, 14, 16)).sum(axis=0) % 2 == 0
    corner, _ = boundary_cubes(mask.view(np.uint8))
    # All 2×2×2 of a chessboard are mixed but for the corners of the padding where no voxel is in.
    assert len(corner) == 13 * 15 * 17 - np.count_nonzero(~mask[::11, ::13, ::15])
    surface = cube_surface(mask, upright(mask.shape, (1, 1, 1)))
    assert len(surface.configuration) == len(corner)
