"""``medseg propose``: from an image and a hint to a label map with its record."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

import medseg
from medseg.cli.main import main
from medseg.contour import ContourSet
from medseg.io.nifti.image import write_image
from medseg.labelmap import LabelMap, Structure
from medseg.volume import Quantity, Source, Volume
from medseg.workflows.save import save_label_map
from solids import lump, upright

GRID = upright((24, 40, 44), (2.5, 1.0, 1.0))
MIDDLE = "21.5,19.5,28.75"


def run(*arguments):
    return CliRunner().invoke(main, ["propose", *map(str, arguments)])


def write_plain(path, label_map):
    save_label_map(path, label_map, grid=GRID, source=Source("phantom"), contours=ContourSet(), author="Ada")
    return path


@pytest.fixture
def image(tmp_path):
    """A bright ball of 12 mm in noise."""
    truth = lump(GRID, 12)
    noise = np.random.default_rng(0).standard_normal(truth.shape)
    values = (40 + 70 * truth + 6 * noise).astype(np.float32)
    write_image(Volume(GRID, values, Quantity.HU, Source("phantom")), tmp_path / "ct.nii.gz")
    return tmp_path / "ct.nii.gz", truth


def test_a_click_becomes_a_label_map_with_its_record(image, tmp_path):
    path, truth = image
    out = tmp_path / "tumour_dseg.nii.gz"
    done = run(path, out, "--method", "region-growing", "--name", "Tumour", "--at", MIDDLE, "--author", "Ada")
    assert done.exit_code == 0, done.output
    assert "Tumour" in done.stdout
    saved = medseg.open_label_map(out)
    found = saved.label_map.mask("tumour")
    assert 2 * (found & truth).sum() / (found.sum() + truth.sum()) > 0.95
    assert (saved.record.author, saved.record.models["tumour"].name) == ("Ada", "region-growing")
    origins = saved.record.structures["tumour"]
    assert origins.interpolated == ()
    assert len(origins.assisted) == np.count_nonzero(found.any(axis=(1, 2)))
    (how, *_) = saved.record.notes
    assert "proposed by region-growing 2 (deviations=3.0" in how
    assert "a point at LPS (21.5, 19.5, 28.8) mm" in how
    story = CliRunner().invoke(main, ["history", str(out)])
    assert "Tumour: proposed by region-growing 2 on k=" in story.stdout


def test_as_json_with_settings(image, tmp_path):
    path, _ = image
    done = run(
        *(path, tmp_path / "t_dseg.nii.gz", "--method", "region-growing", "--name", "Tumour", "--at", MIDDLE),
        *("--set", "deviations=4", "--ball", f"{MIDDLE},18", "--json"),
    )
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["method"]["parameters"]["deviations"] == 4.0
    assert told["weights_sha256"] is None
    assert told["voxels"] > 1000


def test_beside_others_nothing_is_taken_from_them(image, tmp_path):
    path, truth = image
    labels = np.zeros(GRID.shape_kji, np.uint8)
    labels[:, :, :22] = 1
    labels[:12, :, 22:] = 2
    there = LabelMap(GRID, (labels,), (Structure("liver", "Liver", 1), Structure("spleen", "Spleen", 2)))
    beside = write_plain(tmp_path / "organs_dseg.nii.gz", there)
    out = tmp_path / "all_dseg.nii.gz"
    done = run(
        *(path, out, "--method", "threshold-in-sphere", "--name", "Tumour", "--ball", f"{MIDDLE},16"),
        *("--beside", beside, "--part-of", "liver"),
    )
    assert done.exit_code == 0, done.output
    made = medseg.open_label_map(out).label_map
    np.testing.assert_array_equal(made.mask("spleen"), there.mask("spleen"))
    np.testing.assert_array_equal(made.mask_with_parts("liver"), there.mask("liver") | made.mask("tumour"))
    assert made.structure("tumour").part_of == "liver"
    found = made.mask("tumour")
    assert not (found & there.mask("spleen")).any()
    allowed = truth & ~there.mask("spleen")
    assert 2 * (found & allowed).sum() / (found.sum() + allowed.sum()) > 0.95


def test_a_rough_delineation_is_drawn_to_the_edge(image, tmp_path):
    path, truth = image
    rough = write_plain(
        tmp_path / "rough_dseg.nii.gz",
        LabelMap(GRID, (lump(GRID, 14).astype(np.uint8),), (Structure("r", "Rough", 1),)),
    )
    out = tmp_path / "tumour_dseg.nii.gz"
    done = run(path, out, "--method", "geodesic-contour", "--name", "Tumour", "--rough", rough)
    assert done.exit_code == 0, done.output
    found = medseg.open_label_map(out).label_map.mask("tumour")
    assert 2 * (found & truth).sum() / (found.sum() + truth.sum()) > 0.95


def test_the_methods_are_listed_with_their_settings():
    done = run("--list")
    assert done.exit_code == 0
    assert "region-growing: Region growing; needs points" in done.stdout
    assert "  fraction=0.41: Fraction of SUVmax" in done.stdout


def test_refusals(image, tmp_path):
    path, _ = image
    out = tmp_path / "t_dseg.nii.gz"
    common = (path, out, "--name", "Tumour")
    missing = run(*common, "--method", "region-growing")
    assert (missing.exit_code, out.exists()) == (12, False)
    assert "needs a point within the structure" in missing.stderr
    assert run(*common, "--method", "magic").exit_code == 12
    assert run(*common, "--method", "region-growing", "--at", "1,2").exit_code == 2
    assert run(*common, "--method", "pet-fraction", "--ball", "1,2,3,0").exit_code == 2
    assert run(*common, "--method", "region-growing", "--at", MIDDLE, "--set", "deviations").exit_code == 2
    assert run(*common, "--method", "region-growing", "--at", MIDDLE, "--part-of", "liver").exit_code == 2
    far = run(*common, "--method", "pet-fraction", "--ball", "900,900,900,5")
    assert (far.exit_code, "outside of the image" in far.stderr) == (12, True)
    out.write_bytes(b"mine")
    there = run(*common, "--method", "region-growing", "--at", MIDDLE)
    assert "exists already" in there.stderr
    assert out.read_bytes() == b"mine"
