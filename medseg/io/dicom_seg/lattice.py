"""Frames at their places in the patient → the smallest regular grid that holds them all.

A segmentation stores only the frames on which a segment has voxels: those between them, and those beyond, are
empty and left out (PS3.3 C.8.20.2.3).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from medseg.errors import NotOneVolumeError, UnsupportedImageError
from medseg.io.dicom.checks import COSINE_TOLERANCE, has_no_place
from medseg.io.dicom.geometry import (
    ACCEPTED_FRACTION,
    ACCEPTED_MM,
    EXACT_MM,
    grid_of,
    normal_of,
    position_of,
)
from medseg.io.dicom.header import ImageHeader
from medseg.space import Grid
from medseg.space.plane import FloatArray

MAX_VOXELS = 1 << 30
"""More than any scan has (1024 slices of 1024 x 1024): a few bytes can ask for a grid of any size."""

SAME_PLACE_MM = 0.01
"""Frames of several segments this close are one slice: positions are rounded to this."""

GAP_TOLERANCE = 0.05
"""How far a gap may be from a whole number of steps, as a fraction of a step."""

MAX_DIVISOR = 3
DIVISOR_TOLERANCE = 0.01
"""The step is at most this many times finer than the smallest gap: of gaps of 2 and 5 mm it is 1 mm.

Such a fit has to be exact, for among finer steps one that fits roughly can be found for any gaps.
"""

SAME_SPACING_MM = 1e-4
"""Over 1000 pixels this moves the last one by less than a pixel's tenth."""

ROUNDING_MM = 1e-5
"""What decimal strings of positions lose (PS3.5 6.2, DS of 16 characters)."""


@dataclass(frozen=True)
class Lattice:
    """A grid, and on which of its slices each frame lies.

    Attributes:
        grid: ``k`` grows along the normal (row direction x column direction).
        slices: The ``k`` of each frame.
        notes: What was assumed, one sentence each.
    """

    grid: Grid
    slices: tuple[int, ...]
    notes: tuple[str, ...]


def lattice_of(headers: Sequence[ImageHeader], slice_spacing_mm: float | None) -> Lattice:
    """Fit the smallest grid that has every frame on a slice.

    The step is the spacing that the header states, if all gaps are whole numbers of it; else the largest one
    of which they are. Frames that lean (tilted gantry) make a sheared grid.

    Args:
        headers: Of the frames, each with its place in the patient.
        slice_spacing_mm: Distance of slices along their normal as the file says it (SpacingBetweenSlices).

    Raises:
        NotOneVolumeError: The frames lie on no regular grid, or the distance of slices is unknown.
        UnsupportedImageError: Frames without a place, or a grid of more than :data:`MAX_VOXELS`.
        GeometryError: The spacing is no spacing of an image of a patient.
    """
    _require_places(headers)
    normal = normal_of(headers)
    positions = np.array([position_of(header) for header in headers])
    distances = positions @ normal
    heights = _distinct(np.sort(distances))
    step_mm, notes = _step(heights, slice_spacing_mm, headers[0].slice_thickness_mm)
    index = np.rint((distances - heights[0]) / step_mm)
    count = int(index.max()) + 1
    _require_size(count, headers[0])
    origin, step = _line(index, positions, step_mm * normal)
    residual_mm = _residual_mm(index, positions, origin, step)
    _require_regular(residual_mm, step_mm)
    return Lattice(
        grid_of(headers, count, origin, step),
        tuple(int(k) for k in index),
        (*notes, *_lattice_notes(count, len(heights), residual_mm)),
    )


def _lattice_notes(count: int, stored: int, residual_mm: float) -> Iterator[str]:
    if count > stored:
        yield f"slices between the frames are empty: {count - stored} of {count}"
    if residual_mm > EXACT_MM:
        yield f"frames lie up to {residual_mm:.3f} mm off the grid"


def _require_places(headers: Sequence[ImageHeader]) -> None:
    if any(has_no_place(header) for header in headers):
        raise UnsupportedImageError(
            "a segmentation whose frames don't say where they lie in the patient",
            hint="segmentations of X-ray pictures and of microscopy are not read",
            reason="no-position",
        )
    if any(header.spacing_ji_mm is None or min(header.spacing_ji_mm) <= 0 for header in headers):
        raise UnsupportedImageError("a segmentation without a positive PixelSpacing", reason="no-spacing")
    orientations = np.array([header.orientation for header in headers])
    if np.ptp(orientations, axis=0).max() > COSINE_TOLERANCE:
        raise _several("orientation", "mixed-orientation")
    row, column = orientations.reshape(-1, 2, 3).mean(axis=0)
    if max(abs(row @ row - 1), abs(column @ column - 1), abs(row @ column)) > 2 * COSINE_TOLERANCE:
        raise UnsupportedImageError(
            "ImageOrientationPatient is no pair of unit vectors at a right angle",
            reason="invalid-orientation",
        )
    if np.ptp(np.array([header.spacing_ji_mm for header in headers]), axis=0).max() > SAME_SPACING_MM:
        raise _several("pixel spacing", "mixed-spacing")


