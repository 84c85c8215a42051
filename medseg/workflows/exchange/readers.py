"""How each format is read: a path → what the file says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from medseg.io.dicom.object_class import storage_class
from medseg.io.exchange import Incoming
from medseg.io.nifti.image import nifti_source
from medseg.io.nifti.label_map import read_label_map
from medseg.labelmap import LabelMap

_FORMAT_OF_CLASS = {
    "1.2.840.10008.5.1.4.1.1.66.4": "dicom-seg",
    "1.2.840.10008.5.1.4.1.1.66.7": "dicom-seg",
    "1.2.840.10008.5.1.4.1.1.481.3": "rtstruct",
}
"""By SOP class UID: Segmentation Storage, Label Map Segmentation Storage, RT Structure Set Storage."""


def dicom_format(path: Path) -> str | None:
    """Which of the formats a DICOM file is of; None for anything else."""
    return _FORMAT_OF_CLASS.get(storage_class(path) or "")


@dataclass(frozen=True)
class Reading:
    """What a file does not say itself.

    Attributes:
        nested_are_holes: Whether a contour of a structure set that lies inside another one of its structure
            is a hole; else it adds nothing. DICOM does not say, and planning systems differ.
        fractional_at: From which fraction on a voxel of a fractional DICOM SEG belongs to its structure; None
            refuses fractions.
        labels: ITK-SNAP label descriptions that name the labels of a NIfTI or NRRD; None for none.
    """

    nested_are_holes: bool = False
    fractional_at: float | None = None
    labels: Path | None = None


def dicom_seg(path: Path, reading: Reading) -> Incoming:
    """Read a DICOM SEG."""
    from medseg.io.dicom_seg.read import read_dicom_seg

    return read_dicom_seg(path, fractional_at=reading.fractional_at)


def rtstruct(path: Path, reading: Reading) -> Incoming:
    """Read an RT structure set."""
    from medseg.io.rtstruct.read import read_rtstruct

    return read_rtstruct(path, nested_are_holes=reading.nested_are_holes)


def slicer(path: Path, _reading: Reading) -> Incoming:
    """Read a segmentation of 3D Slicer."""
    from medseg.io.nrrd.slicer_segmentation import read_slicer_segmentation

    return read_slicer_segmentation(path)


def nrrd(path: Path, reading: Reading) -> Incoming:
    """Read a plain NRRD."""
    from medseg.io.nrrd.label_map import read_nrrd_label_map

    return _named(read_nrrd_label_map(path), reading.labels)


def nifti(path: Path, reading: Reading) -> Incoming:
    """Read a label map that another program wrote as NIfTI."""
    label_map = read_label_map(path)
    incoming = Incoming("NIfTI", label_map.structures, label_map, source=nifti_source(path))
    return _named(incoming, reading.labels)


def _named(incoming: Incoming, labels: Path | None) -> Incoming:
    """With the names and colours that ITK-SNAP's descriptions give to the labels of one layer."""
    from medseg.io.itksnap_labels import read_itksnap_labels

    label_map = incoming.label_map
    if labels is None or label_map is None:
        return incoming
    described = {structure.label: structure for structure in read_itksnap_labels(labels)}
    structures = tuple(described.get(s.label, s) for s in incoming.structures)
    return replace(
        incoming,
        structures=structures,
        label_map=LabelMap.painted(label_map.grid, label_map.layers, structures),
    )
