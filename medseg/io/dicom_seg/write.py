"""LabelMap → DICOM SEG, by highdicom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from medseg._version import __version__
from medseg.errors import LabelMapError, OutputError
from medseg.io.atomic import whole_file
from medseg.io.dicom.reference import DicomReference
from medseg.io.dicom_seg.kinds import Kind
from medseg.io.dicom_seg.segment_out import describe_segment, segment_notes
from medseg.io.dicom_seg.source_images import decimals, refer_to_source, stand_ins
from medseg.io.dicom_seg.text import long_string, person_name
from medseg.io.exchange import Outgoing
from medseg.io.shear import is_sheared
from medseg.labelmap import LabelMap, Structure
from medseg.review.approval import ApprovalStatus

if TYPE_CHECKING:
    from highdicom.seg import Segmentation
    from pydicom import Dataset

SERIES_NUMBER = 300
"""Behind the acquired series of most studies; 3D Slicer takes the same."""

MIN_FRAME_PIXELS = 8
"""highdicom packs the bits of smaller frames each into bytes of its own, which no reader expects."""

_CONTENT_LABEL = "SEGMENTATION"
_EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
"""Uncompressed: a bit a voxel is small, and every program reads it."""


def write_dicom_seg(
    outgoing: Outgoing,
    reference: DicomReference,
    path: Path,
    *,
    kind: Kind = "binary",
    overwrite: bool = False,
) -> tuple[str, ...]:
    """Write a label map as a DICOM segmentation of the series that it was drawn on.

    Frames lie on the reference's grid, tilted ones too; empty ones are left out. The file carries the Patient
    and Study modules of the series on purpose: it belongs to them. It holds no sign-off, for which the
    standard has no place in a segmentation.

    Args:
        outgoing: The label map, and who made it how.
        reference: The series.
        path: The file.
        kind: ``binary``: a segment for each structure, which may overlap; ``labelmap``: one label for each
            voxel, which fewer programs read.
        overwrite: Whether a file that is there is replaced.

    Returns:
        What a reader should know, one sentence each.

    Raises:
        GridMismatchError: The label map does not lie on the reference's grid.
        LabelMapError: There is no structure; or several layers were to go into a label map.
        OutputExistsError, OutputError: It can't be written: headers that break rules, images of a few pixels.
    """
    label_map = outgoing.label_map
    label_map.grid.require_same_as(reference.grid, "label map and DICOM series")
    _require_storable(label_map, kind)
    stack = _label_stack(label_map) if kind == "labelmap" else _binary_stack(label_map)
    segmentation, left_out = _segmentation(outgoing, reference, stack, kind)
    with whole_file(path, overwrite=overwrite) as temporary:
        segmentation.save_as(temporary, enforce_file_format=True)
    return tuple(_notes(outgoing, stack, left_out))


@dataclass(frozen=True)
class _Stack:
    """Voxels as highdicom takes them.

    Attributes:
        first: The ``k`` of the first plane.
        planes: Segment numbers ``[k, j, i]``; or, of structures that overlap, flags ``[k, j, i, segment]``.
        numbers: The structures with their segment numbers, ascending.
        is_empty: Whether no voxel is labelled.
        keep_empty: Whether planes without a voxel are stored too.
    """

    first: int
    planes: npt.NDArray[Any]
    numbers: tuple[tuple[int, Structure], ...]
    is_empty: bool
    keep_empty: bool


def _require_storable(label_map: LabelMap, kind: Kind) -> None:
    if not label_map.structures:
        raise LabelMapError(
            "a DICOM segmentation needs at least one structure, but there is none", reason="no-structures"
        )
    _, rows, columns = label_map.grid.shape_kji
    if rows * columns < MIN_FRAME_PIXELS:
        raise OutputError(
            f"expected images of at least {MIN_FRAME_PIXELS} pixels, found {rows} x {columns}",
            hint="export to NIfTI or NRRD",
            reason="tiny-image",
        )
    if kind == "labelmap" and len(label_map.layers) > 1:
        raise LabelMapError(
            f"a DICOM label map holds one label a voxel, but this one has {len(label_map.layers)} layers",
            hint="write a binary DICOM SEG, or fewer structures",
            reason="several-layers",
        )


def _label_stack(label_map: LabelMap) -> _Stack:
    """The voxels as they are: a label is its own segment number."""
    structures = sorted(label_map.structures, key=lambda structure: structure.label)
    numbers = tuple((structure.label, structure) for structure in structures)
    planes, is_empty = _labelled_planes(label_map)
    voxels = label_map.voxels[planes.start : planes.stop]
    return _Stack(planes.start, voxels, numbers, is_empty, _must_keep_empty(label_map.layers, planes))


def _binary_stack(label_map: LabelMap) -> _Stack:
    """Segments numbered from 1 in the order of the structures (PS3.3 C.8.20.4)."""
    numbers = tuple(enumerate(label_map.structures, start=1))
    planes, is_empty = _labelled_planes(label_map)
    keep_empty = _must_keep_empty(label_map.layers, planes)
    layers = [layer[planes.start : planes.stop] for layer in label_map.layers]
    if len(layers) == 1:
        return _Stack(planes.start, _renumbered(layers[0], numbers), numbers, is_empty, keep_empty)
    flags = np.zeros((*layers[0].shape, len(numbers)), np.uint8)
    for number, structure in numbers:
        flags[..., number - 1] = layers[structure.layer] == structure.label
    return _Stack(planes.start, flags, numbers, is_empty, keep_empty)


def _labelled_planes(label_map: LabelMap) -> tuple[range, bool]:
    """The planes from the first to the last that hold a label, and whether none does (then the first of all).

    A lone plane of a tilted stack gets a neighbour, for without one nothing would tell of the tilt.
    """
    count = label_map.grid.shape_kji[0]
    filled = np.zeros(count, bool)
    for layer in label_map.layers:
        filled |= [bool(plane.any()) for plane in layer]
    first, last = (int(k) for k in np.flatnonzero(filled)[[0, -1]]) if filled.any() else (0, 0)
    if first == last and count > 1 and is_sheared(label_map.grid):
        first, last = (first, last + 1) if last + 1 < count else (first - 1, last)
    return range(first, last + 1), not filled.any()


def _must_keep_empty(layers: Sequence[npt.NDArray[Any]], planes: range) -> bool:
    """Whether the first or the last plane is there for its place alone."""
    return not all(any(layer[k].any() for layer in layers) for k in (planes[0], planes[-1]))


def _renumbered(layer: npt.NDArray[Any], numbers: Sequence[tuple[int, Structure]]) -> npt.NDArray[Any]:
    if all(number == structure.label for number, structure in numbers):
        return layer
    table = np.zeros(np.iinfo(layer.dtype).max + 1, layer.dtype)
    for number, structure in numbers:
        table[structure.label] = number
    return np.asarray(table[layer])


def _segmentation(
    outgoing: Outgoing, reference: DicomReference, stack: _Stack, kind: Kind
) -> tuple[Segmentation, tuple[str, ...]]:
    # Imported here: it takes a second, and no other command needs it.
    from highdicom import PlanePositionSequence
    from highdicom.seg import Segmentation
    from pydicom.uid import generate_uid

    from medseg.io.dicom.pydicom_source import PARSE_ERRORS, lenient

    planes = range(stack.first, stack.first + len(stack.planes))
    try:
        with lenient():
            images, left_out = stand_ins(reference)
            segmentation = Segmentation(
                images,
                stack.planes,
                kind.upper(),
                _descriptions(outgoing, reference, stack),
                series_instance_uid=generate_uid(),
                series_number=SERIES_NUMBER,
                sop_instance_uid=generate_uid(),
                instance_number=1,
                manufacturer="medseg",
                manufacturer_model_name="medseg",
                software_versions=long_string(outgoing.software) or f"medseg {__version__}",
                device_serial_number="0",  # type 1 (PS3.3 C.7.5.2), and software has none
                content_label=_CONTENT_LABEL,
                content_description="Label map drawn on the referenced series",
                plane_positions=[
                    PlanePositionSequence("PATIENT", decimals(reference.grid.to_lps_mm([k, 0, 0])))
                    for k in planes
                ],
                omit_empty_frames=not stack.keep_empty,
                transfer_syntax_uid=_EXPLICIT_LITTLE,
                series_description=_series_description(stack),
                specific_character_set="ISO_IR 192",
            )
            refer_to_source(segmentation, reference)
            _complete(segmentation, outgoing, reference.first)
    except PARSE_ERRORS as error:
        # Not its text: it may quote what it could not take, such as a name.
        raise OutputError(
            "the headers of the series can't be carried into a DICOM segmentation",
            hint="the series breaks rules of DICOM; export to NIfTI or NRRD",
            reason="source-headers",
        ) from error
    return segmentation, left_out


def _descriptions(outgoing: Outgoing, reference: DicomReference, stack: _Stack) -> list[Any]:
    return [
        describe_segment(
            structure,
            number,
            series_uid=str(reference.first.SeriesInstanceUID),
            completed=outgoing.completed,
            software=outgoing.software,
        )
        for number, structure in stack.numbers
    ]


def _series_description(stack: _Stack) -> str:
    names = ", ".join(structure.name for _, structure in stack.numbers)
    return long_string(f"Segmentation: {names}")


def _complete(segmentation: Dataset, outgoing: Outgoing, first: Dataset) -> None:
    """What highdicom would not take, or takes from the clock."""
    segmentation.PatientName = str(first.get("PatientName") or "")
    segmentation.ContentCreatorName = person_name(outgoing.author)
    if outgoing.created is not None:
        segmentation.ContentDate = outgoing.created.strftime("%Y%m%d")
        segmentation.ContentTime = outgoing.created.strftime("%H%M%S")
        if outgoing.created.tzinfo is not None:
            segmentation.TimezoneOffsetFromUTC = outgoing.created.strftime("%z")[:5]


def _notes(outgoing: Outgoing, stack: _Stack, left_out: Sequence[str]) -> Iterator[str]:
    yield "the file names the patient and the study, as the series does"
    if is_sheared(outgoing.label_map.grid):
        yield (
            "the stack of slices leans: each frame lies on its image, but programs that put frames straight "
            "behind each other (dcmqi, 3D Slicer) misplace them"
        )
    for number, structure in stack.numbers:
        yield from segment_notes(structure)
        if stack.is_empty or not _has_voxels(stack.planes, number):
            yield f"{structure.name} has no voxels: its segment is named but empty"
    if left_out:
        yield f"left out, for their values in the series are no valid DICOM: {', '.join(left_out)}"
    if outgoing.approval.status is not ApprovalStatus.UNAPPROVED:
        yield "a DICOM segmentation has no place for a sign-off: it stays with the label map"


def _has_voxels(planes: npt.NDArray[Any], number: int) -> bool:
    if planes.ndim == 4:
        return bool(planes[..., number - 1].any())
    return any(bool((plane == number).any()) for plane in planes)
