"""Uncertainty: for each voxel the chance that its label is wrong."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from medseg.interpolation.beyond import Beyond, beyond
from medseg.interpolation.closeness import drawn_planes
from medseg.interpolation.completion import CompletedStructure, Completion
from medseg.interpolation.drawn import DrawnStructure
from medseg.interpolation.field import Field
from medseg.interpolation.registry import METHODS, PARALLEL, PREVIEW
from medseg.progress import Progress, silent
from medseg.space import Box, box_at

WIDTH_PER_MM_BEYOND = 0.37
"""As :attr:`Widths.per_mm`, beyond the last plane: fitted to structures of which one slice, or three in the
middle, were given."""

MAX_THREADS = 4


@dataclass(frozen=True)
class Widths:
    """What the width of a voxel's depth is made of: see :mod:`~medseg.interpolation.doubt`.

    Attributes:
        roughness_voxels: Beside a drawn plane, in the smallest edge of a voxel.
        per_mm: By how much it grows with the distance to the planes.
        per_mm_apart: By how much it grows with the distance of methods' depths.
    """

    roughness_voxels: float
    per_mm: float
    per_mm_apart: float


ALONE = Widths(0.33, 0.30, 0.0)
COMPARED = Widths(0.25, 0.20, 1.4)
"""For a method alone, and beside another.

Fitted by maximum likelihood to sarcomas, organs and brain structures of half of the patients: drawn on every
third to eighth slice, on slices 8 apart and crossing planes, and on 4 to 7 planes chosen by ``draw_next``.
"""


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """The chance of a wrong label, voxel by voxel.

    Attributes:
        corner_kji: Index of the box's first voxel in the grid.
        chances: For each voxel of the box the chance that its label is wrong, 0 to 1, ``[k, j, i]``.
            Outside the box it is 0.
    """

    corner_kji: tuple[int, int, int]
    chances: npt.NDArray[np.float32]

    @property
    def box(self) -> Box:
        """The box as an index into the grid."""
        return box_at(self.corner_kji, self.chances.shape)


def uncertainty(drawn: DrawnStructure, field: Field, others: Sequence[Field] = ()) -> Uncertainty:
    """The chance, voxel by voxel, that the label of a completed structure is wrong.

    The true depth of a voxel is taken to lie around the field's, the more widely the farther the drawn planes
    are and the more other methods disagree. Beyond the last of parallel planes, and off a single one, the
    structure may go on (see :func:`~medseg.interpolation.beyond.beyond`). Drawn voxels are sure.

    Args:
        drawn: The planes that constrained the structure.
        field: What was made of them.
        others: What other methods make of them.
    """
    ends = list(beyond(drawn))
    boxes = [(field.corner_kji, field.depth_mm.shape), *((end.corner_kji, end.shape_kji) for end in ends)]
    corner = np.min([corner for corner, _ in boxes], axis=0)
    shape = np.max([np.add(*box) for box in boxes], axis=0) - corner
    k, j, i = corner.tolist()
    found = Uncertainty((k, j, i), np.zeros(shape, dtype=np.float32))
    widths = COMPARED if others else ALONE
    roughness_mm = widths.roughness_voxels * min(drawn.grid.spacing_kji_mm)
    squared_apart = _squared_apart(field, others, widths.per_mm_apart)
    with ThreadPoolExecutor(min(MAX_THREADS, os.cpu_count() or 1)) as threads:
        _fill_between(found, drawn, field, squared_apart, (roughness_mm, widths.per_mm), threads)
        for end in ends:
            _fill_beyond(found, end, (roughness_mm, WIDTH_PER_MM_BEYOND), threads)
    return found


def uncertainty_map(completion: Completion, progress: Progress = silent) -> npt.NDArray[np.float32]:
    """The chance, voxel by voxel of the grid, that the label is wrong: the largest of all structures'.

    Args:
        completion: Completed structures.
        progress: Called before each structure.
    """
    chances = np.zeros(completion.label_map.grid.shape_kji, dtype=np.float32)
    for number, completed in enumerate(completion.structures.values()):
        progress("Estimating uncertainty", number, len(completion.structures))
        found = uncertainty(completed.drawn, completed.field, compared_with(completed))
        np.maximum(chances[found.box], found.chances, out=chances[found.box])
    return chances


def compared_with(completed: CompletedStructure) -> tuple[Field, ...]:
    """What another method makes of the same slices; nothing where planes are mixed."""
    if completed.drawn.parallel_axis is None:
        return ()
    other = PARALLEL if completed.method == PREVIEW else PREVIEW
    return (METHODS[other].complete(completed.drawn, None, silent),)


def _fill_between(
    found: Uncertainty,
    drawn: DrawnStructure,
    field: Field,
    squared_apart: npt.NDArray[np.float32],
    width_mm: tuple[float, float],
    threads: ThreadPoolExecutor,
) -> None:
    from medseg.interpolation.doubt import fill_between

    k, j, i = field.corner_kji
    chances = found.chances[_window(found, field.corner_kji, field.depth_mm.shape)]
    planes = drawn_planes(drawn)

    def fill(part: slice) -> None:
        fill_between(
            chances[part], field.depth_mm[part], squared_apart[part], (k + part.start, j, i), planes.tables,
            planes.sheets, *width_mm,
        )  # fmt: skip

    list(threads.map(fill, _shares(len(chances))))


def _fill_beyond(
    found: Uncertainty, end: Beyond, width_mm: tuple[float, float], threads: ThreadPoolExecutor
) -> None:
    from medseg.interpolation.doubt import fill_beyond

    box = found.chances[_window(found, end.corner_kji, end.shape_kji)]
    chances = np.moveaxis(box, end.axis, 0)

    def fill(part: slice) -> None:
        first = end.off_plane_mm + np.float32(part.start * end.step_mm)
        fill_beyond(
            chances[part], end.off_axis_mm, first, end.step_mm, end.radius_mm, end.weight, *width_mm
        )  # fmt: skip

    list(threads.map(fill, _shares(len(chances))))


def _window(
    found: Uncertainty, corner_kji: tuple[int, int, int], shape_kji: tuple[int, ...]
) -> tuple[slice, ...]:
    starts = np.subtract(corner_kji, found.corner_kji).tolist()
    return tuple(slice(start, start + n) for start, n in zip(starts, shape_kji, strict=True))


def _shares(planes: int) -> Iterable[slice]:
    size = max(1, -(-planes // (4 * MAX_THREADS)))
    return (slice(start, min(start + size, planes)) for start in range(0, planes, size))


def _squared_apart(field: Field, others: Sequence[Field], factor: float) -> npt.NDArray[np.float32]:
    """What other methods' distance from a field adds to the squared widths, in mm²; empty without any."""
    from medseg.interpolation.doubt import add_squared_apart

    if not others:
        return np.empty((0, 0, 0), dtype=np.float32)
    squared = np.zeros(field.depth_mm.shape, dtype=np.float32)
    for other in others:
        k, j, i = np.subtract(field.corner_kji, other.corner_kji).tolist()
        add_squared_apart(squared, field.depth_mm, other.depth_mm, (k, j, i), factor**2 / len(others))
    return squared
