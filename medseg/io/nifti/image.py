"""NIfTI images ↔ Volume."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import numpy.typing as npt

from medseg.io.atomic import whole_file
from medseg.io.nifti.file import NiftiFile, read_nifti
from medseg.io.nifti.geometry import grid_from_header, write_grid
from medseg.io.shear import shear_warnings
from medseg.space import Grid
from medseg.volume import Quantity, Source, SourceFile, Volume


def read_image(path: Path, quantity: Quantity = Quantity.ARBITRARY) -> Volume:
    """Read a 3-D NIfTI image.

    Args:
        path: A ``.nii`` or ``.nii.gz`` file.
        quantity: What its numbers measure; NIfTI does not say.

    Raises:
        UnreadableFileError: Damaged, truncated or not NIfTI.
        NotOneVolumeError: 4-D.
        UnsupportedImageError: Colour, complex, or without any orientation.
        GeometryError: A header whose matrix can't be a grid.
    """
    file = read_nifti(path)
    grid, warnings = grid_from_header(file.header)
    warnings += shear_warnings(grid)
    voxels = _rescaled(file)
    if voxels.dtype.kind == "f" and not np.isfinite(voxels).all():
        count = int(voxels.size - np.isfinite(voxels).sum())
        warnings.append(f"{count} voxels are not finite numbers")
    return Volume(grid, voxels, quantity, nifti_source(path), tuple(warnings))


def nifti_source(path: Path) -> Source:
    """A NIfTI file as a source: its digest, and nothing that its name might give away."""
    with path.open("rb") as file:
        return Source("NIfTI", (SourceFile(hashlib.file_digest(file, "sha256").hexdigest()),))


def write_image(volume: Volume, path: Path, *, overwrite: bool = False) -> None:
    """Write a volume as NIfTI, values and type unchanged.

    Raises:
        OutputExistsError: The file exists and ``overwrite`` is not set.
        OutputError: It can't be written.
        GeometryError: NIfTI's float32 header can't hold the grid.
    """
    write_voxels(volume.voxels, volume.grid, path, overwrite=overwrite)


def write_voxels(voxels: npt.NDArray[Any], grid: Grid, path: Path, *, overwrite: bool = False) -> None:
    """Write an array ``[k, j, i]`` on a grid; see :func:`write_image`."""
    image = nibabel.Nifti1Image(voxels.T, affine=None, dtype=voxels.dtype)
    write_grid(image.header, grid)
    with whole_file(path, overwrite=overwrite) as temporary:
        image.to_filename(temporary)


def _rescaled(file: NiftiFile) -> npt.NDArray[Any]:
    slope, intercept = file.slope_intercept
    if (slope, intercept) == (1.0, 0.0):
        return file.native
    values = file.native * np.float64(slope) + np.float64(intercept)
    # float32 holds every scaled 16-bit number to its last digit, but not those of 32 bits.
    return values if file.stored.dtype.itemsize > 2 else values.astype(np.float32)
