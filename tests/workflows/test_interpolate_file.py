"""``medseg interpolate`` on files."""

from __future__ import annotations

import hashlib

import nibabel
import numpy as np
import pytest
from click.testing import CliRunner

from medseg.cli.main import main
from medseg.workflows.interpolate import interpolate_file
from medseg.workflows.open_label_map import open_label_map


@pytest.fixture
def sparse(tmp_path):
    """Two structures of another program on a few slices, and one voxel of a slip on a slice not drawn."""
    voxels = np.zeros((20, 18, 12), np.uint8)
    for k, size in ((2, 6), (5, 8), (9, 6)):
        voxels[4 : 4 + size, 5 : 5 + size, k] = 1
    voxels[15:18, 2:5, 3:8:4] = 2
    path = tmp_path / "sparse.nii.gz"
    nibabel.Nifti1Image(voxels, np.diag([-1, -1, 2.5, 1])).to_filename(path)
    return path


def run(*arguments):
    return CliRunner().invoke(main, ["interpolate", *map(str, arguments)])


def test_structures_are_completed_on_the_same_grid_and_what_was_drawn_is_kept(tmp_path, sparse):
    out = tmp_path / "out_dseg.nii.gz"
    result = run(sparse, out)
    assert result.exit_code == 0, result.output
    assert result.stdout.strip() == str(out)
    before, after = nibabel.load(sparse), nibabel.load(out)
    assert np.allclose(before.affine, after.affine, atol=1e-4)
    old, new = np.asarray(before.dataobj), np.asarray(after.dataobj)
    assert np.array_equal((old == 1)[..., [2, 5, 9]], (new == 1)[..., [2, 5, 9]])
    assert (new == 1).any(axis=(0, 1))[2:10].all()
    assert (new == 2).any(axis=(0, 1)).nonzero()[0].tolist() == [3, 4, 5, 6, 7]


def test_only_the_slices_named_count(tmp_path, sparse):
    _, completion = interpolate_file(sparse, tmp_path / "default_dseg.nii.gz", author="Ada")
    assert [w.index for w in completion.drawn["label-1"]] == [2, 5, 9]
    result = run(sparse, tmp_path / "a_dseg.nii.gz", "--drawn", "k=2,9", "--author", "Ada")
    assert result.exit_code == 0, result.output
    saved = open_label_map(tmp_path / "a_dseg.nii.gz")
    assert saved.record.structures["label-1"].imported == ("k=2", "k=9")
    assert saved.label_map.mask("label-1")[5].sum() == 36
    assert saved.record.author == "Ada"
    assert saved.record.source.files[0].sha256 == hashlib.sha256(sparse.read_bytes()).hexdigest()


def test_along_another_axis(tmp_path, sparse):
    result = run(sparse, tmp_path / "a_dseg.nii.gz", "--drawn", "j=5,9")
    assert result.exit_code == 0, result.output
    filled = open_label_map(tmp_path / "a_dseg.nii.gz").label_map.mask("label-1").any(axis=(0, 2))
    assert np.flatnonzero(filled).tolist() == [5, 6, 7, 8, 9]


@pytest.mark.parametrize(
    ("options", "exit_code", "message"),
    [
        (["--drawn", "x=3"], 2, "k=3,7,12"),
        (["--method", "magic"], 2, "signed-distance"),
        (["--drawn", "k=0,1"], 6, "none of the drawn slices"),
        (["--drawn", "k=400"], 6, "outside the label map"),
        (["--drawn", "k=5", "--drawn", "j=7"], 5, "parallel slices"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line_and_nothing_is_left(
    tmp_path, sparse, options, exit_code, message
):
    result = run(sparse, tmp_path / "a_dseg.nii.gz", *options)
    assert result.exit_code == exit_code
    assert message in result.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["sparse.nii.gz"]


def test_a_gap_that_cannot_be_joined_is_a_warning(tmp_path):
    voxels = np.zeros((40, 40, 12), np.uint8)
    voxels[2:8, 2:8, 2] = 1
    voxels[30:36, 30:36, 9] = 1
    nibabel.Nifti1Image(voxels, np.eye(4)).to_filename(tmp_path / "sparse.nii.gz")
    result = run(tmp_path / "sparse.nii.gz", tmp_path / "a_dseg.nii.gz")
    assert result.exit_code == 0
    assert "between k=2 and k=9" in result.stderr
