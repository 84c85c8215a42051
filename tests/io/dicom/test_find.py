"""Files are found by what they are, not by their names, and every one is accounted for."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from medseg.errors import (
    Cancelled,
    InputError,
    NoImagesError,
    NotOneVolumeError,
    OutputError,
    UnreadableFileError,
)
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


def empty(path):
    path.write_bytes(b"")


def fill_with_zeros(path):
    path.write_bytes(bytes(path.stat().st_size))


def fill_with_garbage(path):
    path.write_bytes(b"garbage" * 100)


def unlink_content(path):
    path.unlink()
    path.symlink_to("../.git/annex/objects/nowhere.dcm")


SPOILT = [empty, fill_with_zeros, fill_with_garbage, unlink_content]


@pytest.mark.parametrize("spoil", SPOILT)
def test_a_last_slice_that_is_dicom_no_more_is_not_lost_silently(ct, spoil):
    _volume, folder = ct
    spoil(folder / "IM0006.dcm")
    with pytest.raises(UnreadableFileError, match=r"IM0006\.dcm"):
        read_series(folder)
    inventory = find_series([folder])
    assert [file.path.name for file in inventory.unreadable] == ["IM0006.dcm"]
    assert [path.name for path in inventory.series[0].suspects] == ["IM0006.dcm"]


@pytest.mark.parametrize("spoil", [empty, fill_with_zeros])
@pytest.mark.parametrize("name", ["IM{}", "1.2.840.{}"])
def test_a_blank_file_among_images_without_suffix_is_suspected(ct, spoil, name):
    _volume, folder = ct
    (folder / "LICENSE").write_text("some words")
    for number, path in enumerate(sorted(folder.glob("IM*"))):
        path.rename(folder / name.format(number))
    spoil(folder / name.format(5))
    inventory = find_series([folder])
    assert [file.path.name for file in inventory.unreadable] == [name.format(5)]
    assert {file.path.name: file.reason for file in inventory.passed_over}["LICENSE"] == "not-dicom"


def test_a_folder_that_cannot_be_listed_is_not_ignored(ct, monkeypatch):
    """Tests may run as a user whom no permission stops: the refusal is made here."""
    _volume, folder = ct
    (folder / "locked").mkdir()
    scan = os.scandir

    def refuse(path):
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    for _ in range(2):
        with pytest.raises(UnreadableFileError, match="locked can't be listed: Permission denied"):
            read_series(folder)
        folder = folder / "locked"


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
@pytest.mark.parametrize("keeps_meta", [True, False])
def test_data_sets_without_a_preamble_are_read(ct, syntax, keeps_meta):
    volume, folder = ct
    for path in sorted(folder.iterdir()):
        dataset = pydicom.dcmread(path)
        dataset.file_meta.TransferSyntaxUID = syntax
        if keeps_meta:
            dataset.save_as(path)
            path.write_bytes(path.read_bytes()[132:])
        else:
            content = BytesIO()
            dataset.file_meta = pydicom.dataset.FileMetaDataset()
            implicit = syntax == ImplicitVRLittleEndian
            pydicom.dcmwrite(content, dataset, implicit_vr=implicit, little_endian=True)
            bare = content.getvalue()
            path.write_bytes(bare[132:] if bare[128:132] == b"DICM" else bare)
    read = read_series(folder)
    np.testing.assert_array_equal(read.voxels, volume.voxels)
    assert read.grid.is_same_as(volume.grid)
    assert find_series([folder]).passed_over == ()


def test_a_folder_named_twice_or_through_a_link_is_looked_at_once(ct, tmp_path, monkeypatch):
    _volume, folder = ct
    (tmp_path / "link").symlink_to(folder)
    monkeypatch.chdir(tmp_path)
    paths = [Path("ct"), folder, tmp_path / "link", folder / "IM0001.dcm", tmp_path / "link" / "IM0002.dcm"]
    (series,) = find_series(paths).series
    assert (len(series.headers), series.copies) == (6, ())


def test_a_folder_whose_name_is_no_utf8_is_read(tools, tmp_path):
    folder = tmp_path / os.fsdecode(b"M\xfcller")
    volume = tools.volume()
    try:
        tools.write(volume, folder)
    except OutputError:
        pytest.skip("this file system takes UTF-8 names only")
    np.testing.assert_array_equal(read_series(folder).voxels, volume.voxels)


def test_links_to_folders_are_followed_once_and_pipes_are_accounted_for(ct, tmp_path):
    volume, folder = ct
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "series").symlink_to(folder)
    (tree / "again").symlink_to(folder)
    (tree / "up").symlink_to(tmp_path / "tree")
    os.mkfifo(tree / "pipe")
    inventory = find_series([tree])
    (series,) = inventory.series
    assert len(series.headers) == 6
    assert series.copies == ()
    assert [(file.path.name, file.reason) for file in inventory.passed_over] == [("pipe", "not-a-file")]
    assert read_series(tree).grid.is_same_as(volume.grid)
