"""What the stored values of a segmentation mean (PS3.3 C.8.20.2.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from medseg.errors import UnreadableFileError, UnsupportedImageError

if TYPE_CHECKING:
    from pydicom import Dataset

_BINARY, _FRACTIONAL, _LABELMAP = "BINARY", "FRACTIONAL", "LABELMAP"


@dataclass(frozen=True)
class VoxelValues:
    """How to tell whether a voxel belongs to the segment of its frame.

    Attributes:
        are_labels: Whether values are segment numbers; then there is nothing to tell.
        full: The value of a voxel that belongs to the segment wholly.
        cut: From which value on a voxel belongs to it; None if only ``full`` and 0 may occur.
        notes: What a reader should know, one sentence each.
    """

    are_labels: bool
    full: int = 1
    cut: float | None = None
    notes: tuple[str, ...] = ()

    def inside(self, stored: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        """Which voxels of a frame belong to its segment.

        Raises:
            UnsupportedImageError: Fractions, and no cut was asked for.
            UnreadableFileError: A binary segmentation with other values than 0 and 1.
        """
        if self.cut is not None:
            return np.asarray(stored >= self.cut)
        if ((stored != 0) & (stored != self.full)).any():
            raise _fractions() if self.full > 1 else _not_binary()
        return np.asarray(stored != 0)


def values_of(dataset: Dataset, fractional_at: float | None) -> VoxelValues:
    """What the values of a file mean.

    Args:
        dataset: Its header.
        fractional_at: From which fraction on, above 0 and up to 1, a voxel belongs to its segment; None if
            fractions are not wanted.

    Raises:
        UnsupportedImageError: Another type of segmentation.
    """
    kind = str(dataset.get("SegmentationType") or "")
    if kind == _BINARY:
        return VoxelValues(are_labels=False)
    if kind == _LABELMAP:
        return VoxelValues(are_labels=True)
    if kind != _FRACTIONAL:
        raise UnsupportedImageError(
            "expected a segmentation of type BINARY, FRACTIONAL or LABELMAP, found another",
            hint="export it again as a binary segmentation",
            reason="segmentation-type",
        )
    full = int(dataset.get("MaximumFractionalValue") or 0)
    if full < 1:
        raise UnreadableFileError(
            "a fractional segmentation that does not say which value is all of a voxel",
            hint="export it again as a binary segmentation",
            reason="damaged-segments",
        )
    if fractional_at is None:
        return VoxelValues(
            are_labels=False, full=full, notes=("the fractional segmentation holds whole voxels alone",)
        )
    return VoxelValues(
        are_labels=False,
        full=full,
        cut=fractional_at * full,
        notes=(f"fractions were cut at {fractional_at:g}: voxels from there on belong to the segment",),
    )


def _fractions() -> UnsupportedImageError:
    return UnsupportedImageError(
        "a fractional segmentation: its voxels belong to a segment in part, or with some probability",
        hint="say from which fraction on a voxel belongs to it, or export it as a binary segmentation",
        reason="fractional",
    )


def _not_binary() -> UnreadableFileError:
    return UnreadableFileError(
        "expected 0 and 1 in a binary segmentation, found other values",
        hint="the file is damaged or breaks the rules of DICOM segmentations",
        reason="damaged-segments",
    )
