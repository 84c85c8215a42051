"""The formats of other programs, as one table: what each is called, and how it is written and read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from medseg.errors import InputError
from medseg.io.exchange import Incoming
from medseg.workflows.exchange import readers, writers
from medseg.workflows.exchange.request import ExportRequest, Written

Write = Callable[[ExportRequest], Written]
Read = Callable[[Path, readers.Reading], Incoming]


@dataclass(frozen=True)
class Format:
    """A format of another program.

    Attributes:
        name: What ``--to`` and ``--from`` call it.
        title: What people read.
        ending: How its file names end; empty for a folder.
        write: Writes it; None where it is only read.
        read: Reads it; None where it is only written.
    """

    name: str
    title: str
    ending: str
    write: Write | None = None
    read: Read | None = None


FORMATS = (
    Format("dicom-seg", "DICOM SEG, binary", ".dcm", writers.dicom_seg, readers.dicom_seg),
    Format("dicom-seg-labelmap", "DICOM SEG, LABELMAP", ".dcm", writers.dicom_seg_labelmap),
    Format("rtstruct", "DICOM RT structure set", ".dcm", writers.rtstruct, readers.rtstruct),
    Format("seg-nrrd", "3D Slicer segmentation", ".seg.nrrd", writers.slicer_segmentation, readers.slicer),
    Format("nrrd", "plain NRRD", ".nrrd", writers.nrrd, readers.nrrd),
    Format("nifti", "NIfTI of another program", ".nii.gz", None, readers.nifti),
    Format("itksnap-labels", "ITK-SNAP label descriptions", ".txt", writers.itksnap_labels),
    Format("stl", "surfaces, one STL file a structure", ".stl", writers.surfaces),
    Format("obj", "surfaces, Wavefront OBJ", ".obj", writers.surfaces),
    Format("ply", "surfaces, one PLY file a structure", ".ply", writers.surfaces),
    Format("gltf", "surfaces, binary glTF", ".glb", writers.surfaces),
    Format("bids", "BIDS derivative", "", writers.bids_derivative),
)


def format_named(name: str) -> Format:
    """The format that a user named.

    Raises:
        InputError: There is none of this name.
    """
    for one in FORMATS:
        if one.name == name:
            return one
    raise InputError(
        f"expected a format among {', '.join(one.name for one in FORMATS)}, got {name!r}", reason="format"
    )


def format_to_write(out: Path) -> Format:
    """The format that a file name asks for.

    Raises:
        InputError: None ends so, or several do.
    """
    fitting = [one for one in FORMATS if one.write and one.ending and out.name.lower().endswith(one.ending)]
    # .seg.nrrd ends in .nrrd too: the longest ending is meant.
    longest = max((len(one.ending) for one in fitting), default=0)
    fitting = [one for one in fitting if len(one.ending) == longest]
    if len(fitting) == 1:
        return fitting[0]
    names = ", ".join(one.name for one in (fitting or FORMATS) if one.write)
    raise InputError(
        f"the name {out.name} does not tell the format", hint=f"name it with --to: {names}", reason="format"
    )


def format_to_read(path: Path) -> Format:
    """The format of a file: by its name, and DICOM by its content.

    Raises:
        InputError: It is none that is read.
    """
    name = path.name.lower()
    for one in FORMATS:
        if one.read and one.ending and one.ending != ".dcm" and name.endswith(one.ending):
            return one
    if name.endswith((".nii", ".nhdr")):
        return format_named("nifti" if name.endswith(".nii") else "nrrd")
    found = readers.dicom_format(path)
    if found is None:
        readable = ", ".join(one.title for one in FORMATS if one.read)
        raise InputError(
            f"{path.name} is no label map of a format that is read",
            hint=f"read are {readable}",
            reason="format",
        )
    return format_named(found)