def _require_size(count: int, header: ImageHeader) -> None:
    if count * header.rows * header.columns > MAX_VOXELS:
        raise UnsupportedImageError(
            f"expected at most {MAX_VOXELS} voxels, found {count} x {header.rows} x {header.columns}",
            hint="frames far apart, at a small distance between slices, ask for a grid of this size",
            reason="too-large",
        )


def _distinct(heights: FloatArray) -> FloatArray:
    return np.asarray(heights[np.concatenate([[True], np.diff(heights) > SAME_PLACE_MM])])


def _step(
    heights: FloatArray, stated: float | None, thickness_mm: float | None
) -> tuple[float, tuple[str, ...]]:
    """The distance between slices along the normal, and what was assumed."""
    if len(heights) == 1:
        return _lone_step(stated, thickness_mm)
    gaps = np.diff(heights)
    for step_mm, tolerance in _candidates(gaps, stated):
        steps = gaps / step_mm
        if steps.min() > 0.5 and np.abs(steps - np.rint(steps)).max() <= tolerance:
            # Rounded positions would add up over many slices; the whole stretch does not.
            exact = (heights[-1] - heights[0]) / np.rint(steps).sum()
            odd = stated is not None and stated > 0 and abs(exact - stated) > GAP_TOLERANCE * stated
            note = f"the frames lie {exact:.4g} mm apart, not {stated:.4g} mm as the file says" if odd else ""
            return float(exact), (note,) if note else ()
    raise NotOneVolumeError(
        f"expected evenly spaced frames, found gaps of {gaps.min():.4g} to {gaps.max():.4g} mm",
        hint="medseg reads segmentations of one regular volume",
        reason="uneven-spacing",
        smallest_gap_mm=float(gaps.min()),
        largest_gap_mm=float(gaps.max()),
    )


def _candidates(gaps: FloatArray, stated: float | None) -> Iterator[tuple[float, float]]:
    """Steps to try, the likeliest first, and how far gaps may be from whole numbers of them."""
    if stated is not None and stated > 0:
        yield stated, GAP_TOLERANCE
    smallest = float(gaps.min())
    yield smallest, GAP_TOLERANCE
    yield from ((smallest / divisor, DIVISOR_TOLERANCE) for divisor in range(2, MAX_DIVISOR + 1))


def _lone_step(stated: float | None, thickness_mm: float | None) -> tuple[float, tuple[str, ...]]:
    if stated is not None and stated > 0:
        return stated, ()
    if thickness_mm is not None and thickness_mm > 0:
        return thickness_mm, ("there is one slice: its thickness was taken for the distance to the next",)
    raise NotOneVolumeError(
        "expected frames on several slices, or a slice thickness: the distance between slices is unknown",
        hint="export the segmentation again with its pixel measures",
        reason="one-slice",
    )


def _line(index: FloatArray, positions: FloatArray, upright: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Least-squares start and step; straight behind each other where that fits as well."""
    centred = index - index.mean()
    centre = positions.mean(axis=0)
    spread = float(centred @ centred)
    fitted = centred @ (positions - centre) / spread if spread > 0 else upright
    unit = upright / np.linalg.norm(upright)
    straight = (fitted @ unit) * unit
    starts = [centre - index.mean() * step for step in (straight, fitted)]
    off = [
        _residual_mm(index, positions, start, step)
        for start, step in zip(starts, (straight, fitted), strict=True)
    ]
    is_straight = off[0] <= max(2 * off[1], ROUNDING_MM) and off[0] <= ACCEPTED_MM
    return (starts[0], straight) if is_straight else (starts[1], fitted)


def _residual_mm(index: FloatArray, positions: FloatArray, origin: FloatArray, step: FloatArray) -> float:
    return float(np.linalg.norm(positions - origin - np.outer(index, step), axis=1).max())


def _require_regular(residual_mm: float, step_mm: float) -> None:
    accepted_mm = min(ACCEPTED_MM, ACCEPTED_FRACTION * step_mm)
    if residual_mm > accepted_mm:
        raise NotOneVolumeError(
            f"expected frames on a straight line, found one {residual_mm:.3g} mm off the best grid "
            f"({accepted_mm:.3g} mm is accepted)",
            hint="medseg reads segmentations of one regular volume",
            reason="irregular-positions",
            residual_mm=residual_mm,
        )


def _several(what: str, reason: str) -> NotOneVolumeError:
    return NotOneVolumeError(
        f"expected one {what} for all frames, found several",
        hint="medseg reads segmentations of one regular volume",
        reason=reason,
    )
