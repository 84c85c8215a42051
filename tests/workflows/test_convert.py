"""Conversion writes every regular series, refuses the others by name and accounts for every file."""

from __future__ import annotations

import errno
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pydicom
import pytest

from conversion_cases import left_in_work, make, require_manifest, tree
from medseg.errors import Cancelled, NoImagesError, OutputError, OutputExistsError
from medseg.io.nifti.image import read_image
from medseg.io.volume_summary import Status
from medseg.workflows.convert import ConvertOptions, convert


@pytest.fixture
def study(tmp_path):
    """A study of three series, one of them with a hole, and some junk."""
    root = tmp_path / "study"
    volumes = {
        "ct": make(root / "ct", "ct", tilt_mm=0.7),
        "mr": make(root / "mr", "the mr", modality="MR"),
    }
    make(root / "holey", "a holey one")
    (root / "holey" / "IM0003.dcm").unlink()
    shutil.copy(root / "ct" / "IM0001.dcm", root / "ct" / "copy.dcm")
    (root / "LICENSE").write_text("words")
    return root, volumes


def test_regular_series_are_written_and_every_file_is_accounted_for(study, tmp_path):
    root, originals = study
    conversion = convert([root], tmp_path / "out")
    manifest = require_manifest(tmp_path / "out")
    assert manifest == conversion.as_dict()
    assert manifest["identifying"] is True
    assert manifest["schema"] == "medseg-manifest/1"
    assert [entry["status"] for entry in manifest["volumes"]].count("converted") == 2
    assert [volume.reason for volume in conversion.refused] == ["missing-slices"]
    for entry in manifest["volumes"]:
        if entry["status"] != "converted":
            assert entry["output"] is None
            continue
        assert entry["output"].startswith("sub-")
        assert entry["dtype"] == "int16"
        written = read_image(tmp_path / "out" / entry["output"])
        original = originals[entry["modality"].lower()]
        assert written.grid.is_same_as(original.grid)
        np.testing.assert_array_equal(written.voxels, original.voxels)
        assert written.voxels.dtype == np.int16
        assert bool(entry["warnings"]) == (entry["modality"] == "CT")  # leans; SimpleITK would refuse it
    files = manifest["files"]
    assert set(files) == {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    assert files["LICENSE"] == "not-dicom"
    assert sorted([files["ct/copy.dcm"], files["ct/IM0001.dcm"]])[1] == "identical-copy"
    assert {files[f"mr/IM000{n}.dcm"] for n in range(1, 6)} < {entry["id"] for entry in manifest["volumes"]}


def test_nothing_about_the_patient_is_in_names_or_manifest(study, tmp_path):
    root, _ = study
    convert([root], tmp_path / "out")
    written = " ".join(str(path.relative_to(tmp_path)) for path in (tmp_path / "out").rglob("*"))
    written += (tmp_path / "out" / "manifest.json").read_text()
    written += (tmp_path / "out" / "manifest.csv").read_text()
    written += (tmp_path / "out" / ".medseg" / "journal.jsonl").read_text()
    for word in ("DOE", "JANE", "SECRET77", "PHANTOM"):
        assert word not in written


def test_uncompressed_output(study, tmp_path):
    root, _ = study
    convert([root / "mr"], tmp_path / "out", ConvertOptions(compress=False))
    assert {Path(name).suffix for name in tree(tmp_path / "out")} == {".nii", ".json", ".csv"}


def test_a_series_spread_over_two_inputs_is_one(study, tmp_path):
    root, _originals = study
    (root / "more").mkdir()
    for name in ("IM0002.dcm", "IM0004.dcm"):
        (root / "mr" / name).rename(root / "more" / name)
    conversion = convert([root / "mr", root / "more"], tmp_path / "out")
    (volume,) = conversion.volumes
    assert volume.frames == 5
    assert set(conversion.files) == {
        "mr/IM0001.dcm",
        "mr/IM0003.dcm",
        "mr/IM0005.dcm",
        "more/IM0002.dcm",
        "more/IM0004.dcm",
    }


@pytest.mark.parametrize("workers", [1, 3])
def test_runs_give_the_same_bytes_however_many_processes_share_the_work(study, tmp_path, workers):
    root, _ = study
    convert([root], tmp_path / "a", workers=2)
    convert([root], tmp_path / "b", workers=workers)
    assert tree(tmp_path / "a") == tree(tmp_path / "b")
    assert len(tree(tmp_path / "a")) >= 4


def test_a_folder_with_something_else_in_it_is_refused(study, tmp_path):
    root, _ = study
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").write_text("mine")
    with pytest.raises(OutputExistsError, match="not made by medseg convert"):
        convert([root], tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["notes.txt"]


def test_a_file_in_the_place_of_the_folder_is_refused(study, tmp_path):
    root, _ = study
    (tmp_path / "out").write_text("mine")
    with pytest.raises(OutputExistsError):
        convert([root], tmp_path / "out")


def test_a_conversion_cancelled_between_two_volumes_keeps_the_first(study, tmp_path):
    root, _ = study

    def stop(tally):
        if tally.volumes[0] == 1:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        convert([root], tmp_path / "out", workers=1, watch=stop)
    # A second volume may have been written by the time that its process is told to stop.
    whole = [Path(name).suffix for name in tree(tmp_path / "out")]
    assert whole in ([".json", ".gz"], [".json", ".gz"] * 2)
    assert left_in_work(tmp_path / "out") == []


def test_a_conversion_cancelled_while_it_reads_headers_leaves_nothing(study, tmp_path):
    root, _ = study

    def stop(task, done, total):
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        convert([root], tmp_path / "out", progress=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["study"]


def test_the_work_is_told_in_volumes_files_and_bytes(study, tmp_path):
    root, _ = study
    tallies = []
    convert([root], tmp_path / "out", watch=tallies.append)
    assert [tally.volumes for tally in tallies] == [(0, 2), (1, 2), (2, 2)]
    assert tallies[-1].files == (10, 10)
    done, total = tallies[-1].source_bytes
    assert done == total > 0


def test_results_that_lie_in_an_input_are_no_inputs(study, tmp_path):
    root, _ = study
    out = root / "results"
    first = convert([root], out)
    assert convert([root], out).as_dict() == first.as_dict()
    assert not any(path.startswith("results/") for path in first.files)


def test_no_images_is_an_error_and_leaves_nothing(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("words")
    with pytest.raises(NoImagesError):
        convert([tmp_path / "in"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_failed_conversion_leaves_no_folder_above_its_own(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "new").mkdir()
    with pytest.raises(NoImagesError):
        convert([tmp_path / "in"], tmp_path / "new" / "deep" / "deeper" / "out")
    assert [path.relative_to(tmp_path).as_posix() for path in sorted(tmp_path.rglob("*"))] == ["in", "new"]


def test_folders_above_the_output_are_made_and_kept(study, tmp_path):
    root, _ = study
    convert([root / "mr"], tmp_path / "new" / "deep" / "out")
    assert (tmp_path / "new" / "deep" / "out" / "manifest.json").is_file()


def test_naming_an_input_twice_changes_nothing(study, tmp_path, monkeypatch):
    root, _ = study
    monkeypatch.chdir(tmp_path)
    once = convert([root / "mr"], tmp_path / "once")
    twice = convert([root / "mr", Path("study/mr")], tmp_path / "twice")
    assert twice.as_dict() == once.as_dict()


def test_file_names_that_are_no_utf8_are_escaped_in_the_manifest(study, tmp_path):
    root, _ = study
    try:
        (root / "mr").rename(root / os.fsdecode(b"M\xfcller"))
        (root / "ct" / os.fsdecode(b"cut\xff.dcm")).write_bytes(b"")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    conversion = convert([root], tmp_path / "out")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_bytes().decode())
    assert manifest == conversion.as_dict()
    assert manifest["files"]["ct/cut\\xff.dcm"] == "unreadable"
    assert "M\\xfcller/IM0001.dcm" in manifest["files"]
    assert "cut\\xff.dcm is empty" in [entry["message"] for entry in manifest["volumes"]]


@pytest.mark.parametrize("is_link", [True, False])
def test_a_lost_slice_at_the_end_is_refused_and_warned_of(study, tmp_path, is_link):
    root, _ = study
    last = root / "mr" / "IM0005.dcm"
    last.unlink()
    if is_link:
        last.symlink_to("nowhere")
    else:
        last.touch()
    conversion = convert([root / "mr"], tmp_path / "out")
    converted, lost = conversion.volumes
    assert "may be slices of it" in converted.warnings[-1]
    assert (lost.status, lost.reason) == (Status.REFUSED, "unreadable")
    assert conversion.files["IM0005.dcm"] == "unreadable"


def test_a_scout_is_skipped_and_not_counted_as_refused(study, tmp_path):
    root, _ = study
    make(root / "scout", "scout")
    for path in (root / "scout").iterdir():
        dataset = pydicom.dcmread(path)
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
        dataset.save_as(path)
    conversion = convert([root / "mr", root / "scout"], tmp_path / "out")
    assert conversion.refused == ()
    assert sorted((volume.status, volume.reason) for volume in conversion.volumes) == [
        (Status.CONVERTED, None),
        (Status.SKIPPED, "localizer"),
    ]


def test_a_full_disk_is_said_in_few_words(tmp_path, monkeypatch):
    """The error comes wrapped in a page of pydicom's that shows the data set."""

    def fail(*_, **__):
        full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        raise OSError(f"{full}\nfor data_element:\n(0010,0010) Patient's Name PN: 'DOE^JANE'") from full

    monkeypatch.setattr(pydicom.Dataset, "save_as", fail)
    with pytest.raises(OutputError, match=r": No space left on device$") as caught:
        make(tmp_path / "out", "full")
    assert "DOE" not in caught.value.message
    assert list(tmp_path.iterdir()) == []
