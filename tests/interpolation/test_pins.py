"""Pins: what was drawn stays exactly as it was drawn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medseg.contour import Slice
from medseg.contour.sheet import Sheet, nearest_index
from medseg.interpolation.drawn import DrawnStructure
from medseg.interpolation.field import Field
from medseg.interpolation.pins import pin
from medseg.space import Grid

SHAPE = (9, 11, 12)
GRID = Grid.from_axes(
    SHAPE, origin_lps_mm=(0, 0, 0), step_k_mm=(0, 0, 3), step_j_mm=(0, 1, 0), step_i_mm=(1, 0, 0)
)
NOTHING = Field((0, 0, 0), np.zeros((0, 0, 0), np.float32))

slices = st.sampled_from([Slice(axis, index) for axis, n in enumerate(SHAPE) for index in range(n)])
some_slices = st.lists(slices, min_size=1, max_size=8, unique=True)
seeds = st.integers(0, 2**32 - 1)


def random_field(rng):
    """A field of random depths on a random box."""
    first = [int(rng.integers(0, n)) for n in SHAPE]
    end = [int(rng.integers(a, n)) + 1 for a, n in zip(first, SHAPE, strict=True)]
    shape = [b - a for a, b in zip(first, end, strict=True)]
    return Field(tuple(first), rng.normal(size=shape).astype(np.float32))


def whole(field):
    """The field on the whole grid, outside where the box does not reach."""
    depth = np.full(SHAPE, -np.inf, np.float32)
    depth[field.box] = field.depth_mm
    return depth


def sheet_voxels(sheet):
    """Index arrays of the sheet's voxels, and which columns have one."""
    indices = nearest_index(sheet, tuple(n for a, n in enumerate(SHAPE) if a != sheet.axis))
    hit = (indices >= 0) & (indices < SHAPE[sheet.axis])
    columns = np.array(np.nonzero(hit))
    return tuple(np.insert(columns, sheet.axis, indices[hit], axis=0)), hit


@given(seeds, some_slices)
def test_slices_that_agree_come_out_exactly_as_drawn(seed, planes):
    rng = np.random.default_rng(seed)
    truth = rng.random(SHAPE) < 0.5
    drawn = DrawnStructure("a", GRID, {p: truth.take(p.index, axis=p.axis) for p in planes})
    depth = whole(pin(random_field(rng), drawn))
    for plane in planes:
        pinned = depth.take(plane.index, axis=plane.axis)
        assert np.array_equal(pinned > 0, truth.take(plane.index, axis=plane.axis))
        assert np.isinf(pinned).all()


@given(seeds, some_slices)
def test_where_slices_disagree_the_later_counts(seed, planes):
    rng = np.random.default_rng(seed)
    masks = {p: rng.random([n for a, n in enumerate(SHAPE) if a != p.axis]) < 0.5 for p in planes}
    field = random_field(rng)
    before = whole(field)
    depth = whole(pin(field, DrawnStructure("a", GRID, masks)))
    expected, drawn_at_all = before > 0, np.zeros(SHAPE, dtype=bool)
    for plane, mask in masks.items():
        np.moveaxis(expected, plane.axis, 0)[plane.index] = mask
        np.moveaxis(drawn_at_all, plane.axis, 0)[plane.index] = True
    assert np.array_equal(depth > 0, expected)
    assert np.array_equal(depth[~drawn_at_all], before[~drawn_at_all])


@given(seeds, st.integers(0, 2), st.floats(-1, 12), st.tuples(st.floats(-1, 1), st.floats(-1, 1)))
def test_a_sheet_sets_the_nearest_voxel_of_each_column(seed, axis, offset, slopes):
    rng = np.random.default_rng(seed)
    sheet = Sheet(axis, offset, slopes)
    mask = rng.random([n for a, n in enumerate(SHAPE) if a != axis]) < 0.5
    voxels, hit = sheet_voxels(sheet)
    field = random_field(rng)
    before = whole(field)
    depth = whole(pin(field, DrawnStructure("a", GRID, {sheet: mask})))
    assert np.array_equal(depth[voxels] > 0, mask[hit])
    untouched = np.ones(SHAPE, dtype=bool)
    untouched[voxels] = False
    assert np.array_equal(depth[untouched], before[untouched])


def test_where_a_sheet_rounds_differently_the_slice_keeps_its_value():
    # A slanted surface, i < 5 + j, seen on the slice j=4 and on the sheet j=4.4, whose voxels are j=4.
    j, i = np.indices(SHAPE)[1:]
    truth = i < 5 + j
    on_sheet = np.broadcast_to(np.arange(12) < 5 + 4.4, (9, 12))
    masks = {Slice(1, 4): truth[:, 4], Sheet(1, 4.4): on_sheet}
    depth = whole(pin(NOTHING, DrawnStructure("a", GRID, masks)))
    assert not np.array_equal(truth[:, 4], on_sheet)
    assert np.array_equal(depth[:, 4] > 0, truth[:, 4])


def test_where_a_later_sheet_truly_disagrees_it_counts():
    axial = np.zeros((11, 12), dtype=bool)
    axial[:, 2:5] = True
    coronal = np.zeros((9, 12), dtype=bool)
    coronal[:, 2:10] = True
    masks = {Slice(0, 4): axial, Sheet(1, 4.4): coronal}
    depth = whole(pin(NOTHING, DrawnStructure("a", GRID, masks)))
    assert np.array_equal(depth[:, 4] > 0, coronal)
    assert np.array_equal(depth[4, 5] > 0, axial[5])


@pytest.mark.parametrize("where", [Slice(0, 4), Sheet(0, 4.0, (0.1, 0.1))])
def test_a_plane_drawn_as_empty_clears_its_voxels_and_never_grows_the_box(where):
    field = Field((3, 4, 4), np.ones((3, 2, 2), np.float32))
    pinned = pin(field, DrawnStructure("a", GRID, {where: np.zeros((11, 12), dtype=bool)}))
    assert pinned is field
    assert (pinned.depth_mm == -np.inf).sum() == 4


def test_the_box_grows_to_what_was_drawn_outside_it():
    mask = np.zeros((11, 12), dtype=bool)
    mask[2, 3] = True
    field = Field((4, 5, 5), np.ones((2, 2, 2), np.float32))
    pinned = pin(field, DrawnStructure("a", GRID, {Slice(0, 1): mask}))
    assert pinned.corner_kji == (1, 2, 3)
    assert pinned.depth_mm.shape == (5, 5, 4)
    assert np.argwhere(pinned.depth_mm == np.inf).tolist() == [[0, 0, 0]]
    assert (pinned.depth_mm == 1).sum() == 8


def test_nothing_drawn_leaves_an_empty_field_empty():
    drawn = DrawnStructure("a", GRID, {Slice(0, 1): np.zeros((11, 12), dtype=bool)})
    assert pin(NOTHING, drawn) is NOTHING
