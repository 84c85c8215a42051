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

from medseg.errors import Cancelled, NoImagesError, OutputError, OutputExistsError
from medseg.io.dicom import write_series
from medseg.io.nifti.image import read_image
from medseg.io.volume_summary import Status
from medseg.space import Grid
from medseg.volume.volume import Quantity, Source, Volume
from medseg.workflows.convert import convert


def make(folder, seed, *, modality="CT", tilt_mm=0.0):
    grid = Grid.from_axes(
        (5, 4, 3),
        origin_lps_mm=[10, -20, 30],
        step_k_mm=[0, tilt_mm, 3],
        step_j_mm=[0, 0.5, 0],
        step_i_mm=[0.25, 0, 0],
    )
    voxels = np.random.default_rng(len(seed)).integers(0, 1000, (5, 4, 3), dtype=np.int16)
    volume = Volume(grid, voxels, Quantity.HU, Source("phantom"))
    write_series(
        volume, folder, modality=modality, uid_seed=seed, patient_name="DOE^JANE", patient_id="SECRET77"
    )
    return volume


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
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest == conversion.as_dict()
    assert manifest["schema"] == "medseg-manifest/1"
    assert [entry["status"] for entry in manifest["volumes"]].count("converted") == 2
    assert [volume.reason for volume in conversion.refused] == ["missing-slices"]
    for entry in manifest["volumes"]:
        if entry["status"] != "converted":
            assert entry["output"] is None
            continue
        assert entry["output"] == f"{entry['id']}.nii.gz"
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
    written = " ".join(path.name for path in (tmp_path / "out").iterdir())
    written += (tmp_path / "out" / "manifest.json").read_text()
    for word in ("DOE", "JANE", "SECRET77", "PHANTOM"):
        assert word not in written


def test_uncompressed_output(study, tmp_path):
    root, _ = study
    convert([root / "mr"], tmp_path / "out", compress=False)
    assert {path.suffix for path in (tmp_path / "out").iterdir()} == {".nii", ".json"}


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


def test_two_runs_give_the_same_names_and_manifest(study, tmp_path):
    root, _ = study
    convert([root], tmp_path / "a")
    convert([root], tmp_path / "b")
    assert (tmp_path / "a" / "manifest.json").read_bytes() == (tmp_path / "b" / "manifest.json").read_bytes()


def test_nothing_is_overwritten(study, tmp_path):
    root, _ = study
    out = tmp_path / "out"
    convert([root], out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    with pytest.raises(OutputExistsError):
        convert([root], out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_a_cancelled_conversion_leaves_nothing(study, tmp_path):
    root, _ = study

    def stop(task, done, total):
        if task == "converting series" and done == 2:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        convert([root], tmp_path / "out", progress=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["study"]


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
