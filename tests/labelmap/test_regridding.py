"""A label map on the grid of an image: voxel by voxel where that is possible, resampled only on request."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import SimpleITK
from hypothesis import given
from hypothesis import strategies as st

from medseg.errors import GridMismatchError
from medseg.labelmap import LabelMap, Structure, put_on_grid
from medseg.space import Grid
from solids import lump
from strategies import grids

TUMOUR, LIVER = Structure("tumour", "Tumour", 1), Structure("liver", "Liver", 2)
SHAPE = (14, 20, 24)


def on(grid: Grid) -> LabelMap:
    return LabelMap(grid, (lump(grid, 9).astype(np.uint8),), (TUMOUR,))


def straight(shape, spacing=(3.0, 1.0, 1.0), origin=(0.0, 0.0, 0.0)) -> Grid:
    k, j, i = spacing
    return Grid.from_axes(
        shape, origin_lps_mm=origin, step_k_mm=(0, 0, k), step_j_mm=(0, j, 0), step_i_mm=(i, 0, 0)
    )


def sub_lattice(grid: Grid, axes, signs, first, shape) -> Grid:
    """A grid of the same lattice: axes in another order, some of them reversed, starting elsewhere."""
    matrix = np.eye(4)
    matrix[:3, :3] = grid.index_to_lps_mm[:3, list(axes)] * signs
    matrix[:3, 3] = grid.to_lps_mm(first)
    return Grid(shape, matrix)


@given(grids(), st.permutations(range(3)), st.tuples(*[st.sampled_from((1, -1))] * 3), st.data())
def test_a_grid_of_the_same_lattice_keeps_every_voxel_at_its_place(grid, axes, signs, data):
    rng = np.random.default_rng(data.draw(st.integers(0, 2**31)))
    voxels = rng.integers(0, 2, grid.shape_kji, dtype=np.uint8)
    old = LabelMap(grid, (voxels,), (TUMOUR,))
    margin = data.draw(st.integers(0, 3))
    size = np.array(grid.shape_kji)[list(axes)] + 2 * margin
    first = np.zeros(3)
    for new_axis, axis in enumerate(axes):
        first[axis] = -margin if signs[new_axis] > 0 else grid.shape_kji[axis] - 1 + margin
    new_grid = sub_lattice(grid, axes, signs, first, tuple(size))
    put = put_on_grid(old, new_grid)
    assert not put.resampled
    assert put.notes == ()
    assert np.count_nonzero(put.label_map.voxels) == np.count_nonzero(voxels)
    here = old.grid.to_index(new_grid.to_lps_mm(np.argwhere(put.label_map.voxels)))
    assert (voxels[tuple(np.rint(here).astype(int).T)] == 1).all()


def test_the_same_grid_gives_the_same_voxels():
    label_map = on(straight(SHAPE))
    np.testing.assert_array_equal(put_on_grid(label_map, label_map.grid).label_map.voxels, label_map.voxels)


def test_another_grid_is_refused_with_the_difference():
    with pytest.raises(
        GridMismatchError, match=r"spacing 3 × 1 × 1 mm where the image has 2\.5 × 1 × 1"
    ) as e:
        put_on_grid(on(straight(SHAPE)), straight(SHAPE, (2.5, 1, 1)))
    assert e.value.details["reason"] == "other-grid"
    with pytest.raises(GridMismatchError, match=r"first voxels 0\.4 mm apart"):
        put_on_grid(on(straight(SHAPE)), straight(SHAPE, origin=(0.4, 0, 0)))


def test_what_lies_outside_of_the_image_is_refused_even_on_request():
    label_map = on(straight(SHAPE))
    for other in (straight((5, 20, 24)), straight((5, 20, 24), (2.9, 1, 1))):
        with pytest.raises(GridMismatchError, match="outside of the image") as e:
            put_on_grid(label_map, other, resample=True)
        assert e.value.details["reason"] == "outside-image"


@pytest.mark.parametrize(
    ("spacing", "origin", "turn_deg"),
    [
        ((2.0, 0.7, 0.7), (-1.3, 2.2, -2.0), 0),
        ((1.1, 1.3, 0.9), (0, -3, 0.5), 9),
        ((4.0, 2.0, 2.0), (0, 0, 0), -4),
    ],
)
def test_resampling_is_that_of_simpleitk(spacing, origin, turn_deg):
    label_map = on(straight(SHAPE))
    cos, sin = np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg))
    turn = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
    k, j, i = spacing
    shape = tuple(int(np.ceil(e)) for e in (3 * 14 / k + 4, 30 / j, 34 / i))
    grid = Grid.from_axes(
        shape,
        origin_lps_mm=np.array(origin) - 2,
        step_k_mm=turn @ [0, 0, k],
        step_j_mm=turn @ [0, j, 0],
        step_i_mm=turn @ [i, 0, 0],
    )
    put = put_on_grid(label_map, grid, resample=True)
    assert put.resampled
    assert "nearest neighbour" in put.notes[0]
    resampler = SimpleITK.ResampleImageFilter()
    resampler.SetReferenceImage(image_of(LabelMap(grid, (np.zeros(shape, np.uint8),), ())))
    resampler.SetInterpolator(SimpleITK.sitkNearestNeighbor)
    expected = SimpleITK.GetArrayFromImage(resampler.Execute(image_of(label_map)))
    # Voxel centres half way between two old ones may go either way by rounding.
    assert np.count_nonzero(put.label_map.voxels != expected) <= 0.002 * np.count_nonzero(expected)
    assert put.label_map.grid is grid


def image_of(label_map: LabelMap) -> SimpleITK.Image:
    grid = label_map.grid
    image = SimpleITK.GetImageFromArray(label_map.voxels)
    image.SetSpacing(grid.spacing_kji_mm[::-1])
    image.SetOrigin(grid.origin_lps_mm.tolist())
    image.SetDirection(grid.directions[:, ::-1].ravel().tolist())
    return image


def test_a_changed_volume_is_told():
    grid = straight((9, 9, 9), (1, 1, 1))
    voxels = np.zeros(grid.shape_kji, np.uint8)
    voxels[4, 4, 4] = 1
    coarse = straight((3, 3, 3), (3, 3, 3), (1, 1, 1))
    put = put_on_grid(LabelMap(grid, (voxels,), (TUMOUR,)), coarse, resample=True)
    assert any(note.startswith("Tumour: 0.001 ml before, 0.027 ml after") for note in put.notes)


def test_every_layer_is_put():
    grid = straight((4, 4, 4), (1, 1, 1))
    first, second = np.zeros((2, 4, 4, 4), np.uint8)
    first[1, 1, 1], second[1:3, 1, 1] = 1, 1
    overlapping = LabelMap(grid, (first, second), (TUMOUR, Structure("oedema", "Oedema", 1, layer=1)))
    flipped = sub_lattice(grid, (0, 1, 2), (-1, 1, 1), (3, 0, 0), (4, 4, 4))
    for put, layer in zip(put_on_grid(overlapping, flipped).label_map.layers, (first, second), strict=True):
        np.testing.assert_array_equal(put, layer[::-1])


def test_all_orders_and_directions_of_axes_are_found():
    grid = straight((3, 4, 5))
    label_map = on(grid)
    for axes in itertools.permutations(range(3)):
        for signs in itertools.product((1, -1), repeat=3):
            first = [0.0, 0.0, 0.0]
            for new_axis, axis in enumerate(axes):
                first[axis] = 0 if signs[new_axis] > 0 else grid.shape_kji[axis] - 1
            shape = tuple(grid.shape_kji[axis] for axis in axes)
            put = put_on_grid(label_map, sub_lattice(grid, axes, signs, first, shape)).label_map
            expected = label_map.voxels.transpose(axes)[tuple(slice(None, None, s) for s in signs)]
            np.testing.assert_array_equal(put.voxels, expected)
