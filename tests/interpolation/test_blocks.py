"""Structures that were drawn on a coarser grid and repeated onto that of the image."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medseg.contour import Slice
from medseg.interpolation import interpolate_masks
from medseg.interpolation.blocks import blocks_of
from medseg.interpolation.combined import combined
from medseg.interpolation.drawn import DrawnStructure
from medseg.interpolation.image_help import complete_with_image
from medseg.interpolation.live import LiveCompletion
from medseg.interpolation.parallel import complete_parallel
from medseg.labelmap import Structure
from medseg.space import Grid

SLICES = 13
EVERY = 4
LIVER = Structure("liver", "Liver", 1)


def ellipsoid(shape, centre, radii):
    squares = [
        ((axis - c) / r) ** 2
        for axis, c, r in zip(np.ogrid[tuple(map(slice, shape))], centre, radii, strict=True)
    ]
    return sum(squares) <= 1


COARSE = ellipsoid((SLICES, 24, 26), (6, 11, 12), (8, 8.3, 9.4))


def nearest(extent, pitch, offset):
    """For each index of a fine axis the nearest one of a coarser axis."""
    return np.rint((np.arange(extent) - offset) / pitch).astype(int)


def resampled(coarse, pitch, offset=1.0):
    """A mask by nearest neighbour on a grid that is finer within the slices."""
    rows, columns = (nearest(int((n - 1) * pitch), pitch, offset) for n in coarse.shape[1:])
    return coarse[:, np.clip(rows, 0, None)][:, :, np.clip(columns, 0, None)]


def drawn_from(truth, spacing_kji_mm=(3.0, 1.0, 1.0), axis=0, every=EVERY):
    truth = np.moveaxis(truth, 0, axis)
    indices = range(0, truth.shape[axis], every)
    grid = Grid(truth.shape, np.diag([*spacing_kji_mm, 1.0])[[2, 1, 0, 3]])
    return DrawnStructure("liver", grid, {Slice(axis, n): truth.take(n, axis) for n in indices})


def completed(drawn):
    field = complete_parallel(drawn, combined)
    voxels = np.zeros(drawn.grid.shape_kji, dtype=bool)
    voxels[field.box] = field.depth_mm > 0
    return voxels


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_it_is_completed_on_its_own_pixels(axis):
    spacing = np.insert([1.0, 1.0], axis, 3.0)
    own = np.insert([3.0, 3.0], axis, 3.0)
    fine = completed(drawn_from(np.repeat(np.repeat(COARSE, 3, 1), 3, 2), spacing, axis))
    expected = completed(drawn_from(COARSE, own, axis))
    for other in {0, 1, 2} - {axis}:
        expected = np.repeat(expected, 3, other)
    assert np.array_equal(fine, expected)


def test_blocks_of_uneven_length_are_found():
    truth = resampled(COARSE, 3.07)
    blocks = blocks_of(drawn_from(truth))
    assert blocks.pitch == pytest.approx((3.07, 3.07), abs=0.03)
    # Where no slice changes, rounding may put a block's end one row beside its place.
    assert {3, 4} <= set(np.diff(blocks.starts[0])[1:-1].tolist()) <= {2, 3, 4}
    found = completed(drawn_from(truth))
    changes = np.flatnonzero((found[:, 1:] != found[:, :-1]).any(axis=(0, 2))) + 1
    assert set(changes.tolist()) <= set(blocks.starts[0].tolist())


def test_what_is_finer_along_one_axis_alone_is_repeated_along_that_one():
    blocks = blocks_of(drawn_from(np.repeat(COARSE, 4, axis=2)))
    assert blocks.pitch == (1.0, pytest.approx(4.0))
    assert np.array_equal(blocks.starts[0], np.arange(COARSE.shape[1]))


@settings(max_examples=25, deadline=None)
@given(st.floats(1.0, 5.0), st.floats(0.0, 3.0), st.sampled_from([2, 3, 5]))
def test_drawn_slices_come_out_as_drawn(pitch, offset, every):
    drawn = drawn_from(resampled(COARSE, pitch, offset), every=every)
    voxels = completed(drawn)
    for where, mask in drawn.masks.items():
        assert np.array_equal(voxels[where.index], mask)


@pytest.mark.parametrize("radius", [1.5, 2, 3.2, 5, 9.7])
@pytest.mark.parametrize("lean", [0.0, 0.4, 1.0, 2.0])
def test_round_outlines_have_no_blocks(radius, lean):
    ks, js, is_ = np.ogrid[:SLICES, :50, :50]
    truth = (js - 12 - lean * ks) ** 2 + (is_ - 20 - 0.7 * lean * ks) ** 2 < (radius + 0.2 * ks) ** 2
    assert blocks_of(drawn_from(truth)) is None


def test_boxes_have_no_blocks_however_regular_they_grow():
    truth = np.zeros((SLICES, 60, 60), dtype=bool)
    for k in range(SLICES):
        truth[k, 28 - 2 * k : 32 + 2 * k, 28 - 2 * k : 32 + 2 * k] = True
    assert blocks_of(drawn_from(truth, every=1)) is None


def test_one_slice_drawn_on_the_image_ends_the_blocks():
    drawn = drawn_from(resampled(COARSE, 3.0))
    masks = dict(drawn.masks)
    masks[Slice(0, 2)] = ellipsoid((1, *masks[Slice(0, 0)].shape), (0, 33, 36), (1, 20, 20))[0]
    assert blocks_of(drawn) is not None
    assert blocks_of(DrawnStructure("liver", drawn.grid, masks)) is None


def test_the_image_takes_no_part():
    drawn = drawn_from(resampled(COARSE, 3.0), every=2)
    image = np.where(resampled(COARSE, 3.0), 100.0, 0.0).astype(np.float32)
    field, use = complete_with_image(drawn, image, lambda some: complete_parallel(some, combined))
    assert not use.used
    assert "coarser grid" in use.reason
    assert np.array_equal(field.depth_mm, complete_parallel(drawn, combined).depth_mm)


def test_live_edits_follow_when_blocks_come_and_go():
    drawn = drawn_from(resampled(COARSE, 3.07), every=3)
    live = LiveCompletion(drawn.grid, [LIVER])
    rounded = ellipsoid((1, *drawn.masks[Slice(0, 0)].shape), (0, 33, 36), (1, 20, 20))[0]
    edits = [*drawn.masks.items(), (Slice(0, 4), rounded), (Slice(0, 4), None)]
    edits += [(Slice(0, 6), np.roll(drawn.masks[Slice(0, 6)], 3, axis=1)), (Slice(0, 3), None)]
    masks = {}
    for where, mask in edits:
        before = live.layers[0].copy()
        masks.pop(where, None)
        if mask is None:
            box = live.erase("liver", where)
        else:
            masks[where] = mask
            box = live.draw("liver", where, mask)
        full = interpolate_masks({"liver": masks}, drawn.grid, [LIVER])
        assert np.array_equal(live.layers[0], full.label_map.voxels)
        changed = before != live.layers[0]
        changed[box] = False
        assert not changed.any()
