"""Files are found by what they are, not by their names, and every one is accounted for."""

from __future__ import annotations

import pydicom
import pytest

from medseg.errors import Cancelled, InputError, NoImagesError, NotOneVolumeError, UnreadableFileError
from medseg.io.dicom import find_series, read_series
from medseg.io.dicom.kinds import Kind


def test_junk_between_the_images_is_passed_over(ct):
    volume, folder = ct
    (folder / "LICENSE").write_text("some words")
    (folder / "empty").touch()
    (folder / "._IM0001.dcm").write_bytes(b"\0\5\x16\7" + bytes(200))
    (folder / "notes.json").write_text("{}")
    assert read_series(folder).grid.shape_kji == volume.grid.shape_kji
    inventory = find_series([folder])
    assert {file.path.name: file.reason for file in inventory.passed_over} == dict.fromkeys(
        ["LICENSE", "empty", "._IM0001.dcm", "notes.json"], "not-dicom"
    )


def test_a_dicomdir_is_no_image(ct):
    _, folder = ct
    dataset = pydicom.dcmread(folder / "IM0001.dcm")
    dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.1.3.10"
    for keyword in ("SOPClassUID", "PixelData", "Rows"):
        del dataset[keyword]
    dataset.save_as(folder / "DICOMDIR")
    assert [file.reason for file in find_series([folder]).passed_over] == ["dicomdir"]
    assert len(read_series(folder).source.files) == 6


def test_a_folder_without_images_says_so(tmp_path):
    (tmp_path / "readme.txt").write_text("nothing here")
    with pytest.raises(NoImagesError, match="1 other file"):
        read_series(tmp_path)


def test_a_path_that_does_not_exist_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        read_series(tmp_path / "nowhere")


def test_several_series_need_a_choice(tools, tmp_path):
    first, second = tools.volume(), tools.volume(spacing_kji_mm=(4, 1, 1))
    tools.write(first, tmp_path / "a", seed="a")
    tools.write(second, tmp_path / "b", seed="b")
    with pytest.raises(NotOneVolumeError) as caught:
        read_series(tmp_path)
    assert caught.value.details["reason"] == "several-series"
    uids = [series.series_uid for series in find_series([tmp_path]).images]
    assert sorted(caught.value.details["series"]) == sorted(uids)
    spacings = [read_series(tmp_path, series_uid=uid).grid.spacing_kji_mm[0] for uid in uids]
    assert sorted(spacings) == pytest.approx([2.5, 4.0])
    with pytest.raises(NotOneVolumeError, match=r"9\.9"):
        read_series(tmp_path, series_uid="9.9")


def test_reports_in_the_series_of_the_images_are_set_aside(ct):
    volume, folder = ct
    report = pydicom.dcmread(folder / "IM0001.dcm")
    for keyword in ("Rows", "Columns", "PixelData", "ImagePositionPatient"):
        del report[keyword]
    report.SOPClassUID = report.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.88.11"
    report.Modality, report.SOPInstanceUID = "SR", "1.2.3"
    report.save_as(folder / "report.dcm")
    assert read_series(folder).grid.is_same_as(volume.grid)
    assert sorted(series.kind for series in find_series([folder]).series) == [Kind.IMAGE, Kind.OTHER]


def test_emptied_uids_fall_back_to_the_file_meta_information(ct, tools):
    volume, folder = ct

    def empty(dataset, k):
        dataset.SOPInstanceUID = dataset.SeriesInstanceUID = dataset.StudyInstanceUID = ""

    uids = [pydicom.dcmread(path).SOPInstanceUID for path in sorted(folder.iterdir())]
    tools.edit(folder, empty)
    read = read_series(folder)
    assert read.grid.is_same_as(volume.grid)
    assert read.source.series_uid is None
    assert [file.uid for file in read.source.files] == uids


def test_a_damaged_dicom_file_beside_the_series_is_not_ignored(ct):
    _volume, folder = ct
    last = folder / "IM0006.dcm"
    last.write_bytes(last.read_bytes()[:180])
    with pytest.raises(UnreadableFileError):
        read_series(folder)


def test_reading_is_cancelled_from_the_callback(ct):
    _, folder = ct
    calls = []

    def stop(task, done, total):
        calls.append((task, done, total))
        if task == "reading slices" and done == 2:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        read_series(folder, progress=stop)
    assert calls[0] == ("reading headers", 0, 6)
    assert calls[-1] == ("reading slices", 2, 6)
