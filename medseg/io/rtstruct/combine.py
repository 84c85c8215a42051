"""How the closed contours of one structure on one plane combine, made plain: outer contours and holes.

PS3.3 C.8.8.6.3 knows two ways to say a hole: a keyhole in a ``CLOSED_PLANAR`` contour, and
``CLOSEDPLANAR_XOR`` contours, of which a point must lie in an odd number. Here both become what medseg has:
outer contours and holes, a point being inside where it lies in more of the first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import reduce

import numpy as np
import numpy.typing as npt
import shapely

from medseg.contour import SAME_PLANE_TOLERANCE_MM, Contour
from medseg.contour.region import in_frame, region_of, rings_of
from medseg.errors import ContourError
from medseg.io.rtstruct.keyhole import split_keyhole
from medseg.io.rtstruct.nesting import MAX_RINGS, nesting_of


def without_keyholes(contour: Contour) -> tuple[Contour, ...]:
    """A contour whose slits are opened: an outer contour and its holes.

    Args:
        contour: A closed contour as a file has it.

    Returns:
        The contour itself where it has no slit of exactly retraced edges, or where the rings between slits
        cross: then it stays one line, which even-odd fills right. Nothing where no area is left.
    """
    rings = [ring for ring in split_keyhole(contour.points_mm) if _has_area(ring)]
    if len(rings) == 1:
        return (contour if len(rings[0]) == len(contour.points_mm) else replace(contour, points_mm=rings[0]),)
    nesting = nesting_of(rings)
    if nesting is None:
        return (contour,)
    return tuple(
        replace(contour, points_mm=ring, hole=nesting.depth(number) % 2 == 1)
        for number, ring in enumerate(rings)
    )


def by_exclusive_or(contours: Sequence[Contour]) -> tuple[tuple[Contour, ...], bool]:
    """Contours of one plane combined by exclusive or.

    Args:
        contours: At least one; which of them are holes does not matter.

    Returns:
        Outer contours and holes, and whether outlines are as they were; those of contours that cross are new.

    Raises:
        ContourError: There are more than any structure of a patient has.
    """
    if len(contours) > MAX_RINGS:
        raise ContourError(
            f"expected at most {MAX_RINGS} CLOSEDPLANAR_XOR contours of a structure on one plane, "
            f"found {len(contours)}",
            reason="too-many-contours",
        )
    frame = contours[0].plane
    nesting = nesting_of([in_frame(contour, frame) for contour in contours])
    if nesting is not None:
        return tuple(replace(c, hole=nesting.depth(n) % 2 == 1) for n, c in enumerate(contours)), True
    regions = [region_of([replace(contour, hole=False)], frame) for contour in contours]
    region = reduce(shapely.symmetric_difference, regions)
    return tuple(replace(contours[0], points_mm=ring, hole=hole) for ring, hole in rings_of(region)), False


def count_redundant(contours: Sequence[Contour]) -> int:
    """How many outer contours of one plane lie wholly inside another one, outside of its holes."""
    if len(contours) < 2:
        return 0
    nesting = nesting_of([in_frame(contour, contours[0].plane) for contour in contours])
    if nesting is None:
        return 0
    return sum(
        not contour.hole and bool(around) and not contours[around[0]].hole
        for contour, around in zip(contours, nesting.inside, strict=True)
    )


def by_plane(contours: Sequence[Contour]) -> Iterator[tuple[Contour, ...]]:
    """Sort contours whose planes have few directions by the plane that they lie on."""
    parallel: dict[bytes, list[Contour]] = {}
    for contour in contours:
        parallel.setdefault(contour.plane.normal.tobytes(), []).append(contour)
    for group in parallel.values():
        heights = np.array([contour.plane.origin_lps_mm @ contour.plane.normal for contour in group])
        order = np.argsort(heights, kind="stable")
        gaps = np.flatnonzero(np.diff(heights[order]) > SAME_PLANE_TOLERANCE_MM) + 1
        for members in np.split(order, gaps):
            yield tuple(group[n] for n in sorted(members.tolist()))


def _has_area(ring: npt.NDArray[np.float64]) -> bool:
    return len(ring) >= 3 and bool(np.linalg.matrix_rank(ring - ring[0]) == 2)
