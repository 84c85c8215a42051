"""Volume: voxels on a Grid, what their values are, and where they came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from medseg.errors import GridMismatchError, UnsupportedImageError
from medseg.space import Grid


class Quantity(StrEnum):
    """What a voxel's value measures."""

    HU = "HU"
    """CT number in Hounsfield units."""
    SUVBW = "SUVbw"
    """Standardised uptake value by body weight, g/ml."""
    BQML = "BQML"
    """Activity concentration, Bq/ml."""
    CNTS = "CNTS"
    """Uncalibrated counts."""
    ARBITRARY = "arbitrary"
    """No physical scale, as in MR."""

    @property
    def unit(self) -> str:
        """The unit to print beside a value."""
        return _UNITS[self]


_UNITS = {
    Quantity.HU: "HU",
    Quantity.SUVBW: "g/ml",
    Quantity.BQML: "Bq/ml",
    Quantity.CNTS: "counts",
    Quantity.ARBITRARY: "",
}


@dataclass(frozen=True)
class SourceFile:
    """One file that voxels came from.

    Attributes:
        sha256: Digest of the file's bytes.
        uid: DICOM SOP instance UID, or None for other formats.
    """

    sha256: str
    uid: str | None = None


@dataclass(frozen=True)
class Source:
    """Where a volume came from, free of what identifies a patient.

    Attributes:
        format: ``"DICOM"``, ``"NIfTI"`` or ``"phantom"``.
        files: Every file that was read, in slice order where there is one.
        series_uid: DICOM series instance UID.
        study_uid: DICOM study instance UID.
        modality: DICOM modality, such as ``CT`` or ``MR``.
        subject: Keyed pseudonym of the patient, as ``medseg convert`` names files; None where this machine
            has no key, or where the format names no patient.
    """

    format: str
    files: tuple[SourceFile, ...] = ()
    series_uid: str | None = None
    study_uid: str | None = None
    modality: str | None = None
    subject: str | None = None


@dataclass(frozen=True, eq=False)
class Volume:
    """A 3-D image.

    Args:
        grid: Where the voxels lie.
        voxels: Real-valued numbers ``[k, j, i]``, C-contiguous, read-only after construction: an array
            that owns its data is taken over and locked, any other is copied.
        quantity: What the numbers measure.
        source: Where they came from.
        warnings: What a careful user should know about this image, one sentence each.
        display_window: The values that its file asks to be shown as black and as white; None where it says
            nothing.

    Raises:
        GridMismatchError: The array's shape is not the grid's.
        UnsupportedImageError: The voxels are not real numbers (complex, colour, objects).
    """

    grid: Grid
    voxels: npt.NDArray[Any]
    quantity: Quantity
    source: Source
    warnings: tuple[str, ...] = field(default=())
    display_window: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if self.voxels.shape != self.grid.shape_kji:
            raise GridMismatchError(
                f"expected voxels of shape {self.grid.shape_kji} (k, j, i), got {self.voxels.shape}",
                expected=list(self.grid.shape_kji),
                found=list(self.voxels.shape),
            )
        if self.voxels.dtype.kind not in "iuf":
            raise UnsupportedImageError(
                f"expected voxels of an integer or float type, got {self.voxels.dtype}",
                dtype=str(self.voxels.dtype),
            )
        object.__setattr__(self, "voxels", locked(self.voxels))


def locked(voxels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The array C-contiguous and read-only.

    An array that owns its data is locked in place, so that half a gigabyte is not copied; a view is
    copied, because its owner could still write to it.
    """
    if not (voxels.flags.owndata and voxels.flags.c_contiguous):
        if not voxels.flags.writeable and voxels.flags.c_contiguous and _is_locked(voxels.base):
            return voxels
        voxels = np.array(voxels, order="C")
    voxels.setflags(write=False)
    return voxels


def _is_locked(base: object) -> bool:
    while isinstance(base, np.ndarray):
        if base.flags.writeable:
            return False
        base = base.base
    return base is None
