"""Agreement of two delineations: equal to deepmind's definitions, and right on grids unknown to those."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import gaussian_filter

from medseg.errors import GridMismatchError
from medseg.measurement import largest_surface_distance
from medseg.measurement.agreement import agreement, surface_agreement
from medseg.measurement.surface_distance import boundary_hausdorff_mm
from medseg.measurement.surface_elements import surface_elements
from medseg.space import Grid
from solids import upright
from strategies import grids

SPACING = (2.5, 0.8, 0.7)


def two_readers(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A blob that reaches the edge of the image, and nearly the same one."""
    noise = np.random.default_rng(seed).standard_normal((2, 18, 30, 34))
    first = gaussian_filter(noise[0], 2.5) > 0.03
    second = gaussian_filter(first.astype(float) + gaussian_filter(noise[1], 1.5), 1.0) > 0.5
    return first, second


def deepmind(first, second, spacing):
    package = pytest.importorskip("surface_distance")
    with warnings.catch_warnings():
        # It calls scipy by names that are going out of use.
        warnings.simplefilter("ignore", DeprecationWarning)
        return package, package.compute_surface_distances(first, second, spacing)


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), SPACING, (0.31, 4.7, 1.9)])
def test_areas_are_those_of_deepminds_table(spacing):
    tables = pytest.importorskip("surface_distance.lookup_tables")
    published = tables.create_table_neighbour_code_to_surface_area(spacing)
    grid = upright((2, 2, 2), spacing)
    middle = grid.to_lps_mm([0.5, 0.5, 0.5])
    for code in range(1, 255):
        mask = (tables.ENCODE_NEIGHBOURHOOD_3D_KERNEL & code) > 0
        found = surface_elements(mask, grid)
        (here,) = np.flatnonzero(np.abs(found.points_lps_mm - middle).max(axis=1) < 1e-9)
        assert found.areas_mm2[here] == pytest.approx(published[code], abs=1e-9), code


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("tolerance_mm", [0.0, 0.7, 2.0])
def test_equal_to_deepmind(seed, tolerance_mm):
    first, second = two_readers(seed)
    package, distances = deepmind(first, second, SPACING)
    found = agreement(first, second, upright(first.shape, SPACING), tolerance_mm)
    assert found.hd95_mm == pytest.approx(package.compute_robust_hausdorff(distances, 95), abs=1e-6)
    assert found.hd_mm == pytest.approx(package.compute_robust_hausdorff(distances, 100), abs=1e-6)
    surface_dice = package.compute_surface_dice_at_tolerance(distances, tolerance_mm)
    assert found.surface_dice == pytest.approx(surface_dice, abs=1e-6)
    surfaces = surface_agreement(first, second, upright(first.shape, SPACING))
    averages = package.compute_average_surface_distance(distances)
    assert (surfaces.first.average_mm, surfaces.second.average_mm) == pytest.approx(averages, abs=1e-6)
    assert found.dice == pytest.approx(package.compute_dice_coefficient(first, second), abs=1e-12)


@pytest.mark.parametrize("degrees", [0.0, 7.0, 31.0])
def test_a_tolerance_of_whole_steps_is_within_itself_however_the_patient_lies(degrees):
    """3 x 0.8 is 2.4000000000000004 in floating point: a plain comparison takes it for farther than 2.4."""
    spacing = (1.5, 0.8, 0.8)
    a, b = (np.zeros((8, 20, 20), dtype=bool) for _ in "ab")
    a[2:6, 4:12, 4:12] = True
    b[2:6, 4:12, 4:15] = True
    turned = np.eye(4)
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turned[:2, :2] = (c, -s), (s, c)
    grid = Grid(a.shape, turned @ upright(a.shape, spacing).index_to_lps_mm)
    assert agreement(a, b, grid, 2.4).surface_dice == 1.0
    package, distances = deepmind(a, b, spacing)
    below = package.compute_surface_dice_at_tolerance(distances, 2.399)
    assert below < 1
    assert agreement(a, b, grid, 2.399).surface_dice == pytest.approx(below, abs=1e-6)
    assert package.compute_surface_dice_at_tolerance(distances, 2.4) == below, "where its program differs"
    assert package.compute_surface_dice_at_tolerance(distances, 2.4 + 1e-6) == 1.0


@settings(max_examples=25)
@given(grids(), st.data())
def test_distances_are_those_in_the_patient_on_any_grid(grid, data):
    a, b = (data.draw(arrays(np.bool_, grid.shape_kji)) for _ in "ab")
    found = surface_agreement(a, b, grid)
    if not a.any() or not b.any():
        assert found is None
        return
    on_a, on_b = surface_elements(a, grid), surface_elements(b, grid)
    apart = np.linalg.norm(on_a.points_lps_mm[:, None] - on_b.points_lps_mm[None], axis=-1)
    np.testing.assert_allclose(found.first.distances_mm, np.sort(apart.min(axis=1)), atol=1e-9)
    np.testing.assert_allclose(found.second.distances_mm, np.sort(apart.min(axis=0)), atol=1e-9)
    assert found.hausdorff_mm() == pytest.approx(max(apart.min(axis=1).max(), apart.min(axis=0).max()))


