"""The tumours that are drawn, each with what a reader would draw of it.

STS_001 comes with the contours of a radiation oncologist. The CT of the liver comes without: its largest
metastasis has two references that know nothing of each other, one by values and one by edges, because a
segmenter that goes by values would have it easy with the first alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from skimage.draw import line
from skimage.segmentation import watershed

import medseg
from medseg.volume import Volume

Mask = npt.NDArray[np.bool_]

SARCOMA, METASTASIS = "STS_001, T1", "ct_liver_metastases"

LIVER_SEED_KJI, LIVER_RADIUS_MM = (15, 250, 122), 20.0
LESION_MAX_HU, FAT_MAX_HU = 100.0, 30.0
SMOOTHING_PX, CLOSING_PX, OPENING_PX, FAT_RIM_PX = 1.5, 4.0, 2.5, 4.0

EDGE_SCALE_PX = 2.0
"""Of the derivatives: 1.6 mm. At that scale an edge of 50 HU, the lesion's, has a gradient of 10 HU a pixel,
and of liver without a lesion 95 % have less than 6.5."""

Ji = tuple[int, int]

WITHIN_JI: Mapping[int, tuple[tuple[Ji, ...], ...]] = {
    13: (((247, 115), (240, 120)),),
    14: (((245, 114), (240, 120), (239, 126)), ((242, 120), (254, 126), (256, 132))),
    15: (((250, 109), (258, 112)), ((241, 112), (240, 118), (252, 121), (259, 128))),
    16: (((246, 112), (258, 109)), ((250, 125), (257, 125))),
    17: (((250, 113), (252, 112)), ((248, 126), (259, 125))),
}
"""Lines along the dark parts of each slice of the metastasis, set by eye."""

AROUND_JI: Mapping[int, tuple[Ji, Ji]] = {
    13: ((244, 117), (16, 16)),
    14: ((250, 124), (22, 20)),
    15: ((251, 121), (22, 22)),
    16: ((254, 119), (18, 20)),
    17: ((254, 119), (16, 18)),
}
"""Middle and half axes of an ellipse beyond which nothing of it lies, set by eye."""


@dataclass(frozen=True, eq=False)
class Tumour:
    """A tumour with one of its references.

    Attributes:
        name: The tumour.
        reference: What the reference is.
        image: What is looked at.
        truth: The reference, ``[k, j, i]``.
    """

    name: str
    reference: str
    image: Volume
    truth: Mask

    @property
    def slices(self) -> int:
        """How many slices of the acquisition it reaches."""
        return int(self.truth.any(axis=(1, 2)).sum())


def sarcoma(data: Path) -> Tumour:
    """STS_001's T1 with the tumour that a radiation oncologist contoured."""
    folder = data / "sarcoma_pet_ct_mr" / "nifti" / "STS_001"
    mask = medseg.open_image(folder / "MR_T1_mask.nii.gz")
    image = medseg.open_image(folder / "MR_T1_image.nii.gz")
    return Tumour(SARCOMA, "oncologist", image, np.asarray(mask.voxels) > 0)


def metastasis_by_threshold(data: Path) -> Tumour:
    """The largest metastasis of the liver's CT, by its values.

    It is what lies below 100 HU, half-way between liver and lesion, around a point in the right lobe, in the
    smoothed image; gaps of 4 pixels are closed, spurs of 2.5 and the rim beside the fat taken away; of each
    slice the largest piece counts.
    """
    image = _liver(data)
    spacing_mm = np.array(image.grid.spacing_kji_mm)
    at_mm = (
        np.indices(image.grid.shape_kji) - np.reshape(LIVER_SEED_KJI, (3, 1, 1, 1))
    ) * spacing_mm.reshape(3, 1, 1, 1)
    near = (at_mm**2).sum(axis=0) < LIVER_RADIUS_MM**2
    mask = np.zeros(image.grid.shape_kji, dtype=bool)
    for index in np.flatnonzero(near.any(axis=(1, 2))):
        smooth = ndimage.gaussian_filter(image.voxels[index].astype(np.float64), SMOOTHING_PX)
        fat_rim = ndimage.distance_transform_edt(smooth >= FAT_MAX_HU) <= FAT_RIM_PX
        mask[index] = _tidied((smooth < LESION_MAX_HU) & ~fat_rim & near[index])
    return Tumour(METASTASIS, "threshold", image, mask)


def metastasis_by_edges(data: Path, scale_px: float = EDGE_SCALE_PX) -> Tumour:
    """The same metastasis by its edges: no value decides, only where values change the most.

    On each slice the gradient's magnitude is flooded from lines along the dark parts and from beyond an
    ellipse around all of them: where both floods meet is the border (Meyer and Beucher 1990, J Vis Commun
    Image Represent 1:21-46). Flooded slice by slice: between slices of 5 mm no edge is seen.

    Args:
        data: The real data.
        scale_px: Of the derivatives of Gaussians, standard deviation.
    """
    image = _liver(data)
    mask = np.zeros(image.grid.shape_kji, dtype=bool)
    for index, lines in WITHIN_JI.items():
        (middle_j, middle_i), (half_j, half_i) = AROUND_JI[index]
        j, i = np.indices(image.grid.shape_kji[1:])
        beyond = ((j - middle_j) / half_j) ** 2 + ((i - middle_i) / half_i) ** 2 > 1
        floods = np.where(beyond, 2, 0)
        for one in lines:
            for start, end in pairwise(one):
                floods[line(*start, *end)] = 1
        slope = ndimage.gaussian_gradient_magnitude(image.voxels[index].astype(np.float64), scale_px)
        mask[index] = watershed(slope, floods) == 1
    return Tumour(METASTASIS, "watershed", image, mask)


TUMOURS: tuple[Callable[[Path], Tumour], ...] = (sarcoma, metastasis_by_threshold, metastasis_by_edges)


def _liver(data: Path) -> Volume:
    return medseg.open_image(data / "ct_liver_metastases" / "CRLM-CT-1006" / "image")


def _tidied(mask: Mask) -> Mask:
    if not mask.any():
        return mask
    wide = ndimage.distance_transform_edt(~mask) <= CLOSING_PX
    closed = ndimage.distance_transform_edt(wide) > CLOSING_PX
    core = ndimage.distance_transform_edt(closed) > OPENING_PX
    if not core.any():
        return np.zeros_like(mask)
    opened = ndimage.binary_fill_holes(ndimage.distance_transform_edt(~core) <= OPENING_PX)
    pieces, count = ndimage.label(opened)
    largest = 1 + int(np.argmax(ndimage.sum_labels(opened, pieces, range(1, count + 1))))
    return np.asarray(pieces == largest, dtype=bool)
