"""How a volume and a label map are shown: anatomical axes, true spacing, nothing resampled.

napari would drop the out-of-plane part of an oblique affine and distort the spacing, so it is given
permuted and flipped views and a scale in mm; the true affine stays in the core.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from medseg.contour import Slice
from medseg.labelmap import LabelMap, Structure
from medseg.space import AnatomicalOrder, Grid
from medseg.volume import Quantity, Volume

PLANE_NAMES = ("axial", "coronal", "sagittal")
"""What a slice across each display axis (superior, posterior, left) is called."""

METADATA_KEY = "medseg"
"""Under this key a layer's metadata holds what it shows."""

LAYER_KEY = "medseg layer"
"""Under this key the metadata of a Labels layer say which layer of the label map it shows."""

SOFT_TISSUE_HU = (-160.0, 240.0)
"""Level 40, width 400: the usual window for the abdomen."""

WINDOW_SAMPLES = 500_000
WINDOW_PERCENTILES = (1.0, 99.5)
"""For values without a physical scale: dark background and a few bright vessels don't set the window."""


def shown(array_kji: npt.NDArray[Any], grid: Grid) -> npt.NDArray[Any]:
    """A view of an array with the axes superior, posterior, left."""
    return AnatomicalOrder.of(grid).apply(array_kji)


def stored(array: npt.NDArray[Any], grid: Grid) -> npt.NDArray[Any]:
    """The inverse of :func:`shown`."""
    return AnatomicalOrder.of(grid).undo(array)


def placement(grid: Grid) -> dict[str, Any]:
    """What every layer of a case has in common, as keywords of a napari layer."""
    return {"scale": AnatomicalOrder.of(grid).spacing_mm(grid), "units": "mm"}


def slice_on_display(where: Slice, grid: Grid) -> tuple[int, int]:
    """The display axis and the position on its slider of a slice of the grid."""
    order = AnatomicalOrder.of(grid)
    axis = order.axes.index(where.axis)
    last = grid.shape_kji[where.axis] - 1
    return axis, last - where.index if order.flipped[axis] else where.index


def window(volume: Volume) -> tuple[float, float]:
    """The grey values shown as black and white: as the file asks for, else what suits the values."""
    if volume.display_window is not None:
        return volume.display_window
    if volume.quantity is Quantity.HU:
        return SOFT_TISSUE_HU
    values = volume.voxels.reshape(-1)[:: max(1, volume.voxels.size // WINDOW_SAMPLES)]
    values = values[np.isfinite(values)]
    if values.size == 0:
        return 0.0, 1.0
    low, high = (float(value) for value in np.percentile(values, WINDOW_PERCENTILES))
    return (low, high) if high > low else (low, low + 1.0)


def value_range(volume: Volume) -> tuple[float, float]:
    """How far the window can be moved."""
    low, high = window(volume)
    with np.errstate(invalid="ignore"):
        least, most = float(np.nanmin(volume.voxels)), float(np.nanmax(volume.voxels))
    if not np.isfinite([least, most]).all():
        return low, high
    return min(least, low), max(most, high)


def image_keywords(volume: Volume, name: str) -> dict[str, Any]:
    """Keywords of the napari image layer of a volume."""
    return {
        "name": name,
        "colormap": "gray",
        "contrast_limits": window(volume),
        "interpolation2d": "linear",
        **placement(volume.grid),
    }


def labels_keywords(label_map: LabelMap, name: str, number: int = 0) -> dict[str, Any]:
    """Keywords of the napari labels layer of one layer of a label map."""
    return fill_keywords(label_map.grid, label_map.structures, name, number)


def fill_keywords(grid: Grid, structures: Sequence[Structure], name: str, number: int) -> dict[str, Any]:
    """Keywords of a napari labels layer, by what its labels mean."""
    return {
        "name": name,
        "colormap": label_colors(structures, number),
        "opacity": 0.3,
        **placement(grid),
    }


def label_colors(structures: Sequence[Structure], number: int = 0) -> Any:
    """The colours of one layer's structures; background and what none explains are transparent."""
    from napari.utils.colormaps import DirectLabelColormap

    colors: dict[int | None, str] = {s.label: s.color for s in structures if s.layer == number}
    return DirectLabelColormap(color_dict={None: "transparent", 0: "transparent", **colors})
