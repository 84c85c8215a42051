"""The palette in which PET is read: black, red, orange, yellow, white."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

STEPS = 256


def hot_iron() -> npt.NDArray[np.float64]:
    """Red, green, blue and opacity between 0 and 1, shape ``(256, 4)``.

    Source:
        The Hot Iron Color Palette, DICOM PS3.6 B.1.1: red rises by 2 over the first half of the table, green
        over the second, blue by 4 over the last quarter; the last entry is white.
    """
    n = np.arange(STEPS)
    red = np.where(n < 128, 2 * n, 255)
    green = np.where(n < 128, 0, 2 * (n - 128))
    blue = np.where(n < 191, 0, 4 * (n - 191))
    colors = np.column_stack([red, green, blue, np.full(STEPS, 255)])
    colors[-1] = 255
    return np.asarray(np.clip(colors, 0, 255) / 255)
