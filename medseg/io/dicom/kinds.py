"""Images, segmentations and everything else that may lie in a DICOM folder (PS3.4 B.5)."""

from __future__ import annotations

from enum import StrEnum

from pydicom import uid

from medseg.io.dicom.header import ImageHeader, uid_of


class Kind(StrEnum):
    """What a DICOM object is to a reader of volumes; the value is the reason why it is passed over."""

    IMAGE = "image"
    SEGMENTATION = "segmentation"
    """Voxels, but labels: a label map, not a volume."""
    OTHER = "not-an-image"
    """Reports, contours, presentation states, raw data …"""


VOLUME_CLASSES: dict[str, str] = {
    uid.CTImageStorage: "CT",
    uid.MRImageStorage: "MR",
    uid.PositronEmissionTomographyImageStorage: "PT",
}
"""The storage classes that :func:`~medseg.io.dicom.read.read_series` reads, and their modality."""

_SEGMENTATION_CLASSES = {uid.SegmentationStorage, "1.2.840.10008.5.1.4.1.1.66.7"}
"""Segmentation Storage and Label Map Segmentation Storage."""


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


def class_name(sop_class_uid: str) -> str:
    """The standard's name of a storage class, or its UID if it is a private one."""
    return uid_of(sop_class_uid).name if sop_class_uid else "unnamed storage class"
