"""What a reader gives a network to go by: clicks and the current structures, as further channels.

After the image come a channel of clicks for the background, one for each structure, and a mask of what each
structure is at the moment. Without a reader all of them are 0. Source: A. Diaz-Pinto et al., "DeepEdit: deep
editable learning for interactive segmentation of 3D medical images", DALI at MICCAI 2022 (arXiv:2305.10655).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from medseg.errors import UnreadableFileError

if TYPE_CHECKING:
    import torch

Place = Sequence[float]
"""Coordinates along three axes."""

Clicks = Sequence[Sequence[Place]]
"""Of the background, then of each structure in the order of their labels."""


@dataclass(frozen=True)
class GuidanceForm:
    """What guidance a network was trained with, as ``medseg.guidance`` of a bundle's metadata says.

    Attributes:
        structures: How many structures it tells apart.
        click_sigma_mm: Width of a click's Gaussian.
    """

    structures: int
    click_sigma_mm: float

    @property
    def channels(self) -> int:
        """How many channels come after the image."""
        return 2 * self.structures + 1

    def as_dict(self) -> dict[str, Any]:
        """The form as a JSON object."""
        return {"structures": self.structures, "click_sigma_mm": self.click_sigma_mm}


def guidance_form(metadata: Mapping[str, Any]) -> GuidanceForm | None:
    """The form that the metadata of a bundle name; None where the bundle takes no guidance.

    Raises:
        UnreadableFileError: They name one that can't be; reason ``bundle-damaged``.
    """
    of_medseg = metadata.get("medseg")
    named = of_medseg.get("guidance") if isinstance(of_medseg, Mapping) else None
    if named is None:
        return None
    structures, sigma_mm = (
        (named.get("structures"), named.get("click_sigma_mm")) if isinstance(named, Mapping) else (None, None)
    )
    if (
        not isinstance(structures, int)
        or structures < 1
        or not isinstance(sigma_mm, int | float)
        or not 0 < sigma_mm < float("inf")
    ):
        raise UnreadableFileError(
            "the bundle's metadata name no guidance that can be", reason="bundle-damaged"
        )
    return GuidanceForm(structures, float(sigma_mm))


def click_channels(
    clicks: Clicks, shape: Sequence[int], spacing_mm: Sequence[float], sigma_mm: float
) -> npt.NDArray[np.float32]:
    """Draw clicks as Gaussians whose crest is 1; where two meet, the higher counts.

    Args:
        clicks: Places as indices of the array, which may lie outside of it.
        shape: Voxels along each axis.
        spacing_mm: Their size.
        sigma_mm: Width of a Gaussian.

    Returns:
        An array ``[channel, *shape]``.
    """
    drawn = np.zeros((len(clicks), *shape), np.float32)
    for channel, places in zip(drawn, clicks, strict=True):
        for place in places:
            along = [
                np.exp(-0.5 * ((np.arange(n) - at) * mm / sigma_mm) ** 2).astype(np.float32)
                for n, at, mm in zip(shape, place, spacing_mm, strict=True)
            ]
            np.maximum(channel, np.einsum("i,j,k->ijk", *along), out=channel)
    return drawn


def current_channels(labels: npt.NDArray[Any], structures: int) -> npt.NDArray[np.float32]:
    """What each structure is at the moment, as masks ``[structure, *shape]``; labels count from 1."""
    wanted = np.arange(1, structures + 1).reshape(-1, *(1,) * labels.ndim)
    return np.asarray(labels[np.newaxis] == wanted, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Guidance:
    """What a reader gave, on a case.

    Attributes:
        clicks_ras_mm: In the patient, RAS as in NIfTI.
        current: Labels ``[k, j, i]`` on the grid of the case; None where there are none yet.
    """

    clicks_ras_mm: Clicks
    current: npt.NDArray[np.uint8] | None = None


def on_image(
    guidance: Guidance, form: GuidanceForm, image: torch.Tensor, ijk_to_ras_mm: npt.NDArray[np.float64]
) -> npt.NDArray[np.float32]:
    """Draw guidance on the lattice that a network sees.

    Args:
        guidance: On the grid of the case.
        form: What the network was trained with.
        image: A ``MetaTensor`` ``[channel, i, j, k]``: the case as its preprocessing left it.
        ijk_to_ras_mm: The affine of the case.

    Returns:
        The channels that follow the image's.
    """
    from scipy.ndimage import affine_transform

    shape = tuple(image.shape[1:])
    seen_to_ras = np.asarray(image.affine, dtype=np.float64)  # type: ignore[attr-defined]
    ras_to_seen = np.linalg.inv(seen_to_ras)
    clicks = [
        [(ras_to_seen @ [*place, 1.0])[:3].tolist() for place in places] for places in guidance.clicks_ras_mm
    ]
    spacing_mm = np.linalg.norm(seen_to_ras[:3, :3], axis=0)
    drawn = click_channels(clicks, shape, spacing_mm.tolist(), form.click_sigma_mm)
    current = np.zeros(shape, np.uint8)
    if guidance.current is not None:
        seen_to_case = np.linalg.inv(ijk_to_ras_mm) @ seen_to_ras
        current = affine_transform(
            np.ascontiguousarray(guidance.current.T), seen_to_case, output_shape=shape, order=0, cval=0
        )
    return np.concatenate([drawn, current_channels(current, form.structures)])
