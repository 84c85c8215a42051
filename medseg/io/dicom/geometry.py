"""The grid that fits all slice positions of a series, or the reason why none does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from medseg.errors import NotOneVolumeError
from medseg.io.dicom.header import ImageHeader
from medseg.space import Grid
from medseg.space.plane import FloatArray

EXACT_MM = 0.05
"""A slice this close to its place needs no word: scanners round positions to 0.01 mm or coarser."""

ACCEPTED_MM = 0.15
"""A slice this close is accepted with a warning; further off, the series is refused.

About a fifth of a fine pixel (0.7 mm): invisible in a contour, but worth knowing in a measurement.
"""

ACCEPTED_FRACTION = 0.25
"""Most that a slice may be off as a fraction of the slice distance, for stacks finer than 0.6 mm.

One slice missing in the middle of a stack leaves half of a distance, at its end a whole one.
"""

SAME_POSITION_MM = 0.01
"""Two slices closer than this along the normal are one position: no scanner steps by 10 µm."""

MAX_TILT_DEG = 45.0
"""Gantries tilt by at most 30°; beyond 45° images that lie side by side were taken for a stack."""

MISSING_TOLERANCE = 0.1
"""How far a gap may be from a whole multiple of the regular one, as a fraction of that one."""


@dataclass(frozen=True)
class FittedGrid:
    """A grid and how well the slices lie on it.

    Attributes:
        grid: ``k`` counts the slices along the normal.
        headers: The slices in the order of ``k``.
        residual_mm: Largest distance between a corner pixel where its own header puts it and where
            the grid puts it, over all slices.
    """

    grid: Grid
    headers: tuple[ImageHeader, ...]
    residual_mm: float


def fit_grid(headers: tuple[ImageHeader, ...]) -> FittedGrid:
    """Fit one affine to a stack of slices.

    Origin and slice step are the least-squares solution over *all* positions (ImagePositionPatient), not
    the distance of the first two: jitter of 0.02 mm would grow to a millimetre over 40 slices. The step
    is a vector: a tilted gantry keeps its shear. In the plane, ``j`` steps by PixelSpacing[0] along the
    column direction and ``i`` by PixelSpacing[1] along the row direction (PS3.3 C.7.6.2.1.1).

    Args:
        headers: At least two slices of one orientation, size and pixel spacing, in any order.

    Raises:
        NotOneVolumeError: Positions repeat, or lie on no regular grid.
        GeometryError: The spacing is no spacing of an image of a patient.
    """
    along_row, along_column = _directions(headers)
    normal = np.cross(along_row, along_column)
    ordered = tuple(sorted(headers, key=lambda header: (float(_position(header) @ normal), str(header.path))))
    positions = np.array([_position(header) for header in ordered])
    _require_distinct(ordered, positions @ normal)

    index = np.arange(len(ordered), dtype=np.float64)
    origin, step = _line(index, positions)
    _require_stack(step, normal)
    row_spacing_mm, column_spacing_mm = _spacing_ji_mm(headers)
    grid = Grid.from_axes(
        (len(ordered), headers[0].rows, headers[0].columns),
        origin_lps_mm=origin,
        step_k_mm=step,
        step_j_mm=row_spacing_mm * along_column,
        step_i_mm=column_spacing_mm * along_row,
        frame_of_reference_uid=headers[0].frame_of_reference_uid or None,
    )
    residual_mm = _residual_mm(grid, ordered)
    _require_even(positions, normal, residual_mm)
    return FittedGrid(grid, ordered, residual_mm)


def _position(header: ImageHeader) -> FloatArray:
    return np.array(header.position_lps_mm, dtype=np.float64)


def _directions(headers: tuple[ImageHeader, ...]) -> tuple[FloatArray, FloatArray]:
    """The two in-plane directions, mean over all slices, as the nearest pair at a right angle.

    Headers hold cosines rounded to a few digits; left alone they would pass for shear.
    """
    cosines = np.array([header.orientation for header in headers], dtype=np.float64)
    mean = cosines.mean(axis=0).reshape(2, 3)
    u, _, v = np.linalg.svd(mean, full_matrices=False)
    along_row, along_column = u @ v
    if np.array_equal(np.abs(mean).sum(axis=1), [1, 1]) and np.isin(mean, [-1, 0, 1]).all():
        along_row, along_column = mean  # exact as it is; the decomposition would add 1e-16
    return along_row, along_column


def _spacing_ji_mm(headers: tuple[ImageHeader, ...]) -> tuple[float, float]:
    spacing = np.array([header.spacing_ji_mm for header in headers], dtype=np.float64)
    row, column = spacing[0] if (spacing == spacing[0]).all() else spacing.mean(axis=0)
    return float(row), float(column)


def _line(index: FloatArray, positions: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Least-squares start and step of points that should lie evenly on a line."""
    centred = index - index.mean()
    step = centred @ (positions - positions.mean(axis=0)) / (centred @ centred)
    return positions.mean(axis=0) - index.mean() * step, step


