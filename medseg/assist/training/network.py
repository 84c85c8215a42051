"""The network of a plan: as deep as its patch bears, as wide as the machine takes.

Two of MONAI's: SegResNet (A. Myronenko, "3D MRI brain tumor segmentation using autoencoder regularization",
BrainLes 2018), which halves all axes alike, and DynUNet, nnU-Net's own, which leaves an axis of thick slices
alone until the others are as coarse.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from medseg.errors import InputError

Shape = tuple[int, int, int]

SEGRESNET, DYNUNET = NETWORKS = ("segresnet", "dynunet")

ANISOTROPIC = 3.0
"""Slices so many times as thick as a pixel is wide are: DynUNet then (nnU-Net's threshold)."""

LEAST_EDGE = 4
"""Voxels of the coarsest level along each axis, as in nnU-Net."""

MOST_HALVINGS = {True: 3, False: 5}
FIRST_CHANNELS = {SEGRESNET: {True: 8, False: 32}, DYNUNET: {True: 12, False: 32}}
"""By whether it has to be small."""

MOST_CHANNELS = 320
"""As in nnU-Net."""

INSTANCE = ["INSTANCE", {"affine": True}]
"""Normalised by each patch alone, as in nnU-Net: two patches a step are too few to normalise by."""


@dataclass(frozen=True)
class Network:
    """A network of MONAI.

    Attributes:
        target: Its class, as a bundle names it.
        arguments: What it is made with, as JSON values.
    """

    target: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def config(self) -> dict[str, Any]:
        """The ``network_def`` of a bundle."""
        return {"_target_": self.target, **self.arguments}


def network_for(
    spacing_mm: tuple[float, float, float],
    edges: npt.NDArray[np.float64],
    *,
    name: str,
    channels: int,
    classes: int,
    small: bool,
) -> tuple[Network, Shape]:
    """Choose a network, and round the patch to what it can halve.

    Args:
        spacing_mm: Size of a voxel.
        edges: Voxels of the patch along each axis, not rounded.
        name: ``segresnet``, ``dynunet``, or ``auto`` for what suits the spacing.
        channels: What it is given.
        classes: What it tells apart.
        small: Whether it has to do with a few cores.

    Returns:
        The network, and the patch.

    Raises:
        InputError: There is no network of this name; reason ``no-such-network``.
    """
    if name == "auto":
        name = DYNUNET if max(spacing_mm) / min(spacing_mm) >= ANISOTROPIC else SEGRESNET
    if name not in NETWORKS:
        raise InputError(
            f"expected the network auto, {' or '.join(NETWORKS)}, got {name[:40]!r}", reason="no-such-network"
        )
    if name == SEGRESNET:
        return _segresnet(edges, channels, classes, small=small)
    return _dynunet(spacing_mm, edges, channels, classes, small=small)


def _segresnet(
    edges: npt.NDArray[np.float64], channels: int, classes: int, *, small: bool
) -> tuple[Network, Shape]:
    halvings = 1
    while halvings < MOST_HALVINGS[small] and min(edges) / 2 ** (halvings + 1) >= LEAST_EDGE:
        halvings += 1
    arguments = {
        "spatial_dims": 3,
        "init_filters": FIRST_CHANNELS[SEGRESNET][small],
        "in_channels": channels,
        "out_channels": classes,
        "norm": INSTANCE,
        "blocks_down": ([1] * 4 if small else [1, 2, 2, 4, 4, 4])[: halvings + 1],
        "blocks_up": [1] * halvings,
    }
    return Network("monai.networks.nets.SegResNet", arguments), _rounded(edges, [2**halvings] * 3)


def _dynunet(
    spacing_mm: tuple[float, float, float],
    edges: npt.NDArray[np.float64],
    channels: int,
    classes: int,
    *,
    small: bool,
) -> tuple[Network, Shape]:
    """Halve an axis while it is not much coarser than the finest, and long enough (nnU-Net's rule)."""
    spacing, left = np.array(spacing_mm), np.array(edges)
    strides, kernels = [[1, 1, 1]], [_kernel(spacing)]
    while len(strides) <= MOST_HALVINGS[small]:
        halved = (spacing < 2 * spacing.min()) & (left / 2 >= LEAST_EDGE)
        if not halved.any():
            break
        step = np.where(halved, 2, 1)
        spacing, left = spacing * step, left / step
        strides.append(step.tolist())
        kernels.append(_kernel(spacing))
    arguments = {
        "spatial_dims": 3,
        "in_channels": channels,
        "out_channels": classes,
        "kernel_size": kernels,
        "strides": strides,
        "upsample_kernel_size": strides[1:],
        "filters": [
            min(FIRST_CHANNELS[DYNUNET][small] * 2**level, MOST_CHANNELS) for level in range(len(strides))
        ],
        "norm_name": INSTANCE,
        "res_block": True,
    }
    return Network("monai.networks.nets.DynUNet", arguments), _rounded(edges, np.prod(strides, axis=0))


def _kernel(spacing_mm: npt.NDArray[np.float64]) -> list[int]:
    """No look across slices that are much farther apart than pixels."""
    return [3 if mm < 2 * spacing_mm.min() else 1 for mm in spacing_mm]


def _rounded(edges: npt.NDArray[np.float64], divisors: Any) -> Shape:
    i, j, k = (max(1, round(edge / d)) * int(d) for edge, d in zip(edges, divisors, strict=True))
    return i, j, k
