"""Vertices as napari holds them ↔ contours in patient mm.

napari holds fractional indices of the anatomically ordered array (superior, posterior, left). Both ways
are exact to rounding: nothing is snapped to voxels.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from medseg.contour import Contour, slice_of
from medseg.errors import ContourError
from medseg.space import AnatomicalOrder, Grid

FLAT_TOLERANCE = 1e-3
"""By how many slices the vertices of one polygon may differ along its slice's axis: rounding only."""

ON_SHOWN_SLICE = 0.5 + FLAT_TOLERANCE
"""The viewer shows the nearest slice, so a vertex up to half a slice away lies on the one that was seen."""


def contour_from_vertices(
    vertices: npt.ArrayLike, grid: Grid, structure_id: str, *, hole: bool = False
) -> Contour:
    """Turn a drawn polygon into a contour on the slice on which it was drawn.

    Args:
        vertices: Fractional indices of the anatomically ordered array, shape ``(n, 3)``.
        grid: The grid of the image.
        structure_id: The structure.
        hole: Whether it bounds a hole.

    Raises:
        ContourError: The polygon is not flat, too small to be one, or off the image.
    """
    index_kji = AnatomicalOrder.of(grid).to_kji(vertices)
    extent = np.ptp(index_kji, axis=0)
    axis = int(extent.argmin())
    if extent[axis] > FLAT_TOLERANCE:
        raise ContourError(
            "expected a polygon on one slice, but its vertices lie on several",
            hint="finish each polygon on the slice on which it was begun",
            structure_id=structure_id,
        )
    position = float(index_kji[:, axis].mean())
    index = min(max(round(position), 0), grid.shape_kji[axis] - 1)
    if abs(position - index) > ON_SHOWN_SLICE:
        raise ContourError(
            f"a polygon lies on slice {'kji'[axis]}={position:.4g}, outside the image",
            hint="move to a slice of the image and draw there",
            structure_id=structure_id,
        )
    index_kji[:, axis] = index
    plane = grid.plane(axis, index)
    return Contour(plane, plane.to_plane_mm(grid.to_lps_mm(index_kji)), structure_id, hole=hole)


def lps_of_world(world_mm: npt.ArrayLike, grid: Grid) -> tuple[float, float, float]:
    """A place of the viewer's world as a place in the patient, in LPS mm.

    Args:
        world_mm: Along the display axes, as napari's cursor has it.
        grid: The grid of the image.
    """
    order = AnatomicalOrder.of(grid)
    index = np.asarray(world_mm, dtype=np.float64).reshape(1, 3) / np.array(order.spacing_mm(grid))
    x, y, z = grid.to_lps_mm(order.to_kji(index))[0]
    return float(x), float(y), float(z)


def vertices_of(contour: Contour, grid: Grid) -> npt.NDArray[np.float64]:
    """The vertices of a contour as napari holds them; the inverse of :func:`contour_from_vertices`.

    Raises:
        ContourError: The contour lies on no slice of the grid.
    """
    where = slice_of(contour, grid)
    index_kji = grid.to_index(contour.points_lps_mm)
    index_kji[:, where.axis] = where.index
    return AnatomicalOrder.of(grid).to_anatomical(index_kji)
