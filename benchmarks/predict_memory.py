"""The memory and time of ``medseg predict`` beside MONAI's own ``python -m monai.bundle run``.

Both run the same bundle, with a U-Net of random weights, on the same NIfTI file; the memory is that of all
processes together, at its peak. The voxels of both have to be the same.

    python benchmarks/predict_memory.py [--quick] [--write]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel
import numpy as np

from timed_commands import Job, medseg_command

RESULT = Path(__file__).parent / "results" / "predict_memory.md"

ASKED = 1.5
"""At most so many times the memory of MONAI's own run."""

WINDOW = 96


@dataclass(frozen=True)
class Setting:
    """What is run.

    Attributes:
        name: In the table.
        shape_ijk: Voxels of the image.
        spacing_mm: Of the image; the network works at 1.5 mm.
        classes: Channels of the result.
    """

    name: str
    shape_ijk: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    classes: int


SETTINGS = (
    Setting("MR 256 × 256 × 64, 2 classes", (256, 256, 64), (1.0, 1.0, 3.0), 2),
    Setting("CT 512 × 512 × 100, 2 classes", (512, 512, 100), (0.8, 0.8, 3.0), 2),
    Setting("CT 512 × 512 × 100, 8 classes", (512, 512, 100), (0.8, 0.8, 3.0), 8),
)
QUICK = (Setting("40 × 40 × 20, 2 classes", (40, 40, 20), (1.0, 1.0, 3.0), 2),)


