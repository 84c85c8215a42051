"""The grid that fits all slice positions of a series, or the reason why none does."""

from __future__ import annotations

from collections.abc import Sequence
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

LEAN_EXPLAINS = 2.0
"""A lean that does not make the residual this many times smaller is jitter, no tilt."""

MAX_TILT_DEG = 45.0
"""Gantries tilt by at most 30°; beyond 45° images that lie side by side were taken for a stack."""

MISSING_TOLERANCE = 0.1
"""How far a gap may be from a whole multiple of the regular one, as a fraction of that one."""


@dataclass(frozen=True)
class FittedGrid:
    """A grid and how well the slices lie on it.

    Attributes:
        grid: ``k`` counts the slices along the normal.
        residual_mm: Largest distance between a corner pixel where its own header puts it and where
            the grid puts it, over all slices.
    """

    grid: Grid
    residual_mm: float


def fit_grid(volumes: Sequence[Sequence[ImageHeader]]) -> FittedGrid:
    """Fit one affine to a stack of slices, or to several stacks of the same places.

    Origin and slice step are the least-squares solution over *all* positions (ImagePositionPatient), not
    the distance of the first two: jitter of 0.02 mm would grow to a millimetre over 40 slices. The step
    is a vector: a tilted gantry keeps its shear. Where slices straight behind each other fit as well, they
    are taken to lie so. In the plane, ``j`` steps by PixelSpacing[0] along the column direction and ``i`` by
    PixelSpacing[1] along the row direction (PS3.3 C.7.6.2.1.1).

    Args:
        volumes: ``[t][k]``: at least two slices of one orientation, size and pixel spacing, in the order of
            their positions along the normal, distinct in each volume.

    Raises:
        NotOneVolumeError: The positions lie on no regular grid.
        GeometryError: The spacing is no spacing of an image of a patient.
    """
    headers = tuple(header for volume in volumes for header in volume)
    along_row, along_column = _directions(headers)
    normal = np.cross(along_row, along_column)
    positions = np.array([[position_of(header) for header in volume] for volume in volumes])
    mean_positions = positions.mean(axis=0)

    index = np.arange(len(mean_positions), dtype=np.float64)
    origin, step = _line(index, mean_positions)
    _require_stack(step, normal)
    fitted = _fitted(volumes, origin, step)
    # Jitter in the plane makes the best step lean a little, and readers that know right angles only would
    # refuse the file.
    upright_step = (step @ normal) * normal
    centre = mean_positions.mean(axis=0)
    upright = _fitted(volumes, centre - index.mean() * upright_step, upright_step)
    is_exact_enough = upright.residual_mm <= (EXACT_MM if fitted.residual_mm <= EXACT_MM else ACCEPTED_MM)
    if is_exact_enough and upright.residual_mm <= LEAN_EXPLAINS * fitted.residual_mm:
        fitted = upright
    _require_even(mean_positions, normal, fitted.residual_mm)
    return fitted


def fit_single_slice(volumes: Sequence[Sequence[ImageHeader]], *, allowed: bool) -> FittedGrid:
    """Fit a grid of one slice, whose step along the normal is its thickness: no header says more.

    Args:
        volumes: ``[t][0]``: images of one slice.
        allowed: Whether a user wants that.

    Raises:
        NotOneVolumeError: It is not allowed, or the thickness is unknown.
    """
    headers = [header for volume in volumes for header in volume]
    thickness_mm = headers[0].slice_thickness_mm
    if not allowed or not thickness_mm or thickness_mm < 0:
        raise NotOneVolumeError(
            "expected at least two slices, found one: the distance between slices is unknown"
            + (", and so is its thickness" if allowed else ""),
            hint="give the folder of the whole series, or allow single slices",
            reason="one-slice",
        )
    origin = np.mean([position_of(header) for header in headers], axis=0)
    return _fitted(volumes, origin, thickness_mm * normal_of(headers))


def _fitted(volumes: Sequence[Sequence[ImageHeader]], origin: FloatArray, step: FloatArray) -> FittedGrid:
    headers = [header for volume in volumes for header in volume]
    grid = grid_of(headers, len(volumes[0]), origin, step)
    return FittedGrid(grid, _residual_mm(grid, volumes))


def grid_of(headers: Sequence[ImageHeader], slices: int, origin: FloatArray, step: FloatArray) -> Grid:
    """The grid of slices that begin at ``origin`` and go on by ``step``, in LPS mm."""
    along_row, along_column = _directions(headers)
    row_spacing_mm, column_spacing_mm = _spacing_ji_mm(headers)
    return Grid.from_axes(
        (slices, headers[0].rows, headers[0].columns),
        origin_lps_mm=origin,
        step_k_mm=step,
        step_j_mm=row_spacing_mm * along_column,
        step_i_mm=column_spacing_mm * along_row,
        frame_of_reference_uid=headers[0].frame_of_reference_uid or None,
    )


def position_of(header: ImageHeader) -> FloatArray:
    """ImagePositionPatient as an array, shape ``(3,)``."""
    return np.array(header.position_lps_mm, dtype=np.float64)


def normal_of(headers: Sequence[ImageHeader]) -> FloatArray:
    """The unit vector along which slices are counted: row direction × column direction."""
    return np.cross(*_directions(headers))


def _directions(headers: Sequence[ImageHeader]) -> tuple[FloatArray, FloatArray]:
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


def _spacing_ji_mm(headers: Sequence[ImageHeader]) -> tuple[float, float]:
    spacing = np.array([header.spacing_ji_mm for header in headers], dtype=np.float64)
    row, column = spacing[0] if (spacing == spacing[0]).all() else spacing.mean(axis=0)
    return float(row), float(column)


def _line(index: FloatArray, positions: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Least-squares start and step of points that should lie evenly on a line."""
    centred = index - index.mean()
    step = centred @ (positions - positions.mean(axis=0)) / (centred @ centred)
    return positions.mean(axis=0) - index.mean() * step, step


def _residual_mm(grid: Grid, volumes: Sequence[Sequence[ImageHeader]]) -> float:
    """Largest distance of a corner pixel from where its own header puts it."""
    headers = [header for volume in volumes for header in volume]
    positions = np.array([header.position_lps_mm for header in headers])
    cosines = np.array([header.orientation for header in headers]).reshape(-1, 2, 3)
    spacing = np.array([header.spacing_ji_mm for header in headers])
    # Along j by the column direction and PixelSpacing[0], along i by the row direction and PixelSpacing[1].
    steps_ji = spacing[:, :, np.newaxis] * cosines[:, ::-1]
    corners = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]) * (np.array(grid.shape_kji[1:]) - 1.0)
    stated = positions[:, np.newaxis] + corners @ steps_ji
    index = np.empty((len(headers), len(corners), 3))
    index[:, :, 0] = (np.arange(len(headers)) % grid.shape_kji[0])[:, np.newaxis]
    index[:, :, 1:] = corners
    return float(np.linalg.norm(stated - grid.to_lps_mm(index), axis=2).max())


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
