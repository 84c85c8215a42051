"""The configs of a bundle, as its plan says: what runs in training is what runs afterwards.

They name classes of MONAI and torch alone, so that they pass :mod:`~medseg.assist.bundle.trust`, and hold all
that MONAI's own ``python -m monai.bundle run`` needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from medseg.assist.bundle.guidance import GuidanceForm
from medseg.assist.bundle.trust import IMAGE
from medseg.assist.training.plan import Plan, Scaling

Config = dict[str, Any]

OVERLAP = 0.25
"""Of the windows of the sliding window: MONAI's default. nnU-Net's half takes three times as long."""

ZERO = "guidance"
"""The key of the guidance's channels before they join the image."""

_MODALITIES = {"CT": "CT", "MR": "MRI", "PT": "PET"}
_RAS = [["L", "R"], ["P", "A"], ["I", "S"]]


def spatial(plan: Plan, keys: Sequence[str], modes: Sequence[str]) -> list[Config]:
    """The transforms that bring images and labels onto the plan's voxels."""
    return [
        {"_target_": "Orientationd", "keys": list(keys), "axcodes": "RAS", "labels": _RAS},
        {"_target_": "Spacingd", "keys": list(keys), "pixdim": list(plan.spacing_mm), "mode": list(modes)},
    ]


def scaled(plan: Plan) -> Config:
    """The transform that scales the values of an image."""
    by = plan.normalisation
    if by.scaling is Scaling.IMAGE:
        return {"_target_": "NormalizeIntensityd", "keys": IMAGE}
    return {
        "_target_": "ScaleIntensityRanged",
        "keys": IMAGE,
        "a_min": by.low,
        "a_max": by.high,
        "b_min": (by.low - by.mean) / by.deviation,
        "b_max": (by.high - by.mean) / by.deviation,
        "clip": True,
    }


def inference(plan: Plan, *, mixed_precision: bool) -> Config:
    """``configs/inference.json``.

    Args:
        plan: What was trained.
        mixed_precision: Whether a GPU may run it in half precision, as it was trained.
    """
    return {
        "imports": ["$import glob"],
        "bundle_root": ".",
        "dataset_dir": "$@bundle_root + '/data'",
        "output_dir": "$@bundle_root + '/eval'",
        "datalist": "$list(sorted(glob.glob(@dataset_dir + '/*.nii.gz')))",
        "device": "$torch.device('cuda:0' if torch.cuda.is_available() else 'cpu')",
        "network_def": plan.network.config,
        "network": "$@network_def.to(@device)",
        "preprocessing": {"_target_": "Compose", "transforms": _before(plan)},
        "dataset": {
            "_target_": "Dataset",
            "data": "$[{'image': i} for i in @datalist]",
            "transform": "@preprocessing",
        },
        "dataloader": {"_target_": "DataLoader", "dataset": "@dataset", "batch_size": 1},
        "inferer": {
            "_target_": "SlidingWindowInferer",
            "roi_size": list(plan.patch),
            "sw_batch_size": 2,
            "overlap": OVERLAP,
            "mode": "gaussian",
        },
        "postprocessing": {"_target_": "Compose", "transforms": _after()},
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
            "amp": mixed_precision,
        },
        "run": ["$@evaluator.run()"],
    }


def _before(plan: Plan) -> list[Config]:
    guided = _zero_guidance(form_of(plan)) if plan.guided else []
    return [
        {"_target_": "LoadImaged", "keys": IMAGE},
        {"_target_": "EnsureChannelFirstd", "keys": IMAGE},
        *spatial(plan, [IMAGE], ["bilinear"]),
        scaled(plan),
        *guided,
        {"_target_": "EnsureTyped", "keys": IMAGE},
    ]


def _zero_guidance(form: GuidanceForm) -> list[Config]:
    """Channels of zeros after the image's: a copy of it of which nothing is above the threshold."""
    return [
        {"_target_": "CopyItemsd", "keys": IMAGE, "names": ZERO},
        {"_target_": "ThresholdIntensityd", "keys": ZERO, "threshold": 1e30, "above": True, "cval": 0.0},
        {"_target_": "RepeatChanneld", "keys": ZERO, "repeats": form.channels},
        {"_target_": "ConcatItemsd", "keys": [IMAGE, ZERO], "name": IMAGE},
    ]


def _after() -> list[Config]:
    back = {"_target_": "Invertd", "keys": "pred", "transform": "@preprocessing", "orig_keys": IMAGE}
    save = {"_target_": "SaveImaged", "keys": "pred", "output_dir": "@output_dir", "separate_folder": False}
    return [
        {"_target_": "Activationsd", "keys": "pred", "softmax": True},
        back | {"nearest_interp": False, "to_tensor": True},
        {"_target_": "AsDiscreted", "keys": "pred", "argmax": True},
        save,
    ]


def form_of(plan: Plan) -> GuidanceForm:
    """The guidance that a plan's network takes."""
    return GuidanceForm(len(plan.structures), plan.click_sigma_mm)


def metadata(plan: Plan, *, name: str, bundle_version: str, description: str) -> Config:
    """``configs/metadata.json``.

    Args:
        plan: What was trained.
        name: What the bundle is called.
        bundle_version: Of the bundle.
        description: What it is, in a sentence.
    """
    modality = _MODALITIES.get(plan.modality, plan.modality or "unknown")
    channels = {"0": "image"}
    if plan.guided:
        words = ["clicks: background", *(f"clicks: {name}" for name in plan.structures)]
        words += [f"current: {name}" for name in plan.structures]
        channels |= {str(number): word for number, word in enumerate(words, start=1)}
    guidance = {"medseg": {"guidance": form_of(plan).as_dict()}} if plan.guided else {}
    return {
        "schema": "https://github.com/Project-MONAI/MONAI-extra-test-data/releases/download/0.8.1/"
        "meta_schema_20240725.json",
        "version": bundle_version,
        "changelog": {bundle_version: "trained"},
        "monai_version": version("monai"),
        "pytorch_version": version("torch").partition("+")[0],
        "numpy_version": version("numpy"),
        "name": name,
        "task": f"Segmentation of {', '.join(plan.structures)}",
        "description": description,
        "authors": "",
        "copyright": "",
        "intended_use": "Proposals that a reader corrects and signs. Not a medical device.",
        "network_data_format": {
            "inputs": {
                "image": {
                    "type": "image",
                    "format": "magnitude",
                    "modality": modality,
                    # Of the file that is read; the further channels are made by the preprocessing.
                    "num_channels": 1,
                    "spatial_shape": list(plan.patch),
                    "dtype": "float32",
                    "value_range": [],
                    "is_patch_data": True,
                    "channel_def": channels,
                }
            },
            "outputs": {
                "pred": {
                    "type": "image",
                    "format": "segmentation",
                    "num_channels": plan.classes,
                    "spatial_shape": list(plan.patch),
                    "dtype": "float32",
                    "value_range": [0, 1],
                    "is_patch_data": True,
                    "channel_def": {
                        "0": "background",
                        **{str(label): each for label, each in enumerate(plan.structures, start=1)},
                    },
                }
            },
        },
        **guidance,
    }
