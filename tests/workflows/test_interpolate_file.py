"""``medseg interpolate`` on files."""

from __future__ import annotations

import hashlib
import json
import math

import nibabel
import numpy as np
import pytest
from click.testing import CliRunner

from medseg.cli.main import main
from medseg.contour import Contour, ContourSet
from medseg.io.contours_file import write_contours
from medseg.space import Plane
from medseg.workflows.interpolate_file import interpolate_file
from medseg.workflows.open_image import open_image
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
        (["--drawn", "k=5", "--drawn", "j=7", "--method", "combined"], 5, "parallel slices"),
        (["--image", "missing"], 4, "missing"),
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


def mixed_truth():
    k, j, i = np.ogrid[:24, :40, :36]
    return ((k - 12) * 2.5 / 22) ** 2 + ((j - 20) / 15) ** 2 + ((i - 17) / 12) ** 2 < 1


@pytest.fixture
def mixed(tmp_path):
    """A tumour of which only one axial, one coronal and one sagittal slice are meaningful."""
    voxels = np.random.default_rng(4).integers(0, 2, (24, 40, 36)).astype(np.uint8)
    truth = mixed_truth()
    voxels[12], voxels[:, 20], voxels[:, :, 17] = truth[12], truth[:, 20], truth[:, :, 17]
    path = tmp_path / "mixed.nii.gz"
    nibabel.Nifti1Image(voxels.transpose(2, 1, 0), np.diag([-1, -1, 2.5, 1])).to_filename(path)
    return path


DRAWN = ["--drawn", "k=12", "--drawn", "j=20", "--drawn", "i=17"]


