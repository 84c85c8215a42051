"""Images, segmentations and everything else that may lie in a DICOM folder (PS3.4 B.5)."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from medseg.io.dicom.header import ImageHeader

_STORAGE = "1.2.840.10008.5.1.4.1.1"


class Kind(StrEnum):
    """What a DICOM object is to a reader of volumes; the value is the reason why it is passed over."""

    IMAGE = "image"
    SEGMENTATION = "segmentation"
    """Voxels, but labels: a label map, not a volume."""
    OTHER = "not-an-image"
    """Reports, contours, presentation states, raw data …"""


ENHANCED_CLASSES: dict[str, str] = {
    f"{_STORAGE}.2.1": "CT",  # Enhanced CT
    f"{_STORAGE}.2.2": "CT",  # Legacy Converted Enhanced CT
    f"{_STORAGE}.4.1": "MR",  # Enhanced MR
    f"{_STORAGE}.4.4": "MR",  # Legacy Converted Enhanced MR
    f"{_STORAGE}.130": "PT",  # Enhanced PET
    f"{_STORAGE}.128.1": "PT",  # Legacy Converted Enhanced PET
}
"""The multi-frame storage classes whose frames say where they lie, and their modality."""

VOLUME_CLASSES: dict[str, str] = {
    f"{_STORAGE}.2": "CT",
    f"{_STORAGE}.4": "MR",
    f"{_STORAGE}.128": "PT",
    **ENHANCED_CLASSES,
}
"""The storage classes that are read, and their modality."""

DIRECTORY_CLASS = "1.2.840.10008.1.3.10"
"""Media Storage Directory: a DICOMDIR, which lists files and holds none."""

SECONDARY_CAPTURE_CLASSES = {f"{_STORAGE}.7", *(f"{_STORAGE}.7.{number}" for number in range(1, 5))}
"""Secondary Capture, single and multi-frame: screenshots and the like."""

_SEGMENTATION_CLASSES = {f"{_STORAGE}.66.4", f"{_STORAGE}.66.7"}
"""Segmentation Storage and Label Map Segmentation Storage."""


def modality_of(header: ImageHeader) -> str:
    """CT, MR or PT by the storage class; where there is none, or a strange one, what Modality says."""
    return VOLUME_CLASSES.get(header.sop_class_uid, header.modality)


def kind_of(header: ImageHeader) -> Kind:
    """Tell an image from the rest.

    A CT, MR or PET object without rows is an image all the same, a damaged one.
    """
    if header.sop_class_uid in _SEGMENTATION_CLASSES:
        return Kind.SEGMENTATION
    should_be_image = (
        header.sop_class_uid in VOLUME_CLASSES
        if header.sop_class_uid
        else header.modality in VOLUME_CLASSES.values()
    )
    return Kind.IMAGE if should_be_image or (header.rows and header.columns) else Kind.OTHER
