"""Say what a file or folder holds, without reading a pixel of DICOM."""

from __future__ import annotations

from pathlib import Path

from medseg.errors import GeometryError, NotOneVolumeError, UnsupportedImageError
from medseg.io.dicom.options import PetUnit, ReadOptions
from medseg.io.label_map_files import NIFTI_SUFFIXES
from medseg.io.nifti.image import read_image
from medseg.io.volume_summary import Geometry, Status, VolumeSummary, printable
from medseg.progress import Progress, silent
from medseg.workflows.conversion.intake import take_in

__all__ = ["PetUnit", "ReadOptions", "Status", "VolumeSummary", "inspect"]

_REASONS: dict[type[Exception], str] = {
    NotOneVolumeError: "not-one-volume",
    UnsupportedImageError: "unsupported",
    GeometryError: "geometry",
}
"""The stable word for a NIfTI image that is refused without one."""


_DEFAULT = ReadOptions()


def inspect(
    path: Path, *, options: ReadOptions = _DEFAULT, progress: Progress = silent
) -> tuple[VolumeSummary, ...]:
    """Look at a folder of DICOM files, one DICOM file or one NIfTI image.

    Compressed pixels that are cut off show themselves only when they are decoded: a volume that is
    ``convertible`` here can still be refused by :func:`medseg.workflows.convert.convert`.

    Args:
        path: The file or folder.
        options: What a conversion would be asked for.
        progress: Told before each DICOM file.

    Returns:
        One summary for each volume or image, refused and skipped ones too.

    Raises:
        NoImagesError: The folder holds no image.
        InputError: The path doesn't exist.
        UnreadableFileError: The NIfTI file is damaged or cut off.
    """
    if path.name.endswith(NIFTI_SUFFIXES) and not path.is_dir():
        return (_inspect_nifti(path),)
    return tuple(take_in([path], options, progress=progress).summaries())


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
