"""Draw here next: the plane whose contour would tell most."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from math import gcd

import numpy as np
import numpy.typing as npt

from medseg.contour import Slice
from medseg.errors import ContourError
from medseg.interpolation.closeness import drawn_planes, neighbours
from medseg.interpolation.completion import Completion
from medseg.interpolation.drawn import DrawnStructure
from medseg.interpolation.field import Field
from medseg.interpolation.uncertainty import Uncertainty, compared_with, uncertainty
from medseg.progress import Progress, silent

MIN_CHANCE = 0.01
"""Voxels less likely to be wrong are left out."""

MAX_LOOKED_AT = 4_000_000
MAX_VOXELS = 20_000
"""Of more voxels, or more uncertain ones, an even choice is taken: sums over it are as good, and quick."""

MIN_SETTLED_VOXELS = 1.0
"""A plane that settles less than a voxel is not worth drawing."""


@dataclass(frozen=True)
class Suggestion:
    """A slice that is worth drawing.

    Attributes:
        where: The slice.
        settles_mm3: The volume now labelled wrongly that drawing it is expected to put right.
        reason: Why, for people.
    """

    where: Slice
    settles_mm3: float
    reason: str


def best_planes(
    drawn: DrawnStructure,
    field: Field,
    others: Sequence[Field] = (),
    *,
    axes: Sequence[int] = (0, 1, 2),
) -> list[Suggestion]:
    """The slices that are most worth drawing, the best first.

    For each slice of the grid: the volume that is expected to be labelled wrongly (see
    :func:`~medseg.interpolation.uncertainty.uncertainty`) and that a contour there would put right, the
    more of it the nearer it lies. Of the slices between two drawn ones only the best is named.

    Args:
        drawn: The planes drawn so far.
        field: What was made of them.
        others: What other methods make of them.
        axes: Array axes along which to look.

    Returns:
        None on a plane that is drawn; none at all where nothing is uncertain any more.

    Raises:
        ContourError: The structure has no voxel on any drawn plane: draw it once where it is largest.
    """
    if not any(mask.any() for mask in drawn.masks.values()):
        raise ContourError(
            f"structure {drawn.structure_id!r} is drawn nowhere yet",
            hint="draw it first on the slice where it is largest",
            structure_id=drawn.structure_id,
        )
    voxels_kji, chances, share = _uncertain(uncertainty(drawn, field, others))
    found = [
        suggestion
        for axis in sorted(set(axes))
        for suggestion in _along(drawn, axis, voxels_kji, chances, share)
    ]
    return sorted(found, key=lambda suggestion: (-suggestion.settles_mm3, suggestion.where))


def draw_next(
    completion: Completion,
    structure_id: str,
    *,
    axes: Sequence[int] = (0, 1, 2),
    progress: Progress = silent,
) -> list[Suggestion]:
    """The slices on which a completed structure is most worth drawing; see :func:`best_planes`.

    Args:
        completion: Completed structures.
        structure_id: One of them.
        axes: Array axes along which to look.
        progress: Called once before.

    Raises:
        ContourError: The structure was not drawn.
    """
    if structure_id not in completion.structures:
        raise ContourError(
            f"structure {structure_id!r} is drawn nowhere yet",
            hint="draw it first on the slice where it is largest",
            structure_id=structure_id,
        )
    progress("Looking for the next plane", 0, 1)
    completed = completion.structures[structure_id]
    return best_planes(completed.drawn, completed.field, compared_with(completed), axes=axes)


def _uncertain(
    found: Uncertainty,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32], float]:
    """Voxels that may be wrong, how likely they are, and how many each of them stands for."""
    flat = found.chances.ravel()
    # Without a common factor, every n-th voxel falls on all rows and columns alike.
    per_plane = found.chances[0].size
    step = next(n for n in count(max(1, flat.size // MAX_LOOKED_AT)) if gcd(n, per_plane) == 1)
    at = step * np.flatnonzero(flat[::step] > MIN_CHANCE)
    share = max(1, -(-len(at) // MAX_VOXELS))
    at = at[::share]
    voxels = np.stack(np.unravel_index(at, found.chances.shape), axis=1) + found.corner_kji
    return np.ascontiguousarray(voxels, dtype=np.int64), flat[at], float(step * share)


def _along(
    drawn: DrawnStructure,
    axis: int,
    voxels_kji: npt.NDArray[np.int64],
    chances: npt.NDArray[np.float32],
    share: float,
) -> Iterator[Suggestion]:
    """The best slice of each gap between drawn slices along an axis, and beyond the outermost."""
    from medseg.interpolation.doubt import add_settled

    grid = drawn.grid
    settled = np.zeros(grid.shape_kji[axis])
    near, planes = neighbours(drawn, axis), drawn_planes(drawn)
    add_settled(
        settled, voxels_kji, chances, axis, near, grid.spacing_kji_mm[axis], planes.tables, planes.sheets
    )  # fmt: skip
    for below in np.unique(near[0]):
        gap = np.flatnonzero((near[0] == below) & (near[1] != below))
        if not gap.size:
            continue
        index = int(gap[settled[gap].argmax()])
        if share * settled[index] >= MIN_SETTLED_VOXELS:
            yield Suggestion(
                Slice(axis, index),
                float(share * settled[index] * grid.voxel_volume_mm3),
                _reason(drawn, axis, near[:, index]),
            )


def _reason(drawn: DrawnStructure, axis: int, between: npt.NDArray[np.int64]) -> str:
    name, (below, above) = "kji"[axis], between.tolist()
    ends = below < 0, above >= drawn.grid.shape_kji[axis]
    if all(ends):
        return f"nothing is drawn along {name} yet"
    if any(ends):
        return f"nothing is drawn {'below' if ends[0] else 'above'} {name}={above if ends[0] else below}"
    return f"the most uncertain place between {name}={below} and {name}={above}"
