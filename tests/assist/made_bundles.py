"""Small MONAI bundles for tests: one convolution that thresholds, made of MONAI and torch targets alone."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from medseg.space import Grid

WINDOW_VOXELS = 16
"""Edge of the sliding window: a small case has several."""


def thresholding_bundle(
    folder: Path,
    *,
    threshold: float = 0.5,
    name: str = "threshold",
    structures: Sequence[str] = ("Tumour",),
    spacing_mm: Sequence[float] | None = None,
    inverted: bool = True,
    changes: Mapping[str, Any] | None = None,
) -> Path:
    """Write a bundle whose voxels are the first structure where the image is above a threshold.

    Its network is a convolution of one voxel with the logits 0 and ``value - threshold``, further structures
    have none: the result is known for every voxel, whatever the window.

    Args:
        folder: A new folder, which becomes the bundle.
        threshold: In the image's unit.
        name: As its metadata say.
        structures: What its channels from the second on are called; only the first gets voxels.
        spacing_mm: The spacing that its preprocessing resamples to; none where it is None.
        inverted: Whether its postprocessing brings the result back onto the image's grid itself.
        changes: Sections of ``inference.json`` that are others, or further ones.

    Returns:
        The folder.
    """
    import torch

    configs = folder / "configs"
    configs.mkdir(parents=True)
    (folder / "models").mkdir()
    channels = len(structures) + 1
    (configs / "metadata.json").write_text(json.dumps(metadata(name, structures), indent=1))
    inference = inference_config(channels, spacing_mm=spacing_mm, inverted=inverted) | dict(changes or {})
    (configs / "inference.json").write_text(json.dumps(inference, indent=1))
    weight = torch.zeros((channels, 1, 1, 1, 1))
    weight[1] = 1
    bias = torch.full((channels,), -1e6)
    bias[:2] = torch.tensor([0.0, -threshold])
    torch.save({"weight": weight, "bias": bias}, folder / "models" / "model.pt")
    return folder


def metadata(name: str, structures: Sequence[str]) -> dict[str, Any]:
    """The metadata of a bundle with one input channel."""
    return {
        "version": "0.1.0",
        "monai_version": "1.5.0",
        "pytorch_version": "2.6.0",
        "numpy_version": "2.0.0",
        "name": name,
        "task": "thresholding",
        "description": "One convolution that thresholds, for tests",
        "network_data_format": {
            "inputs": {"image": {"type": "image", "format": "image", "num_channels": 1, "modality": "CT"}},
            "outputs": {
                "pred": {
                    "type": "image",
                    "format": "segmentation",
                    "num_channels": len(structures) + 1,
                    "channel_def": {"0": "background", **{str(n): s for n, s in enumerate(structures, 1)}},
                }
            },
        },
    }


def inference_config(
    channels: int = 2, *, spacing_mm: Sequence[float] | None = None, inverted: bool = True
) -> dict[str, Any]:
    """An ``inference.json`` as they are usually written, which MONAI's own ``bundle run`` can run, too."""
    resampled = [{"_target_": "Spacingd", "keys": "image", "pixdim": list(spacing_mm)}] if spacing_mm else []
    back = {"_target_": "Invertd", "keys": "pred", "transform": "@preprocessing", "orig_keys": "image"}
    return {
        "imports": ["$import glob"],
        "bundle_root": ".",
        "dataset_dir": "$@bundle_root + '/data'",
        "output_dir": "$@bundle_root + '/eval'",
        "datalist": "$list(sorted(glob.glob(@dataset_dir + '/*.nii.gz')))",
        "device": "$torch.device('cuda:0' if torch.cuda.is_available() else 'cpu')",
        "network_def": {
            "_target_": "torch.nn.Conv3d",
            "in_channels": 1,
            "out_channels": channels,
            "kernel_size": 1,
        },
        "network": "$@network_def.to(@device)",
        "preprocessing": {
            "_target_": "Compose",
            "transforms": [
                {"_target_": "LoadImaged", "keys": "image"},
                {"_target_": "EnsureChannelFirstd", "keys": "image"},
                {"_target_": "Orientationd", "keys": "image", "axcodes": "RAS"},
                *resampled,
                {"_target_": "EnsureTyped", "keys": "image"},
            ],
        },
        "dataset": {
            "_target_": "Dataset",
            "data": "$[{'image': i} for i in @datalist]",
            "transform": "@preprocessing",
        },
        "dataloader": {"_target_": "DataLoader", "dataset": "@dataset", "batch_size": 1},
        "inferer": {
            "_target_": "SlidingWindowInferer",
            "roi_size": [WINDOW_VOXELS] * 3,
            "sw_batch_size": 2,
            "overlap": 0.25,
        },
        "postprocessing": {
            "_target_": "Compose",
            "transforms": [
                {"_target_": "Activationsd", "keys": "pred", "softmax": True},
                *([back | {"nearest_interp": False}] if inverted else []),
                {"_target_": "AsDiscreted", "keys": "pred", "argmax": True},
                {
                    "_target_": "SaveImaged",
                    "keys": "pred",
                    "output_dir": "@output_dir",
                    "separate_folder": False,
                },
            ],
        },
        "handlers": [
            {
                "_target_": "CheckpointLoader",
                "load_path": "$@bundle_root + '/models/model.pt'",
                "load_dict": {"model": "@network"},
            }
        ],
        "evaluator": {
            "_target_": "SupervisedEvaluator",
            "device": "@device",
            "val_data_loader": "@dataloader",
            "network": "@network",
            "inferer": "@inferer",
            "postprocessing": "@postprocessing",
            "val_handlers": "@handlers",
        },
        "run": ["$@evaluator.run()"],
    }


def zipped(folder: Path, archive: Path, *, inside: str = "") -> Path:
    """The bundle as a zip, its files below a folder of this name."""
    with zipfile.ZipFile(archive, "w") as out:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                out.write(path, str(Path(inside) / path.relative_to(folder)))
    return archive


def oblique(shape_kji: tuple[int, int, int] = (9, 24, 20)) -> Grid:
    """An oblique, anisotropic grid whose rows and slices run the other way."""
    a, b = np.cos(0.35), np.sin(0.35)
    axes = np.array([[a, -b, 0], [b, a, 0], [0, 0, 1]]) @ np.array([[1, 0, 0], [0, a, -b], [0, b, a]])
    steps = axes @ np.diag([-0.8, 0.9, -3.0])
    return Grid.from_axes(
        shape_kji,
        origin_lps_mm=[40, -120, 310],
        step_k_mm=steps[:, 2],
        step_j_mm=steps[:, 1],
        step_i_mm=steps[:, 0],
    )
