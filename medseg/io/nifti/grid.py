"""Where the voxels of a NIfTI file lie, without a look at them."""

from __future__ import annotations

from pathlib import Path

from medseg.io.nifti.damage import damage_named
from medseg.io.nifti.digested_file import DigestedFile
from medseg.io.nifti.file import decompressed, read_header
from medseg.io.nifti.geometry import grid_from_header
from medseg.space import Grid


def read_grid(path: Path) -> Grid:
    """Read the grid of an image or label map.

    Raises:
        UnreadableFileError: Damaged or not NIfTI.
        UnsupportedImageError: Without any orientation.
        GeometryError: A header whose matrix can't be a grid.
    """
    with damage_named(path), path.open("rb") as raw:
        header = read_header(decompressed(DigestedFile(raw), path))
    return grid_from_header(header)[0]
