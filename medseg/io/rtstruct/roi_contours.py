"""The closed contours of an ROI, as contours of a structure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt

from medseg.contour import Contour, Origin
from medseg.errors import ContourError
from medseg.io.rtstruct.combine import by_exclusive_or, by_plane, count_redundant, without_keyholes
from medseg.io.rtstruct.contour_data import points_of
from medseg.io.rtstruct.plane_fit import PlaneFinder
from medseg.io.rtstruct.structure_set import Roi
from medseg.labelmap import Structure

CLOSED = "CLOSED_PLANAR"
EXCLUSIVE = "CLOSEDPLANAR_XOR"

FLAT_MM = 0.01
"""A contour whose points lie this close to their plane is flat: it moves by no more than contours may."""

MAX_OFF_PLANE_MM = 0.1
"""Points further off their plane are not coplanar. On an oblique slice coordinates of one decimal, the
coarsest that are met, lie up to 0.09 mm off; the thinnest slices are several times as far apart."""

Points = npt.NDArray[np.float64]


@dataclass(frozen=True)
class RoiContours:
    """What an ROI holds.

    Attributes:
        contours: Outer contours and holes, in the order of the file.
        closed: How many closed contours the file has.
        notes: What was left out or assumed.
    """

    contours: tuple[Contour, ...]
    closed: int
    notes: tuple[str, ...]


def contours_of_roi(roi: Roi, structure: Structure, *, nested_are_holes: bool) -> RoiContours:
    """Make contours of an ROI.

    Args:
        roi: The ROI.
        structure: The structure that it stands for.
        nested_are_holes: Whether a closed contour inside another one is a hole in it.

    Raises:
        UnreadableFileError: A contour's numbers are damaged.
        ContourError: A closed contour's points are not coplanar.
    """
    name = structure.name
    lines: dict[str, list[Points]] = {CLOSED: [], EXCLUSIVE: []}
    passed_over: Counter[str] = Counter()
    for number, contour in enumerate(roi.contours, 1):
        kind = contour.kind or CLOSED
        if kind in lines:
            lines[kind].append(points_of(contour, f"contour {number} of {name}"))
        else:
            passed_over[kind if kind.isprintable() else "unknown"] += 1
    united = _drawn(lines[CLOSED], structure)
    exclusive = _drawn(lines[EXCLUSIVE], structure)
    contours, notes = _united(united.contours, name, nested_are_holes=nested_are_holes)
    combined, further_notes = _exclusive(exclusive.contours, name)
    closed = sum(map(len, lines.values()))
    return RoiContours(
        (*contours, *combined),
        closed,
        (
            *_notes_on_kinds(name, passed_over),
            *_notes_on_damage(name, united.lost + exclusive.lost, max(united.moved_mm, exclusive.moved_mm)),
            *notes,
            *further_notes,
        ),
    )


def _united(
    contours: Sequence[Contour], name: str, *, nested_are_holes: bool
) -> tuple[list[Contour], tuple[str, ...]]:
    """Contours that unite where they overlap, and what is to be said about those inside others."""
    groups = list(by_plane(contours))
    is_nested = [count_redundant(group) > 0 for group in groups]
    if not any(is_nested):
        return list(contours), ()
    if not nested_are_holes:
        meant = "if holes are meant, the file says them neither as keyholes nor as CLOSEDPLANAR_XOR"
        note = f"{name}: contours lie inside others and unite with them (planes: {sum(is_nested)}); {meant}"
        return list(contours), (note,)
    cut = (
        by_exclusive_or(group)[0] if nested else group
        for group, nested in zip(groups, is_nested, strict=True)
    )
    return list(chain.from_iterable(cut)), (
        f"{name}: contours inside others were taken for holes in them (planes: {sum(is_nested)})",
    )


def _exclusive(contours: Sequence[Contour], name: str) -> tuple[list[Contour], tuple[str, ...]]:
    """Contours that combine by exclusive or, and what is to be said about those that cross."""
    combined = [by_exclusive_or(group) for group in by_plane(contours)]
    crossing = sum(not as_drawn for _, as_drawn in combined)
    note = f"{name}: CLOSEDPLANAR_XOR contours cross; what they leave was outlined (planes: {crossing})"
    return list(chain.from_iterable(group for group, _ in combined)), (note,) if crossing else ()


@dataclass(frozen=True)
class _Drawn:
    """Closed lines as contours, keyholes opened.

    Attributes:
        contours: In the order of the file.
        lost: How many lines bound no area.
        moved_mm: How far a point was moved to lie on the plane of its contour.
    """

    contours: tuple[Contour, ...]
    lost: int
    moved_mm: float


def _drawn(lines: Sequence[Points], structure: Structure) -> _Drawn:
    finder = PlaneFinder()
    made: dict[int, tuple[Contour, ...]] = {}
    moved_mm = 0.0
    for number in sorted(range(len(lines)), key=lambda n: -_extent_mm(lines[n])):
        line = lines[number]
        if len(line) < 3 or np.linalg.matrix_rank(line - line[0]) < 2:
            continue
        plane = finder.plane_of(line)
        off_mm = float(np.abs(plane.distance_mm(line)).max())
        _require_flat(off_mm, structure.name)
        moved_mm = max(moved_mm, off_mm)
        try:
            contour = Contour(plane, plane.to_plane_mm(line), structure.id, origin=Origin.IMPORTED)
        except ContourError:
            # What rounding spread in three dimensions may be one line in its plane.
            continue
        made[number] = without_keyholes(contour)
    kept = [made[number] for number in sorted(made) if made[number]]
    return _Drawn(tuple(chain.from_iterable(kept)), len(lines) - len(kept), moved_mm)


def _require_flat(off_mm: float, name: str) -> None:
    if off_mm > MAX_OFF_PLANE_MM:
        raise ContourError(
            f"expected coplanar points in a closed contour of {name}, but they lie up to {off_mm:.3g} mm off "
            "their plane",
            hint="export it again on the slices of an image",
            reason="not-planar",
            max_mm=off_mm,
        )


def _extent_mm(line: Points) -> float:
    return float(np.ptp(line, axis=0).max()) if len(line) else 0.0


def _notes_on_kinds(name: str, passed_over: Counter[str]) -> Iterator[str]:
    if passed_over:
        counted = ", ".join(f"{count} {kind}" for kind, count in sorted(passed_over.items()))
        yield f"{name}: left out, as they bound nothing: {counted}"


def _notes_on_damage(name: str, lost: int, moved_mm: float) -> Iterator[str]:
    if lost:
        yield f"{name}: left out: {lost} closed contours of fewer than three points or on one line"
    if moved_mm > FLAT_MM:
        yield f"{name}: contours were flattened by up to {moved_mm:.2g} mm: they are not quite planar"