def main() -> None:
    """Measure each setting once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="only show that it runs")
    parser.add_argument("--write", action="store_true", help=f"keep the table in {RESULT.name}")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        rows = [
            measured(setting, Path(work) / str(number))
            for number, setting in enumerate(QUICK if given.quick else SETTINGS)
        ]
    made = table(rows)
    print(made)
    if given.write:
        RESULT.write_text(made, encoding="utf-8")


@dataclass(frozen=True)
class Row:
    """What was measured: MiB and seconds of medseg and of MONAI, and the voxels in which they differ."""

    setting: Setting
    mib: tuple[float, float]
    seconds: tuple[float, float]
    different_voxels: int

    @property
    def ratio(self) -> float:
        """Memory of medseg over that of MONAI."""
        return self.mib[0] / self.mib[1]


def measured(setting: Setting, work: Path) -> Row:
    """Run both, for time and again for memory."""
    bundle = made_bundle(work / "bundle", setting)
    image = made_image(work / "data" / "case.nii.gz", setting)
    by_medseg = Job(
        (*medseg_command(), "predict", str(bundle), str(image), "--out", "{out}", "--device", "cpu")
    )
    configs = bundle / "configs"
    by_monai = Job(
        (
            sys.executable, "-m", "monai.bundle", "run",
            "--config_file", str(configs / "inference.json"), "--meta_file", str(configs / "metadata.json"),
            "--bundle_root", str(bundle), "--dataset_dir", str(image.parent), "--output_dir", "{out}",
        )
    )  # fmt: skip
    seconds = by_medseg.run(work / "medseg"), by_monai.run(work / "monai")
    mib = by_medseg.peak_mib(work / "medseg_again"), by_monai.peak_mib(work / "monai_again")
    ours, theirs = (voxels_below(work / name) for name in ("medseg", "monai"))
    return Row(setting, mib, seconds, int((ours != theirs).sum()))


def voxels_below(folder: Path) -> np.ndarray:
    """The voxels of the only NIfTI file below a folder."""
    (path,) = folder.rglob("*.nii.gz")
    return np.asarray(nibabel.load(path).dataobj).squeeze()


def made_image(path: Path, setting: Setting) -> Path:
    """Smooth noise of int16 on an oblique grid whose rows run the other way."""
    path.parent.mkdir(parents=True)
    rng = np.random.default_rng(0)
    coarse = rng.normal(0, 200, [-(-n // 8) for n in setting.shape_ijk])
    fine = np.kron(coarse, np.ones((8, 8, 8)))[tuple(slice(n) for n in setting.shape_ijk)]
    tilt = 0.2
    axes = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
    affine = np.eye(4)
    affine[:3, :3] = axes @ np.diag(setting.spacing_mm) @ np.diag([-1, 1, 1])
    nibabel.Nifti1Image(fine.astype(np.int16), affine).to_filename(path)
    return path


def made_bundle(folder: Path, setting: Setting) -> Path:
    """A bundle as most are, with a small U-Net of random weights."""
    import torch
    from monai.networks.nets import UNet

    network = {
        "spatial_dims": 3, "in_channels": 1, "out_channels": setting.classes,
        "channels": [8, 16, 32, 64], "strides": [2, 2, 2], "norm": "instance",
    }  # fmt: skip
    for name in ("configs", "models"):
        (folder / name).mkdir(parents=True)
    torch.manual_seed(0)
    torch.save(UNet(**network).state_dict(), folder / "models" / "model.pt")
    names = {str(n): f"Structure {n}" if n else "background" for n in range(setting.classes)}
    metadata = {
        "name": "unet", "version": "0.1.0", "task": "a benchmark", "description": "random weights",
        "network_data_format": {"outputs": {"pred": {"channel_def": names}}},
    }  # fmt: skip
    (folder / "configs" / "metadata.json").write_text(json.dumps(metadata))
    (folder / "configs" / "inference.json").write_text(json.dumps(inference(network)))
    return folder


def inference(network: dict[str, Any]) -> dict[str, Any]:
    """The config, with MONAI's own loading, saving and evaluation."""
    return {
        "imports": ["$import glob"],
        "bundle_root": ".",
        "dataset_dir": ".",
        "output_dir": ".",
        "device": "$torch.device('cpu')",
        "network_def": {"_target_": "UNet", **network},
        "network": "$@network_def.to(@device)",
        "preprocessing": {
            "_target_": "Compose",
            "transforms": [
                {"_target_": "LoadImaged", "keys": "image"},
                {"_target_": "EnsureChannelFirstd", "keys": "image"},
                {"_target_": "Orientationd", "keys": "image", "axcodes": "RAS"},
                {"_target_": "Spacingd", "keys": "image", "pixdim": [1.5, 1.5, 1.5], "mode": "bilinear"},
                {
                    "_target_": "ScaleIntensityRanged", "keys": "image", "a_min": -500, "a_max": 500,
                    "b_min": 0, "b_max": 1, "clip": True,
                },
                {"_target_": "EnsureTyped", "keys": "image"},
            ],
        },
        "dataset": {
            "_target_": "Dataset",
            "data": "$[{'image': i} for i in sorted(glob.glob(@dataset_dir + '/*.nii.gz'))]",
            "transform": "@preprocessing",
        },
        "dataloader": {"_target_": "DataLoader", "dataset": "@dataset", "batch_size": 1},
        "inferer": {
            "_target_": "SlidingWindowInferer",
            "roi_size": [WINDOW] * 3,
            "sw_batch_size": 1,
            "overlap": 0.25,
        },
        "postprocessing": {
            "_target_": "Compose",
            "transforms": [
                {
                    "_target_": "Invertd", "keys": "pred", "orig_keys": "image",
                    "transform": "@preprocessing", "nearest_interp": False, "to_tensor": True,
                },
                {"_target_": "AsDiscreted", "keys": "pred", "argmax": True},
                {"_target_": "SaveImaged", "keys": "pred", "output_dir": "@output_dir", "resample": False},
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
    }  # fmt: skip


def table(rows: list[Row]) -> str:
    """The page of the results."""
    head = (
        "image",
        "medseg, MiB",
        "MONAI, MiB",
        f"ratio (asked: ≤ {ASKED})",
        "medseg, s",
        "MONAI, s",
        "differ",
    )
    lines = [
        "# Running a MONAI bundle: memory and time",
        "",
        "`medseg predict` beside `python -m monai.bundle run`: the same bundle (a U-Net that works at 1.5 mm",
        f"in windows of {WINDOW}³) on the same file, start-up included, on two cores. Memory is the peak of",
        "all processes together, pages that they share counted once; `differ` counts the voxels that are not",
        "the same. Made by `python benchmarks/predict_memory.py --write`.",
        "",
        f"| {' | '.join(head)} |",
        f"| --- |{' ---: |' * (len(head) - 1)}",
    ]
    for row in rows:
        mib = f"{row.mib[0]:,.0f} | {row.mib[1]:,.0f} | {row.ratio:.2f}"
        seconds = f"{row.seconds[0]:.1f} | {row.seconds[1]:.1f}"
        lines.append(f"| {row.setting.name} | {mib} | {seconds} | {row.different_voxels} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
