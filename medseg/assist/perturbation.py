"""The same case as it might as well have been scanned: a little noise, other contrast, voxels that lie aside.

Test-time augmentation takes the image for one of many that the same patient could have given, and asks a
model about several of them (Wang et al. 2019, "Aleatoric uncertainty estimation with test-time augmentation
for medical image segmentation with convolutional neural networks", Neurocomputing 338, 34-45). What is
perturbed here can be taken back exactly, voxel by voxel: after a rotation, label maps would disagree at every
border through the resampling alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from medseg.space import Grid
from medseg.volume import Quantity, Volume

_Scalar = TypeVar("_Scalar", bound=np.generic)

MAX_SHIFT_VOXELS = 2
"""How far the voxels are moved along each axis: where the lattice lies is chance, and no part of the
patient moves by it."""

MOST_LOOKED_AT = 1_000_000
"""Voxels from which the range of values is taken: an even choice of more is as good, and quick."""


@dataclass(frozen=True)
class Strength:
    """How much scans of the same patient may differ, as far as a model should not care.

    Attributes:
        noise: Standard deviation of the noise, white and Gaussian.
        brightness: By how much all values may be higher or lower, at most.
        contrast: By which part the distances of values from their median may grow or shrink, at most.
        unit: What the first two are counted in; None for the image's own range of values.
    """

    noise: float
    brightness: float
    contrast: float
    unit: float | None = None


STRENGTHS: Mapping[Quantity, Strength] = MappingProxyType(
    {
        # CT numbers are calibrated: water to within a few HU (AAPM report 233), with noise of some 10 HU.
        Quantity.HU: Strength(noise=15, brightness=5, contrast=0.02, unit=1),
        # Uptake has a true zero; it repeats to within about 10 % (de Langen et al. 2012, J Nucl Med 53).
        Quantity.SUVBW: Strength(noise=0.03, brightness=0, contrast=0.1),
        Quantity.BQML: Strength(noise=0.03, brightness=0, contrast=0.1),
        Quantity.CNTS: Strength(noise=0.03, brightness=0, contrast=0.1),
        # MR has no scale of its own.
        Quantity.ARBITRARY: Strength(noise=0.03, brightness=0.05, contrast=0.1),
    }
)


_OF_MODALITY = {"CT": Quantity.HU, "PT": Quantity.SUVBW}


@dataclass(frozen=True)
class Perturbation:
    """One way in which a case is changed, and its label map brought back.

    Attributes:
        seed: Of the noise.
        noise: Its standard deviation, in the image's unit.
        brightness: Added to every value, in the image's unit.
        contrast: What distances from the median are multiplied by.
        shift_kji: By how many voxels the image is moved along each axis.
        mirrored_axis: The array axis along which it is mirrored; None where it is not.
    """

    seed: int
    noise: float
    brightness: float
    contrast: float
    shift_kji: tuple[int, int, int]
    mirrored_axis: int | None = None

    def of(self, volume: Volume) -> Volume:
        """The image, changed; on the same grid. What was moved in is what lay at its faces."""
        values = np.array(volume.voxels, dtype=np.float32)
        middle = np.float32(np.median(_some(values)))
        values -= middle
        values *= np.float32(self.contrast)
        values += middle + np.float32(self.brightness)
        if self.noise > 0:
            noise = np.random.default_rng(self.seed).standard_normal(values.shape, dtype=np.float32)
            noise *= np.float32(self.noise)
            values += noise
        return replace(volume, voxels=np.ascontiguousarray(self._moved(values, 1)))

    def back(self, labels: npt.NDArray[_Scalar], otherwise: npt.NDArray[_Scalar]) -> npt.NDArray[_Scalar]:
        """Labels ``[k, j, i]`` that were found on the changed image, where they belong on the case.

        Args:
            labels: The labels.
            otherwise: What counts at those faces that were moved out of the image: what was found on the case
                as it is.
        """
        found = self._moved(labels, -1)
        for axis, step in enumerate(self.shift_kji):
            if step:
                # Of an image that was moved up by two, its last two slices are not there any more.
                out = slice(-step, None) if step > 0 else slice(0, -step)
                where = (slice(None),) * axis + (out,)
                found[where] = otherwise[where]
        return found

    def _moved(self, array: npt.NDArray[_Scalar], sign: int) -> npt.NDArray[_Scalar]:
        """A copy, moved and then mirrored; with the sign −1 mirrored and then moved back."""
        moved = np.array(array)
        if sign < 0 and self.mirrored_axis is not None:
            moved = np.flip(moved, self.mirrored_axis)
        for axis, step in enumerate(self.shift_kji):
            if step:
                at = np.clip(np.arange(moved.shape[axis]) - sign * step, 0, moved.shape[axis] - 1)
                moved = moved.take(at, axis=axis)
        if sign > 0 and self.mirrored_axis is not None:
            moved = np.flip(moved, self.mirrored_axis)
        return moved


def perturbations(
    volume: Volume, count: int, *, seed: int = 0, mirror: bool = False, modality: str = ""
) -> tuple[Perturbation, ...]:
    """Ways to change a case, the same ones for the same seed.

    Args:
        volume: The case: what its values are, and their range, say how much is little.
        count: How many.
        seed: What they are drawn by.
        mirror: Whether every second one is mirrored from left to right, too. Mirrored anatomy is no anatomy:
            the liver is then on the left. Say so only for a model that was trained on mirrored images.
        modality: What the model takes images for, as DICOM calls it: a NIfTI file does not say that its
            values are CT numbers.
    """
    is_unsaid = volume.quantity is Quantity.ARBITRARY
    strength = STRENGTHS[_OF_MODALITY.get(modality, volume.quantity) if is_unsaid else volume.quantity]
    unit = value_range(volume.voxels) if strength.unit is None else strength.unit
    across = left_right_axis(volume.grid)
    random = np.random.default_rng(seed)
    found = []
    for number in range(count):
        brightness, contrast = random.uniform(-1, 1, 2)
        most = np.minimum(MAX_SHIFT_VOXELS, np.array(volume.grid.shape_kji) - 1)
        k, j, i = random.integers(-most, most + 1).tolist()
        found.append(
            Perturbation(
                seed=int(random.integers(2**32)),
                noise=strength.noise * unit,
                brightness=float(brightness) * strength.brightness * unit,
                contrast=1 + float(contrast) * strength.contrast,
                shift_kji=(k, j, i),
                mirrored_axis=across if mirror and number % 2 else None,
            )
        )
    return tuple(found)


def value_range(values: npt.NDArray[Any]) -> float:
    """From the 1st to the 99th percentile, as outliers are no measure; of all where these are the same."""
    some = _some(values)
    low, high = np.percentile(some, (1, 99))
    return float(high - low) or float(np.max(some)) - float(np.min(some))


def left_right_axis(grid: Grid) -> int:
    """The array axis that runs most from left to right in the patient."""
    along = np.abs(grid.index_to_lps_mm[0, :3]) / np.linalg.norm(grid.index_to_lps_mm[:3, :3], axis=0)
    return int(along.argmax())


def _some(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Some of the finite values; a single 0 where there is none."""
    flat = values.reshape(-1)
    some = flat[:: max(1, flat.size // MOST_LOOKED_AT)]
    finite = some[np.isfinite(some)]
    return finite if finite.size else np.zeros(1)
