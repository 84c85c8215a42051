"""How far a field lies off what was drawn on planes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from medseg.contour import Placement, Sheet, Slice, nearest_index
from medseg.interpolation.drawn import DrawnStructure
from medseg.interpolation.field import Field
from medseg.labelmap import MIN_DEPTH_MM
from medseg.space import Box

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]
Weigh = Callable[[Placement], Floats]
"""How much each pixel of a plane counts, in the columns of the box; broadcasts to their shape."""


@dataclass(frozen=True)
class Off:
    """How far a field lies off drawn planes.

    The area by the length is how far the outlines lie off each other in the mean, whatever their shape; what
    is missing altogether, or too much, counts as well.

    Attributes:
        area: What is wrong, in mm², each pixel times its weight.
        length_mm: Length of the drawn outlines.
    """

    area: float
    length_mm: float


def off_planes(
    field: Field, drawn: DrawnStructure, planes: Iterable[Placement], box: Box, weigh: Weigh | None = None
) -> Off:
    """Compare a field with what was drawn.

    Args:
        field: A proposal, without drawn planes pinned into it.
        drawn: The structure as it was drawn.
        planes: Which of its planes to compare.
        box: Where, as an index into the grid.
        weigh: How much pixels count, 1 by default. Outlines beside pixels of weight 0 have no length.
    """
    area = length_mm = 0.0
    for where in planes:
        mask = drawn.masks[where][columns_of(where, box)]
        weight = np.broadcast_to(1.0 if weigh is None else weigh(where), mask.shape)
        rows_mm, columns_mm = _pixel_mm(where, drawn.grid.spacing_kji_mm)
        wrong = _inside(field, where, box, drawn.grid.shape_kji) != mask
        area += rows_mm * columns_mm * float(weight[wrong].sum())
        counts = weight > 0
        across_rows = (mask[1:] != mask[:-1]) & counts[1:] & counts[:-1]
        across_columns = (mask[:, 1:] != mask[:, :-1]) & counts[:, 1:] & counts[:, :-1]
        length_mm += columns_mm * np.count_nonzero(across_rows) + rows_mm * np.count_nonzero(across_columns)
    return Off(area, length_mm)


def columns_of(where: Placement, box: Box) -> tuple[slice, slice]:
    """The part of a plane's mask that a box holds."""
    rows, columns = (part for axis, part in enumerate(box) if axis != where.axis)
    return rows, columns


def index_on(where: Placement, axis: int, box: Box, shape_kji: tuple[int, int, int]) -> Indices:
    """Index along an array axis of each pixel of a plane; broadcasts to the columns of the box."""
    if axis != where.axis:
        along = np.arange(box[axis].start, box[axis].stop)
        return along[:, None] if axis == min({0, 1, 2} - {where.axis}) else along[None, :]
    if isinstance(where, Slice):
        return np.array([[where.index]])
    rows, columns = (n for other, n in enumerate(shape_kji) if other != axis)
    return nearest_index(where, (rows, columns))[columns_of(where, box)]


def _inside(
    field: Field, where: Placement, box: Box, shape_kji: tuple[int, int, int]
) -> npt.NDArray[np.bool_]:
    """Which pixels of a plane a field has inside, in the columns of a box."""
    at = [
        np.broadcast_to(
            index_on(where, axis, box, shape_kji) - field.corner_kji[axis],
            [part.stop - part.start for part in columns_of(where, box)],
        )
        for axis in range(3)
    ]
    there = np.logical_and.reduce(
        [(index >= 0) & (index < n) for index, n in zip(at, field.depth_mm.shape, strict=True)]
    )
    k, j, i = (index[there] for index in at)
    inside = np.zeros(there.shape, dtype=np.bool_)
    inside[there] = field.depth_mm[k, j, i] > MIN_DEPTH_MM
    return inside


def _pixel_mm(where: Placement, spacing_kji_mm: tuple[float, float, float]) -> tuple[float, float]:
    """Distance of rows and of columns along a plane."""
    rows_mm, columns_mm = (mm for axis, mm in enumerate(spacing_kji_mm) if axis != where.axis)
    slopes = where.slopes if isinstance(where, Sheet) else (0.0, 0.0)
    along_mm = spacing_kji_mm[where.axis]
    return float(np.hypot(rows_mm, along_mm * slopes[0])), float(np.hypot(columns_mm, along_mm * slopes[1]))
