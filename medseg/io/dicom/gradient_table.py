"""The gradient table of a diffusion series as FSL has it: a ``.bval`` and a ``.bvec`` file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from medseg.space import Grid
from medseg.space.plane import FloatArray

if TYPE_CHECKING:
    from medseg.io.dicom.dimensions import Dimensions


@dataclass(frozen=True)
class GradientTable:
    """Text of the two files.

    Attributes:
        bval: One line: the b-value of each volume in s/mm².
        bvec: Three lines: x, y and z of each volume's direction.
        warnings: What a careful user should know, one sentence each.
    """

    bval: str
    bvec: str
    warnings: tuple[str, ...] = ()


def is_diffusion(volumes: Sequence[Dimensions]) -> bool:
    """Whether any volume is weighted by diffusion."""
    return any(volume.b_value for volume in volumes)


def gradient_table(volumes: Sequence[Dimensions], grid: Grid) -> GradientTable:
    """Write the weighting of a series as FSL reads it.

    Directions are along the voxel axes of the NIfTI image, and x runs backwards where its affine has a
    positive determinant (FSL documentation, "What conventions do the bvecs use?": the axes are those
    of a radiological image). Volumes without weighting, and those weighted in no one direction, get 0 0 0.

    Args:
        volumes: Of each volume in the order of ``t``.
        grid: The grid of the NIfTI image; a sheared one counts by its in-plane axes and their normal.
    """
    axes = _fsl_axes_lps(grid)
    b_values = [volume.b_value or 0.0 for volume in volumes]
    vectors = np.array([axes @ (volume.gradient_lps or (0.0, 0.0, 0.0)) for volume in volumes])
    undirected = sum(
        volume.gradient_lps is None and b_value > 0 for volume, b_value in zip(volumes, b_values, strict=True)
    )
    warnings = (f"{undirected} volume(s) with a b-value have no direction: 0 0 0 in the .bvec file.",)
    return GradientTable(
        bval=" ".join(f"{b_value:g}" for b_value in b_values) + "\n",
        bvec="".join(" ".join(f"{part + 0.0:.8g}" for part in row) + "\n" for row in vectors.round(9).T),
        warnings=warnings if undirected else (),
    )


def _fsl_axes_lps(grid: Grid) -> FloatArray:
    """FSL's x, y and z as the rows of a 3×3 matrix of unit vectors in LPS."""
    k, j, i = grid.directions.T
    normal = np.cross(i, j)
    normal /= np.linalg.norm(normal)
    is_right_handed = float(normal @ k) > 0  # so is RAS then, which is LPS turned around z
    return np.array([-i if is_right_handed else i, j, normal if is_right_handed else -normal])
