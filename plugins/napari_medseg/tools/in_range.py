"""The regions of a plane in which the image's value lies in a range."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from medseg.contour import Contour, Origin, in_slice_index, trace_slice
from napari_medseg.tools.tool import Slate


def regions_in_range(
    slate: Slate, in_range: tuple[float, float], near: Sequence[Contour]
) -> tuple[Contour, ...]:
    """Outline the pixels of a range, half-way to those outside of it.

    Args:
        slate: The plane with its image.
        in_range: Lowest and highest value, both included, in the image's unit.
        near: Contours around which alone it is looked.

    Returns:
        Outer contours and holes.
    """
    samples = slate.samples()
    axis = samples.where.axis
    at = np.concatenate([in_slice_index(c.points_lps_mm, samples.grid, axis) for c in near])
    low = np.clip(np.floor(at.min(axis=0)).astype(int) - 1, 0, samples.values.shape)
    high = np.clip(np.ceil(at.max(axis=0)).astype(int) + 2, 0, samples.values.shape)
    window = (slice(low[0], high[0]), slice(low[1], high[1]))
    inside = np.zeros(samples.values.shape, dtype=bool)
    values = samples.values[window]
    inside[window] = (values >= in_range[0]) & (values <= in_range[1])
    return trace_slice(inside, samples.grid, samples.where, slate.structure_id, Origin.DRAWN)
