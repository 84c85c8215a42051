"""Open an image, whatever its format."""

from __future__ import annotations

from pathlib import Path

from medseg.io.dicom.read import read_series
from medseg.io.existence import require_there
from medseg.io.label_map_files import NIFTI_SUFFIXES
from medseg.io.nifti.image import read_image
from medseg.progress import Progress, silent
from medseg.volume import Volume


def open_image(path: Path | str, *, series_uid: str | None = None, progress: Progress = silent) -> Volume:
    """Read a DICOM series or a NIfTI image.

    Args:
        path: A folder that holds one CT, MR or PET series, or a ``.nii`` or ``.nii.gz`` file.
        series_uid: Which series, where the folder holds several.
        progress: Called before each file of a series.

    Returns:
        The volume on its grid. What is not one regular volume is refused, never approximated.

    Raises:
        NoImagesError: There is no image at ``path``.
        NotOneVolumeError: Several series, or one that is not one regular volume.
        UnreadableFileError: Nothing at ``path``, or a damaged or truncated file.
        UnsupportedImageError: A kind of image that is not read.
    """
    path = Path(path)
    require_there(path)
    if path.is_file() and path.name.endswith(NIFTI_SUFFIXES):
        return read_image(path)
    return read_series(path, series_uid=series_uid, progress=progress)
