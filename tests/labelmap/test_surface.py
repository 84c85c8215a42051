"""Surfaces of structures: closed, outwards, in their place, and of the right volume."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from medseg.errors import LabelMapError
from medseg.labelmap import LabelMap, Structure
from medseg.labelmap.surface import surface_of
from medseg.space import Grid
from solids import lump, upright
from strategies import grids

A = Structure("a", "A", 1)
few = st.tuples(*[st.integers(1, 6)] * 3)


def one(grid, mask):
    return LabelMap(grid, (np.asarray(mask).astype(np.uint8),), (A,))


def ball(radius_mm, spacing_kji_mm):
    shape = tuple(int(2 * radius_mm / mm) + 5 for mm in spacing_kji_mm)
    grid = upright(shape, spacing_kji_mm)
    return one(grid, lump(grid, radius_mm))


def edges_pair_up(surface):
    """Whether each edge is in two triangles, in opposite directions: closed, and one side is the inside."""
    t = surface.triangles
    edges = np.vstack([t[:, [0, 1]], t[:, [1, 2]], t[:, [2, 0]]])
    there, back = (set(map(tuple, way)) for way in (edges, edges[:, ::-1]))
    return len(there) == len(edges) and there == back


@settings(max_examples=60, deadline=None)
@given(
    grid=grids(few),
    seed=st.integers(0, 2**32 - 1),
    share=st.floats(0.05, 1),
    iterations=st.sampled_from([0, 20]),
)
def test_any_mask_on_any_grid_has_a_closed_surface_that_faces_outwards(grid, seed, share, iterations):
    mask = np.random.default_rng(seed).random(grid.shape_kji) <= share
    mask.flat[0] = True
    surface = surface_of(one(grid, mask), "a", smoothing_iterations=iterations)
    assert edges_pair_up(surface)
    assert np.isfinite(surface.vertices_lps_mm).all()
    assert surface.volume_mm3 > 0
    if not iterations:
        index = grid.to_index(surface.vertices_lps_mm)
        # Half way between a voxel inside and one outside, the border of the image too.
        assert np.allclose(np.sort(np.abs(index % 1 - 0.5), axis=1)[:, 0], 0, atol=1e-6)
        assert index.min() >= -0.5 - 1e-6
        assert (index.max(axis=0) <= np.array(grid.shape_kji) - 0.5 + 1e-6).all()


def test_a_box_is_where_its_voxels_are_on_a_flipped_leaning_grid():
    grid = Grid.from_axes(
        (20, 20, 20), origin_lps_mm=(5, 6, 7), step_k_mm=(0, 1, -3), step_j_mm=(0, 2, 0), step_i_mm=(-1, 0, 0)
    )
    mask = np.zeros(grid.shape_kji, bool)
    mask[2:17, 0:20, 4:9] = True
    surface = surface_of(one(grid, mask), "a", smoothing_iterations=0)
    index = grid.to_index(surface.vertices_lps_mm)
    assert np.allclose(index.min(axis=0), [1.5, -0.5, 3.5], atol=1e-5)
    assert np.allclose(index.max(axis=0), [16.5, 19.5, 8.5], atol=1e-5)
    assert surface.smoothing == "none"
    mesh = trimesh.Trimesh(surface.vertices_lps_mm, surface.triangles, process=False)
    assert mesh.is_watertight
    assert mesh.is_winding_consistent
    assert mesh.volume == pytest.approx(surface.volume_mm3)


@pytest.mark.parametrize("spacing", [(1, 1, 1), (3, 1, 1), (5, 0.8, 0.8)])
@pytest.mark.parametrize("radius", [8, 15, 30])
def test_smoothing_keeps_the_volume_and_halves_the_steps(spacing, radius):
    label_map = ball(radius, spacing)
    smooth = surface_of(label_map, "a")
    bare = surface_of(label_map, "a", smoothing_iterations=0)
    assert edges_pair_up(smooth)
    assert smooth.volume_mm3 == pytest.approx(smooth.voxels_mm3, rel=1e-4)
    assert bare.volume_mm3 == pytest.approx(bare.voxels_mm3, rel=0.03)
    assert smooth.notes == ()
    moved_mm = float(smooth.smoothing.split()[-2])
    assert abs(moved_mm) < 0.1
    # Of the ball of the voxels' volume about their middle.
    middle = label_map.grid.to_lps_mm((np.array(label_map.grid.shape_kji) - 1) / 2)
    true_mm = (smooth.voxels_mm3 * 3 / 4 / np.pi) ** (1 / 3)
    errors = [
        np.sqrt(np.mean((np.linalg.norm(s.vertices_lps_mm - middle, axis=1) - true_mm) ** 2))
        for s in (bare, smooth)
    ]
    assert errors[1] < errors[0] * (0.6 if spacing == (1, 1, 1) else 0.95)


def test_smoothing_itself_is_gentle_before_the_volume_is_set_right():
    """The move by which the volume is kept is a hundredth of a voxel for whatever is not tiny."""
    for radius, most_mm in ((4, 0.02), (8, 0.01), (30, 0.005)):
        surface = surface_of(ball(radius, (1, 1, 1)), "a")
        assert abs(float(surface.smoothing.split()[-2])) < most_mm


def test_of_a_thin_structure_what_smoothing_took_is_told():
    grid = upright((40, 9, 9), (1, 1, 1))
    mask = np.zeros(grid.shape_kji, bool)
    mask[:, 4:6, 4:6] = True
    surface = surface_of(one(grid, mask), "a")
    assert surface.volume_mm3 == pytest.approx(surface.voxels_mm3, rel=1e-4)
    assert surface.smoothed_mm3 < 0.9 * surface.voxels_mm3
    assert "smoothing brought" in surface.notes[0]


def test_of_a_structure_of_few_voxels_the_difference_is_told():
    grid = upright((3, 3, 3), (2, 1, 1))
    mask = np.zeros(grid.shape_kji, bool)
    mask[1, 1, 1] = True
    surface = surface_of(one(grid, mask), "a")
    assert edges_pair_up(surface)
    assert surface.voxels_mm3 == 2
    assert "small or thin" in surface.notes[0]


def test_parts_belong_to_the_whole_unless_they_shall_not():
    grid = upright((9, 9, 9), (1, 1, 1))
    labels = np.zeros(grid.shape_kji, np.uint8)
    labels[1:8, 1:8, 1:8] = 1
    labels[3:6, 3:6, 3:6] = 2
    label_map = LabelMap(grid, (labels,), (A, Structure("b", "B", 2, part_of="a")))
    assert surface_of(label_map, "a").voxels_mm3 == 7**3
    hollow = surface_of(label_map, "a", with_parts=False, smoothing_iterations=0)
    assert hollow.voxels_mm3 == 7**3 - 3**3
    assert hollow.volume_mm3 == pytest.approx(hollow.voxels_mm3, rel=0.1)
    assert edges_pair_up(hollow)


def test_the_same_structure_gives_the_same_surface_and_it_is_locked():
    first, second = (surface_of(ball(5, (1, 1, 1)), "a") for _ in range(2))
    assert np.array_equal(first.vertices_lps_mm, second.vertices_lps_mm)
    assert not first.vertices_lps_mm.flags.writeable
    assert not first.triangles.flags.writeable


def test_what_has_no_surface_is_refused():
    grid = upright((3, 3, 3), (1, 1, 1))
    with pytest.raises(LabelMapError) as caught:
        surface_of(one(grid, np.zeros(grid.shape_kji)), "a")
    assert caught.value.details["reason"] == "no-voxels"
    with pytest.raises(LabelMapError):
        surface_of(one(grid, np.ones(grid.shape_kji)), "b")
    with pytest.raises(ValueError, match="iterations"):
        surface_of(one(grid, np.ones(grid.shape_kji)), "a", smoothing_iterations=-1)
