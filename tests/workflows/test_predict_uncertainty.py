"""``medseg predict --uncertainty``: a map and numbers beside each label map."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from doubtful_cases import StandIn, finding_bundle, finds_tumour, tumour
from medseg.assist.uncertainty import Sampling, doubt
from medseg.cli.main import main
from medseg.errors import GridMismatchError, InputError
from medseg.io.nifti.write import write_voxels
from medseg.workflows.doubt_map import map_beside, open_doubt_map
from medseg.workflows.open_image import open_image
from medseg.workflows.predict import Outcome, predict


def case(path, contrast=0.8):
    volume, _ = tumour(contrast)
    write_voxels(volume.voxels, volume.grid, path)
    return path


@pytest.fixture
def bundle(tmp_path):
    return finding_bundle(tmp_path / "bundle")


@pytest.fixture
def quick(monkeypatch):
    StandIn.asked = 0
    monkeypatch.setattr("medseg.workflows.predict.BundleProcess", StandIn)


def test_the_command_writes_a_map_on_the_case_and_numbers_and_keeps_them(tmp_path, bundle):
    image = case(tmp_path / "one.nii.gz")
    out = tmp_path / "out"
    options = ["predict", str(bundle), str(image), "--out", str(out), "--device", "cpu", "--uncertainty"]
    options += ["--samples", "3"]
    result = CliRunner().invoke(main, [*options, "--json"])
    assert result.exit_code == 0, result.output
    (told,) = json.loads(result.stdout)["cases"]
    volume = open_image(image)
    here = doubt(finds_tumour, volume, sampling=Sampling(3))
    there = told["uncertainty"]
    assert there["value"] == pytest.approx(here.value, abs=1e-3)
    assert there["map"] == str(out / "one_uncertainty.nii.gz")
    (structure,) = there["structures"]
    assert structure["structure"] == "Tumour"
    assert structure["volume_mm3"] == pytest.approx(here.structures[0].volume_mm3, rel=1e-2)
    entropy_bits = open_doubt_map(out / "one_uncertainty.nii.gz", volume.grid)
    assert np.mean(entropy_bits != here.entropy_bits) < 1e-3
    numbers = json.loads((out / "one_uncertainty.json").read_text())
    assert numbers["value"] == there["value"]
    assert str(tmp_path) not in json.dumps(numbers), "the numbers name no place"
    before = {path: path.read_bytes() for path in out.iterdir()}
    again = CliRunner().invoke(main, options)
    assert again.exit_code == 0, again.output
    assert f"kept: {out / 'one_dseg.nii.gz'} (uncertainty {there['value']:.2f})" in again.stdout
    assert {path: path.read_bytes() for path in out.iterdir()} == before


def test_the_uncertainty_of_a_label_map_that_is_there_is_found_later(tmp_path, bundle, quick):
    image, out = case(tmp_path / "one.nii.gz"), tmp_path / "out"
    (plain,) = predict(bundle, [image], out).cases
    assert plain.uncertainty is None
    before = plain.output.read_bytes()
    (later,) = predict(bundle, [image], out, uncertainty=Sampling(3)).cases
    assert later.status is Outcome.KEPT
    assert later.uncertainty["samples"] == 3
    assert plain.output.read_bytes() == before
    assert StandIn.asked == 1 + 3
    (again,) = predict(bundle, [image], out, uncertainty=Sampling(3)).cases
    assert again.uncertainty == later.uncertainty
    assert StandIn.asked == 1 + 3
    # Killed between the two files: the numbers alone are ours to finish.
    map_beside(plain.output).unlink()
    (finished,) = predict(bundle, [image], out, uncertainty=Sampling(3)).cases
    assert finished.uncertainty == later.uncertainty
    assert map_beside(plain.output).exists()


@pytest.mark.parametrize("what", ["samples", "damage", "no numbers"])
def test_what_is_of_something_else_is_never_written_over(tmp_path, bundle, quick, what):
    image, out = case(tmp_path / "one.nii.gz"), tmp_path / "out"
    assert predict(bundle, [image], out, uncertainty=Sampling(2)).cases[0].status is Outcome.PREDICTED
    numbers = out / "one_uncertainty.json"
    if what == "damage":
        numbers.write_text("{")
    if what == "no numbers":
        numbers.unlink()
    sampling = Sampling(3 if what == "samples" else 2)
    before = {path: path.read_bytes() for path in out.iterdir()}
    (refused,) = predict(bundle, [image], out, uncertainty=sampling).cases
    assert (refused.status, refused.reason) == (Outcome.REFUSED, "output-exists")
    assert {path: path.read_bytes() for path in out.iterdir()} == before


def test_a_case_in_which_nothing_is_found_says_so(tmp_path, bundle, quick):
    volume, _ = tumour()
    write_voxels(np.zeros(volume.grid.shape_kji, np.float32), volume.grid, tmp_path / "empty.nii.gz")
    options = ["--out", str(tmp_path / "out"), "--uncertainty", "--samples", "2"]
    result = CliRunner().invoke(main, ["predict", str(bundle), str(tmp_path / "empty.nii.gz"), *options])
    assert result.exit_code == 0, result.output
    assert "uncertainty: found none" in result.stdout


@pytest.mark.parametrize("options", [["--samples", "3"], ["--mirror"]])
def test_options_of_uncertainty_alone_are_wrong_usage(tmp_path, bundle, options):
    arguments = ["predict", str(bundle), "x.nii.gz", "--out", str(tmp_path), *options]
    assert CliRunner().invoke(main, arguments).exit_code == 2


def test_what_is_no_map_of_the_case_is_refused(tmp_path):
    volume, _ = tumour()
    write_voxels(volume.voxels, volume.grid, tmp_path / "image.nii.gz")
    with pytest.raises(InputError, match="from 0 to 1") as caught:
        open_doubt_map(tmp_path / "image.nii.gz", volume.grid)
    assert caught.value.details["reason"] == "not-a-map"
    write_voxels(
        np.zeros((2, 3, 4), np.float32),
        volume.grid.__class__((2, 3, 4), volume.grid.index_to_lps_mm),
        tmp_path / "small.nii.gz",
    )
    with pytest.raises(GridMismatchError):
        open_doubt_map(tmp_path / "small.nii.gz", volume.grid)
