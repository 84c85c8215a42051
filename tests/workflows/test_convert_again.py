"""A second run keeps what is done, adds what is new, and never touches a file that is there."""

from __future__ import annotations

import json
import os
import shutil

import pydicom
import pytest

from conversion_cases import left_in_work, make, require_manifest, tree
from medseg.errors import Cancelled, OutputError, OutputExistsError
from medseg.io.conversion_folder import claimed_folder
from medseg.io.volume_summary import Status
from medseg.workflows.convert import ConvertOptions, ReadOptions, convert


@pytest.fixture
def root(tmp_path):
    """Three series, one a folder."""
    for number in range(3):
        make(tmp_path / "in" / f"s{number}", f"series {number}")
    return tmp_path / "in"


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def times(out):
    return {name: (out / name).stat().st_mtime_ns for name in tree(out) if name.endswith(".nii.gz")}


def by_status(conversion, status):
    return [volume for volume in conversion.volumes if volume.status is status]


def images(out):
    return [name for name in tree(out) if name.endswith(".nii.gz")]


def test_the_same_run_again_writes_no_image_and_the_same_manifest(root, out):
    convert([root], out)
    before, content = times(out), tree(out)
    again = convert([root], out)
    assert again.kept == 3
    assert times(out) == before
    assert tree(out) == content


def test_a_run_that_was_stopped_goes_on_and_ends_as_an_uninterrupted_one(root, out, tmp_path):
    def stop(tally):
        if tally.volumes[0] == 1:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        convert([root], out, workers=1, watch=stop)
    # A second one may have been begun, and even be there, by the time that its process is told to stop.
    written = times(out)
    assert 1 <= len(written) <= 2
    kept = convert([root], out).kept
    assert 1 <= kept <= len(written)
    assert sum(times(out)[name] == when for name, when in written.items()) >= kept
    convert([root], tmp_path / "at once")
    assert tree(out) == tree(tmp_path / "at once")


def test_what_was_written_but_not_noted_is_taken_for_done(root, out):
    """A run may be killed between the last file of a volume and its line in the journal."""
    convert([root], out)
    before, content = times(out), tree(out)
    journal = out / ".medseg" / "journal.jsonl"
    journal.write_bytes(b"".join(journal.read_bytes().splitlines(keepends=True)[:2]))
    again = convert([root], out)
    assert (again.kept, again.refused) == (1, ())
    assert times(out) == before
    assert tree(out) == content


@pytest.mark.parametrize(
    "tail", [b'{"stamps": "ab', b"\xff\xfe\n", b"[]\n", b'{"stamps": "", "volume": {}}\n']
)
def test_a_line_that_was_cut_off_or_damaged_is_passed_over(root, out, tail):
    convert([root], out)
    content = tree(out)
    with (out / ".medseg" / "journal.jsonl").open("ab") as journal:
        journal.write(tail)
    assert convert([root], out).kept == 3
    assert convert([root], out).kept == 3
    assert tree(out) == content


def test_a_missing_output_is_written_again(root, out):
    convert([root], out)
    content = tree(out)
    lost = images(out)[1]
    (out / lost).unlink()
    assert convert([root], out).kept == 2
    assert tree(out) == content


def test_an_output_that_was_changed_is_refused_and_left_alone(root, out):
    convert([root], out)
    mine = images(out)[0]
    (out / mine).write_bytes(b"corrected by hand")
    again = convert([root], out)
    (refused,) = again.refused
    assert refused.reason == "output-changed"
    assert mine in refused.message
    assert (out / mine).read_bytes() == b"corrected by hand"
    (out / mine).unlink()
    assert convert([root], out).refused == ()
    require_manifest(out)


def test_a_file_in_the_place_of_an_output_is_refused_and_left_alone(root, out):
    convert([root], out)
    name = images(out)[0]
    shutil.rmtree(out / ".medseg")
    (out / ".medseg").mkdir()
    (out / name).write_bytes(b"somebody else's")
    again = convert([root], out)
    assert [volume.reason for volume in again.refused] == ["output-exists"]
    assert (out / name).read_bytes() == b"somebody else's"


def test_sources_that_were_touched_or_copied_are_still_the_same(root, out, tmp_path):
    convert([root], out)
    before = times(out)
    for path in (root / "s0").iterdir():
        os.utime(path, (1, 1))
    assert convert([root], out).kept == 3
    copied = shutil.copytree(root, tmp_path / "elsewhere", copy_function=shutil.copyfile)
    assert convert([copied], out).kept == 3
    assert times(out) == before


def test_a_source_that_changed_is_refused_until_its_output_is_moved_away(root, out):
    convert([root], out)
    path = root / "s1" / "IM0002.dcm"
    dataset = pydicom.dcmread(path)
    dataset.RescaleIntercept = 5
    dataset.save_as(path)
    again = convert([root], out)
    (refused,) = again.refused
    assert refused.reason == "source-changed"
    assert again.kept == 2
    for name in images(out):
        if name in refused.message:
            (out / name).unlink()
    assert convert([root], out).refused == ()
    require_manifest(out)


def test_new_series_are_added(root, out, tmp_path):
    convert([root], out)
    before = times(out)
    make(root / "s3", "a new series")
    again = convert([root], out)
    assert again.kept == 3
    assert len(by_status(again, Status.CONVERTED)) == 4
    assert before.items() < times(out).items()
    convert([root], tmp_path / "at once")
    assert sorted(tree(out)) == sorted(tree(tmp_path / "at once"))


def test_an_output_whose_series_is_gone_is_named_and_kept(root, out):
    convert([root], out)
    shutil.rmtree(root / "s2")
    again = convert([root], out)
    assert len(again.left_over) == 1
    assert (out / again.left_over[0]).exists()
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["left_over"] == list(again.left_over)
    rows = (out / "manifest.csv").read_text().splitlines()
    assert rows[-1].split(",")[2:6] == ["left-over", "", "", again.left_over[0]]


@pytest.mark.parametrize(
    ("options", "name"),
    [
        (ConvertOptions(compress=False), "compress"),
        (ConvertOptions(read=ReadOptions(deshear=True)), "deshear"),
        (ConvertOptions(names="{series}"), "names"),
        (ConvertOptions(keep_phi=True), "keep_phi"),
    ],
)
def test_results_of_different_options_are_not_mixed(root, out, options, name):
    convert([root], out)
    content = tree(out)
    with pytest.raises(OutputExistsError, match=name):
        convert([root], out, options)
    assert tree(out) == content


def test_another_secret_is_another_option(root, out, monkeypatch, tmp_path):
    convert([root], out)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "other"))
    with pytest.raises(OutputExistsError, match="secret"):
        convert([root], out)


def test_two_conversions_at_once_into_one_folder_are_refused(root, out):
    with (
        claimed_folder(out),
        pytest.raises(OutputError, match="another conversion is writing") as caught,
    ):
        convert([root], out)
    assert caught.value.details["reason"] == "in-use"
    assert convert([root], out).refused == ()


def test_what_a_killed_run_left_in_its_scratch_folder_is_removed(root, out):
    convert([root], out)
    stale = out / ".medseg" / "work" / "0123"
    stale.mkdir(parents=True)
    (stale / "half.nii.gz").write_bytes(b"half")
    convert([root], out)
    assert left_in_work(out) == []
