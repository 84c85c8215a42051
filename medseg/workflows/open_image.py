"""Open an image, whatever its format."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from medseg.errors import NotOneVolumeError
from medseg.io.dicom.options import AS_STORED, ReadOptions
from medseg.io.dicom.read import plan_one, read_planned
from medseg.io.existence import require_there
from medseg.io.label_map_files import NIFTI_SUFFIXES
from medseg.io.nifti.image import read_image
from medseg.io.nifti.series import read_series
from medseg.progress import Progress, silent
from medseg.volume import Volume, VolumeSeries
from medseg.workflows.list_volumes import (
    ListedVolume,
    note_of_part,
    one_volume_of,
    read_volume,
    require_index,
)


def open_image(
    path: Path | str,
    *,
    series_uid: str | None = None,
    volume_id: str | None = None,
    time_index: int | None = None,
    options: ReadOptions = AS_STORED,
    progress: Progress = silent,
) -> Volume:
    """Read one volume of a DICOM folder, or a NIfTI image.

    Args:
        path: A folder of DICOM files, one such file, or a ``.nii`` or ``.nii.gz`` file.
        series_uid: Which series, where the folder holds several.
        volume_id: Which volume, where the folder or the series holds several: its id, as ``medseg inspect``
            shows it.
        time_index: Which volume of a 4-D series, from 0 along its axis: time, echo or b-value.
        options: What is converted or resampled on the way from DICOM.
        progress: Called before each file of a series.

    Returns:
        The volume on its grid. What is not one regular volume is refused, never approximated.

    Raises:
        NoImagesError: There is no image at ``path``.
        NotOneVolumeError: Several series or volumes, and nobody said which; or none that is regular.
        UnreadableFileError: Nothing at ``path``, or a damaged or truncated file.
        UnsupportedImageError: A kind of image that is not read.
        InputError: The series has no volume of this index.
    """
    path = Path(path)
    require_there(path)
    if path.is_file() and path.name.endswith(NIFTI_SUFFIXES):
        return read_image(path) if time_index is None else _volume_at(read_series(path), time_index)
    plan = plan_one(path, series_uid=series_uid, volume_id=volume_id, options=options, progress=progress)
    return read_volume(one_volume_of(plan, time_index), progress)


def open_series(
    path: Path | str,
    *,
    series_uid: str | None = None,
    volume_id: str | None = None,
    options: ReadOptions = AS_STORED,
    progress: Progress = silent,
) -> VolumeSeries:
    """Read a 4-D series: volumes on one grid along time, echo or b-value.

    Args:
        path: A folder of DICOM files, one such file, or a ``.nii`` or ``.nii.gz`` file.
        series_uid: As for :func:`open_image`; so the others.
        volume_id: Which series of volumes, where there are several.
        options: What is converted or resampled on the way from DICOM.
        progress: Called before each file of a series.

    Raises:
        MedsegError: As :func:`open_image`; a 3-D image is a ``NotOneVolumeError`` with the reason ``not-4d``.
    """
    path = Path(path)
    require_there(path)
    if path.is_file() and path.name.endswith(NIFTI_SUFFIXES):
        return read_series(path)
    plan = plan_one(path, series_uid=series_uid, volume_id=volume_id, options=options, progress=progress)
    found = read_planned(plan, progress=progress)
    if isinstance(found, Volume):
        raise NotOneVolumeError(
            "expected a 4-D series, found one volume", hint="use open_image", reason="not-4d"
        )
    return found


def open_listed(
    listed: ListedVolume, *, time_index: int | None = None, progress: Progress = silent
) -> Volume:
    """Read a volume that was chosen from a list.

    Args:
        listed: What was chosen.
        time_index: Which volume, where it is a 4-D series.
        progress: Called before each slice.

    Raises:
        MedsegError: It can't be opened: why it was refused, or a file that is damaged or changed since.
    """
    return read_volume(listed.plan_of(time_index), progress)


def _volume_at(series: VolumeSeries, time_index: int) -> Volume:
    require_index(time_index, len(series))
    volume = series.volumes[time_index]
    if len(series) == 1:
        return volume
    note = note_of_part(series.axis, series.values, time_index)
    return replace(volume, warnings=(*volume.warnings, note))