def test_planes_of_three_directions_are_completed_and_come_out_exactly(tmp_path, mixed):
    result = run(mixed, tmp_path / "a_dseg.nii.gz", *DRAWN, "--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    told = document["structures"]["label-1"]
    assert (told["drawn"], told["method"]) == (["k=12", "j=20", "i=17"], "blended")
    assert document["conflicts"] == document["open_gaps"] == []
    found = np.asarray(nibabel.load(tmp_path / "a_dseg.nii.gz").dataobj).transpose(2, 1, 0) == 1
    truth = mixed_truth()
    for where in (np.s_[12], np.s_[:, 20], np.s_[:, :, 17]):
        assert np.array_equal(found[where], truth[where])
    assert 2 * (found & truth).sum() / (found.sum() + truth.sum()) > 0.95
    record = open_label_map(tmp_path / "a_dseg.nii.gz").record
    assert record.structures["label-1"].imported == ("k=12", "j=20", "i=17")
    assert record.method == "blended"


def test_contours_are_completed_as_the_label_map_is_that_they_were_saved_with(tmp_path, mixed):
    assert run(mixed, tmp_path / "a_dseg.nii.gz", *DRAWN).exit_code == 0
    result = run(tmp_path / "a_dseg_contours.json", tmp_path / "b_dseg.nii.gz")
    assert result.exit_code == 0, result.output
    first, second = (open_label_map(tmp_path / f"{name}_dseg.nii.gz") for name in "ab")
    assert np.array_equal(first.label_map.voxels, second.label_map.voxels)
    assert second.label_map.structures == first.label_map.structures
    assert len(second.contours) == len(first.contours)


def test_contours_alone_need_a_grid(tmp_path, mixed):
    assert run(mixed, tmp_path / "a_dseg.nii.gz", *DRAWN).exit_code == 0
    alone = (tmp_path / "a_dseg_contours.json").rename(tmp_path / "alone.json")
    result = run(alone, tmp_path / "b_dseg.nii.gz")
    assert result.exit_code == 4
    assert "--grid" in result.stderr
    result = run(alone, tmp_path / "b_dseg.nii.gz", "--grid", mixed)
    assert result.exit_code == 0, result.output
    saved = open_label_map(tmp_path / "b_dseg.nii.gz")
    assert [s.id for s in saved.label_map.structures] == ["label-1"]
    result = run(alone, tmp_path / "c_dseg.nii.gz", "--grid", mixed, "--drawn", "k=3")
    assert result.exit_code == 4
    assert "--drawn" in result.stderr


def test_an_oblique_contour_is_completed_with_the_others_and_read_back(tmp_path, mixed):
    grid = open_image(mixed).grid
    middle = grid.to_lps_mm([12, 20, 17])
    circle = [(math.cos(t), math.sin(t)) for t in np.linspace(0, 2 * math.pi, 60, endpoint=False)]
    tilted = Plane.spanned_by(middle, grid.directions @ [0, 0, 1], grid.directions @ [0.5, 0.8, 0])
    contours = ContourSet(
        [
            Contour(plane, 14 * np.array(circle) + plane.to_plane_mm(middle), "ball")
            for plane in (tilted, grid.plane(0, 12), grid.plane(2, 17))
        ]
    )
    write_contours(contours, tmp_path / "drawn.json")
    result = run(tmp_path / "drawn.json", tmp_path / "a_dseg.nii.gz", "--grid", mixed)
    assert result.exit_code == 0, result.output
    saved = open_label_map(tmp_path / "a_dseg.nii.gz")
    volume_mm3 = saved.label_map.mask("ball").sum() * grid.voxel_volume_mm3
    assert volume_mm3 == pytest.approx(4 / 3 * math.pi * 14**3, rel=0.05)
    assert saved.record.structures["ball"].drawn == ("k=7+0.25j", "k=12", "i=17")
    assert [c.plane.normal.tolist() for c in saved.contours] == [c.plane.normal.tolist() for c in contours]


def test_the_uncertainty_lies_on_the_same_grid_and_is_nothing_where_something_was_drawn(tmp_path, mixed):
    result = run(mixed, tmp_path / "a_dseg.nii.gz", *DRAWN, "--uncertainty", tmp_path / "u.nii.gz")
    assert result.exit_code == 0, result.output
    image = nibabel.load(tmp_path / "u.nii.gz")
    assert np.allclose(image.affine, nibabel.load(mixed).affine, atol=1e-4)
    found = np.asarray(image.dataobj).transpose(2, 1, 0)
    assert found.dtype == np.float32
    assert found.min() == 0
    assert 0.2 < found.max() <= 1
    for where in (np.s_[12], np.s_[:, 20], np.s_[:, :, 17]):
        assert not found[where].any()


def test_an_image_that_shows_the_structure_takes_part_and_the_record_says_so(tmp_path):
    truth = np.zeros((32, 64, 64), bool)
    k, j, i = np.ogrid[:32, :64, :64]
    # A wavy tube: what lies between the slices can't be guessed from them.
    truth = (j - 32 - 9 * np.sin(k)) ** 2 + (i - 32 - 9 * np.cos(1.7 * k)) ** 2 < 14**2
    image = np.where(truth, 80, 10) + np.random.default_rng(2).normal(0, 4, truth.shape)
    for name, voxels in (("sparse", truth.astype(np.uint8)), ("ct", image.astype(np.float32))):
        nibabel.Nifti1Image(voxels.transpose(2, 1, 0), np.eye(4)).to_filename(tmp_path / f"{name}.nii.gz")
    drawn = ["--drawn", "k=" + ",".join(map(str, range(0, 32, 3))) + ",31"]
    scores = {}
    for name, options in (("plain", []), ("helped", ["--image", tmp_path / "ct.nii.gz"])):
        out = tmp_path / f"{name}_dseg.nii.gz"
        result = run(tmp_path / "sparse.nii.gz", out, *drawn, *options)
        assert result.exit_code == 0, result.output
        found = open_label_map(out).label_map.mask("label-1")
        scores[name] = 2 * (found & truth).sum() / (found.sum() + truth.sum())
    assert scores["helped"] > scores["plain"] + 0.01
    how = open_label_map(tmp_path / "helped_dseg.nii.gz").record.completed["label-1"]
    assert how.image_used is True
    assert how.image_reason
    assert open_label_map(tmp_path / "plain_dseg.nii.gz").record.completed["label-1"].image_used is None


def test_an_image_on_another_grid_is_refused(tmp_path, mixed):
    nibabel.Nifti1Image(np.zeros((9, 9, 9), np.float32), np.eye(4)).to_filename(tmp_path / "other.nii.gz")
    result = run(mixed, tmp_path / "a_dseg.nii.gz", *DRAWN, "--image", tmp_path / "other.nii.gz")
    assert result.exit_code == 3
    assert "image and contours" in result.stderr
    assert not (tmp_path / "a_dseg.nii.gz").exists()


def test_an_uncertainty_that_would_replace_a_file_is_refused_and_nothing_is_left(tmp_path, mixed):
    before = mixed.read_bytes()
    result = run(mixed, tmp_path / "a_dseg.nii.gz", *DRAWN, "--uncertainty", mixed)
    assert result.exit_code == 8
    assert "exists already" in result.stderr
    assert mixed.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["mixed.nii.gz"]
