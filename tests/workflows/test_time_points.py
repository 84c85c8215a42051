"""The volumes of a 4-D image, read when they are looked at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from medseg.errors import InputError
from medseg.space import Grid
from medseg.volume import Quantity, SeriesAxis, Source, Volume, VolumeSeries
from medseg.workflows import time_points
from medseg.workflows.list_volumes import list_volumes
from medseg.workflows.open_image import open_series
from medseg.workflows.time_points import TimePoints

GRID = Grid.from_axes(
    (2, 3, 4), origin_lps_mm=(0, 0, 0), step_k_mm=(0, 0, 3), step_j_mm=(0, 1, 0), step_i_mm=(1, 0, 0)
)
COUNT = 5


def _series() -> VolumeSeries:
    voxels = np.arange(COUNT * 24, dtype=np.int16).reshape(COUNT, 2, 3, 4)
    return VolumeSeries.from_array(
        GRID, voxels, axis=SeriesAxis.TIME, values=np.arange(COUNT) * 2.5,
        quantity=Quantity.ARBITRARY, sources=Source("phantom"),
    )  # fmt: skip


def test_a_volume_is_read_once_and_kept_while_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    series, asked = _series(), []

    def read(time_index: int, _progress: object) -> Volume:
        asked.append(time_index)
        return series.volumes[time_index]

    points = TimePoints(SeriesAxis.TIME, series.values, read)
    points.take(0, series.volumes[0])
    assert points.volume(0) is series.volumes[0]
    assert asked == []
    assert (points.is_read(1), points.volume(1).voxels[0, 0, 0], points.is_read(1)) == (False, 24, True)
    points.volume(1)
    assert asked == [1]
    monkeypatch.setattr(time_points, "KEPT_BYTES", 2 * series.volumes[0].voxels.nbytes)
    points.volume(2)
    points.volume(1)
    points.volume(3)
    assert [t for t in range(COUNT) if points.is_read(t)] == [1, 3], "those that were looked at last stay"
    assert points.volume(2) is series.volumes[2], "what was let go is read again"


def test_each_says_which_it_is() -> None:
    points = TimePoints.of_series(_series())
    assert points is not None
    assert points.count == COUNT
    assert all(points.is_read(t) for t in range(COUNT)), "a series in memory is not read again"
    assert points.name_of(1) == "2 of 5 · time 2.5 s"
    for index in (-1, COUNT):
        with pytest.raises(InputError):
            points.volume(index)


def test_a_3d_image_has_none() -> None:
    series = _series()
    assert TimePoints.of_series(VolumeSeries(series.volumes[:1], SeriesAxis.TIME, (0.0,))) is None


def test_a_real_series_is_read_volume_by_volume(real_data: Path) -> None:
    folder = real_data / "mr_4d_nih/In/20180918GE/mr_0004"
    (listed,) = list_volumes(folder)
    points, whole = TimePoints.of_listed(listed), open_series(folder)
    assert points is not None
    assert (points.axis, points.values) == (whole.axis, whole.values)
    for index in (0, 4, 9):
        volume = points.volume(index)
        assert np.array_equal(volume.voxels, whole.volumes[index].voxels)
        assert volume.grid.is_same_as(whole.grid)
    assert not points.is_read(5)
