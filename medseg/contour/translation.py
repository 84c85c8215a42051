"""Contours moved within their plane."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from medseg.contour.contour import Contour, Origin
from medseg.contour.requirements import pair, together


def translate(
    contours: Iterable[Contour], shift_mm: Sequence[float] | npt.NDArray[np.float64]
) -> tuple[Contour, ...]:
    """Move contours within their plane.

    Args:
        contours: Contours of one structure on one plane.
        shift_mm: How far, ``(u, v)`` in the frame of the first contour's plane.

    Returns:
        Drawn contours of the same shapes; with a shift of 0 the contours as they were.

    Raises:
        ContourError: The contours don't belong together, or the shift is not finite.
    """
    group = together(contours)
    shift = pair(shift_mm, "the shift")
    if not group or not shift.any():
        return group
    frame = group[0].plane
    # A plane that is the same sheet may have other axes.
    shift_lps_mm = shift @ np.stack([frame.u, frame.v])
    return tuple(
        replace(
            contour,
            points_mm=contour.points_mm + np.stack([contour.plane.u, contour.plane.v]) @ shift_lps_mm,
            origin=Origin.DRAWN,
        )
        for contour in group
    )
