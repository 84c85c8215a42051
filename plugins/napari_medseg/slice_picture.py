"""A slice of a volume as grey values for a small picture, hung as a radiologist expects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from medseg.space import AnatomicalOrder
from medseg.volume import Volume
from napari_medseg.anatomical_view import SUPERIOR
from napari_medseg.display import shown, window

WHITE = 255


@dataclass(frozen=True, eq=False)
class SlicePicture:
    """Grey values ``[down, across]`` of uint8, and how large the slice is in the patient."""

    grey: npt.NDArray[np.uint8]
    down_mm: float
    across_mm: float


def slice_picture(volume: Volume) -> SlicePicture:
    """Draw a volume of one slice in the window that the viewer would open it with.

    Args:
        volume: A volume of shape ``(1, j, i)``.
    """
    low, high = window(volume)
    order = AnatomicalOrder.of(volume.grid)
    across_slice = order.axes.index(0)
    values = shown(volume.voxels, volume.grid).take(0, axis=across_slice).astype(np.float64)
    down_axis, across_axis = (axis for axis in range(3) if axis != across_slice)
    if down_axis == SUPERIOR:
        values = values[::-1]
    scaled = np.nan_to_num((values - low) / (high - low)).clip(0.0, 1.0) * WHITE
    spacing_mm = order.spacing_mm(volume.grid)
    return SlicePicture(
        np.ascontiguousarray(scaled.round().astype(np.uint8)),
        values.shape[0] * spacing_mm[down_axis],
        values.shape[1] * spacing_mm[across_axis],
    )
