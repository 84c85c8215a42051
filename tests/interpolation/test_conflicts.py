"""Conflicts: crossing contours of one structure that disagree."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medseg.contour import Slice
from medseg.contour.sheet import Sheet, height
from medseg.interpolation.conflicts import find_conflicts
from medseg.interpolation.drawn import DrawnStructure
from medseg.space import Grid

SHAPE = (20, 30, 40)
GRID = Grid.from_axes(
    SHAPE, origin_lps_mm=(5, 6, 7), step_k_mm=(0, 0, 3), step_j_mm=(0, 2, 0), step_i_mm=(0.5, 0, 0)
)


def cylinder(shape, radii=(8.0, 12.0)):
    """An ellipse in rows and columns, half-way along both."""
    a, b = (np.arange(n) - n / 2 for n in shape)
    return (a[:, None] / radii[0]) ** 2 + (b / radii[1]) ** 2 < 1


def ellipsoid(index_kji):
    """A smooth solid that fills half of the grid."""
    return (((np.asarray(index_kji) - [10, 15, 20]) / [7, 10, 14]) ** 2).sum(axis=-1) < 1


def drawn_on(where):
    """The ellipsoid as it is cut by a plane."""
    shape = tuple(n for axis, n in enumerate(SHAPE) if axis != where.axis)
    columns = np.stack(np.indices(shape), axis=-1).astype(float)
    return ellipsoid(np.insert(columns, where.axis, height(where, shape), axis=-1))


@pytest.mark.parametrize(
    ("first", "second", "along", "step_mm"),
    [
        (Slice(0, 10), Slice(1, 15), 2, 0.5),
        (Slice(2, 20), Slice(0, 10), 1, 2),
        (Slice(1, 15), Slice(2, 20), 0, 3),
    ],
)
def test_a_contour_that_reaches_further_is_measured_in_mm(first, second, along, step_mm):
    masks = {where: drawn_on(where) for where in (first, second)}
    truth = ellipsoid(np.stack(np.indices(SHAPE), axis=-1).astype(float))
    line = [10, 15, 20]
    line[along] = slice(None)
    end = int(np.flatnonzero(truth[tuple(line)])[-1])
    longer = np.moveaxis(np.zeros(SHAPE, dtype=bool), second.axis, 0)[second.index]
    longer = longer | masks[second]
    at = [10, 15, 20]
    at[along] = slice(end + 1, end + 4)
    longer[tuple(x for axis, x in enumerate(at) if axis != second.axis)] = True
    (conflict,) = find_conflicts(DrawnStructure("a", GRID, masks | {second: longer}))
    assert (conflict.structure_id, conflict.first, conflict.second) == ("a", first, second)
    assert conflict.length_mm == pytest.approx(3 * step_mm)
    at[along] = end + 2
    assert np.allclose(conflict.at_lps_mm, GRID.to_lps_mm(at))


def test_one_voxel_beside_the_outlines_counts_between_slices_but_not_on_a_sheet():
    axial, coronal = drawn_on(Slice(0, 10)), drawn_on(Slice(1, 15))
    coronal[10, np.flatnonzero(coronal[10])[-1] + 1] = True
    assert len(find_conflicts(DrawnStructure("a", GRID, {Slice(0, 10): axial, Slice(1, 15): coronal}))) == 1
    assert find_conflicts(DrawnStructure("a", GRID, {Slice(0, 10): axial, Sheet(1, 15.2): coronal})) == ()


def test_the_worst_comes_first_and_the_longest_run_of_each_is_named():
    axial, coronal, sagittal = (drawn_on(where) for where in (Slice(0, 10), Slice(1, 15), Slice(2, 20)))
    coronal[10, 35:37] = True
    coronal[10, 0:4] = True
    sagittal[10, 0:3] = True
    masks = {Slice(0, 10): axial, Slice(1, 15): coronal, Slice(2, 20): sagittal}
    worst, other = find_conflicts(DrawnStructure("a", GRID, masks))
    assert (worst.second, other.second) == (Slice(2, 20), Slice(1, 15))
    assert (worst.length_mm, other.length_mm) == (6, 2)
    assert np.allclose(other.at_lps_mm, GRID.to_lps_mm([10, 15, 1.5]))


sheets = st.builds(
    lambda axis, middle, slopes: Sheet(
        axis, middle - slopes[0] * [15, 10, 10][axis] - slopes[1] * [20, 20, 15][axis], slopes
    ),
    st.integers(0, 2),
    st.floats(8, 14),
    st.tuples(st.floats(-0.4, 0.4), st.floats(-0.4, 0.4)),
)


@given(sheets, sheets)
def test_planes_that_cut_one_smooth_solid_agree(first, second):
    masks = {where: drawn_on(where) for where in (first, second, Slice(0, 9), Slice(1, 16), Slice(2, 18))}
    assert find_conflicts(DrawnStructure("a", GRID, masks)) == ()


@given(sheets)
def test_a_sheet_that_misses_the_structure_altogether_is_a_conflict(sheet):
    masks = {Slice(0, 10): drawn_on(Slice(0, 10)), Slice(1, 15): drawn_on(Slice(1, 15))}
    empty = np.zeros_like(drawn_on(sheet))
    conflicts = find_conflicts(DrawnStructure("a", GRID, masks | {sheet: empty}))
    assert conflicts
    assert all(conflict.second == sheet for conflict in conflicts)


def test_parallel_planes_never_cross():
    masks = {
        Slice(0, 5): np.ones((30, 40), dtype=bool),
        Slice(0, 6): np.zeros((30, 40), dtype=bool),
        Sheet(0, 5.5): np.ones((30, 40), dtype=bool),
        Sheet(0, 5.5, (0.1, 0.1)): np.ones((30, 40), dtype=bool),
        Sheet(0, 9.5, (0.1, 0.1)): np.zeros((30, 40), dtype=bool),
    }
    found = {(c.first, c.second) for c in find_conflicts(DrawnStructure("a", GRID, masks))}
    assert (Slice(0, 5), Slice(0, 6)) not in found
    assert (Slice(0, 6), Sheet(0, 5.5)) not in found
    assert (Sheet(0, 5.5, (0.1, 0.1)), Sheet(0, 9.5, (0.1, 0.1))) not in found
    assert (Slice(0, 6), Sheet(0, 5.5, (0.1, 0.1))) in found
