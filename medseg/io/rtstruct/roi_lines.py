"""What of a structure goes out: its contours on slices of the acquisition, and the outline of its voxels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from medseg.contour import Contour, ContourSet, Origin, Slice, trace_slice
from medseg.io.rtstruct.lines import closed_lines
from medseg.labelmap import LabelMap, Structure, fill
from medseg.space import Grid

NEAR_SLICE = 0.05
"""How many slices off a slice a contour may lie that belongs to it.

Structure sets are drawn on images whose positions were rounded: one of the sarcoma PETs has its contours
0.012 slices off. What a reader drew between two slices lies further off.
"""

Points = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Line:
    """A closed line on a slice.

    Attributes:
        k: Index of the slice.
        points_lps_mm: Its vertices, shape ``(n, 3)``.
    """

    k: int
    points_lps_mm: Points


@dataclass(frozen=True)
class RoiLines:
    """What goes out of a structure.

    Attributes:
        structure: The structure.
        as_drawn: Lines that are contours, vertex by vertex, with holes joined by keyholes.
        outlined: Lines around what contours bound together that overlap or cross.
        traced: Lines around voxels, on slices that have no contour.
        origins: How the contours of the structure came to be, whether they go out or not.
        notes: What a user should know.
    """

    structure: Structure
    as_drawn: tuple[Line, ...]
    outlined: tuple[Line, ...]
    traced: tuple[Line, ...]
    origins: frozenset[Origin]
    notes: tuple[str, ...]


@dataclass
class _Contours:
    """Contours of a structure by where they lie."""

    on_slice: dict[int, list[Contour]] = field(default_factory=dict)
    off_slices: int = 0
    beyond: int = 0


def lines_of(structure: Structure, label_map: LabelMap, contours: ContourSet) -> RoiLines:
    """Find what goes out of a structure.

    A slice that has contours of the structure goes out by them; any other slice on which it, or a part of it,
    has voxels, is traced from these.

    Args:
        structure: A structure of the label map.
        label_map: The voxels.
        contours: All contours of the case.
    """
    grid = label_map.grid
    own = contours.of(structure.id)
    where = _by_slice(own, grid)
    mask = label_map.mask_with_parts(structure.id)
    as_drawn: list[Line] = []
    outlined: list[Line] = []
    for k, group in sorted(where.on_slice.items()):
        lines, are_exact = closed_lines(group)
        (as_drawn if are_exact else outlined).extend(Line(k, line) for line in lines)
    with_voxels = np.flatnonzero(mask.any(axis=(1, 2))).tolist()
    traced = [
        Line(k, line)
        for k in with_voxels
        if k not in where.on_slice
        for line in closed_lines(trace_slice(mask[k], grid, Slice(0, k), structure.id))[0]
    ]
    differing = [
        k
        for k, group in where.on_slice.items()
        if not np.array_equal(fill(group, grid, Slice(0, k)), mask[k])
    ]
    return RoiLines(
        structure,
        tuple(as_drawn),
        tuple(outlined),
        tuple(traced),
        frozenset(contour.origin for contour in own),
        tuple(_notes(structure, label_map, where, outlined, traced, differing)),
    )


def _by_slice(contours: ContourSet, grid: Grid) -> _Contours:
    found = _Contours()
    for contour in contours:
        index_k = grid.to_index(contour.points_lps_mm)[:, 0]
        k = round(float(index_k.mean()))
        if np.abs(index_k - k).max() > NEAR_SLICE:
            found.off_slices += 1
        elif not 0 <= k < grid.shape_kji[0]:
            found.beyond += 1
        else:
            found.on_slice.setdefault(k, []).append(contour)
    return found


def _notes(
    structure: Structure,
    label_map: LabelMap,
    where: _Contours,
    outlined: Sequence[Line],
    traced: Sequence[Line],
    differing: Sequence[int],
) -> Iterator[str]:
    name = structure.name
    if not (where.on_slice or traced):
        yield f"{name} has neither contours nor voxels: its ROI is empty"
    parts = [s.name for s in label_map.structures if s.part_of == structure.id]
    if parts:
        yield f"{name} goes out with its parts: {', '.join(parts)}"
    if traced:
        yield f"{name}: traced from the voxels on {slices_text([line.k for line in traced])}"
    if outlined:
        which = slices_text([line.k for line in outlined])
        yield f"{name}: contours overlap or cross on {which}; the outline of them all goes out"
    if where.off_slices:
        yield (
            f"{name}: contours on no slice of the acquisition go out through the voxels made from them "
            f"({where.off_slices})"
        )
    if where.beyond:
        yield f"{name}: contours beyond the first or last image are left out ({where.beyond})"
    if differing:
        yield (
            f"{name}: on {slices_text(differing)} the contours go out as they are; the label map has other "
            "voxels there: an overlap was decided, planes disagree, or voxels were edited"
        )


def slices_text(slices: Sequence[int]) -> str:
    """Slices as people write them.

    >>> slices_text([3, 4, 5, 9])
    'k=3..5,9'
    """
    numbers = sorted(set(slices))
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return "k=" + ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}..{run[-1]}" for run in runs)
