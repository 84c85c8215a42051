"""The scale bar of a plane: a round number of mm, and never under the letters of the edges."""

from __future__ import annotations

import math
from typing import Any

LARGEST_SHARE = 0.28
"""Of the width of the canvas: the letter in the middle of the edge stays free."""

ROUND = (5.0, 2.0, 1.0)
"""Lengths are these times a power of ten."""


def round_length_mm(mm_per_px: float, width_px: float) -> float:
    """The longest round length that is no more than a share of a canvas.

    Args:
        mm_per_px: How much of the patient a pixel shows.
        width_px: Width of the canvas.

    >>> round_length_mm(1.0, 320), round_length_mm(0.3, 320), round_length_mm(0.02, 320)
    (50.0, 20.0, 1.0)
    """
    longest = max(mm_per_px * width_px * LARGEST_SHARE, 1e-6)
    unit = 10.0 ** math.floor(math.log10(longest))
    return next(factor * unit for factor in ROUND if factor * unit <= longest * (1 + 1e-9))


def show_scale_bar(viewer: Any, mm_per_px: float, width_px: float) -> None:
    """Show a viewer's scale bar with a length that suits what its canvas shows."""
    bar = viewer.canvas.overlays.scale_bar
    length_mm = round_length_mm(mm_per_px, width_px)
    if bar.length != length_mm:
        bar.length = length_mm
        # napari would show it with the next zoom only; for a font it draws the bar anew at once.
        bar.events.font_size()
    bar.visible = True


def hide_scale_bar(viewer: Any) -> None:
    """Leave it as napari has it."""
    bar = viewer.canvas.overlays.scale_bar
    bar.visible, bar.length = False, None
