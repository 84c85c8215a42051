"""Written series are valid, repeatable, and whole or not there."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest

from medseg.errors import Cancelled, OutputError, OutputExistsError
from medseg.io.dicom import write_series
from medseg.space import Grid
from medseg.volume.volume import Quantity, Source, Volume

WHO = {"patient_name": "PHANTOM^TEST", "patient_id": "P1", "uid_seed": "seed"}


def test_the_same_volume_gives_the_same_bytes(tools, tmp_path):
    volume = tools.volume()
    first = write_series(volume, tmp_path / "a", modality="CT", **WHO)
    second = write_series(volume, tmp_path / "b", modality="CT", **WHO)
    assert [path.name for path in first] == [f"IM000{n}.dcm" for n in range(1, 7)]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    other = write_series(volume, tmp_path / "c", modality="CT", **(WHO | {"uid_seed": "other"}))
    assert pydicom.dcmread(first[0]).SeriesInstanceUID != pydicom.dcmread(other[0]).SeriesInstanceUID


@pytest.mark.parametrize("modality", ["CT", "MR"])
def test_the_files_hold_what_the_standard_asks_for(tools, tmp_path, modality):
    path = write_series(tools.volume(low=0), tmp_path / "a", modality=modality, **WHO)[2]
    dataset = pydicom.dcmread(path)
    assert dataset.file_meta.TransferSyntaxUID == pydicom.uid.ExplicitVRLittleEndian
    assert dataset.SOPInstanceUID == dataset.file_meta.MediaStorageSOPInstanceUID
    assert (dataset.PatientName, dataset.PatientID) == ("PHANTOM^TEST", "P1")
    assert (dataset.InstanceNumber, dataset.Rows, dataset.Columns) == (3, 5, 7)
    assert dataset.PixelSpacing == [0.7, 0.9]
    for element in dataset.iterall():
        if element.VR == "DS" and element.value is not None:
            assert all(len(str(value)) <= 16 for value in np.atleast_1d(element.value))


def test_only_whole_numbers_in_range_are_written(tools, tmp_path):
    volume = tools.volume()
    for voxels, modality in [
        (volume.voxels + 0.5, "CT"),
        (volume.voxels.astype(np.int32) + 40000, "CT"),
        (volume.voxels, "MR"),
        (np.full(volume.voxels.shape, np.nan), "CT"),
    ]:
        bad = Volume(volume.grid, voxels, Quantity.ARBITRARY, Source("phantom"))
        with pytest.raises(OutputError, match="whole numbers"):
            write_series(bad, tmp_path / "out", modality=modality, **WHO)
    assert not (tmp_path / "out").exists()


def test_rows_and_columns_must_be_at_a_right_angle(tmp_path):
    grid = Grid.from_axes(
        (2, 2, 2), origin_lps_mm=[0, 0, 0], step_k_mm=[0, 0, 1], step_j_mm=[0.3, 1, 0], step_i_mm=[1, 0, 0]
    )
    volume = Volume(grid, np.zeros((2, 2, 2), np.int16), Quantity.HU, Source("phantom"))
    with pytest.raises(OutputError, match="right angle"):
        write_series(volume, tmp_path / "out", modality="CT", **WHO)


def test_nothing_is_overwritten(tools, tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(OutputExistsError):
        write_series(tools.volume(), tmp_path, modality="CT", **WHO)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_an_empty_folder_may_be_there_already(tools, tmp_path):
    assert len(write_series(tools.volume(), tmp_path, modality="CT", **WHO)) == 6
    assert len(list(tmp_path.iterdir())) == 6


@pytest.mark.parametrize("exists", [True, False])
def test_a_cancelled_series_leaves_nothing(tools, tmp_path, exists):
    target = tmp_path / "out"
    if exists:
        target.mkdir()

    def stop(task, done, total):
        if done == 3:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        write_series(tools.volume(), target, modality="CT", progress=stop, **WHO)
    assert target.exists() == exists
    assert list(tmp_path.rglob("*")) == ([target] if exists else [])


def test_only_ct_and_mr_are_written(tools, tmp_path):
    with pytest.raises(ValueError, match="CT or MR"):
        write_series(tools.volume(), tmp_path / "out", modality="US", **WHO)
