"""Contours of one slice → the closed lines that an RT structure set holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from medseg.contour import Contour
from medseg.contour.region import in_frame, region_of, rings_of
from medseg.errors import ContourError
from medseg.io.rtstruct.keyhole import keyhole
from medseg.io.rtstruct.nesting import Nesting, nesting_of

Points = npt.NDArray[np.float64]


def closed_lines(contours: Sequence[Contour]) -> tuple[list[Points], bool]:
    """Closed lines that bound the same as contours of one structure on one plane.

    Args:
        contours: At least one.

    Returns:
        Lines of shape ``(n, 3)`` in LPS mm, each bounding a piece with its holes as keyholes, and whether
        they run through the contours' own vertices and no others. Contours that overlap, cross or run along
        each other become the outline of what they bound together: readers disagree on what they mean.
    """
    if len(contours) == 1 and not contours[0].hole:
        return [contours[0].points_lps_mm], True
    frame = contours[0].plane
    rings = [in_frame(contour, frame) for contour in contours]
    nesting = nesting_of(rings)
    if nesting is not None and _alternate(contours, nesting):
        try:
            return list(_joined(contours, rings, nesting)), True
        except ContourError:
            # Holes that together cut a piece in two: the outline of what is left says it.
            pass
    return [frame.to_lps_mm(line) for line in _outlined(contours)], False


def _alternate(contours: Sequence[Contour], nesting: Nesting) -> bool:
    """Whether outer contours lie in nothing or a hole, and holes in an outer contour."""
    return all(
        contour.hole is bool(around and not contours[around[0]].hole)
        for contour, around in zip(contours, nesting.inside, strict=True)
    )


def _joined(contours: Sequence[Contour], rings: Sequence[Points], nesting: Nesting) -> Iterator[Points]:
    for number, contour in enumerate(contours):
        if contour.hole:
            continue
        members = [number, *(n for n, c in enumerate(contours) if c.hole and nesting.inside[n][0] == number)]
        path = keyhole(rings[number], [rings[n] for n in members[1:]])
        yield np.vstack([contours[n].points_lps_mm for n in members])[path]


def _outlined(contours: Sequence[Contour]) -> Iterator[Points]:
    pieces: list[list[Points]] = []
    for ring, is_hole in rings_of(region_of(contours, contours[0].plane)):
        if is_hole:
            pieces[-1].append(ring)
        else:
            pieces.append([ring])
    for outer, *holes in pieces:
        yield np.vstack([outer, *holes])[keyhole(outer, holes)]