def sheared(shape, shear: float) -> Grid:
    k, j, i = SPACING
    return Grid.from_axes(
        shape,
        origin_lps_mm=(3.0, -2.0, 9.0),
        step_k_mm=(0, shear * k, k),
        step_j_mm=(0, j, 0),
        step_i_mm=(i, 0, 0),
    )


@pytest.mark.parametrize("shear", [0.0, 0.4])
def test_areas_are_those_in_the_patient_on_a_sheared_grid(shear):
    mask = np.zeros((12, 14, 16), dtype=bool)
    mask[1:-1, 1:-1, 1:-1] = True
    grid = sheared(mask.shape, shear)
    k, j, i = (grid.index_to_lps_mm[:3, axis] * n for axis, n in zip(range(3), (10, 12, 14), strict=True))
    faces = 2 * sum(float(np.linalg.norm(np.cross(p, q))) for p, q in ((k, j), (j, i), (i, k)))
    # Edges and corners are cut off by half a voxel.
    assert surface_elements(mask, grid).area_mm2 == pytest.approx(faces, rel=0.06)
    inner = surface_elements(mask, grid)
    middle = np.abs(grid.to_index(inner.points_lps_mm) - [5.5, 6.5, 7.5]) < [4, 5, 6]
    flat = inner.areas_mm2[middle.sum(axis=1) == 2]
    expected = {round(float(np.linalg.norm(np.cross(*pair))), 9) for pair in _pairs(grid)}
    assert {round(float(area), 9) for area in flat} == expected, "of a face each element is one voxel's face"


def _pairs(grid):
    k, j, i = grid.index_to_lps_mm[:3, :3].T
    return (k, j), (j, i), (i, k)


def test_two_that_are_the_same():
    mask, _ = two_readers(0)
    found = agreement(mask, mask.copy(), upright(mask.shape, SPACING), 0.0)
    assert (found.dice, found.jaccard, found.surface_dice) == (1.0, 1.0, 1.0)
    assert (found.hd_mm, found.hd95_mm, found.assd_mm) == (0.0, 0.0, 0.0)
    assert found.volume_difference_mm3 == 0.0


def test_a_cube_that_is_moved_by_two_voxels():
    a, b = (np.zeros((20, 20, 20), dtype=bool) for _ in "ab")
    a[5:10, 5:10, 5:10] = True
    b[5:10, 5:10, 7:12] = True
    found = agreement(a, b, upright(a.shape, (1.0, 1.0, 1.5)))
    assert found.hd_mm == pytest.approx(3.0)
    assert found.dice == pytest.approx(3 / 5)
    assert found.jaccard == pytest.approx(3 / 7)
    assert found.relative_volume_difference == 0.0


def test_nothing_and_something():
    empty, mask = np.zeros((6, 6, 6), dtype=bool), np.ones((6, 6, 6), dtype=bool)
    grid = upright(mask.shape, SPACING)
    both = agreement(empty, empty, grid)
    assert (both.dice, both.surface_dice, both.hd95_mm, both.relative_volume_difference) == (1, 1, None, None)
    one = agreement(empty, mask, grid)
    assert (one.dice, one.jaccard, one.surface_dice, one.assd_mm) == (0, 0, 0, None)
    assert one.second_mm3 == pytest.approx(216 * grid.voxel_volume_mm3)


def test_refusals():
    mask = np.ones((6, 6, 6), dtype=bool)
    with pytest.raises(GridMismatchError):
        agreement(mask, mask, upright((6, 6, 7), SPACING))
    with pytest.raises(ValueError, match="tolerance"):
        agreement(mask, mask, upright(mask.shape, SPACING), -1.0)


def test_the_hd95_of_boundary_voxels_is_monais():
    import torch
    from monai.metrics import compute_hausdorff_distance

    first, second = two_readers(0)
    as_batch = [torch.from_numpy(mask[None, None].astype(np.float32)) for mask in (first, second)]
    with warnings.catch_warnings():
        # It warns of whatever it was built with.
        warnings.simplefilter("ignore")
        expected = compute_hausdorff_distance(
            *as_batch, include_background=True, percentile=95, spacing=list(SPACING)
        )
    grid = upright(first.shape, SPACING)
    assert boundary_hausdorff_mm(first, second, grid) == pytest.approx(float(expected), abs=1e-4)
    assert boundary_hausdorff_mm(first, np.zeros_like(first), grid) is None
    assert boundary_hausdorff_mm(first, second, grid, 100) == largest_surface_distance(first, second, grid).mm
