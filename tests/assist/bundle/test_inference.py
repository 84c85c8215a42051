"""What runs in the worker's process, here in this one."""

import hashlib
import pickle
import subprocess
import sys

import nibabel
import numpy as np
import pytest
import torch
from monai.inferers import SlidingWindowInferer
from monai.networks.nets import UNet

from assist.made_bundles import oblique, thresholding_bundle
from medseg.assist.bundle import opened_bundle
from medseg.assist.bundle.inference import LoadedBundle, _window_count, weights_in
from medseg.assist.bundle.process import ijk_to_ras_mm
from medseg.assist.bundle.worker import device_for
from medseg.errors import InputError
from medseg.io.nifti.write import write_voxels
from medseg.workflows.open_image import open_image

# MONAI's own transforms warn of changes to come.
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")

RAS = np.diag([1.0, 1.0, 2.0, 1.0])


def loaded(folder, **options):
    with opened_bundle(folder, **options) as bundle:
        return LoadedBundle(
            bundle.prepared.parts,
            bundle.weights,
            weights_sha256=bundle.weights_sha256,
            device=torch.device("cpu"),
            mixed_precision=bundle.prepared.mixed_precision,
            folder=bundle.folder,
            allow_code=bundle.allows_code,
        )


def predicted(folder, voxels, affine=RAS):
    return loaded(folder).predict({"image": voxels}, affine, lambda done, total: None)


def refusal(call, *arguments):
    with pytest.raises((InputError, RuntimeError)) as refused:
        call(*arguments)
    error = refused.value
    while not isinstance(error, InputError):
        error = error.__cause__ or error.__context__
    return error.details["reason"]


@pytest.fixture(scope="module")
def voxels():
    return np.random.default_rng(1).integers(0, 100, (6, 20, 17)).astype(np.int16)


class Trap:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        import pathlib

        return pathlib.Path.touch, (self.path,)


def test_weights_that_are_a_malicious_pickle_do_not_run(tmp_path):
    canary = tmp_path / "canary"
    folder = thresholding_bundle(tmp_path / "bundle")
    weights = folder / "models" / "model.pt"
    torch.save({"weight": Trap(canary)}, weights)
    assert refusal(loaded, folder) == "untrusted-weights"
    weights.write_bytes(pickle.dumps(Trap(canary), protocol=2))
    assert refusal(loaded, folder) == "untrusted-weights"
    assert not canary.exists()
    # The trap works, for who allows code.
    with weights.open("rb") as file, pytest.raises(InputError):
        weights_in(file, allow_code=True)
    assert canary.exists()


def test_weights_of_another_network_or_changed_ones_are_refused(tmp_path):
    folder = thresholding_bundle(tmp_path / "bundle")
    weights = folder / "models" / "model.pt"
    torch.save({"weight": torch.zeros(3)}, weights)
    assert refusal(loaded, folder) == "weights-mismatch"
    torch.save([1, 2], weights)
    assert refusal(loaded, folder) == "weights-mismatch"
    weights.write_bytes(b"")
    assert refusal(loaded, folder) == "untrusted-weights"
    with opened_bundle(folder) as bundle:
        weights.write_bytes(b"else")
        arguments = {"device": torch.device("cpu"), "mixed_precision": False, "allow_code": False}
        digest = hashlib.sha256(b"").hexdigest()
        with pytest.raises(InputError, match="changed"):
            LoadedBundle(bundle.prepared.parts, weights, weights_sha256=digest, folder=folder, **arguments)


def test_weights_inside_of_a_training_checkpoint_are_found(tmp_path, voxels):
    folder = thresholding_bundle(tmp_path / "bundle", threshold=50.5)
    weights = folder / "models" / "model.pt"
    torch.save({"model": torch.load(weights, weights_only=True), "epoch": 3}, weights)
    assert np.array_equal(predicted(folder, voxels)[0], voxels > 50)


def test_a_class_is_looked_at_once_more_when_its_name_has_become_one(tmp_path):
    folder = thresholding_bundle(tmp_path / "bundle")
    network = {"_target_": "monai.transforms.io.array.Path", "x": 1}  # an import of that module, no transform
    assert refusal(loaded, thresholding_bundle(tmp_path / "path", changes={"network_def": network})) == (
        "untrusted-target"
    )
    with opened_bundle(folder) as bundle:
        parts = bundle.prepared.parts | {"network_def": {"_target_": "os.getcwd"}}  # as if overlooked
        weights = bundle.weights
        with pytest.raises(InputError, match=r"os\.getcwd"):
            LoadedBundle(
                parts, weights, weights_sha256=bundle.weights_sha256, folder=folder,
                device=torch.device("cpu"), mixed_precision=False, allow_code=False,
            )  # fmt: skip


def test_probabilities_are_no_labels(tmp_path, voxels):
    soft = {
        "_target_": "Compose",
        "transforms": [{"_target_": "Activationsd", "keys": "pred", "softmax": True}],
    }
    folder = thresholding_bundle(tmp_path / "bundle", changes={"postprocessing": soft})
    assert refusal(predicted, folder, voxels) == "not-labels"


