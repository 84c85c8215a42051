"""Measurements → DICOM SR, TID 1500, by highdicom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medseg._version import __version__
from medseg.errors import InputError, OutputError
from medseg.io.atomic import whole_file
from medseg.io.dicom.reference import DicomReference
from medseg.io.dicom_seg.kinds import CLASSES
from medseg.io.dicom_seg.source_images import stand_ins
from medseg.io.dicom_seg.text import long_string, person_name
from medseg.io.dicom_sr.groups import Segments, groups_of
from medseg.io.dicom_sr.terms import dicom_code, procedure_code
from medseg.io.exchange import Outgoing
from medseg.labelmap import LabelMap
from medseg.measurement.structures import StructureMeasurements, family_of

if TYPE_CHECKING:
    from pydicom import Dataset

SERIES_NUMBER = 301
"""Behind the segmentation's, 300."""

DEVICE_UID = "2.25.210836459175230963744137583926402916257"
"""Of medseg as an observer (PS3.16 TID 1004); drawn once."""


def write_measurement_report(
    measurements: Sequence[StructureMeasurements],
    outgoing: Outgoing,
    reference: DicomReference,
    path: Path,
    *,
    segmentation: Path | None = None,
    overwrite: bool = False,
) -> tuple[str, ...]:
    """Write measurements as a Comprehensive 3D SR of the series that was drawn on.

    The file carries the Patient and Study modules of the series on purpose: it belongs to them. It is
    unverified and preliminary: a sign-off stays with the label map.

    Args:
        measurements: Of the structures of the label map.
        outgoing: The label map, and who made it.
        reference: The series.
        path: The file.
        segmentation: A DICOM SEG of the same structures, to whose segments the report refers.
        overwrite: Whether a file that is there is replaced.

    Returns:
        What a reader should know, one sentence each.

    Raises:
        GridMismatchError: The label map does not lie on the reference's grid.
        InputError: The segmentation is none, or one of another study.
        OutputExistsError, OutputError: It can't be written: headers that break rules.
    """
    from medseg.io.dicom.pydicom_source import PARSE_ERRORS, lenient

    outgoing.label_map.grid.require_same_as(reference.grid, "label map and DICOM series")
    segments = _segments(segmentation, reference) if segmentation else None
    try:
        with lenient():
            groups = [
                group
                for of_structure in measurements
                for group in groups_of(of_structure, outgoing.label_map, reference, segments)
            ]
            report, left_out = _report(groups, outgoing, reference, segments)
    except PARSE_ERRORS as error:
        # Not its text: it may quote what it could not take, such as a name.
        raise OutputError(
            "the headers of the series can't be carried into a DICOM SR",
            hint="the series breaks rules of DICOM; write a table (CSV) or JSON",
            reason="source-headers",
        ) from error
    with whole_file(path, overwrite=overwrite) as temporary:
        report.save_as(temporary, enforce_file_format=True)
    return tuple(_notes(measurements, outgoing.label_map, reference, segments, left_out))


def _report(
    groups: Sequence[Any], outgoing: Outgoing, reference: DicomReference, segments: Segments | None
) -> tuple[Dataset, tuple[str, ...]]:
    from highdicom import sr
    from pydicom.uid import generate_uid

    evidence, left_out = _evidence(reference)
    content = sr.MeasurementReport(
        observation_context=sr.ObservationContext(**_observers(outgoing.author)),
        procedure_reported=dicom_code(procedure_code(str(reference.first.get("Modality") or ""))),
        imaging_measurements=groups,
    )
    report = sr.Comprehensive3DSR(
        evidence=[*evidence, *([segments.segmentation] if segments else [])],
        content=content,
        series_instance_uid=generate_uid(),
        series_number=SERIES_NUMBER,
        sop_instance_uid=generate_uid(),
        instance_number=1,
        # All that was measured is in it; it stays preliminary, and unverified.
        is_complete=True,
        manufacturer="medseg",
        manufacturer_model_name="medseg",
        software_versions=f"medseg {__version__}",
        series_description=long_string("Measurements"),
        specific_character_set="ISO_IR 192",
    )
    report.PatientName = str(reference.first.get("PatientName") or "")
    return report, left_out


def _evidence(reference: DicomReference) -> tuple[list[Dataset], tuple[str, ...]]:
    """Plain images with the real UIDs: real headers lack what highdicom takes for granted."""
    images, left_out = stand_ins(reference)
    for k, image in enumerate(images):
        image.SOPClassUID = reference.slice_at(k).SOPClassUID
        image.SOPInstanceUID = reference.slice_at(k).SOPInstanceUID
    return images, left_out


def _observers(author: str) -> dict[str, Any]:
    """Who measured: the program, for the person who drew (PS3.16 TID 1002)."""
    from highdicom import sr
    from pydicom.sr.codedict import codes

    device = sr.DeviceObserverIdentifyingAttributes(
        uid=DEVICE_UID, name="medseg", manufacturer_name="medseg", model_name="medseg"
    )
    observers = {"observer_device_context": sr.ObserverContext(codes.DCM.Device, device)}
    name = person_name(author)
    if name:
        person = sr.PersonObserverIdentifyingAttributes(name=name)
        observers["observer_person_context"] = sr.ObserverContext(codes.DCM.Person, person)
    return observers


def _segments(path: Path, reference: DicomReference) -> Segments:
    """Read which segment of a segmentation is which structure, by their tracking UIDs."""
    import pydicom
    import pydicom.errors

    from medseg.io.dicom.pydicom_source import PARSE_ERRORS, lenient

    try:
        with lenient():
            header = pydicom.dcmread(path, stop_before_pixels=True)
            numbers = {
                str(segment.TrackingUID): int(segment.SegmentNumber)
                for segment in header.get("SegmentSequence") or ()
                if "TrackingUID" in segment
            }
    except (OSError, pydicom.errors.InvalidDicomError, *PARSE_ERRORS) as error:
        raise _not_its_segmentation(path, "it can't be read") from error
    if header.get("SOPClassUID") not in CLASSES:
        raise _not_its_segmentation(path, "it is no segmentation")
    if header.get("StudyInstanceUID") != reference.first.StudyInstanceUID:
        raise _not_its_segmentation(path, "it is of another study")
    return Segments(header, numbers)


def _not_its_segmentation(path: Path, why: str) -> InputError:
    return InputError(
        f"{path.name} is not a DICOM SEG of this label map: {why}",
        hint="export the label map with medseg export --to dicom-seg, and name that file",
        reason="not-its-segmentation",
    )


def _notes(
    measurements: Sequence[StructureMeasurements],
    label_map: LabelMap,
    reference: DicomReference,
    segments: Segments | None,
    left_out: Sequence[str],
) -> Iterator[str]:
    yield "the file names the patient and the study, as the series does; it is unverified"
    if segments is None:
        yield "the report names the images but no segments: name a DICOM SEG to have it refer to those"
    for of_structure in measurements if segments else ():
        structure = of_structure.structure
        if segments and segments.number_of(structure.id, label_map, reference) is None:
            has_parts = len(family_of(label_map, structure.id)) > 1
            why = "takes in its parts, which its segment does not" if has_parts else "has no segment"
            yield f"{structure.name} {why}: its numbers name the images alone"
    undefined = sum(one.value is None for each in measurements for one in each.measured)
    if undefined:
        yield f"left out, for they have no value, as in structures without voxels: {undefined} of the numbers"
    if left_out:
        yield f"left out, for their values in the series are no valid DICOM: {', '.join(left_out)}"
