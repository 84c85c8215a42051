"""Phantom tumours of less and less contrast, and a model that finds the clear ones: cases of known doubt."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter, uniform_filter

from assist.made_bundles import thresholding_bundle
from medseg.assist.bundle import BundleProcess, Prediction
from medseg.labelmap import Structure
from medseg.progress import Progress, silent
from medseg.space import Grid, box_grown, box_of
from medseg.volume import Quantity, Source, Volume
from medseg_phantoms import Phantom, brain_mr

BRAIN = 533
TUMOUR = 988
"""Mean values of the phantom, which has noise of 16 and shading."""

THRESHOLD = 830.0

EDGE = 3
"""Voxels along each edge that the models take the mean of: one voxel's noise is no tumour."""

STRUCTURE = Structure("tumour", "Tumour", 1)


@cache
def tumour(contrast: float = 1.0) -> tuple[Volume, npt.NDArray[np.bool_]]:
    """The part of the brain phantom around its tumour, below the skull, and where the enhancing tumour is.

    Args:
        contrast: What is left of the tumour's contrast to the brain.
    """
    phantom = _phantom()
    truth = phantom.truth.mask("tumour")
    whole = box_of(truth)
    assert whole is not None
    box = box_grown(whole, (1, 4, 4), truth.shape)
    voxels = phantom.volume.voxels[box].astype(np.float32)
    inside = gaussian_filter(truth[box].astype(np.float32), 0.5)
    voxels -= inside * np.float32((1 - contrast) * (TUMOUR - BRAIN))
    old = phantom.volume.grid
    index_to_lps_mm = np.array(old.index_to_lps_mm)
    index_to_lps_mm[:3, 3] = old.to_lps_mm(np.array([[side.start for side in box]]))[0]
    grid = Grid(voxels.shape, index_to_lps_mm)
    return replace(phantom.volume, grid=grid, voxels=voxels), truth[box]


def fading_tumour(seed: int = 0) -> tuple[Volume, npt.NDArray[np.bool_]]:
    """A cylinder in brain that is clear at both ends, and in its middle neither tumour nor brain.

    There the model misses about half of it: where its errors are is known.
    """
    shape_kji = (20, 32, 32)
    k, j, i = np.indices(shape_kji)
    truth = (k >= 3) & (k < 17) & ((j - 15.5) ** 2 + (i - 15.5) ** 2 <= 9**2)
    half = THRESHOLD - BRAIN
    clearness = np.interp(k, (7, 8, 11, 12), (2.0, 1.0, 1.0, 2.0))
    noise = np.random.default_rng(seed).normal(0, 16, shape_kji)
    values = BRAIN + gaussian_filter(truth * clearness * half, (0, 0.5, 0.5)) + noise
    grid = Grid.from_axes(
        shape_kji,
        origin_lps_mm=(-24, -24, 0),
        step_k_mm=(0, 0, 4.0),
        step_j_mm=(0, 1.5, 0),
        step_i_mm=(1.5, 0, 0),
    )
    return Volume(grid, values.astype(np.float32), Quantity.ARBITRARY, Source("phantom")), truth


@cache
def _phantom() -> Phantom:
    return brain_mr()


def finds_tumour(volume: Volume, *, progress: Progress = silent) -> Prediction:
    """The model, in this process: where the mean of 3×3×3 voxels is above a threshold."""
    progress("looking", 0, 1)
    found = uniform_filter(volume.voxels.astype(np.float64), EDGE, mode="nearest") > THRESHOLD
    return Prediction((STRUCTURE,), {STRUCTURE.id: found})


class StandIn(BundleProcess):
    """Runs here rather than in a process of its own, which takes seconds to start."""

    asked = 0

    def start(self, *, progress=silent):
        pass

    def predict(self, volume, *, further=None, progress=silent):
        StandIn.asked += 1
        return finds_tumour(volume, progress=progress)


def finding_bundle(folder: Path, **more: Any) -> Path:
    """The same as a MONAI bundle."""
    import torch

    network = {
        "_target_": "torch.nn.Conv3d",
        "in_channels": 1,
        "out_channels": 2,
        "kernel_size": EDGE,
        "padding": EDGE // 2,
        "padding_mode": "replicate",
    }
    # The whole image at once: at the faces of windows, the mean would be of other voxels.
    inferer = {"_target_": "SimpleInferer"}
    thresholding_bundle(folder, changes={"network_def": network, "inferer": inferer}, **more)
    metadata = folder / "configs" / "metadata.json"
    metadata.write_text(metadata.read_text().replace('"CT"', '"MR"'))
    weight = torch.zeros((2, 1, EDGE, EDGE, EDGE))
    weight[1] = 1 / EDGE**3
    torch.save({"weight": weight, "bias": torch.tensor([0.0, -THRESHOLD])}, folder / "models" / "model.pt")
    return folder
