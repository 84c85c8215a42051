"""How each format is written: a request → files."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Literal

from medseg.errors import InputError, LabelMapError
from medseg.io.atomic import whole_file
from medseg.io.structure_table import write_structure_table
from medseg.workflows.exchange.request import ExportRequest, Written


def dicom_seg(request: ExportRequest) -> Written:
    """Write a binary DICOM SEG."""
    return _dicom_seg(request, "binary")


def dicom_seg_labelmap(request: ExportRequest) -> Written:
    """Write a DICOM SEG of type LABELMAP."""
    return _dicom_seg(request, "labelmap")


def _dicom_seg(request: ExportRequest, kind: Literal["binary", "labelmap"]) -> Written:
    from medseg.io.dicom_seg.write import write_dicom_seg

    notes = write_dicom_seg(
        request.outgoing, request.reference, request.out, kind=kind, overwrite=request.overwrite
    )
    return Written((request.out,), notes)


def rtstruct(request: ExportRequest) -> Written:
    """Write an RT structure set."""
    from medseg.io.rtstruct.write import write_rtstruct

    notes = write_rtstruct(request.outgoing, request.reference, request.out, overwrite=request.overwrite)
    return Written((request.out,), notes)


def slicer_segmentation(request: ExportRequest) -> Written:
    """Write a segmentation of 3D Slicer."""
    from medseg.io.nrrd.slicer_segmentation import write_slicer_segmentation

    notes = write_slicer_segmentation(request.label_map, request.out, overwrite=request.overwrite)
    return Written((request.out,), notes)


def nrrd(request: ExportRequest) -> Written:
    """Write a plain NRRD."""
    from medseg.io.nrrd.label_map import table_beside, write_nrrd_label_map

    table = table_beside(request.out)
    with ExitStack() as files:
        # The table first: where the voxels are, it is.
        beside, voxels = (
            files.enter_context(whole_file(path, overwrite=request.overwrite))
            for path in (table, request.out)
        )
        write_structure_table(request.label_map.structures, beside)
        notes = write_nrrd_label_map(request.label_map, voxels)
    return Written((request.out, table), notes)


def itksnap_labels(request: ExportRequest) -> Written:
    """Write what the labels mean, for ITK-SNAP."""
    from medseg.io.itksnap_labels import write_itksnap_labels

    if len(request.label_map.layers) > 1:
        raise LabelMapError(
            "ITK-SNAP takes one label a voxel, but this label map has several layers",
            hint="export a choice of structures that do not overlap (--structure)",
            reason="several-layers",
        )
    notes = write_itksnap_labels(request.label_map.structures, request.out, overwrite=request.overwrite)
    return Written((request.out,), notes)


def surfaces(request: ExportRequest) -> Written:
    """Write the structures' surfaces."""
    from medseg.io.surface_file import write_surfaces
    from medseg.labelmap.surface import Surface, surface_of

    made: list[Surface] = []
    notes: list[str] = []
    for number, structure in enumerate(request.label_map.structures):
        request.progress("surfaces", number, len(request.label_map.structures))
        if request.label_map.mask_with_parts(structure.id).any():
            made.append(surface_of(request.label_map, structure.id, smoothing_iterations=request.smoothing))
            notes += made[-1].notes
        else:
            notes.append(f"{structure.name} has no voxels, and so no surface")
    return Written(write_surfaces(made, request.out, overwrite=request.overwrite), tuple(notes))


def bids_derivative(request: ExportRequest) -> Written:
    """Add the label map to a BIDS derivative."""
    from medseg.io.bids_derivative import add_to_derivative
    from medseg.workflows.history import prov_of

    if request.structures is not None:
        raise InputError(
            "a BIDS derivative takes the whole label map, so that its signatures stay valid",
            hint="leave --structure out",
            reason="part-of-a-label-map",
        )
    prov = prov_of(request.files.nifti, trust=request.trust)
    return Written(add_to_derivative(request.files, request.out, subject=request.subject, prov=prov))