def test_a_result_that_is_not_on_the_grid_is_refused(tmp_path, voxels):
    cropped = [
        {"_target_": "AsDiscreted", "keys": "pred", "argmax": True},
        {"_target_": "ToNumpyd", "keys": "pred"},
        {"_target_": "CenterSpatialCropd", "keys": "pred", "roi_size": [4, 4, 4]},
    ]
    changes = {"postprocessing": {"_target_": "Compose", "transforms": cropped}}
    folder = thresholding_bundle(tmp_path / "bundle", changes=changes)
    assert refusal(predicted, folder, voxels) == "not-on-grid"


@pytest.mark.parametrize("inverted", [True, False])
def test_a_bundle_that_resamples_is_brought_back_onto_the_oblique_grid(tmp_path, inverted):
    """Whether it inverts its preprocessing itself or leaves that to who runs it."""
    folder = tmp_path / "bundle"
    thresholding_bundle(folder, threshold=100.0, spacing_mm=(1.5, 1.5, 1.5), inverted=inverted)
    grid = oblique((14, 44, 48))
    points_mm = grid.to_lps_mm(np.moveaxis(np.indices(grid.shape_kji), 0, -1))
    distance_mm = np.linalg.norm(points_mm - grid.to_lps_mm([7, 21, 24]), axis=-1)
    ball = distance_mm < 12
    mask = predicted(folder, np.where(ball, 300, -100).astype(np.int16), ijk_to_ras_mm(grid))[0]
    # Only voxels at the surface can change: half the diagonal of the coarsest voxels met is 2 mm.
    assert not (mask != ball)[np.abs(distance_mm - 12) > 2].any()
    assert 2 * (mask & ball).sum() / (mask.sum() + ball.sum()) > 0.95


def test_channels_that_overlap_come_as_they_are(tmp_path, voxels):
    each = {"_target_": "AsDiscreted", "keys": "pred", "threshold": 0.0}
    changes = {"postprocessing": {"_target_": "Compose", "transforms": [each]}}
    folder = thresholding_bundle(tmp_path / "bundle", threshold=50.5, changes=changes)
    labels = predicted(folder, voxels)
    assert labels.shape == (2, *voxels.shape)
    assert np.array_equal(labels[1], voxels > 50)
    assert labels[0].all()


@pytest.mark.parametrize("shape", [(16, 16, 16), (17, 40, 5), (1, 33, 100)])
@pytest.mark.parametrize(
    ("roi", "overlap"), [((16, 16, 16), 0.25), ((8, 20, -1), (0.5, 0.1, 0.9)), (10, 0.0)]
)
def test_the_windows_are_counted_as_monai_lays_them(shape, roi, overlap):
    class Network:
        calls = 0

        def __call__(self, batch):
            self.calls += batch.shape[0]
            return batch

    network = Network()
    inferer = SlidingWindowInferer(roi_size=roi, overlap=overlap, sw_batch_size=3)
    inferer(torch.zeros((1, 1, *shape)), network)
    assert _window_count(inferer, shape) == network.calls


def test_a_network_of_monai_is_made_from_its_short_name(tmp_path, voxels):
    unet = {
        "_target_": "UNet", "spatial_dims": 3, "in_channels": 1, "out_channels": 2, "channels": [2, 4],
        "strides": [2], "norm": ["instance", {"affine": True}],
    }  # fmt: skip
    folder = thresholding_bundle(tmp_path / "bundle", changes={"network_def": unet})
    made = UNet(3, 1, 2, (2, 4), (2,), norm=("instance", {"affine": True}))
    torch.save(made.state_dict(), folder / "models" / "model.pt")
    assert predicted(folder, voxels).shape == (1, *voxels.shape)


def test_a_gpu_that_is_not_there_is_told(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert device_for("auto") == device_for("cpu") == torch.device("cpu")
    assert refusal(device_for, "cuda") == "no-gpu"
    assert refusal(device_for, "tpu") == "no-such-device"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert device_for("auto") == torch.device("cuda")
    assert device_for("cuda:1") == torch.device("cuda", 1)


def test_the_voxels_are_those_of_monais_own_run_of_the_nifti_file(tmp_path):
    for needed in ("fire", "ignite"):
        pytest.importorskip(needed, reason="MONAI's own run needs it")
    folder = thresholding_bundle(tmp_path / "bundle", threshold=30.0, spacing_mm=(1.5, 1.5, 1.5))
    grid = oblique((10, 40, 36))
    (folder / "data").mkdir()
    image = folder / "data" / "case.nii.gz"
    write_voxels(np.random.default_rng(3).integers(-200, 300, grid.shape_kji).astype(np.int16), grid, image)
    config = folder / "configs" / "inference.json"
    command = [sys.executable, "-m", "monai.bundle", "run", "--config_file", str(config)]
    done = subprocess.run(
        [*command, "--bundle_root", str(folder)], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    (theirs,) = (folder / "eval").rglob("*.nii.gz")
    voxels = open_image(image).voxels
    # The grid itself, as from DICOM, has more digits than the file.
    ours = predicted(folder, voxels, ijk_to_ras_mm(grid))[0] > 0
    voxels_ijk = np.asarray(nibabel.load(theirs).dataobj).squeeze()
    assert 0.1 < ours.mean() < 0.9
    assert np.array_equal(ours, voxels_ijk.T > 0)
