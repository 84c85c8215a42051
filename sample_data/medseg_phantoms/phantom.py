"""Phantom: an image and the truth about it."""

from __future__ import annotations

from dataclasses import dataclass

from medseg.labelmap import LabelMap
from medseg.volume import Volume


@dataclass(frozen=True, eq=False)
class Phantom:
    """A synthetic acquisition of a patient who was never born.

    Attributes:
        name: Short name, fit for a folder.
        volume: The image.
        truth: What each voxel's centre truly lies in, on the image's grid.
        modality: DICOM modality, ``CT`` or ``MR``.
        series_description: What a scanner would call the series.
        body_part: DICOM body part examined (PS3.16 annex L), such as ``ABDOMEN``.
        slice_thickness_mm: Thickness of the slab that a slice averages over.
    """

    name: str
    volume: Volume
    truth: LabelMap
    modality: str
    series_description: str
    body_part: str
    slice_thickness_mm: float
