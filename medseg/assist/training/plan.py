"""What is trained, fitted to the data before the first step: spacing, patch, network, normalisation.

The rules are those of nnU-Net in small: voxels of the median size, patches as large as the machine takes,
values scaled by what they measure, as many halvings as the patch bears. Source: F. Isensee et al., "nnU-Net:
a self-configuring method for deep learning-based biomedical image segmentation", Nature Methods 18 (2021),
203-211.

Axes are those of the training: ``i, j, k`` of an image that was turned to RAS, as MONAI does it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from medseg.assist.training.network import Network, network_for

Shape = tuple[int, int, int]
Spacing = tuple[float, float, float]

PERCENTILES = (0.5, 99.5)
"""Of the values within structures: what lies beyond is clipped (nnU-Net)."""

VALUES_OF_A_CASE = 10_000
"""So many values of a case's structures are looked at."""

CLICK_SIGMA_VOXELS = 2.0
"""Width of a click's Gaussian, in voxels of the finest axis; DeepEdit's default."""


class Size(StrEnum):
    """How much a machine can take."""

    SMALL = "small"
    """A few cores."""
    LARGE = "large"
    """A GPU."""


PATCH_VOXELS = {Size.SMALL: 40 * 48 * 24, Size.LARGE: 128 * 128 * 96}
"""Voxels of a patch: what some GB take in training, or a few cores in a second."""

PATCHES_A_STEP = 2
"""As in nnU-Net: large patches before many."""

LEARNING_RATE = {Size.SMALL: 6e-3, Size.LARGE: 1e-3}
"""A small network bears larger steps, and has fewer of them."""


class Scaling(StrEnum):
    """How values become what a network is given."""

    WINDOW = "window"
    """Clipped to two values, then by mean and deviation within the structures: CT, PET."""
    IMAGE = "image"
    """By mean and deviation of the image itself: MR, whose values have no unit."""


@dataclass(frozen=True)
class Normalisation:
    """How values are scaled.

    Attributes:
        scaling: Which way.
        low: What is below becomes this; of :attr:`Scaling.WINDOW` alone, as all that follow.
        high: What is above becomes this.
        mean: What becomes 0.
        deviation: What becomes 1 beyond that.
    """

    scaling: Scaling
    low: float = 0.0
    high: float = 0.0
    mean: float = 0.0
    deviation: float = 1.0


@dataclass(frozen=True, eq=False)
class Fingerprint:
    """What a plan has to know of a case.

    Attributes:
        shape: Voxels along each axis.
        spacing_mm: Their size.
        values: Some of the values within its structures, at even distances.
    """

    shape: Shape
    spacing_mm: Spacing
    values: npt.NDArray[np.float32]


@dataclass(frozen=True)
class Plan:
    """What is trained.

    Attributes:
        structures: Their names; the first has label 1.
        modality: Of the images, as DICOM calls it; empty where nobody knows.
        spacing_mm: Size of the voxels that the network sees.
        patch: Their number along each axis.
        normalisation: How values are scaled.
        network: Name and arguments of the network.
        guided: Whether the network takes clicks and the current structures, too (DeepEdit).
        click_sigma_mm: Width of a click's Gaussian.
        mirrored: Whether patches are mirrored at random.
        patches_a_step: How many patches make one step.
        learning_rate: At the beginning; it falls to 0 as a cosine.
        steps: How many.
        seed: Of all that is random.
        learned_from: Ids of the cases that are learned from.
        held_out: Ids of the cases that are only measured on.
        data_sha256: By id, a digest of each case's image and labels.
    """

    structures: tuple[str, ...]
    modality: str
    spacing_mm: Spacing
    patch: Shape
    normalisation: Normalisation
    network: Network
    guided: bool
    click_sigma_mm: float
    mirrored: bool
    patches_a_step: int
    learning_rate: float
    steps: int
    seed: int
    learned_from: tuple[str, ...]
    held_out: tuple[str, ...]
    data_sha256: Mapping[str, str] = field(default_factory=dict)

    @property
    def classes(self) -> int:
        """Channels of the result: one for each structure, and the background first."""
        return len(self.structures) + 1

    @property
    def epoch_steps(self) -> int:
        """Steps in which each case is seen about once."""
        return math.ceil(len(self.learned_from) / self.patches_a_step)

    def as_dict(self) -> dict[str, Any]:
        """The plan as a JSON object."""
        return asdict(self)


def fitted(
    fingerprints: Sequence[Fingerprint],
    modality: str,
    size: Size,
    *,
    network: str,
    channels: int,
    classes: int,
) -> dict[str, Any]:
    """Fit spacing, patch, normalisation and network to the cases that are learned from.

    Args:
        fingerprints: Of these cases.
        modality: Of their images.
        size: What the machine can take.
        network: ``segresnet``, ``dynunet``, or ``auto``.
        channels: What the network is given: the image, and the guidance.
        classes: What it tells apart, the background included.

    Returns:
        Fields of :class:`Plan`.
    """
    spacing_mm = _triple(np.median([one.spacing_mm for one in fingerprints], axis=0))
    extents_mm = [np.multiply(one.shape, one.spacing_mm) for one in fingerprints]
    shape = np.maximum(np.rint(np.median(extents_mm, axis=0) / spacing_mm), 1)
    made, patch = network_for(
        spacing_mm,
        patch_within(shape, spacing_mm, PATCH_VOXELS[size]),
        name=network,
        channels=channels,
        classes=classes,
        small=size is Size.SMALL,
    )
    return {
        "spacing_mm": spacing_mm,
        "patch": patch,
        "normalisation": normalised(modality, fingerprints),
        "network": made,
        "click_sigma_mm": CLICK_SIGMA_VOXELS * min(spacing_mm),
        "patches_a_step": PATCHES_A_STEP,
        "learning_rate": LEARNING_RATE[size],
    }


def patch_within(shape: npt.NDArray[np.float64], spacing_mm: Spacing, voxels: int) -> npt.NDArray[np.float64]:
    """The largest patch of a number of voxels: a cube in mm, but no longer than the median image.

    Args:
        shape: Of that image, in voxels of the plan.
        spacing_mm: Their size.
        voxels: At most so many.

    Returns:
        Its edges in voxels, not rounded.
    """
    low_mm, high_mm = 0.0, float(np.max(shape * spacing_mm))
    for _ in range(40):
        middle_mm = (low_mm + high_mm) / 2
        edges = np.minimum(middle_mm / np.array(spacing_mm), shape)
        low_mm, high_mm = (middle_mm, high_mm) if np.prod(edges) <= voxels else (low_mm, middle_mm)
    return np.minimum(high_mm / np.array(spacing_mm), shape)


def normalised(modality: str, fingerprints: Sequence[Fingerprint]) -> Normalisation:
    """How values are scaled: where they have a unit, alike in all images."""
    if modality not in ("CT", "PT"):
        return Normalisation(Scaling.IMAGE)
    values = np.concatenate([one.values for one in fingerprints]).astype(np.float64)
    low, high = np.percentile(values, PERCENTILES)
    low = 0.0 if modality == "PT" else low
    inside = np.clip(values, low, high)
    deviation = float(inside.std())
    flat = not high > low or not deviation > 0
    # All alike, as in drawings rather than images: nothing to scale by.
    return (
        Normalisation(Scaling.IMAGE)
        if flat
        else Normalisation(
            Scaling.WINDOW, *(round(float(v), 4) for v in (low, high, inside.mean(), deviation))
        )
    )


def _triple(values: Any) -> Spacing:
    i, j, k = (round(float(value), 6) for value in values)
    return i, j, k
