"""The command line as a whole, and the small commands."""

from __future__ import annotations

import json

import nibabel
import numpy as np
import pytest
import SimpleITK
from click.testing import CliRunner

import medseg
from medseg.cli.main import COMMANDS, main
from medseg.errors import Cancelled, MedsegError


def run(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments])


def test_it_tells_its_version_and_its_commands():
    assert run("--version").stdout.strip() == f"medseg, version {medseg.__version__}"
    text = run("--help").stdout
    assert all(name in text for name in COMMANDS)


def test_an_unknown_command_is_wrong_usage():
    result = run("improve")
    assert result.exit_code == 2
    assert "No such command 'improve'" in result.stderr


def error_classes(root=MedsegError):
    yield root
    for child in root.__subclasses__():
        yield from error_classes(child)


def test_each_branch_of_the_error_tree_has_an_exit_code_of_its_own():
    branches = MedsegError.__subclasses__()
    codes = [branch.exit_code for branch in branches]
    assert len(set(codes)) == len(codes)
    assert min(codes) == 3
    for cls in error_classes():
        assert cls.__name__ in medseg.errors.__doc__


def test_errors_keep_their_details_between_processes():
    import pickle

    error = pickle.loads(pickle.dumps(Cancelled("stopped", hint="go on", done=3)))
    assert (error.message, error.hint, error.details) == ("stopped", "go on", {"done": 3})
    assert json.loads(json.dumps(error.as_dict()))["error"] == "Cancelled"


@pytest.mark.parametrize("name", ["abdomen", "brain"])
def test_sample_data_is_read_alike_by_other_programs(tmp_path, name):
    result = run("sample-data", tmp_path / "out", "--phantom", name)
    assert result.exit_code == 0, result.output
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(tmp_path / "out" / "dicom")))
    series = reader.Execute()
    image = SimpleITK.ReadImage(str(tmp_path / "out" / "image.nii.gz"))
    truth = SimpleITK.ReadImage(str(tmp_path / "out" / "truth_dseg.nii.gz"))
    assert np.array_equal(SimpleITK.GetArrayFromImage(series), SimpleITK.GetArrayFromImage(image))
    last = [n - 1 for n in series.GetSize()]
    for other in (image, truth):
        for corner in ([0, 0, 0], last):
            place = series.TransformIndexToPhysicalPoint(corner)
            assert other.TransformIndexToPhysicalPoint(corner) == pytest.approx(place, abs=1e-3)
    volume = medseg.open_image(tmp_path / "out" / "dicom")
    assert np.array_equal(volume.voxels, SimpleITK.GetArrayFromImage(series))
    labels = np.unique(np.asarray(nibabel.load(tmp_path / "out" / "truth_dseg.nii.gz").dataobj))
    table = medseg.open_label_map(tmp_path / "out" / "truth_dseg.nii.gz").label_map.structures
    assert set(labels) == {0, *(s.label for s in table)}


def test_an_unknown_phantom_is_wrong_usage(tmp_path):
    result = run("sample-data", tmp_path / "out", "--phantom", "elbow")
    assert result.exit_code == 2
    assert "abdomen, brain" in result.stderr
    assert not (tmp_path / "out").exists()


def test_open_needs_something_that_is_there():
    assert run("open").exit_code == 2
    assert run("open", "absent").exit_code == 2


def test_open_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    result = run("open", tmp_path)
    assert result.exit_code == 1
    assert "medseg[gui]" in result.stderr
