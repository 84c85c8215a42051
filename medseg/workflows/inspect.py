"""Say what a file or folder holds, without reading a pixel of DICOM."""

from __future__ import annotations

from pathlib import Path

from medseg.errors import GeometryError, NotOneVolumeError, UnsupportedImageError
from medseg.io.dicom.find import find_series
from medseg.io.dicom.summary import summarise, summarise_unreadable
from medseg.io.label_map_files import NIFTI_SUFFIXES
from medseg.io.nifti.image import read_image
from medseg.io.volume_summary import Geometry, Status, VolumeSummary, printable
from medseg.progress import Progress, silent

__all__ = ["Status", "VolumeSummary", "inspect"]

_REASONS: dict[type[Exception], str] = {
    NotOneVolumeError: "not-one-volume",
    UnsupportedImageError: "unsupported",
    GeometryError: "geometry",
}
"""The stable word for a NIfTI image that is refused without one."""


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
        InputError: The path doesn't exist.
        UnreadableFileError: The NIfTI file is damaged or cut off.
    """
    if path.name.endswith(NIFTI_SUFFIXES) and not path.is_dir():
        return (_inspect_nifti(path),)
    inventory = find_series([path], progress=progress)
    inventory.require_images()
    return tuple(summarise(series) for series in inventory.series) + summarise_unreadable(inventory)


def _inspect_nifti(path: Path) -> VolumeSummary:
    name = printable(path.name.removesuffix(".gz").removesuffix(".nii"))
    try:
        volume = read_image(path)
    except (NotOneVolumeError, UnsupportedImageError, GeometryError) as error:
        return VolumeSummary(
            id=name,
            status=Status.REFUSED,
            frames=0,
            reason=str(error.details.get("reason") or _REASONS[type(error)]),
            message=printable(error.message),
        )
    return VolumeSummary(
        id=name,
        status=Status.CONVERTIBLE,
        frames=volume.grid.shape_kji[0],
        geometry=Geometry.of(volume.grid),
        quantity=volume.quantity,
        warnings=volume.warnings,
    )
