"""A structure's numbers as measurement groups (PS3.16 TID 1411 and TID 1501).

TID 1411 is for measurements of a segment; it has no place for where a line was measured. So measurements with
a line, and all where there is no segment of the same voxels, go into a group of TID 1501 with the same
tracking UID. The segment of a liver lacks the tumour that is part of it, and so is not what was measured.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from medseg._version import __version__
from medseg.io.dicom.reference import DicomReference
from medseg.io.dicom_seg.codes import category_of
from medseg.io.dicom_seg.segment_out import tracking_uid
from medseg.io.dicom_sr.terms import concept_code, dicom_code, method_code, structure_code, unit_code
from medseg.labelmap import LabelMap, Structure
from medseg.measurement.measured import Line, Measured
from medseg.measurement.structures import (
    StructureMeasurements,
    concept_of,
    family_of,
    unit_of,
    voxels_of,
)

if TYPE_CHECKING:
    from pydicom import Dataset


@dataclass(frozen=True, eq=False)
class Segments:
    """The segments of a DICOM SEG.

    Attributes:
        segmentation: Its header.
        numbers: Segment numbers by the tracking UID of their structure.
    """

    segmentation: Dataset
    numbers: Mapping[str, int]

    def number_of(self, structure_id: str, label_map: LabelMap, reference: DicomReference) -> int | None:
        """The number of the segment with all voxels of a structure; None where there is none."""
        if len(family_of(label_map, structure_id)) > 1:
            return None
        return self.numbers.get(tracking_uid_of(structure_id, reference))


def tracking_uid_of(structure_id: str, reference: DicomReference) -> str:
    """The UID of a structure, as its segments have it."""
    return tracking_uid(str(reference.first.SeriesInstanceUID), structure_id)


def groups_of(
    measurements: StructureMeasurements,
    label_map: LabelMap,
    reference: DicomReference,
    segments: Segments | None,
) -> Iterator[Any]:
    """The measurement groups of a structure; none where nothing of it has a value."""
    structure = measurements.structure
    uid = tracking_uid_of(structure.id, reference)
    number = segments.number_of(structure.id, label_map, reference) if segments else None
    defined = [one for one in measurements.measured if one.value is not None]
    of_segment = [one for one in defined if number is not None and one.line is None]
    others = [one for one in defined if one not in of_segment]
    if segments and number is not None and of_segment:
        yield _segment_group(structure, uid, of_segment, segments.segmentation, number, reference)
    if others:
        yield _plain_group(structure, uid, others, label_map, reference)


def _segment_group(
    structure: Structure,
    uid: str,
    measured: Sequence[Measured],
    segmentation: Dataset,
    number: int,
    reference: DicomReference,
) -> Any:
    from highdicom import sr

    segment = sr.ReferencedSegment(
        sop_class_uid=segmentation.SOPClassUID,
        sop_instance_uid=segmentation.SOPInstanceUID,
        segment_number=number,
        source_series=sr.SourceSeriesForSegmentation(reference.first.SeriesInstanceUID),
    )
    return sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
        referenced_segment=segment, **_about(structure, uid, measured, reference)
    )


def _plain_group(
    structure: Structure,
    uid: str,
    measured: Sequence[Measured],
    label_map: LabelMap,
    reference: DicomReference,
) -> Any:
    from highdicom import sr

    return sr.MeasurementsAndQualitativeEvaluations(
        source_images=_source_images(structure, label_map, reference),
        **_about(structure, uid, measured, reference),
    )


def _about(
    structure: Structure, uid: str, measured: Sequence[Measured], reference: DicomReference
) -> dict[str, Any]:
    from highdicom import sr

    code = structure_code(structure)
    return {
        "tracking_identifier": sr.TrackingIdentifier(uid=uid, identifier=structure.name),
        "finding_category": dicom_code(category_of(code)),
        "finding_type": dicom_code(code),
        "measurements": [_measurement(one, reference) for one in measured],
    }


def _measurement(one: Measured, reference: DicomReference) -> Any:
    from highdicom import sr

    concept = concept_of(one)
    method = method_code(concept)
    return sr.Measurement(
        name=dicom_code(concept_code(concept)),
        value=one.value,
        unit=dicom_code(unit_code(unit_of(one))),
        derivation=concept.derivation and dicom_code(concept.derivation),
        method=method and dicom_code(method),
        algorithm_id=sr.AlgorithmIdentification(
            name=f"medseg {concept.key}",
            version=__version__,
            parameters=[f"{key} = {value}" for key, value in one.parameters] or None,
        ),
        referenced_coordinates=[_coordinates(one.line, reference)] if one.line else None,
    )


def _coordinates(line: Line, reference: DicomReference) -> Any:
    """A line as SCOORD3D, in mm of the frame of reference (PS3.3 C.18.9)."""
    from highdicom import sr

    ends = np.array([line.start_lps_mm, line.end_lps_mm])
    is_point = np.array_equal(*ends)
    return sr.CoordinatesForMeasurement3D(
        graphic_type="POINT" if is_point else "POLYLINE",
        graphic_data=ends[:1] if is_point else ends,
        frame_of_reference_uid=reference.first.FrameOfReferenceUID,
    )


def _source_images(structure: Structure, label_map: LabelMap, reference: DicomReference) -> list[Any]:
    """The images on which the structure lies."""
    from highdicom import sr

    slices = range(*voxels_of(label_map, structure.id).box[0].indices(label_map.grid.shape_kji[0]))
    images = [slices] if reference.is_multi_frame else [range(k, k + 1) for k in slices]
    return [
        sr.SourceImageForMeasurementGroup(
            reference.slice_at(ks[0]).SOPClassUID,
            reference.slice_at(ks[0]).SOPInstanceUID,
            [reference.frames[k] for k in ks] if reference.is_multi_frame else None,
        )
        for ks in images
    ]
