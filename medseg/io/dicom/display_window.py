"""The window that a DICOM image asks to be shown with (PS3.3 C.11.2.1.2)."""

from __future__ import annotations

import math

from medseg.io.dicom.elements import Elements

LINEAR, LINEAR_EXACT = "LINEAR", "LINEAR_EXACT"


def display_window_of(elements: Elements) -> tuple[float, float] | None:
    """The values shown as black and as white, after the rescale; of several windows the first.

    Nothing here can damage an image: a window that can't be read is no window.

    Returns:
        None where there is none, or where its function is no straight line.
    """
    centre, width = (_first_number(elements.text(keyword)) for keyword in ("WindowCenter", "WindowWidth"))
    function = elements.text("VOILUTFunction") or LINEAR
    if function == LINEAR:
        # Whole numbers of a width count both ends: width 400 at centre 40 is -160 to 239.
        low, high = centre - 0.5 - (width - 1) / 2, centre - 0.5 + (width - 1) / 2
    elif function == LINEAR_EXACT:
        low, high = centre - width / 2, centre + width / 2
    else:
        return None
    return (low, high) if math.isfinite(low) and math.isfinite(high) and high > low else None


def _first_number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
