"""Bad input gives one clear line, a non-zero exit, and leaves nothing behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nibabel
import numpy as np
import pytest

from medseg.workflows.sample_data import write_sample_data


def medseg(*arguments, cwd):
    return subprocess.run(
        [Path(sys.executable).with_name("medseg"), *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )


def everything_in(folder):
    return {p.relative_to(folder): p.stat().st_size for p in folder.rglob("*")}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    (folder / "no-images").mkdir()
    (folder / "no-images" / "notes.txt").write_text("nothing to see")
    image = nibabel.Nifti1Image(np.ones((30, 30, 10), np.uint8), np.eye(4))
    image.to_filename(folder / "whole.nii.gz")
    (folder / "truncated.nii.gz").write_bytes((folder / "whole.nii.gz").read_bytes()[:-40])
    write_sample_data(folder / "ct", name="abdomen")
    (folder / "ct" / "dicom" / "IM0017.dcm").unlink()
    return folder


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("inspect", "no-images"), "no DICOM image"),
        (("inspect", "truncated.nii.gz"), "truncated"),
        (("convert", "no-images", "out"), "no DICOM image"),
        (("interpolate", "truncated.nii.gz", "out_dseg.nii.gz"), "truncated"),
        (("inspect", "absent"), "absent"),
    ],
)
def test_it_is_said_in_one_line(inputs, arguments, expected):
    before = everything_in(inputs)
    done = medseg(*arguments, cwd=inputs)
    assert done.returncode > 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("medseg: error: ")
    assert expected in line
    assert everything_in(inputs) == before


def test_a_series_with_a_missing_slice_is_refused_with_the_gap(inputs):
    done = medseg("inspect", "ct/dicom", cwd=inputs)
    assert done.returncode == 1
    assert "10 mm" in done.stdout
    assert "missing" in done.stdout


def test_a_series_with_a_missing_slice_is_not_converted(inputs, tmp_path):
    done = medseg("convert", inputs / "ct" / "dicom", tmp_path / "out", cwd=tmp_path)
    assert done.returncode == 1
    assert not list(tmp_path.rglob("*.nii*"))
