"""A volume on another grid: what a slice shows is what the volume holds at those places of the patient."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from medseg.space import AnatomicalOrder, Grid
from medseg.volume import Quantity, Source, Volume
from medseg.volume.resampled import Order, ResampledSlices, displayed_grid, value_at

SLOPE_PER_MM = np.array([0.5, -1.25, 2.0])


def _grid(shape, steps, origin=(0.0, 0.0, 0.0)):
    k, j, i = steps
    return Grid.from_axes(shape, origin_lps_mm=origin, step_k_mm=k, step_j_mm=j, step_i_mm=i)


def _turned(degrees, spacing=(3.0, 1.0, 1.5)):
    """Steps of k, j, i of a grid that is turned about two axes."""
    a, b = np.deg2rad([degrees, 0.7 * degrees])
    about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    about_z = np.array([[np.cos(b), -np.sin(b), 0], [np.sin(b), np.cos(b), 0], [0, 0, 1]])
    upright = np.array([[0, 0, 1], [0, 1, 0], [1, 0, 0]]) * np.array(spacing)[:, None]
    return upright @ (about_x @ about_z).T


def _linear_volume(grid):
    """Its value is a linear function of the place, which linear sampling brings back exactly."""
    index = np.stack(np.meshgrid(*map(np.arange, grid.shape_kji), indexing="ij"), axis=-1)
    return Volume(grid, grid.to_lps_mm(index) @ SLOPE_PER_MM, Quantity.ARBITRARY, Source("phantom"))


def _noise(grid, seed=1):
    voxels = np.random.default_rng(seed).integers(-500, 500, grid.shape_kji).astype(np.int16)
    return Volume(grid, voxels, Quantity.HU, Source("phantom"))


TARGET = _grid((9, 14, 11), _turned(0), origin=(-3.0, 4.0, 2.0))


@pytest.mark.parametrize("degrees", [0, 20, 75])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_slice_holds_the_values_at_its_places(degrees, axis):
    target, steps = TARGET, _turned(degrees, (2, 1, 1))
    middle_lps_mm = target.to_lps_mm((4, 7, 5))
    source = _linear_volume(_grid((21, 31, 31), steps, origin=middle_lps_mm - [10, 15, 15] @ steps))
    seen = ResampledSlices(source, target)
    index = [slice(None)] * 3
    index[axis] = 5
    got = seen[tuple(index)]
    places = np.stack(np.meshgrid(*map(np.arange, target.shape_kji), indexing="ij"), axis=-1)
    lps = target.to_lps_mm(places[tuple(index)])
    at = source.grid.to_index(lps)
    inside = ((at >= 0) & (at <= np.array(source.grid.shape_kji) - 1)).all(axis=-1)
    assert inside.mean() > 0.3
    assert np.abs(got - lps @ SLOPE_PER_MM)[inside].max() < 1e-3


def test_it_is_an_array_like_any_other():
    source = _noise(_grid((12, 20, 16), _turned(10), origin=(-6, 0, -4)))
    seen = ResampledSlices(source, TARGET)
    whole = np.asarray(seen)
    assert (seen.shape, seen.ndim, seen.size, len(seen)) == ((9, 14, 11), 3, 9 * 14 * 11, 9)
    assert whole.dtype == seen.dtype == np.float32
    places = np.stack(np.meshgrid(*map(np.arange, TARGET.shape_kji), indexing="ij"))
    at = source.grid.to_index(TARGET.to_lps_mm(np.moveaxis(places, 0, -1)))
    inside = ((at >= 0) & (at <= np.array(source.grid.shape_kji) - 1)).all(axis=-1)
    expected = map_coordinates(source.voxels.astype(float), np.moveaxis(at, -1, 0), order=1, mode="nearest")
    assert 0.2 < inside.mean() < 1
    assert np.abs(whole - expected)[inside].max() < 1e-2
    for key in (
        3, -1, (slice(None), 4), (Ellipsis, 2), (1, 2, 3), (slice(2, 5), slice(None), slice(1, 4)),
        (slice(None), -2, slice(None, None, -1)), (slice(0, 0),), (5, slice(3, 9), 2),
        (slice(None), slice(4, 5)), (slice(None), slice(None), slice(7, 8)), (slice(2, 4), 3),
        (slice(1, 7, 3), slice(None), slice(0, 0)), (slice(None), slice(3, 1), 2),
    ):  # fmt: skip
        assert np.array_equal(seen[key], whole[key]), key
    with pytest.raises(IndexError):
        seen[9]
    with pytest.raises(IndexError):
        seen[0, 0, 0, 0]


def test_half_a_voxel_around_the_volume_has_its_value_and_then_there_is_none():
    source = Volume(
        _grid((1, 2, 2), [[0, 0, 4], [0, 2, 0], [2, 0, 0]]),
        np.full((1, 2, 2), 40, np.int16), Quantity.HU, Source("phantom"),
    )  # fmt: skip
    target = _grid((9, 1, 9), [[0, 0, 1], [0, 1, 0], [1, 0, 0]], origin=(-3.5, 0, -4))
    seen = ResampledSlices(source, target)[:, 0, :]
    z, x = np.meshgrid(np.arange(-4, 5), np.arange(-3.5, 5), indexing="ij")
    inside = (np.abs(z) <= 2) & (x >= -1) & (x <= 3)
    assert np.array_equal(seen, np.where(inside, 40.0, -1024.0))
    assert ResampledSlices(source, target, outside=7)[0, 0, 0] == 7


def test_nearest_values_are_those_that_were_measured():
    source = _noise(_grid((12, 20, 16), _turned(30), origin=(-6, 0, -4)))
    seen = ResampledSlices(source, TARGET, order=Order.NEAREST, outside=-999)
    whole = np.asarray(seen)
    assert whole.dtype == np.int16
    shown = {tuple(n): whole[tuple(n)] for n in np.ndindex(*seen.shape)}
    for index, value in shown.items():
        expected = value_at(source, TARGET.to_lps_mm(index))
        at = source.grid.to_index(TARGET.to_lps_mm(index))
        if np.abs(at - np.floor(at) - 0.5).min() > 1e-6:
            assert value == (-999 if expected is None else expected)


def test_the_displayed_grid_is_the_same_voxels_with_the_axes_as_displayed():
    grid = _grid((4, 5, 6), np.array([[0, 0.1, -2], [1.5, 0, 0], [0, -0.8, 0]]), origin=(7, 8, 9))
    order, displayed = AnatomicalOrder.of(grid), displayed_grid(grid)
    voxels = np.arange(120).reshape(4, 5, 6)
    assert displayed.shape_kji == order.apply(voxels).shape
    assert AnatomicalOrder.of(displayed) == AnatomicalOrder((0, 1, 2), (False,) * 3, displayed.shape_kji)
    for index in np.ndindex(*displayed.shape_kji):
        kji = np.rint(grid.to_index(displayed.to_lps_mm(index))).astype(int)
        assert order.apply(voxels)[index] == voxels[tuple(kji)]
    assert np.allclose(displayed.to_lps_mm((1, 2, 3)), grid.to_lps_mm(order.to_kji((1, 2, 3))), atol=1e-12)


def test_slices_are_sampled_once_and_can_not_be_written():
    seen = ResampledSlices(_noise(TARGET), TARGET)
    first = seen[2]
    assert seen[2].base is first.base or seen[2] is first
    with pytest.raises(ValueError, match="read-only"):
        first[0, 0] = 1
    assert np.array_equal(first, seen.volume.voxels[2]), "on its own grid a volume is as it is"


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_slice_costs_one_slice_however_it_is_asked_for(axis, monkeypatch):
    seen = ResampledSlices(_noise(TARGET), TARGET)
    sampled = []
    original = seen._sampled
    monkeypatch.setattr(seen, "_sampled", lambda *where: sampled.append(where) or original(*where))
    by_number, by_range = ([slice(None)] * 3 for _ in range(2))
    by_number[axis], by_range[axis] = 4, slice(4, 5)
    first, second = seen[tuple(by_number)], seen[tuple(by_range)]
    assert np.array_equal(np.squeeze(second, axis), first)
    assert sampled == [(axis, 4)]


@pytest.mark.parametrize("order", Order)
def test_parallel_grids_are_sampled_as_slanted_ones_are(order):
    """One axis after the other gives what all at once gives, whatever way the axes run."""
    steps = np.array([[0, -1.7, 0], [0, 0, 0.9], [2.3, 0, 0]])
    source = _noise(_grid((13, 17, 9), steps, origin=(-6, 24, 1)))
    seen, slanted = (ResampledSlices(source, TARGET, order=order) for _ in range(2))
    assert seen._axes == (1, 0, 2)
    slanted._axes = None
    first, second = np.asarray(seen), np.asarray(slanted)
    assert 0.3 < (first != seen.outside).mean() < 1
    assert np.abs(first - second).max() <= (0 if order is Order.NEAREST else 1e-3)


def test_a_turn_by_a_thousandth_of_a_voxel_is_none():
    assert ResampledSlices(_noise(TARGET), TARGET)._axes == (0, 1, 2)
    barely = _grid(TARGET.shape_kji, _turned(0.001), origin=TARGET.origin_lps_mm)
    assert ResampledSlices(_noise(barely), TARGET)._axes == (0, 1, 2)
    turned = _grid(TARGET.shape_kji, _turned(0.1), origin=TARGET.origin_lps_mm)
    assert ResampledSlices(_noise(turned), TARGET)._axes is None
