"""Stored numbers → labels, where they are labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from medseg.errors import LabelMapError
from medseg.labelmap import MAX_LABEL


def as_labels(stored: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Numbers of any type as uint8 or uint16, whichever holds them.

    Raises:
        LabelMapError: Some are negative, fractional, not finite or above 65535.
    """
    native = stored.astype(stored.dtype.newbyteorder("="), copy=False)
    if native.dtype in (np.uint8, np.uint16):
        return native
    lowest, highest = native.min(), native.max()
    # A comparison with NaN is false, so that the condition names what is right.
    if lowest >= 0 and highest <= MAX_LABEL:
        labels = native.astype(np.uint8 if highest <= np.iinfo(np.uint8).max else np.uint16)
        if np.array_equal(labels, native):
            return labels
    raise LabelMapError(
        f"expected whole numbers from 0 to {MAX_LABEL}, found {lowest:g} to {highest:g}",
        hint="is this an image rather than a label map?",
        reason="not-labels",
    )
