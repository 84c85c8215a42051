"""The largest distance between two surfaces: exact on every grid, with its place."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import binary_erosion, generate_binary_structure

from medseg.errors import GridMismatchError
from medseg.measurement import boundary, largest_surface_distance
from medseg.space import Grid
from solids import upright
from strategies import grids

SPACING = (2.5, 0.8, 0.7)


def nearby_grid(shape, *, tilt_degrees=0.0) -> Grid:
    tilt = np.deg2rad(tilt_degrees)
    k, j, i = SPACING
    return Grid.from_axes(
        shape,
        origin_lps_mm=(-100.0, 40.0, 7.0),
        step_k_mm=(0, k * np.sin(tilt), k * np.cos(tilt)),
        step_j_mm=(0, j, 0),
        step_i_mm=(i, 0, 0),
    )


def by_hand(a, b, grid) -> float:
    """Every distance between two boundary voxels, and the largest of the smallest."""
    on_a, on_b = (grid.to_lps_mm(np.argwhere(boundary(mask))) for mask in (a, b))
    distances = np.linalg.norm(on_a[:, None] - on_b[None], axis=-1)
    return max(distances.min(axis=1).max(), distances.min(axis=0).max())


@given(arrays(np.bool_, (4, 5, 6)))
def test_the_boundary_is_what_an_erosion_takes_away(mask):
    eroded = binary_erosion(mask, generate_binary_structure(3, 1), border_value=0)
    np.testing.assert_array_equal(boundary(mask), mask & ~eroded)


@given(grids(), st.data())
def test_it_is_the_largest_of_the_smallest_distances_on_any_grid(grid, data):
    a, b = (data.draw(arrays(np.bool_, grid.shape_kji)) for _ in "ab")
    found = largest_surface_distance(a, b, grid)
    if not a.any() or not b.any():
        assert found is None
        return
    assert found.mm == pytest.approx(by_hand(a, b, grid), abs=1e-9)
    # The place is a boundary voxel of the surface that it names, and the distance is that to the other one.
    start, goal = (a, b) if found.on_first else (b, a)
    for point, mask in ((found.at_lps_mm, start), (found.nearest_lps_mm, goal)):
        assert boundary(mask)[tuple(np.rint(grid.to_index(point)).astype(int))]
    assert np.linalg.norm(np.subtract(found.at_lps_mm, found.nearest_lps_mm)) == pytest.approx(found.mm)


def test_it_is_that_of_itk_between_the_two_boundaries():
    rng = np.random.default_rng(1)
    grid = upright((9, 20, 22), SPACING)
    a, b = (np.zeros(grid.shape_kji, dtype=bool) for _ in "ab")
    a[2:7, 4:15, 5:16] = True
    b[3:8, 5:18, 3:14] = rng.random((5, 13, 11)) < 0.9
    images = []
    for mask in (a, b):
        image = SimpleITK.GetImageFromArray(boundary(mask).astype(np.uint8))
        image.SetSpacing(SPACING[::-1])
        images.append(image)
    judge = SimpleITK.HausdorffDistanceImageFilter()
    judge.Execute(*images)
    found = largest_surface_distance(a, b, grid)
    assert found.mm == pytest.approx(judge.GetHausdorffDistance(), rel=1e-6)


def test_balls_in_one_another_are_apart_by_their_radii():
    grid = upright((61, 61, 61), (1.0, 1.0, 1.0))
    radius = np.linalg.norm(np.indices(grid.shape_kji) - 30, axis=0)
    found = largest_surface_distance(radius < 25.2, radius < 10.2, grid)
    assert found.mm == pytest.approx(15, abs=0.5)
    assert found.on_first
    assert np.linalg.norm(np.array(found.at_lps_mm) - 30) == pytest.approx(25, abs=0.5)


def test_a_shift_by_one_slice_is_the_way_to_the_next_slice_on_a_tilted_grid():
    """A transform with one spacing an axis would say 2.5 mm; straight across it is less."""
    grid = nearby_grid((8, 12, 12), tilt_degrees=30)
    a, b = (np.zeros(grid.shape_kji, dtype=bool) for _ in "ab")
    a[2:6] = b[3:7] = True
    found = largest_surface_distance(a, b, grid)
    assert found.mm == pytest.approx(by_hand(a, b, grid))
    across = 2.5 * np.cos(np.deg2rad(30))
    assert across <= found.mm < 2.5


def test_one_voxel_more_is_found_where_it_is():
    grid = nearby_grid((8, 30, 30))
    a = np.zeros(grid.shape_kji, dtype=bool)
    a[2:6, 5:15, 5:15] = True
    b = a.copy()
    b[3, 10, 25] = True
    found = largest_surface_distance(a, b, grid)
    assert found.mm == pytest.approx(11 * 0.7)
    assert found.at_lps_mm == pytest.approx(tuple(grid.to_lps_mm((3, 10, 25))))
    assert found.nearest_lps_mm == pytest.approx(tuple(grid.to_lps_mm((3, 10, 14))))
    assert not found.on_first
    assert found.as_dict()["on"] == "second"


def test_the_same_surface_is_at_no_distance():
    mask = np.zeros((4, 5, 6), dtype=bool)
    mask[1:3, 1:4, 2:5] = True
    found = largest_surface_distance(mask, mask.copy(), nearby_grid(mask.shape))
    assert found.mm == 0
    assert found.at_lps_mm == found.nearest_lps_mm


def test_a_hole_is_a_surface():
    grid = upright((9, 9, 9), (1.0, 1.0, 1.0))
    full = np.zeros(grid.shape_kji, dtype=bool)
    full[1:8, 1:8, 1:8] = True
    hollow = full.copy()
    hollow[4, 4, 4] = False
    found = largest_surface_distance(full, hollow, grid)
    assert found.mm == pytest.approx(2)
    assert not found.on_first


def test_masks_must_lie_on_the_grid():
    grid = upright((4, 5, 6), SPACING)
    with pytest.raises(GridMismatchError, match="shape"):
        largest_surface_distance(np.zeros((4, 5, 6), bool), np.zeros((4, 5, 7), bool), grid)
