"""A DICOM series → a Volume."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from medseg.errors import NotOneVolumeError, UnreadableFileError
from medseg.io.dicom.find import Series, find_series
from medseg.io.dicom.header import ImageHeader
from medseg.io.dicom.pixels import read_stored
from medseg.io.dicom.plan import VolumePlan, plan_volume
from medseg.io.dicom.rescale import IDENTITY, to_real_values
from medseg.progress import Progress, silent
from medseg.volume.volume import Source, SourceFile, Volume


def read_series(path: Path, *, series_uid: str | None = None, progress: Progress = silent) -> Volume:
    """Read the one CT, MR or PET series in a folder onto its grid.

    Single-frame images, uncompressed or compressed, are read; whatever else, and whatever lies on no regular
    grid, is refused by name: never a silent wrong volume. MONOCHROME1 is refused too.

    Values are exact: each slice has its own RescaleSlope and RescaleIntercept applied, in the smallest
    integer type that holds all of them, or in float32 where they are fractions. CT is HU (unless its
    header says otherwise), MR has no physical scale, PET is what its Units say: no SUV is computed.
    Padding keeps its rescaled value.

    Args:
        path: A folder, searched to the bottom, or one file.
        series_uid: Which series, where the folder holds several.
        progress: Told before each file, twice: for its header and for its pixels.

    Returns:
        The volume, ``k`` growing along the normal (row direction × column direction).

    Raises:
        NoImagesError: No DICOM image in there.
        NotOneVolumeError: Several series, or one that is not one regular volume; ``reason`` says why.
        UnreadableFileError: A damaged file; without ``series_uid`` any in the folder, for it may be a slice.
        UnsupportedImageError: A kind of image that is not read.
    """
    inventory = find_series([path], progress=progress)
    if series_uid is None and inventory.unreadable:
        first = inventory.unreadable[0]
        raise UnreadableFileError(
            f"{first.message} ({len(inventory.unreadable)} unreadable file(s))",
            hint="it may be a slice of the series; copy or export it again",
            reason="unreadable",
            files=[str(file.path) for file in inventory.unreadable],
        )
    inventory.require_images()
    return read_planned(plan_volume(_only(inventory.images, series_uid)), progress=progress)


def read_planned(plan: VolumePlan, *, progress: Progress = silent) -> Volume:
    """Read the pixels of a series whose headers were looked at already.

    Raises:
        UnreadableFileError: A file is damaged or changed since.
        UnsupportedImageError: Pixels that contradict their header.
    """
    stored: npt.NDArray[Any] = np.empty(plan.grid.shape_kji, _cell_type(plan.headers))
    files: list[SourceFile] = []
    masked = 0
    for k, header in enumerate(plan.headers):
        progress("reading slices", k, len(plan.headers))
        one = read_stored(header)
        stored[k] = one.values
        masked += one.had_unused_bits
        files.append(SourceFile(one.sha256, header.sop_instance_uid or None))
    remarks = (f"Bits outside of BitsStored were cleared in {masked} slices.",) if masked else ()
    first = plan.headers[0]
    return Volume(
        grid=plan.grid,
        voxels=to_real_values(stored, [header.rescale or IDENTITY for header in plan.headers]),
        quantity=plan.quantity,
        source=Source(
            format="DICOM",
            files=tuple(files),
            series_uid=first.series_uid or None,
            study_uid=first.study_uid or None,
            modality=first.modality or None,
        ),
        warnings=plan.warnings + remarks,
    )


def _only(images: Sequence[Series], series_uid: str | None) -> Series:
    chosen = [series for series in images if series_uid is None or series.series_uid == series_uid]
    if len(chosen) == 1:
        return chosen[0]
    if series_uid is None:
        found = ", ".join(f"{series.id} ({len(series.headers)} images)" for series in chosen[:6])
        raise NotOneVolumeError(
            f"expected one series, found {len(chosen)}: {found}{' …' if len(chosen) > 6 else ''}",
            hint="give the folder of one series, or its UID",
            reason="several-series",
            series=[series.series_uid for series in chosen],
        )
    raise NotOneVolumeError(
        f"no image series has the UID {series_uid}", hint="see medseg inspect", reason="no-such-series"
    )


def _cell_type(headers: Sequence[ImageHeader]) -> np.dtype[Any]:
    """The smallest type that holds the stored values of every slice: signs and widths may be mixed."""
    limits = np.array([header.bits.limits for header in headers])
    low, high = int(limits[:, 0].min()), int(limits[:, 1].max())
    for candidate in (np.int16, np.uint16, np.int32):
        if np.iinfo(candidate).min <= low and high <= np.iinfo(candidate).max:
            return np.dtype(candidate)
    return np.dtype(np.int64)
