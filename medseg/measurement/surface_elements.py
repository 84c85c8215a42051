"""Surface elements: the surface of a mask in small pieces, each with its place and its area.

Nikolov et al. 2018, "Deep learning to achieve clinically applicable segmentation of head and neck anatomy"
(arXiv:1809.04430), weight distances between surfaces so: a corner of the lattice where some but not all of
the eight voxels around it belong to a mask is a place on the surface, and its element is the surface that
marching cubes lays between those eight centres. Else a surface would count the more, the finer it is stepped.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from medseg.measurement.mesh import cube_surface
from medseg.measurement.requirements import Mask
from medseg.space import Grid

if TYPE_CHECKING:
    from scipy.spatial import KDTree

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SurfaceElements:
    """The surface of a mask.

    Attributes:
        points_lps_mm: Where its elements lie: corners of voxels, ``(n, 3)``, patient mm.
        areas_mm2: How large they are, ``(n,)``.
    """

    points_lps_mm: FloatArray
    areas_mm2: FloatArray

    @cached_property
    def tree(self) -> KDTree:
        """Finds the element nearest to a place."""
        from scipy.spatial import KDTree

        # On a lattice many coordinates are equal: medians would cost a lot and gain nothing.
        return KDTree(self.points_lps_mm, balanced_tree=False, compact_nodes=False)

    @property
    def area_mm2(self) -> float:
        """All of them together: what marching cubes measures, steps of voxels included."""
        return float(self.areas_mm2.sum())


def surface_elements(mask: Mask, grid: Grid) -> SurfaceElements:
    """The surface of a mask, in elements; none where it is empty.

    Areas and places are those in the patient, on oblique, anisotropic and sheared grids, too.

    Args:
        mask: ``[k, j, i]``; a box of it will do, if no voxel lies outside. Beyond its edge is outside.
        grid: Where it lies.

    Raises:
        GridMismatchError: The mask is not of the grid's shape.
    """
    surface = cube_surface(mask, grid)
    # A cube's voxels are centres: its middle is the corner that they share.
    return SurfaceElements(grid.to_lps_mm(surface.corner_kji + 0.5), surface.element_area_mm2)
