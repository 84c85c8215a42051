"""What a folder holds to choose from, and opening one volume of several by name."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pydicom
import pytest

from medseg.errors import InputError, NotOneVolumeError, UnreadableFileError
from medseg.io.dicom import write_series
from medseg.io.nifti.series import write_series as write_nifti_series
from medseg.space import Grid
from medseg.volume import Quantity, SeriesAxis, Source, Volume, VolumeSeries
from medseg.workflows.list_volumes import Status, list_volumes, only_volume, place_on, read_middle_slice
from medseg.workflows.open_image import open_image, open_listed, open_series
from mr_images import PLANES, turned, write_volumes

ECHO_TIMES_MS = (4.6, 9.2, 13.8)


def make_volume(shape_kji=(5, 6, 7)) -> Volume:
    grid = Grid.from_axes(
        shape_kji,
        origin_lps_mm=(-3, 4, 5),
        step_k_mm=(0, 0, 2.5),
        step_j_mm=(0, 0.7, 0),
        step_i_mm=(0.9, 0, 0),
        frame_of_reference_uid="1.2.3",
    )
    voxels = np.random.default_rng(5).integers(-1000, 2000, shape_kji, dtype=np.int16)
    return Volume(grid, voxels, Quantity.HU, Source("phantom"))


def write(volume: Volume, folder: Path, number: int, description: str) -> Path:
    write_series(
        volume,
        folder,
        modality="CT",
        uid_seed=str(folder),
        patient_name="PHANTOM^TEST",
        patient_id="P1",
        series_description=description,
        series_number=number,
    )
    return folder


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Two CTs, and one in which a slice is missing."""
    write(make_volume(), tmp_path / "in" / "x", 12, "Second")
    write(make_volume((4, 8, 8)), tmp_path / "in" / "y", 3, "First")
    torn = write(make_volume(), tmp_path / "in" / "z", 1, "Torn")
    sorted(torn.iterdir())[2].unlink()
    return tmp_path / "in"


@pytest.fixture
def echoes(tmp_path: Path) -> Path:
    def set_echo(dataset, t, k):
        dataset.EchoTime, dataset.EchoNumbers = str(ECHO_TIMES_MS[t]), str(t + 1)

    write_volumes(tmp_path / "echoes", "GE", turned(PLANES["sagittal"]), 3, 5, set_echo)
    return tmp_path / "echoes"


def test_volumes_come_in_the_order_of_the_examination_and_refusals_last(study):
    listed = list_volumes(study)
    assert [one.description for one in listed] == ["First", "Second", "Torn"]
    assert [one.summary.status for one in listed] == [Status.CONVERTIBLE] * 2 + [Status.REFUSED]
    assert [one.count for one in listed] == [1, 1, 0]
    with pytest.raises(NotOneVolumeError, match="1 slice missing"):
        open_listed(listed[2])


def test_a_description_is_in_nothing_that_may_be_written(study):
    for one in list_volumes(study):
        assert one.description not in json.dumps(one.summary.as_dict())


def test_a_chosen_volume_is_what_the_folder_of_its_own_would_be(study):
    _, second, _ = list_volumes(study)
    volume, alone = open_listed(second), open_image(study / "x")
    assert np.array_equal(volume.voxels, make_volume().voxels)
    assert np.array_equal(volume.voxels, alone.voxels)
    assert volume.grid.is_same_as(alone.grid)
    assert volume.source == alone.source


def test_there_is_no_choice_with_one_volume_only(study):
    assert only_volume(list_volumes(study)) is None
    assert only_volume(list_volumes(study / "x")).description == "Second"
    assert only_volume(list_volumes(study / "z")).error is not None


def test_a_script_opens_a_volume_by_its_id_or_its_series(study):
    first, second, _ = list_volumes(study)
    assert open_image(study, volume_id=first.summary.id).grid.shape_kji == (4, 8, 8)
    assert open_image(study, series_uid=second.summary.series_uid).grid.shape_kji == (5, 6, 7)
    assert open_image(study, volume_id=second.summary.id, time_index=0).grid.shape_kji == (5, 6, 7)
    with pytest.raises(NotOneVolumeError) as caught:
        open_image(study)
    assert all(one.summary.id in caught.value.message for one in (first, second))
    with pytest.raises(NotOneVolumeError, match="no volume has the id"):
        open_image(study, volume_id="ct-none")


