"""Parallel slices at uneven distances → evenly spaced slices between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from medseg.errors import NotOneVolumeError
from medseg.space.plane import FloatArray

IntArray = npt.NDArray[np.intp]

SAME_POSITION_MM = 0.01
"""Two slices closer than this along the normal are one position: no scanner steps by 10 µm."""

SAME_PLACE_MM = 0.05
"""An even slice this close to a slice as acquired is a copy of it: scanners round positions this coarsely."""

SAME_PLACE_FRACTION = 0.1
"""The same as a fraction of the slice distance, for stacks finer than 0.5 mm."""

OFF_LINE_MM = 0.15
"""A slice further off the straight line of its stack makes it no stack: a fifth of a fine pixel (0.7 mm)."""

STEP_QUANTILE = 0.25
"""Which of the gaps, in order of size, becomes the even step.

The smallest would let one odd gap between two runs multiply the volume; the median would pass over thin
slices that are nearly half of the stack. The lower quartile does neither.
"""

MAX_INTERPOLATED_GAP_MM = 10.0
"""No values are made up across a wider gap: it could hide a whole measurable lesion, which is 10 mm in its
longest diameter (RECIST 1.1, Eisenhauer et al., Eur J Cancer 2009;45:228-247)."""

MAX_GAP_IN_STEPS = 10.0
"""Nor across more steps than this: more than nine made-up slices between two acquired ones are no image."""

MISSING_FROM = 1.5
"""A refused gap of this many steps or more is a hole with slices missing; below, the spacing is uneven."""

LISTED_RUNS = 5
"""So many runs of gaps are told apart in a sentence."""


@dataclass(frozen=True, eq=False)
class EvenSlices:
    """Evenly spaced slices between uneven ones: where they lie and what each is made of.

    Attributes:
        origin_lps_mm: Centre of the first pixel of the first slice.
        step_k_mm: From one slice to the next; leans where the stack leans.
        lower: The slice as acquired at or before each even one, shape ``(k,)``.
        fraction: How far each lies towards the slice after that, 0 to below 1, shape ``(k,)``; 0 is a copy.
        residual_mm: Largest distance of an acquired slice from the line, in its plane.
        warnings: What was made up, where, and what was left out.
    """

    origin_lps_mm: FloatArray
    step_k_mm: FloatArray
    lower: IntArray
    fraction: FloatArray
    residual_mm: float
    warnings: tuple[str, ...]

    @property
    def count(self) -> int:
        """Number of even slices."""
        return len(self.lower)


def plan_even_slices(positions_lps_mm: npt.ArrayLike, normal: npt.ArrayLike) -> EvenSlices:
    """Plan even slices along the line of parallel slices at uneven distances.

    The first slice stays where it is; the step is the lower quartile of the gaps (:data:`STEP_QUANTILE`), so
    that a regular run at the start comes out as it was. Nothing is extrapolated: the stack ends
    with the last even slice before the last acquired one.

    Args:
        positions_lps_mm: Centre of the first pixel of each slice (ImagePositionPatient), shape ``(n, 3)``,
            at least two, in ascending order along the normal.
        normal: Unit vector at a right angle to all slices, shape ``(3,)``.

    Raises:
        NotOneVolumeError: Two slices lie in one place (``duplicate-positions``), a slice is off the line
            (``irregular-positions``), or a gap is too wide to be filled (``missing-slices`` where it is
            far above the others, else ``uneven-spacing``).
        ValueError: The positions are not in ascending order, or are fewer than two.
    """
    positions = np.asarray(positions_lps_mm, dtype=np.float64)
    depth_mm = positions @ np.asarray(normal, dtype=np.float64)
    if len(depth_mm) < 2 or (np.diff(depth_mm) < 0).any():
        raise ValueError("positions_lps_mm must be two or more in ascending order along the normal")
    _require_distinct(np.diff(depth_mm))
    origin, direction, residual_mm = _straight_line(positions, depth_mm)

    along_mm = (depth_mm - depth_mm[0]) * float(np.linalg.norm(direction))
    gaps_mm = np.diff(along_mm)
    step_mm, same_place_mm = _even_step(gaps_mm)
    _require_small_gaps(gaps_mm, step_mm)
    wanted_mm = step_mm * np.arange(int((along_mm[-1] + same_place_mm) // step_mm) + 1, dtype=np.float64)
    lower, fraction = _neighbours(wanted_mm, along_mm, same_place_mm)
    left_out_mm = float(along_mm[-1] - wanted_mm[-1])
    return EvenSlices(
        origin_lps_mm=origin,
        step_k_mm=direction / np.linalg.norm(direction) * step_mm,
        lower=lower,
        fraction=fraction,
        residual_mm=residual_mm,
        warnings=(
            _interpolation_warning(gaps_mm, step_mm, lower, fraction, same_place_mm),
            *_loss_warnings(lower, fraction, len(along_mm), left_out_mm, same_place_mm),
        ),
    )


def _straight_line(positions: FloatArray, depth_mm: FloatArray) -> tuple[FloatArray, FloatArray, float]:
    """Least-squares line: its point at the first slice, its step per mm of depth, the largest distance."""
    centre, middle_mm = positions.mean(axis=0), depth_mm.mean()
    centred_mm = depth_mm - middle_mm
    direction = centred_mm @ (positions - centre) / (centred_mm @ centred_mm)
    off_mm = np.linalg.norm(positions - centre - centred_mm[:, np.newaxis] * direction, axis=1)
    worst = int(off_mm.argmax())
    if off_mm[worst] > OFF_LINE_MM:
        raise NotOneVolumeError(
            f"expected slice positions on a straight line, found slice {worst + 1} {off_mm[worst]:.3g} mm "
            f"off it ({OFF_LINE_MM} mm is accepted)",
            hint="the slices are shifted in their planes; they are counted from 1 along the normal",
            reason="irregular-positions",
            residual_mm=float(off_mm[worst]),
        )
    return centre + centred_mm[0] * direction, direction, float(off_mm[worst])


def _even_step(gaps_mm: FloatArray) -> tuple[float, float]:
    """The even step, and how close to a slice counts as its place.

    The step is the mean of the gaps like the chosen one: the rounding of a single gap would add up.
    """
    chosen_mm = float(np.quantile(gaps_mm, STEP_QUANTILE, method="higher"))
    same_place_mm = min(SAME_PLACE_MM, SAME_PLACE_FRACTION * chosen_mm)
    return float(gaps_mm[np.abs(gaps_mm - chosen_mm) <= same_place_mm].mean()), same_place_mm


def _require_distinct(gaps_mm: FloatArray) -> None:
    at = int(gaps_mm.argmin())
    if gaps_mm[at] < SAME_POSITION_MM:
        raise NotOneVolumeError(
            f"expected one slice at each position, found slices {at + 1} and {at + 2} in the same place",
            hint="several time points, echoes, b-values or reconstructions may share the series",
            reason="duplicate-positions",
            slices=[at + 1, at + 2],
        )


def _require_small_gaps(gaps_mm: FloatArray, step_mm: float) -> None:
    """Refuse to fill a hole: what lay in it is not known from its edges."""
    limit_mm = min(MAX_INTERPOLATED_GAP_MM, MAX_GAP_IN_STEPS * step_mm)
    at = int(gaps_mm.argmax())
    if gaps_mm[at] <= limit_mm:
        return
    raise NotOneVolumeError(
        f"expected gaps of at most {limit_mm:.4g} mm to interpolate across, found {gaps_mm[at]:.4g} mm "
        f"between slices {at + 1} and {at + 2} (even step {step_mm:.4g} mm)",
        hint="fetch the whole series again; slices are counted from 1 along the normal",
        reason="missing-slices" if gaps_mm[at] > MISSING_FROM * step_mm else "uneven-spacing",
        after_slice=at + 1,
        gap_mm=float(gaps_mm[at]),
        limit_mm=limit_mm,
        step_mm=step_mm,
    )


def _neighbours(
    wanted_mm: FloatArray, along_mm: FloatArray, same_place_mm: float
) -> tuple[IntArray, FloatArray]:
    """For each wanted place the slice at or before it, and the fraction of the gap after that slice."""
    lower = np.clip(np.searchsorted(along_mm, wanted_mm, side="right") - 1, 0, len(along_mm) - 2)
    after_mm, before_mm = wanted_mm - along_mm[lower], along_mm[lower + 1] - wanted_mm
    fraction = after_mm / (after_mm + before_mm)
    fraction[after_mm <= same_place_mm] = 0
    at_next = before_mm <= same_place_mm
    fraction[at_next] = 0
    return lower + at_next, fraction


def _interpolation_warning(
    gaps_mm: FloatArray, step_mm: float, lower: IntArray, fraction: FloatArray, same_place_mm: float
) -> str:
    made = np.bincount(lower[fraction > 0], minlength=len(gaps_mm))
    starts = np.flatnonzero(np.abs(np.diff(gaps_mm, prepend=-np.inf)) > same_place_mm)
    runs = [
        f"{made[first:end].sum()} across {gaps_mm[first]:.4g} mm (slices {first + 1} to {end + 1})"
        for first, end in zip(starts, [*starts[1:], len(gaps_mm)], strict=True)
        if made[first:end].any()
    ]
    where = ": " + ", ".join(runs[:LISTED_RUNS]) + (", …" if len(runs) > LISTED_RUNS else "") if runs else ""
    return (
        f"The slices lay {gaps_mm.min():.4g} to {gaps_mm.max():.4g} mm apart and were resampled every "
        f"{step_mm:.4g} mm; {made.sum()} of {len(lower)} slices are interpolated{where}."
    )


def _loss_warnings(
    lower: IntArray, fraction: FloatArray, acquired: int, left_out_mm: float, same_place_mm: float
) -> tuple[str, ...]:
    unused = acquired - len(np.union1d(lower, lower[fraction > 0] + 1))
    remarks = {
        f"{unused} of {acquired} acquired slices lie between the even ones and were passed over.": unused > 0,
        f"The last {left_out_mm:.3g} mm of the stack are less than a step and were left out.": (
            left_out_mm > same_place_mm
        ),
    }
    return tuple(sentence for sentence, true in remarks.items() if true)
