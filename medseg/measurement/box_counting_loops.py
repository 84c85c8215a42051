"""The loop that counts the boxes which hold points; see :mod:`medseg.measurement.irregularity`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from medseg.compiled import compiled


@compiled
def occupied_boxes(points: npt.NDArray[np.float64], size: float, shift: float) -> int:
    """Count the cubes of a regular pattern that hold at least one point.

    Args:
        points: ``(n, 3)``, none negative.
        size: Edge of a cube.
        shift: How far the pattern begins before 0 along each axis; less than an edge.
    """
    # A product is several times as quick as a quotient.
    per_edge, ahead = 1 / size, shift / size
    x = int(points[:, 0].max() * per_edge + ahead) + 1
    y = int(points[:, 1].max() * per_edge + ahead) + 1
    z = int(points[:, 2].max() * per_edge + ahead) + 1
    seen = np.zeros((x, y, z), np.bool_)
    for n in range(len(points)):
        a = int(points[n, 0] * per_edge + ahead)
        b = int(points[n, 1] * per_edge + ahead)
        c = int(points[n, 2] * per_edge + ahead)
        seen[a, b, c] = True
    return int(np.count_nonzero(seen))
