"""The storage classes and types of DICOM segmentations."""

from __future__ import annotations

from typing import Literal

SEGMENTATION_STORAGE = "1.2.840.10008.5.1.4.1.1.66.4"
LABEL_MAP_STORAGE = "1.2.840.10008.5.1.4.1.1.66.7"

CLASSES = (SEGMENTATION_STORAGE, LABEL_MAP_STORAGE)
"""SOP class UIDs of what is read and written here (PS3.4 B.5)."""

FORMAT = "DICOM SEG"

Kind = Literal["binary", "labelmap"]
"""How voxels are stored: a bit for each voxel and segment, or one label for each voxel (PS3.3 C.8.20.2.3)."""
