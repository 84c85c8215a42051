"""The surface by Crofton's formula: against SimpleITK's, and where its limits are."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analytic_solids import ASKEW, STEPS, ball, box, ellipsoid, voxels_of
from medseg.errors import GridMismatchError
from medseg.measurement.crossing_loops import crossings
from medseg.measurement.flat_patch_loops import flat_patches
from medseg.measurement.surface_area import REACH, crofton_mm2, words_of
from solids import lump, upright


def by_simpleitk(mask, grid):
    image = SimpleITK.GetImageFromArray(mask.astype(np.uint8))
    image.SetSpacing(grid.spacing_kji_mm[::-1])
    shape = SimpleITK.LabelShapeStatisticsImageFilter()
    shape.Execute(image)
    return shape.GetPerimeter(1)


@pytest.mark.parametrize("seed", range(3))
def test_lumps_have_the_surface_that_simpleitk_finds(seed):
    grid = upright((50, 50, 50), (1, 1, 1))
    mask = lump(grid, 16, bumps=0.15, seed=seed)
    assert crofton_mm2(mask, grid) == pytest.approx(by_simpleitk(mask, grid), rel=0.02)


def test_slices_of_four_millimetres_will_do():
    solid = ellipsoid((24, 18, 10))
    mask, grid = voxels_of(solid, STEPS["anisotropic"] * (2, 1, 1))
    assert crofton_mm2(mask, grid) == pytest.approx(solid.surface_mm2, rel=0.02)
    assert by_simpleitk(mask, grid) == pytest.approx(solid.surface_mm2, rel=0.02)


@pytest.mark.parametrize("steps", STEPS.values(), ids=STEPS)
def test_small_balls_of_five_slices(steps):
    solid = ball(6)
    assert crofton_mm2(*voxels_of(solid, steps)) == pytest.approx(solid.surface_mm2, rel=0.04)


@pytest.mark.parametrize("turn", [np.eye(3), ASKEW], ids=["along the voxels", "askew"])
def test_sharp_edges_and_faces_along_the_voxels_come_out_somewhat_small(turn):
    solid = box((40, 32, 24), turn)
    share = crofton_mm2(*voxels_of(solid, STEPS["isotropic"])) / solid.surface_mm2
    assert 0.95 < share < 1.0


@given(arrays(np.bool_, st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 140))), st.data())
@settings(max_examples=25)
def test_pairs_are_counted_across_words(mask, data):
    step = np.array([[data.draw(st.integers(-2 * REACH, 2 * REACH)) for _ in range(3)]])
    words = words_of(mask)
    room = 2 * REACH
    padded = np.pad(mask, room)
    # Everything outside is alike, so a roll within the margin moves nothing into the mask from the other end.
    padded = np.pad(padded, room)
    moved = np.roll(padded, -step[0], axis=(0, 1, 2))
    assert crossings(words, words.any(axis=2), step).tolist() == [np.count_nonzero(padded != moved)]


def patches_by_hand(mask, axis, patch):
    """Patches of faces with one side, by a window over all places."""
    room = [(n, n) for n in patch]
    inside = np.pad(mask, room)
    following = np.roll(inside, -1, axis)
    total = 0
    for faces in (inside & ~following, ~inside & following):
        windows = np.lib.stride_tricks.sliding_window_view(faces, patch)
        total += np.count_nonzero(windows.all(axis=(3, 4, 5)))
    return total


@given(
    arrays(
        np.bool_, st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 140)), fill=st.just(True)
    ),
    st.sampled_from([0, 1, 2]),
    st.tuples(*[st.integers(1, 4)] * 3),
)
@settings(max_examples=25)
def test_flat_patches_are_counted_across_words(mask, axis, faces):
    patch = tuple(1 if each == axis else n for each, n in enumerate(faces))
    found = flat_patches(words_of(mask), axis, np.array([patch, (1, 1, 1)]))
    assert found.tolist() == [patches_by_hand(mask, axis, patch), patches_by_hand(mask, axis, (1, 1, 1))]


def test_nothing_has_no_surface_and_other_grids_are_refused():
    grid = upright((3, 4, 5), (1, 1, 1))
    assert crofton_mm2(np.zeros(grid.shape_kji, bool), grid) == 0
    with pytest.raises(GridMismatchError):
        crofton_mm2(np.zeros((3, 4, 6), bool), grid)
