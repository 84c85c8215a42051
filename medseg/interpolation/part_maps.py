"""What a part of a drawn slice is to a gap: its pixels, and how deep each pixel lies in it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from medseg.compiled import compiled
from medseg.interpolation.distance import REACH, Window, measure_depth, smooth_depth
from medseg.interpolation.pieces import bounds_of, paint


@compiled
def part_maps(
    runs: npt.NDArray[np.int32],
    boxes: npt.NDArray[np.int32],
    chosen: npt.NDArray[np.int64],
    row_mm: float,
    column_mm: float,
    window: Window,
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float32]]:
    """Paint some pieces of a slice and measure depth in them.

    Args:
        runs: The runs of all pieces of the slice; see :class:`~medseg.interpolation.pieces.Pieces`.
        boxes: The boxes of all pieces.
        chosen: Which pieces; what they are depends on nothing else on the slice.
        row_mm: Distance of rows.
        column_mm: Distance of columns.
        window: The part of the slice that is asked for. Depth takes in what it cuts off.

    Returns:
        The pieces and their smoothed depth in mm (:func:`~medseg.interpolation.distance.depth_map_mm`),
        both of the window's shape.
    """
    among = np.zeros(len(boxes), np.bool_)
    wanted = np.empty((len(chosen), 4), np.int32)
    for n in range(len(chosen)):
        among[chosen[n]] = True
        for side in range(4):
            wanted[n, side] = boxes[chosen[n], side]
    top, left, height, width = bounds_of(wanted)
    whole = np.zeros((height, width), np.bool_)
    paint(runs, among, top, left, whole)
    row, column, rows, columns = window
    mask = np.zeros((rows, columns), np.bool_)
    paint(runs, among, row, column, mask)
    around = np.empty((rows + 2 * REACH, columns + 2 * REACH), np.float32)
    measure_depth(whole, row_mm, column_mm, row - top - REACH, column - left - REACH, around)
    depth = np.empty((rows, columns), np.float32)
    smooth_depth(around, depth)
    return mask, depth
