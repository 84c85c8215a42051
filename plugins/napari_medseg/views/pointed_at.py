"""What lies under the mouse: the place in the patient and the value of the image there."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from medseg.volume import Volume

WORDS = (("L", "R"), ("P", "A"), ("S", "I"))


def place_text(lps_mm: npt.ArrayLike) -> str:
    """A place in LPS mm, in letters, so that no sign has to be remembered: ``L 12.3  A 45.6  S 789.0 mm``."""
    parts = [
        f"{positive if mm >= 0 else negative} {abs(mm):.1f}"
        for mm, (positive, negative) in zip(np.asarray(lps_mm, dtype=np.float64).tolist(), WORDS, strict=True)
    ]
    return "  ".join(parts) + " mm"


def value_text(volume: Volume, lps_mm: npt.ArrayLike) -> str:
    """The value of the nearest voxel with its unit; empty beside the image."""
    index = np.rint(volume.grid.to_index(np.asarray(lps_mm, dtype=np.float64)[None])[0]).astype(int)
    if (index < 0).any() or (index >= volume.grid.shape_kji).any():
        return ""
    value = volume.voxels[tuple(index)]
    number = f"{int(value)}" if volume.voxels.dtype.kind in "iu" else f"{float(value):.4g}"
    return f"{number} {volume.quantity.unit}".strip()
