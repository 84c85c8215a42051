"""Say what a file or folder holds, without reading a pixel of DICOM."""

from __future__ import annotations

from pathlib import Path

from medseg.io.dicom.find import find_series
from medseg.io.dicom.summary import summarise, summarise_unreadable
from medseg.io.label_map_files import NIFTI_SUFFIXES
from medseg.io.nifti.image import read_image
from medseg.io.volume_summary import Geometry, Status, VolumeSummary
from medseg.progress import Progress, silent

__all__ = ["Status", "VolumeSummary", "inspect"]


def inspect(path: Path, *, progress: Progress = silent) -> tuple[VolumeSummary, ...]:
    """Look at a folder of DICOM files, one DICOM file or one NIfTI image.

    Compressed pixels that are cut off show themselves only when they are decoded: a series that is
    ``convertible`` here can still be refused by :func:`medseg.workflows.convert.convert`.

    Args:
        path: The file or folder.
        progress: Told before each DICOM file.

    Returns:
        One summary for each series or image, refused and skipped ones too.

    Raises:
        NoImagesError: The folder holds no image.
        InputError: The path doesn't exist, or the NIfTI file can't be read.
    """
    if path.name.endswith(NIFTI_SUFFIXES):
        return (_inspect_nifti(path),)
    inventory = find_series([path], progress=progress)
    inventory.require_images()
    return tuple(summarise(series) for series in inventory.series) + summarise_unreadable(inventory)


def _inspect_nifti(path: Path) -> VolumeSummary:
    volume = read_image(path)
    return VolumeSummary(
        id=path.name.removesuffix(".gz").removesuffix(".nii"),
        status=Status.CONVERTIBLE,
        frames=volume.grid.shape_kji[0],
        geometry=Geometry.of(volume.grid),
        quantity=volume.quantity,
        warnings=volume.warnings,
    )
