"""``medseg predict``: a MONAI bundle proposes label maps, one a case."""

import json

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from assist.made_bundles import oblique, thresholding_bundle
from medseg.assist.bundle import BundleProcess
from medseg.assist.bundle.outputs import as_prediction
from medseg.cli.main import main
from medseg.errors import Cancelled, InputError, OutputError
from medseg.io.nifti.write import write_voxels
from medseg.progress import silent
from medseg.workflows.open_image import open_image
from medseg.workflows.open_label_map import open_label_map
from medseg.workflows.predict import ALLOWED, Outcome, output_names, predict


@pytest.fixture
def bundle(tmp_path):
    return thresholding_bundle(tmp_path / "bundle", threshold=100.5)


def case(path, shape_kji=(7, 20, 18), seed=0):
    grid = oblique(shape_kji)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_voxels(np.random.default_rng(seed).integers(-200, 400, shape_kji).astype(np.int16), grid, path)
    return path


def run(*arguments):
    return CliRunner().invoke(main, ["predict", *map(str, arguments)])


def test_a_batch_is_written_kept_and_refused_case_by_case(tmp_path, bundle):
    cases = [case(tmp_path / "one" / "image.nii.gz"), case(tmp_path / "two" / "image.nii", seed=1)]
    missing = tmp_path / "nowhere.nii.gz"
    out = tmp_path / "out"
    options = ["--out", out, "--device", "cpu"]
    first = run(bundle, cases[0], missing, cases[1], *options, "--json", "--author", "Ada")
    assert first.exit_code == 1, first.output
    answer = json.loads(first.stdout)
    assert [one["status"] for one in answer["cases"]] == ["predicted", "refused", "predicted"]
    assert answer["cases"][1]["output"] is None
    assert answer["cases"][1]["message"]
    assert answer["bundle"]["name"] == "threshold"
    for path, told in zip(cases, answer["cases"][::2], strict=True):
        _require_thresholded(path, told, answer["bundle"])
    before = {path: path.read_bytes() for path in out.iterdir()}
    again = run(bundle, *cases, *options)
    assert again.exit_code == 0, again.output
    assert again.stdout.count("kept: ") == 2
    assert {path: path.read_bytes() for path in out.iterdir()} == before


def _require_thresholded(path, told, bundle):
    volume = open_image(path)
    opened = open_label_map(told["output"])
    (structure,) = opened.label_map.structures
    opened.label_map.grid.require_same_as(volume.grid, "prediction and case")
    mask = opened.label_map.mask(structure.id)
    assert np.array_equal(mask, volume.voxels > 100)
    assert told["structures"] == {
        "Tumour": {
            "voxels": int(mask.sum()),
            "volume_mm3": pytest.approx(mask.sum() * 0.8 * 0.9 * 3, abs=1e-2),
        }
    }
    record = opened.record
    assert record.author == "Ada"
    model = record.models[structure.id]
    assert (model.name, model.version) == ("threshold", "0.1.0")
    assert model.sha256 == bundle["files"]["models/model.pt"]
    assert {one.what: one.sha256 for one in record.story[0].inputs} == bundle["files"]
    assert record.source.files == volume.source.files
    assert ALLOWED not in record.notes


def test_a_label_map_of_something_else_is_never_written_over(tmp_path, bundle, quick):
    one = case(tmp_path / "image.nii.gz")
    out = tmp_path / "out"
    assert predict(bundle, [one], out, device="cpu").cases[0].status is Outcome.PREDICTED
    config = bundle / "configs" / "inference.json"
    config.write_text(config.read_text().replace("0.25", "0.5"))
    (again,) = predict(bundle, [one], out).cases
    assert (again.status, again.reason) == (Outcome.REFUSED, "output-exists")
    config.write_text(config.read_text().replace("0.5", "0.25"))
    assert predict(bundle, [one], out).cases[0].status is Outcome.KEPT
    one.unlink()
    case(one, seed=7)
    assert predict(bundle, [one], out).cases[0].reason == "output-exists"


