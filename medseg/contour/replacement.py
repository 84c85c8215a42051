"""All contours of a structure on a plane, replaced or deleted."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from medseg.contour.contour import Contour
from medseg.contour.contour_set import ContourSet
from medseg.contour.coplanar import SAME_PLANE_TOLERANCE_MM
from medseg.errors import ContourError
from medseg.space import Plane


def replace_on(
    contours: ContourSet, plane: Plane, structure_id: str, replacement: Iterable[Contour]
) -> ContourSet:
    """Replace what a structure has on a plane.

    Args:
        contours: All contours of the case.
        plane: The plane.
        structure_id: The structure.
        replacement: Its contours there from now on. They come last: the plane counts as drawn on last.

    Raises:
        ContourError: One of them belongs to another structure or lies on another plane.
    """
    new = tuple(replacement)
    for contour in new:
        if contour.structure_id != structure_id:
            raise ContourError(
                f"expected contours of {structure_id!r}, got one of {contour.structure_id!r}",
                structure_id=contour.structure_id,
            )
        if not _lies_on(contour, plane):
            raise ContourError(
                "expected contours on the plane whose contours they replace, got one that is "
                f"{np.abs(plane.distance_mm(contour.points_lps_mm)).max():.3g} mm off it"
            )
    kept = (c for c in contours if c.structure_id != structure_id or not _lies_on(c, plane))
    return ContourSet((*kept, *new))


def delete_on(contours: ContourSet, plane: Plane, structure_id: str) -> ContourSet:
    """Delete what a structure has on a plane: nothing is known of it there from now on."""
    return replace_on(contours, plane, structure_id, ())


def _lies_on(contour: Contour, plane: Plane) -> bool:
    return bool(np.abs(plane.distance_mm(contour.points_lps_mm)).max() <= SAME_PLANE_TOLERANCE_MM)
