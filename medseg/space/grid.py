"""Grid: where the voxels of an array lie in the patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from medseg.errors import GeometryError, GridMismatchError
from medseg.space.box import Box
from medseg.space.plane import FloatArray, Plane

GEOMETRY_TOLERANCE_MM = 1e-4
"""Two grids whose corners lie this close are the same grid.

A tenth of a micrometre: far below what a scanner resolves, and above what the float32 numbers of a
NIfTI header lose over a field of view of 1 m (about 6e-5 mm).
"""

FLOAT32_TOLERANCE_MM = 1e-3
"""Two grids of which one went through a file's float32 numbers are the same if they lie this close.

Over a whole body at the far end of a table those lose up to 2e-4 mm. A micrometre still harms nobody.
"""

MIN_SPACING_MM = 1e-4
MAX_SPACING_MM = 1e3
"""Voxels outside this range are a mistake of units or a damaged header, not an image of a patient."""

MIN_RELATIVE_VOLUME = 0.05
"""A voxel's volume over that of a box with the same edges: 1 without shear, cos(tilt) with it.

Gantries tilt by at most 30° (0.87); below 0.05 the axes are as good as parallel and indices can't be
recovered from millimetres with any accuracy.
"""


@dataclass(frozen=True, eq=False)
class Grid:
    """A regular, possibly oblique, flipped or sheared grid of voxels in patient space.

    An integer index is a voxel's centre. Patient space is LPS+ in mm (DICOM PS3.3 C.7.6.2.1.1).

    Args:
        shape_kji: Number of voxels along slice, row and column.
        index_to_lps_mm: 4×4 matrix that takes a homogeneous index ``(k, j, i, 1)`` to
            ``(x, y, z, 1)`` in LPS mm. Its first three columns are the steps of k, j and i.
        frame_of_reference_uid: DICOM frame of reference, if known: grids that share it lie in one space.

    Raises:
        GeometryError: The shape is not three positive numbers, or the matrix is not a finite affine
            with plausible spacing and three independent axes.
    """

    shape_kji: tuple[int, int, int]
    index_to_lps_mm: FloatArray
    frame_of_reference_uid: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape_kji", _valid_shape(self.shape_kji))
        object.__setattr__(self, "index_to_lps_mm", _valid_affine(self.index_to_lps_mm))

    @classmethod
    def from_axes(
        cls,
        shape_kji: Sequence[int],
        *,
        origin_lps_mm: npt.ArrayLike,
        step_k_mm: npt.ArrayLike,
        step_j_mm: npt.ArrayLike,
        step_i_mm: npt.ArrayLike,
        frame_of_reference_uid: str | None = None,
    ) -> Grid:
        """Make a grid from the centre of its first voxel and the step of each index, all in LPS mm."""
        affine = np.eye(4)
        affine[:3] = np.column_stack([step_k_mm, step_j_mm, step_i_mm, origin_lps_mm])
        return cls(tuple(shape_kji), affine, frame_of_reference_uid)  # type: ignore[arg-type]

    @cached_property
    def spacing_kji_mm(self) -> tuple[float, float, float]:
        """Distance between neighbouring voxel centres along each array axis."""
        k, j, i = np.linalg.norm(self.index_to_lps_mm[:3, :3], axis=0)
        return float(k), float(j), float(i)

    @cached_property
    def directions(self) -> FloatArray:
        """Unit vectors of the array axes in LPS, as the columns k, j, i of a 3×3 matrix."""
        return _read_only(self.index_to_lps_mm[:3, :3] / self.spacing_kji_mm)

    @cached_property
    def lps_mm_to_index(self) -> FloatArray:
        """The inverse of ``index_to_lps_mm``."""
        return _read_only(np.linalg.inv(self.index_to_lps_mm))

    @property
    def origin_lps_mm(self) -> FloatArray:
        """Centre of the voxel ``(0, 0, 0)``."""
        return self.index_to_lps_mm[:3, 3]

    @property
    def voxel_volume_mm3(self) -> float:
        """Volume of one voxel, right for sheared grids too."""
        return float(abs(np.linalg.det(self.index_to_lps_mm[:3, :3])))

    @cached_property
    def shear(self) -> float:
        """Largest cosine between two array axes: 0 for a rectangular grid, sin(tilt) for a tilted gantry."""
        cosines = self.directions.T @ self.directions
        return float(np.abs(cosines - np.diag(np.diag(cosines))).max())

    def to_lps_mm(self, index_kji: npt.ArrayLike) -> FloatArray:
        """Take indices of shape ``(..., 3)``, fractional ones too, to LPS mm of the same shape."""
        index = np.asarray(index_kji, dtype=np.float64)
        return index @ self.index_to_lps_mm[:3, :3].T + self.origin_lps_mm

    def to_index(self, points_lps_mm: npt.ArrayLike) -> FloatArray:
        """Take LPS points of shape ``(..., 3)`` in mm to fractional indices ``(k, j, i)``."""
        points = np.asarray(points_lps_mm, dtype=np.float64)
        return (points - self.origin_lps_mm) @ self.lps_mm_to_index[:3, :3].T

    def corners_lps_mm(self) -> FloatArray:
        """Centres of the eight corner voxels, shape ``(8, 3)``."""
        last = np.array(self.shape_kji, dtype=np.float64) - 1
        return self.to_lps_mm(np.array(list(np.ndindex(2, 2, 2))) * last)

    def within(self, box: Box) -> Grid:
        """The grid of a part of the array.

        Args:
            box: Which voxels, with a start and a stop along each axis.

        Raises:
            GeometryError: The box is empty.
        """
        affine = self.index_to_lps_mm.copy()
        affine[:3, 3] = self.to_lps_mm([side.start for side in box])
        k, j, i = (side.stop - side.start for side in box)
        return Grid((k, j, i), affine, self.frame_of_reference_uid)

    def plane(self, axis: int, index: float) -> Plane:
        """The plane of one slice.

        Args:
            axis: Array axis that is held still: 0 for a slice of the acquisition (k), 1 for a row (j),
                2 for a column (i).
            index: Index along that axis; a fraction lies between two slices.

        Returns:
            A plane whose origin is the voxel ``index, 0, 0`` and whose first direction ``u`` runs along
            the last remaining array axis (i, or j for axis 2).
        """
        down, across = (a for a in range(3) if a != axis)
        start = np.zeros(3)
        start[axis] = index
        return Plane.spanned_by(self.to_lps_mm(start), self.directions[:, across], self.directions[:, down])

    def max_corner_distance_mm(self, other: Grid) -> float:
        """Largest distance between corresponding corners: what a reader would see as misplacement."""
        return float(np.linalg.norm(self.corners_lps_mm() - other.corners_lps_mm(), axis=1).max())

    def is_same_as(self, other: Grid, tolerance_mm: float = GEOMETRY_TOLERANCE_MM) -> bool:
        """Whether both grids have the same shape and put every corner in the same place."""
        return self.shape_kji == other.shape_kji and self.max_corner_distance_mm(other) <= tolerance_mm

    def require_same_as(self, other: Grid, what: str) -> None:
        """Refuse two grids that differ.

        Args:
            other: The grid that was expected.
            what: Names this grid and the other in the message.

        Raises:
            GridMismatchError: The shapes differ, or a corner lies more than
                :data:`FLOAT32_TOLERANCE_MM` away: one of the grids may have been in a file.
        """
        if self.shape_kji != other.shape_kji:
            raise GridMismatchError(
                f"{what}: expected {other.shape_kji} voxels (k, j, i), found {self.shape_kji}",
                hint="a label map must lie on the grid of its image",
                expected=list(other.shape_kji),
                found=list(self.shape_kji),
            )
        distance_mm = self.max_corner_distance_mm(other)
        if distance_mm > FLOAT32_TOLERANCE_MM:
            raise GridMismatchError(
                f"{what}: the grids lie up to {distance_mm:.4g} mm apart at their corners",
                hint="a label map must lie on the grid of its image",
                max_mm=distance_mm,
            )


def _valid_shape(shape: Sequence[int]) -> tuple[int, int, int]:
    try:
        k, j, i = (int(n) for n in shape)
    except (TypeError, ValueError):
        raise GeometryError(f"a grid needs three numbers of voxels (k, j, i), got {shape!r}") from None
    if min(k, j, i) < 1:
        raise GeometryError(f"a grid needs at least one voxel along each axis, got {(k, j, i)}")
    return k, j, i


def _valid_affine(matrix: npt.ArrayLike) -> FloatArray:
    affine = np.array(matrix, dtype=np.float64)
    if affine.shape != (4, 4) or not np.isfinite(affine).all():
        raise GeometryError("index_to_lps_mm must be a 4×4 matrix of finite numbers")
    if not np.array_equal(affine[3], [0, 0, 0, 1]):
        raise GeometryError(f"the last row of index_to_lps_mm must be 0 0 0 1, got {affine[3]}")
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    if spacing.min() < MIN_SPACING_MM or spacing.max() > MAX_SPACING_MM:
        raise GeometryError(
            f"expected voxel spacing between {MIN_SPACING_MM} and {MAX_SPACING_MM} mm, "
            f"got {spacing.tolist()} (k, j, i)",
            spacing_kji_mm=spacing.tolist(),
        )
    relative_volume = abs(np.linalg.det(affine[:3, :3])) / np.prod(spacing)
    if relative_volume < MIN_RELATIVE_VOLUME:
        raise GeometryError(
            f"the axes of a grid must be independent, but its voxels have {relative_volume:.2g} of the "
            "volume that their edges would allow",
            relative_volume=float(relative_volume),
        )
    return _read_only(affine)


def _read_only(array: npt.ArrayLike) -> FloatArray:
    copy = np.array(array, dtype=np.float64, order="C")
    copy.setflags(write=False)
    return copy
