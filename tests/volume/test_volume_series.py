"""Series of volumes: one array, one grid, values that belong to the axis."""

from __future__ import annotations

import numpy as np
import pytest

from medseg.errors import GridMismatchError, UnsupportedImageError
from medseg.space import Grid
from medseg.volume import Quantity, SeriesAxis, Source, SourceFile, Volume, VolumeSeries

GRID = Grid((2, 3, 4), np.eye(4))
SOURCE = Source("phantom")


def array(dtype=np.int16) -> np.ndarray:
    return np.arange(5 * 24).reshape(5, 2, 3, 4).astype(dtype)


def series_of(voxels, axis=SeriesAxis.TIME, values=(0, 2, 4, 6, 8), **changes) -> VolumeSeries:
    given = {"quantity": Quantity.ARBITRARY, "sources": SOURCE, **changes}
    return VolumeSeries.from_array(GRID, voxels, axis=axis, values=values, **given)


def volume(voxels=None, grid=GRID, quantity=Quantity.ARBITRARY) -> Volume:
    return Volume(grid, np.zeros((2, 3, 4), np.int16) if voxels is None else voxels, quantity, SOURCE)


def test_an_array_is_taken_over_without_a_copy_and_locked():
    voxels = array()
    series = series_of(voxels)
    assert series.voxels_tkji.base is voxels
    assert np.shares_memory(series.voxels_tkji, voxels)
    assert all(np.shares_memory(one.voxels, voxels) for one in series)
    assert np.array_equal(series.volumes[3].voxels, array()[3])
    for held in (voxels, series.volumes[0].voxels):
        with pytest.raises(ValueError, match="read-only"):
            held[..., 0] = 1


def test_a_view_is_copied_because_its_owner_could_write_to_it():
    owner = np.zeros((4, 3, 2, 5), np.int16)
    series = series_of(owner.T)
    owner[:] = 7
    assert not series.voxels_tkji.any()
    assert series.voxels_tkji.flags.c_contiguous


@pytest.mark.parametrize(("first", "last"), [(0, 5), (1, 4), (3, 4)])
def test_a_part_of_locked_memory_is_shared_however_it_is_cut(first, last):
    owner = array().reshape(10, 3, 4).copy()
    owner.setflags(write=False)
    series = series_of(owner.reshape(5, 2, 3, 4)[first:last], values=range(last - first))
    assert np.shares_memory(series.voxels_tkji, owner)
    assert np.array_equal(series.voxels_tkji, array()[first:last])
    assert series.voxels_tkji.dtype == owner.dtype
    assert not series.voxels_tkji.flags.writeable


def test_volumes_with_gaps_between_them_are_copied():
    every_other = series_of(array()).volumes[::2]
    series = VolumeSeries(every_other, SeriesAxis.TIME, (0, 1, 2))
    assert np.array_equal(series.voxels_tkji, array()[::2])


def test_volumes_with_arrays_of_their_own_come_to_lie_in_one():
    series = VolumeSeries((volume(array()[1].copy()), volume(array()[4].copy())), SeriesAxis.ECHO, (2.1, 4.5))
    assert np.array_equal(series.voxels_tkji, array()[[1, 4]])
    assert all(np.shares_memory(one.voxels, series.voxels_tkji) for one in series)
    assert not series.voxels_tkji.flags.writeable


def test_views_of_one_array_in_another_order_are_put_in_theirs():
    forward = series_of(array())
    backward = VolumeSeries(forward.volumes[::-1], SeriesAxis.INDEX, range(5))
    assert np.array_equal(backward.voxels_tkji, array()[::-1])


def test_what_a_series_says_of_itself():
    sources = [Source("DICOM", (SourceFile(str(t)),)) for t in range(5)]
    series = series_of(array(), sources=sources, warnings=("slow",), quantity=Quantity.BQML)
    assert (len(series), series.unit, series.grid, series.quantity) == (5, "s", GRID, Quantity.BQML)
    assert series.values == (0.0, 2.0, 4.0, 6.0, 8.0)
    assert series.warnings == ("slow",)
    assert [one.source for one in series] == sources


def test_each_axis_has_a_unit():
    units = {axis.value: axis.unit for axis in SeriesAxis}
    assert units == {"time": "s", "echo": "ms", "b-value": "s/mm²", "index": ""}


@pytest.mark.parametrize(
    ("axis", "values"),
    [
        (SeriesAxis.TIME, (0, 0, 1, 2, 3)),
        (SeriesAxis.ECHO, (1, 2, 3, 4, 4)),
        (SeriesAxis.B_VALUE, (0, 1000, 0, 500, 0)),
        (SeriesAxis.INDEX, (0, 1, 2, 3, 4)),
    ],
)
def test_values_that_an_axis_may_have(axis, values):
    assert series_of(array(), axis, values).values == values


@pytest.mark.parametrize(
    ("axis", "values", "message"),
    [
        (SeriesAxis.TIME, (0, 1, 2, 3), "expected 5 finite values"),
        (SeriesAxis.TIME, (0, 1, 2, 3, float("nan")), "expected 5 finite values"),
        (SeriesAxis.B_VALUE, (0, 1, 2, 3, float("inf")), "expected 5 finite values"),
        (SeriesAxis.TIME, (0, 2, 1, 3, 4), "never fall along time"),
        (SeriesAxis.ECHO, (5, 4, 3, 2, 1), "never fall along echo"),
        (SeriesAxis.INDEX, (1, 2, 3, 4, 5), "counts from 0"),
    ],
)
def test_values_that_it_may_not_have(axis, values, message):
    with pytest.raises(ValueError, match=message):
        series_of(array(), axis, values)


def test_volumes_that_do_not_belong_together():
    elsewhere = Grid((2, 3, 4), np.diag([1.0, 1, 1.1, 1]))
    with pytest.raises(GridMismatchError, match="volume 1 and the first"):
        VolumeSeries((volume(), volume(grid=elsewhere)), SeriesAxis.TIME, (0, 1))
    with pytest.raises(ValueError, match="HU"):
        VolumeSeries((volume(), volume(quantity=Quantity.HU)), SeriesAxis.TIME, (0, 1))
    with pytest.raises(ValueError, match="float32"):
        VolumeSeries((volume(), volume(np.zeros((2, 3, 4), np.float32))), SeriesAxis.TIME, (0, 1))
    with pytest.raises(ValueError, match="at least one"):
        VolumeSeries((), SeriesAxis.TIME, ())


def test_arrays_that_are_no_series():
    with pytest.raises(GridMismatchError, match="expected voxels of shape"):
        series_of(np.zeros((2, 3, 4)))
    with pytest.raises(GridMismatchError, match="expected voxels of shape"):
        series_of(np.zeros((5, 2, 3, 5)))
    with pytest.raises(UnsupportedImageError):
        series_of(array(complex))
    with pytest.raises(ValueError, match="zip"):
        series_of(array(), sources=[SOURCE])
