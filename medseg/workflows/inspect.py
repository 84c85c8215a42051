"""Say what a file or folder holds, without reading a pixel of DICOM."""

from __future__ import annotations

from pathlib import Path

from medseg.errors import GeometryError, NotOneVolumeError, UnsupportedImageError
from medseg.io.dicom.options import PetUnit, ReadOptions
from medseg.io.label_map_files import NIFTI_SUFFIXES
from medseg.io.nifti.image import read_image
from medseg.io.nifti.series import read_series
from medseg.io.volume_summary import Geometry, Status, VolumeSummary, printable
from medseg.processes import usable_processors
from medseg.progress import Progress, silent
from medseg.volume import Volume, VolumeSeries
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
    path: Path,
    *,
    options: ReadOptions = _DEFAULT,
    workers: int | None = None,
    progress: Progress = silent,
) -> tuple[VolumeSummary, ...]:
    """Look at a folder of DICOM files, one DICOM file or one NIfTI image.

    Compressed pixels that are cut off show themselves only when they are decoded: a volume that is
    ``convertible`` here can still be refused by :func:`medseg.workflows.convert.convert`.

    Args:
        path: The file or folder.
        options: What a conversion would be asked for.
        workers: How many processes may share thousands of headers; None for one a processor.
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
    workers = workers or usable_processors()
    return tuple(take_in([path], options, workers=workers, progress=progress).summaries())


def _inspect_nifti(path: Path) -> VolumeSummary:
    name = printable(path.name.removesuffix(".gz").removesuffix(".nii"))
    try:
        image = _read(path)
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
        frames=image.grid.shape_kji[0] * (len(image) if isinstance(image, VolumeSeries) else 1),
        geometry=Geometry.of(image.grid),
        axis=image.axis if isinstance(image, VolumeSeries) else None,
        axis_values=image.values if isinstance(image, VolumeSeries) else (),
        quantity=image.quantity,
        warnings=image.warnings,
    )


def _read(path: Path) -> Volume | VolumeSeries:
    try:
        return read_image(path)
    except NotOneVolumeError as error:
        if error.details.get("reason") != "4d":
            raise
        return read_series(path)