def _residual_mm(grid: Grid, ordered: tuple[ImageHeader, ...]) -> float:
    corners = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]) * (np.array(grid.shape_kji[1:]) - 1.0)
    worst = 0.0
    for k, header in enumerate(ordered):
        cosines = np.array(header.orientation).reshape(2, 3)
        steps_ji = np.array(header.spacing_ji_mm)[:, np.newaxis] * cosines[::-1]
        stated = _position(header) + corners @ steps_ji
        fitted = grid.to_lps_mm(np.column_stack([np.full(4, k), corners]))
        worst = max(worst, float(np.linalg.norm(stated - fitted, axis=1).max()))
    return worst


def _require_distinct(ordered: tuple[ImageHeader, ...], distances_mm: FloatArray) -> None:
    repeated = np.diff(distances_mm) < SAME_POSITION_MM
    if not repeated.any():
        return
    levels = int((~repeated).sum()) + 1
    first = int(np.flatnonzero(repeated)[0])
    names = [f"{one.path.parent.name}/{one.path.name}" for one in ordered[first : first + 2]]
    raise NotOneVolumeError(
        f"expected one image at each position, found {len(ordered)} images at {levels} position(s): "
        f"{names[0]} and {names[1]} lie in the same place",
        hint="several time points, echoes, b-values or reconstructions may share the series",
        reason="duplicate-positions",
        images=len(ordered),
        positions=levels,
    )


def _require_stack(step: FloatArray, normal: FloatArray) -> None:
    tilt_deg = float(np.degrees(np.arccos(min(1.0, float(step @ normal) / float(np.linalg.norm(step))))))
    if tilt_deg > MAX_TILT_DEG:
        raise NotOneVolumeError(
            f"expected slices behind each other, found a stack that leans by {tilt_deg:.1f}°",
            hint="the images lie side by side rather than in a stack",
            reason="irregular-positions",
            tilt_deg=tilt_deg,
        )


def _require_even(positions: FloatArray, normal: FloatArray, residual_mm: float) -> None:
    """Refuse slices missing, spacing uneven, or positions off the line.

    Holes are looked for however close the grid is: in a fine stack a whole slice is a small distance.
    """
    steps = np.diff(positions, axis=0)
    gaps_mm = np.linalg.norm(steps, axis=1)
    regular_mm = float(np.median(gaps_mm[gaps_mm <= gaps_mm.min() * 1.5]))
    multiples = np.round(gaps_mm / regular_mm)
    if _fits_with_holes(positions, multiples, regular_mm):
        raise _missing(gaps_mm, multiples, regular_mm)
    accepted_mm = min(ACCEPTED_MM, ACCEPTED_FRACTION * regular_mm)
    if residual_mm <= accepted_mm:
        return
    if np.ptp(steps @ normal) > accepted_mm:
        raise NotOneVolumeError(
            f"expected even spacing between slices, found {gaps_mm.min():.4g} to {gaps_mm.max():.4g} mm: "
            f"the best grid is {residual_mm:.3g} mm off ({accepted_mm:.3g} mm is accepted)",
            hint="the series may hold several acquisitions",
            reason="uneven-spacing",
            smallest_gap_mm=float(gaps_mm.min()),
            largest_gap_mm=float(gaps_mm.max()),
            residual_mm=residual_mm,
        )
    raise NotOneVolumeError(
        f"expected slice positions on a straight line, found one {residual_mm:.3g} mm off the best grid "
        f"({accepted_mm:.3g} mm is accepted)",
        hint="the slices are shifted in their planes",
        reason="irregular-positions",
        residual_mm=residual_mm,
    )


def _fits_with_holes(positions: FloatArray, multiples: FloatArray, regular_mm: float) -> bool:
    """Whether the slices are regular once holes are left between them.

    At least half of the gaps must be the regular one: any uneven series fits holes of a tiny step.
    """
    if (multiples > 1).sum() * 2 > len(multiples) or not (multiples > 1).any():
        return False
    index = np.concatenate([[0.0], np.cumsum(multiples)])
    origin, step = _line(index, positions)
    off_mm = np.linalg.norm(positions - origin - index[:, np.newaxis] * step, axis=1).max()
    exact_mm = min(EXACT_MM, ACCEPTED_FRACTION * regular_mm)
    return bool(off_mm <= max(exact_mm, MISSING_TOLERANCE * regular_mm))


def _missing(gaps_mm: FloatArray, multiples: FloatArray, regular_mm: float) -> NotOneVolumeError:
    holes = [
        {"after_slice": int(at) + 1, "gap_mm": float(gaps_mm[at]), "missing": int(multiples[at]) - 1}
        for at in np.flatnonzero(multiples > 1)
    ]
    total = sum(int(multiples[at]) - 1 for at in np.flatnonzero(multiples > 1))
    found = ", ".join(
        f"{hole['gap_mm']:.4g} mm between slices {hole['after_slice']} and {int(hole['after_slice']) + 1}"
        for hole in holes[:5]
    ) + (" …" if len(holes) > 5 else "")
    return NotOneVolumeError(
        f"expected {regular_mm:.4g} mm between slices, found {found}: "
        f"{total} slice{'s' if total > 1 else ''} missing",
        hint="fetch the whole series again; slices are counted from 1 along the normal",
        reason="missing-slices",
        expected_mm=regular_mm,
        missing=total,
        gaps=holes,
    )
