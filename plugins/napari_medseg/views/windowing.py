"""Window and level: which values are black and which white."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from medseg.volume import Quantity, Volume
from napari_medseg.volumes.hot_iron import hot_iron

FULL_DRAG_PX = 500.0
"""A drag of this length doubles the window, or moves it by its own width."""

LEAST_WIDTH_SHARE = 1e-3
"""Of the range of values: a window of no width shows nothing."""

GRAY, INVERTED, HOT_IRON = "gray", "gray_r", "medseg hot iron"


@dataclass(frozen=True)
class Preset:
    """A window that readers use.

    Attributes:
        name: What they call it.
        low: The value shown as black.
        high: The value shown as white.
        colormap: The colours between.
    """

    name: str
    low: float
    high: float
    colormap: str = GRAY


def _level(name: str, level: float, width: float) -> Preset:
    return Preset(name, level - width / 2, level + width / 2)


CT_PRESETS = (
    _level("Abdomen", 40, 400),
    _level("Liver", 60, 160),
    _level("Mediastinum", 50, 350),
    _level("Lung", -600, 1500),
    _level("Bone", 400, 1800),
    _level("Brain", 40, 80),
)
"""In HU, as radiology departments commonly have them."""

PET_PRESETS = (
    Preset("PET inverted, SUV 0 to 10", 0, 10, INVERTED),
    Preset("PET hot iron, SUV 0 to 10", 0, 10, HOT_IRON),
    Preset("PET inverted, SUV 0 to 5", 0, 5, INVERTED),
)


def presets_for(volume: Volume, shown_at_first: tuple[float, float]) -> tuple[Preset, ...]:
    """The windows that suit an image.

    Args:
        volume: The image.
        shown_at_first: The window that it was opened with.
    """
    first = Preset("As opened" if volume.display_window is None else "As the file asks", *shown_at_first)
    if volume.quantity is Quantity.HU:
        return (first, *CT_PRESETS)
    if volume.quantity is Quantity.SUVBW:
        return (first, *PET_PRESETS)
    low, high = shown_at_first
    return first, Preset("Inverted", low, high, INVERTED)


def apply(preset: Preset, layer: Any) -> None:
    """Show an image layer with a preset."""
    low, high = layer.contrast_limits_range
    layer.contrast_limits_range = (min(low, preset.low), max(high, preset.high))
    layer.contrast_limits = (preset.low, preset.high)
    layer.colormap = colormap_of(preset.colormap)


def colormap_of(name: str) -> Any:
    """A colormap for napari by the name that a preset gives it."""
    if name != HOT_IRON:
        return name
    from napari.utils.colormaps import Colormap

    return Colormap(hot_iron(), name=HOT_IRON)


def dragged(
    limits: tuple[float, float], dx_px: float, dy_px: float, full_range: tuple[float, float]
) -> tuple[float, float]:
    """A window after a drag: right is wider, up is brighter.

    Args:
        limits: The window before.
        dx_px: How far to the right.
        dy_px: How far down.
        full_range: The lowest and the highest value.
    """
    low, high = limits
    width, level = high - low, (low + high) / 2
    least = LEAST_WIDTH_SHARE * (full_range[1] - full_range[0])
    new_width = max(width * 2 ** (dx_px / FULL_DRAG_PX * 2), least)
    level += dy_px / FULL_DRAG_PX * max(width, least)
    return level - new_width / 2, level + new_width / 2
