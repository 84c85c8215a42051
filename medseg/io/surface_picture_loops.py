"""Draw triangles into a picture: the nearest one counts at each pixel. Import it where it runs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from medseg.compiled import compiled

Array = npt.NDArray[np.float64]


@compiled
def draw_triangles(
    corners: Array,
    normals: Array,
    triangles: npt.NDArray[np.int32],
    number: int,
    depth: npt.NDArray[np.float32],
    drawn_normals: npt.NDArray[np.float32],
    owner: npt.NDArray[np.int32],
) -> None:
    """Draw triangles; normals are interpolated across each, so that the surface looks smooth.

    Args:
        corners: Vertices ``(x, y, depth)``, shape ``(n, 3)``, x and y in pixels; a larger depth is farther.
        normals: Their normals in the same axes, shape ``(n, 3)``.
        triangles: Indices of vertices, shape ``(m, 3)``.
        number: Of the body that they are of.
        depth: ``[y, x]``, infinite where nothing is; the depth of the nearest surface is written.
        drawn_normals: ``[y, x, 3]``; its normal is written.
        owner: ``[y, x]``; the number of its body is written.
    """
    height, width = depth.shape
    for triangle in range(triangles.shape[0]):
        a, b, c = triangles[triangle, 0], triangles[triangle, 1], triangles[triangle, 2]
        ax, ay, bx, by, cx, cy = (
            corners[a, 0],
            corners[a, 1],
            corners[b, 0],
            corners[b, 1],
            corners[c, 0],
            corners[c, 1],
        )
        twice_area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if twice_area == 0.0:
            continue
        left, right = max(int(np.ceil(min(ax, bx, cx))), 0), min(int(np.floor(max(ax, bx, cx))), width - 1)
        top, bottom = max(int(np.ceil(min(ay, by, cy))), 0), min(int(np.floor(max(ay, by, cy))), height - 1)
        for y in range(top, bottom + 1):
            for x in range(left, right + 1):
                # Shares of the three corners (barycentric coordinates).
                of_b = ((x - ax) * (cy - ay) - (y - ay) * (cx - ax)) / twice_area
                of_c = ((bx - ax) * (y - ay) - (by - ay) * (x - ax)) / twice_area
                of_a = 1.0 - of_b - of_c
                if of_a < 0.0 or of_b < 0.0 or of_c < 0.0:
                    continue
                far = of_a * corners[a, 2] + of_b * corners[b, 2] + of_c * corners[c, 2]
                if far < depth[y, x]:
                    depth[y, x] = far
                    owner[y, x] = number
                    for axis in range(3):
                        drawn_normals[y, x, axis] = (
                            of_a * normals[a, axis] + of_b * normals[b, axis] + of_c * normals[c, axis]
                        )
