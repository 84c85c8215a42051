"""NIfTI images ↔ Volume."""

from __future__ import annotations

from pathlib import Path

from medseg.io.file_digest import file_sha256
from medseg.io.nifti.extension import FOREIGN, is_about_other_voxels
from medseg.io.nifti.file import NiftiFile, read_nifti
from medseg.io.nifti.geometry import grid_from_header
from medseg.io.nifti.values import count_not_finite, real_values
from medseg.io.nifti.write import write_voxels
from medseg.io.shear import shear_warnings
from medseg.progress import Progress, silent
from medseg.space import Grid
from medseg.volume import Quantity, Source, SourceFile, Volume


def read_image(path: Path, quantity: Quantity = Quantity.ARBITRARY) -> Volume:
    """Read a 3-D NIfTI image.

    Args:
        path: A ``.nii`` or ``.nii.gz`` file.
        quantity: What its numbers measure; NIfTI does not say.

    Raises:
        UnreadableFileError: Damaged, truncated or not NIfTI.
        NotOneVolumeError: 4-D; see :func:`~medseg.io.nifti.series.read_series`.
        UnsupportedImageError: Colour, complex, or without any orientation.
        GeometryError: A header whose matrix can't be a grid.
    """
    file = read_nifti(path)
    grid, warnings = grid_and_warnings(file)
    voxels = real_values(file.stored, file.scaling)
    if count := count_not_finite(voxels):
        warnings.append(f"{count} voxels are not finite numbers")
    if is_about_other_voxels(file.header, file.native):
        warnings.append(f"{FOREIGN}.")
    return Volume(grid, voxels, quantity, source_of(file), tuple(warnings))


def grid_and_warnings(file: NiftiFile) -> tuple[Grid, list[str]]:
    """Where the voxels of a file lie, and all that a careful user should know of its header."""
    grid, warnings = grid_from_header(file.header)
    return grid, [*warnings, *file.warnings, *shear_warnings(grid)]


def source_of(file: NiftiFile) -> Source:
    """A file that was read as a source: its digest, and nothing that its name might give away."""
    return Source("NIfTI", (SourceFile(file.sha256),))


def nifti_source(path: Path) -> Source:
    """A file on disk as a source; see :func:`source_of`."""
    return Source("NIfTI", (SourceFile(file_sha256(path)),))


def write_image(
    volume: Volume,
    path: Path,
    *,
    overwrite: bool = False,
    durable: bool = True,
    threads: int | None = None,
    progress: Progress = silent,
) -> str:
    """Write a volume as NIfTI, values and type unchanged; see :func:`~medseg.io.nifti.write.write_voxels`.

    Returns:
        SHA-256 of the bytes of the file, in hexadecimal.

    Raises:
        OutputExistsError: The file exists and ``overwrite`` is not set.
        OutputError: It can't be written.
        GeometryError: NIfTI's float32 header can't hold the grid.
        UnsupportedImageError: NIfTI has no such type of number.
    """
    return write_voxels(
        volume.voxels,
        volume.grid,
        path,
        overwrite=overwrite,
        durable=durable,
        threads=threads,
        progress=progress,
    )
