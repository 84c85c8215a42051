"""The map of what a model is unsure of, voxel by voxel: a file beside the label map that it made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from medseg.errors import InputError
from medseg.space import Grid
from medseg.workflows.open_image import open_image

MAP = "_uncertainty.nii.gz"


def map_beside(label_map: Path) -> Path:
    """Where the map of voxels lies that belongs to a label map: ``x_uncertainty.nii.gz``, of ``x_dseg``."""
    stem = label_map.name.removesuffix(".gz").removesuffix(".nii").removesuffix("_dseg")
    return label_map.with_name(f"{stem}{MAP}")


def is_doubt_map(path: Path) -> bool:
    """Whether a path is called as such a map is."""
    return path.name.endswith(MAP)


def open_doubt_map(path: Path, grid: Grid) -> npt.NDArray[np.float32]:
    """Read the map of voxels of a case.

    Args:
        path: A file that :func:`write_doubt` wrote, or another of a number from 0 to 1 a voxel.
        grid: The grid of the case.

    Returns:
        An array ``[k, j, i]`` on that grid.

    Raises:
        InputError: The file can't be read, or holds other numbers; reason ``not-a-map`` then.
        GridMismatchError: It lies on another grid.
    """
    volume = open_image(path)
    grid.require_same_as(volume.grid, f"the case and {path.name}")
    low, high = float(volume.voxels.min()), float(volume.voxels.max())
    if not (low >= 0 and high <= 1):
        raise InputError(
            f"expected a map of uncertainty from 0 to 1 in {path.name}, got {low:g} to {high:g}",
            hint="name the file that medseg predict --uncertainty wrote",
            reason="not-a-map",
        )
    return np.asarray(volume.voxels, dtype=np.float32)
