"""A margin around a structure, or a rim taken off it, on one plane."""

from __future__ import annotations

from collections.abc import Iterable

from medseg.contour.contour import Contour
from medseg.contour.region import contours_of, quarter_segments, region_of
from medseg.contour.requirements import finite, together


def offset(contours: Iterable[Contour], margin_mm: float) -> tuple[Contour, ...]:
    """Move the outlines outwards or inwards by the same distance everywhere.

    Args:
        contours: Contours of one structure on one plane.
        margin_mm: How far outwards; negative is inwards. Corners that the outline turns around become arcs.

    Returns:
        The outlines of all points within the margin, or deeper inside than it. Pieces may merge or vanish,
        and holes close or open. With a margin of 0 the contours as they were.

    Raises:
        ContourError: The contours don't belong together, or the margin is not finite.

    Source:
        Minkowski sum with a disc and its inverse (Serra, Image Analysis and Mathematical Morphology,
        1982), by GEOS.
    """
    group = together(contours)
    margin = finite(margin_mm, "the margin")
    if not group or margin == 0:
        return group
    region = region_of(group, group[0].plane)
    return contours_of(region.buffer(margin, quad_segs=quarter_segments(abs(margin))), group)
