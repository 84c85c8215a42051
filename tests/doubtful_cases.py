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
from medseg.assist.bundle import Prediction
from medseg.labelmap import Structure
from medseg.progress import Progress, silent
from medseg.space import Grid, box_grown, box_of
from medseg.volume import Volume
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
    """The part of the brain phantom around its tumour, and where the enhancing tumour is.

    Args:
        contrast: What is left of the tumour's contrast to the brain.
    """
    phantom = _phantom()
    truth = phantom.truth.mask("tumour")
    whole = box_of(truth)
    assert whole is not None
    box = box_grown(whole, (3, 8, 8), truth.shape)
    voxels = phantom.volume.voxels[box].astype(np.float32)
    inside = gaussian_filter(truth[box].astype(np.float32), 0.5)
    voxels -= inside * np.float32((1 - contrast) * (TUMOUR - BRAIN))
    old = phantom.volume.grid
    index_to_lps_mm = np.array(old.index_to_lps_mm)
    index_to_lps_mm[:3, 3] = old.to_lps_mm(np.array([[side.start for side in box]]))[0]
    grid = Grid(voxels.shape, index_to_lps_mm)
    return replace(phantom.volume, grid=grid, voxels=voxels), truth[box]


@cache
def _phantom() -> Phantom:
    return brain_mr()


def finds_tumour(volume: Volume, *, progress: Progress = silent) -> Prediction:
    """The model, in this process: where the mean of 3×3×3 voxels is above a threshold."""
    progress("looking", 0, 1)
    found = uniform_filter(volume.voxels.astype(np.float64), EDGE, mode="constant") > THRESHOLD
    return Prediction((STRUCTURE,), {STRUCTURE.id: found})


def finding_bundle(folder: Path, **more: Any) -> Path:
    """The same as a MONAI bundle."""
    import torch

    network = {
        "_target_": "torch.nn.Conv3d",
        "in_channels": 1,
        "out_channels": 2,
        "kernel_size": EDGE,
        "padding": EDGE // 2,
    }
    # One window: at the faces of several, the mean would be of other voxels.
    inferer = {"_target_": "SlidingWindowInferer", "roi_size": [64, 64, 64], "sw_batch_size": 1}
    thresholding_bundle(folder, changes={"network_def": network, "inferer": inferer}, **more)
    weight = torch.zeros((2, 1, EDGE, EDGE, EDGE))
    weight[1] = 1 / EDGE**3
    torch.save({"weight": weight, "bias": torch.tensor([0.0, -THRESHOLD])}, folder / "models" / "model.pt")
    return folder