def test_a_bundle_that_is_not_to_be_trusted_stops_all_and_says_why(tmp_path, bundle):
    one = case(tmp_path / "image.nii.gz")
    canary = tmp_path / "canary"
    config = bundle / "configs" / "inference.json"
    document = json.loads(config.read_text())
    network = {"_target_": "os.system", "command": f"touch {canary}"}
    config.write_text(json.dumps(document | {"network_def": network}))
    refused = run(bundle, one, "--out", tmp_path / "out", "--json")
    assert refused.exit_code == InputError.exit_code
    assert json.loads(refused.stdout)["details"]["reason"] == "untrusted-target"
    assert not canary.exists()
    assert not (tmp_path / "out").exists()


class StandIn(BundleProcess):
    """Thresholds here rather than in a process of its own, which takes seconds to start."""

    def start(self, *, progress=silent):
        pass

    def predict(self, volume, *, further=None, progress=silent):
        progress("thresholding", 0, 1)
        return as_prediction((volume.voxels > 100)[np.newaxis].astype(np.uint8), self._bundle)


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr("medseg.workflows.predict.BundleProcess", StandIn)


class Trap:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        import pathlib

        return pathlib.Path.touch, (self.path,)


def test_weights_that_are_a_malicious_pickle_stop_all_and_do_not_run(tmp_path, bundle):
    one = case(tmp_path / "image.nii.gz")
    canary = tmp_path / "canary"
    weights = bundle / "models" / "model.pt"
    torch.save({"model": torch.load(weights, weights_only=True), "trap": Trap(canary)}, weights)
    result = run(bundle, one, "--out", tmp_path / "out", "--device", "cpu")
    assert result.exit_code == InputError.exit_code
    assert "pickle" in result.stderr
    assert not canary.exists()
    assert not list((tmp_path / "out").iterdir())
    torch.load(weights, weights_only=False)
    assert canary.exists(), "the trap works"


def test_code_that_was_allowed_is_recorded(tmp_path, bundle, quick):
    one = case(tmp_path / "image.nii.gz")
    (trusted,) = predict(bundle, [one], tmp_path / "a").cases
    (allowed,) = predict(bundle, [one], tmp_path / "b", allow_code=True).cases
    assert ALLOWED not in open_label_map(trusted.output).record.notes
    assert ALLOWED in open_label_map(allowed.output).record.notes
    # One is not kept for the other.
    assert predict(bundle, [one], tmp_path / "a", allow_code=True).cases[0].reason == "output-exists"


def test_a_batch_that_is_cancelled_leaves_whole_label_maps_only(tmp_path, bundle, quick):
    cases = [case(tmp_path / f"{name}.nii.gz") for name in "ab"]
    done = []

    def stop(task, windows, total):
        if done:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        predict(bundle, cases, tmp_path / "out", device="cpu", progress=stop, watch=done.append)
    (one,) = done
    assert one.output.name == "a_dseg.nii.gz"
    assert {path.name.partition("_")[0] for path in (tmp_path / "out").iterdir()} == {"a"}
    open_label_map(one.output)


def test_cases_of_one_name_are_told_apart_by_their_folders(tmp_path):
    a, b, c = tmp_path / "x" / "DICOM", tmp_path / "y" / "DICOM", tmp_path / "y" / "ct.nii.gz"
    assert output_names([a, b, c]) == ["x_DICOM", "y_DICOM", "ct"]
    deep = tmp_path / "z" / "x" / "DICOM"
    assert output_names([a, deep]) == [f"{tmp_path.name}_x_DICOM", "z_x_DICOM"]
    with pytest.raises(InputError, match="twice"):
        output_names([a, a])
    with pytest.raises(InputError, match="both"):
        output_names([tmp_path / "ct.nii", tmp_path / "ct.nii.gz"])


def test_a_folder_that_can_not_be_made_is_told(tmp_path, bundle):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError):
        predict(bundle, [case(tmp_path / "image.nii.gz")], tmp_path / "file" / "out")