def test_nothing_there_is_said(tmp_path):
    with pytest.raises(UnreadableFileError, match="there is no file or folder"):
        list_volumes(tmp_path / "missing")


@pytest.mark.parametrize("t", range(3))
def test_one_echo_of_a_series_is_opened_alone(echoes, t):
    (listed,) = list_volumes(echoes)
    assert listed.count == 3
    volume = open_listed(listed, time_index=t)
    stored = [pydicom.dcmread(path) for path in sorted(echoes.iterdir())[t * 5 : t * 5 + 5]]
    assert {float(dataset.EchoTime) for dataset in stored} == {ECHO_TIMES_MS[t]}
    assert np.array_equal(volume.voxels, [dataset.pixel_array for dataset in stored])
    assert {file.uid for file in volume.source.files} == {dataset.SOPInstanceUID for dataset in stored}
    assert volume.warnings[-1] == f"Volume {t + 1} of 3 of a 4-D series: echo {ECHO_TIMES_MS[t]} ms."
    by_index = open_image(echoes, time_index=t)
    assert np.array_equal(by_index.voxels, volume.voxels)


def test_a_whole_series_is_opened_with_its_axis(echoes, study, tmp_path):
    series = open_series(echoes)
    assert (series.axis, series.values) == (SeriesAxis.ECHO, ECHO_TIMES_MS)
    assert [len(volume.source.files) for volume in series.volumes] == [15] * 3
    for t, volume in enumerate(series.volumes):
        assert np.array_equal(volume.voxels, open_image(echoes, time_index=t).voxels)
    write_nifti_series(series, tmp_path / "echoes.nii")
    assert np.array_equal(open_series(tmp_path / "echoes.nii").voxels_tkji, series.voxels_tkji)
    with pytest.raises(NotOneVolumeError, match="found one volume"):
        open_series(study / "x")


def test_a_series_without_an_index_is_refused(echoes):
    (listed,) = list_volumes(echoes)
    for open_it in (lambda: open_listed(listed), lambda: open_image(echoes)):
        with pytest.raises(NotOneVolumeError, match="expected one volume, found 3 along an axis of echo"):
            open_it()


@pytest.mark.parametrize("t", [-1, 3])
def test_an_index_that_is_not_there_is_refused(echoes, t):
    with pytest.raises(InputError, match=f"from 0 to 2, got {t}"):
        open_image(echoes, time_index=t)


@pytest.mark.parametrize("t", range(3))
def test_the_middle_slice_is_the_one_of_the_volume(echoes, t):
    (listed,) = list_volumes(echoes)
    whole, middle = open_listed(listed, time_index=t), read_middle_slice(listed, t)
    assert middle.grid.shape_kji == (1, *whole.grid.shape_kji[1:])
    assert np.array_equal(middle.voxels[0], whole.voxels[2])
    assert np.allclose(middle.grid.to_lps_mm((0, 3, 4)), whole.grid.to_lps_mm((2, 3, 4)), atol=1e-9)
    assert len(middle.source.files) == 1, "no other slice is read"


def test_one_volume_of_a_4d_nifti_file(tmp_path):
    first = make_volume()
    volumes = tuple(
        Volume(first.grid, first.voxels + np.int16(t), Quantity.ARBITRARY, Source("phantom"))
        for t in range(3)
    )
    path = tmp_path / "series.nii.gz"
    write_nifti_series(VolumeSeries(volumes, SeriesAxis.TIME, (0.0, 2.0, 4.0)), path)
    volume = open_image(path, time_index=2)
    assert np.array_equal(volume.voxels, first.voxels + 2)
    assert volume.warnings[-1] == "Volume 3 of 3 of a 4-D series: time 4 s."
    with pytest.raises(InputError, match="from 0 to 2, got 3"):
        open_image(path, time_index=3)


def test_an_axis_that_nothing_names_has_no_place():
    assert place_on(SeriesAxis.INDEX, 3.0) == ""
    assert place_on(SeriesAxis.TIME, 6.0) == "time 6 s"
