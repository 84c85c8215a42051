"""A DICOM SR of measurements, read back by highdicom and by pydicom alone."""

from __future__ import annotations

import json
import subprocess

import numpy as np
import pydicom
import pytest
from highdicom.sr import srread
from pydicom.sr._concepts_dict import concepts
from pydicom.sr.codedict import codes

from medseg.errors import GridMismatchError, InputError, OutputExistsError
from medseg.io.dicom_seg.segment_out import tracking_uid
from medseg.io.dicom_seg.write import write_dicom_seg
from medseg.io.dicom_sr.terms import OWN_SCHEME, concept_code, unit_code
from medseg.io.dicom_sr.write import write_measurement_report
from medseg.measurement.concepts import CONCEPTS
from medseg.measurement.measured import Line, Measured
from medseg.measurement.structures import StructureMeasurements
from medseg.space import Grid
from programs import installed
from segmented_series import (
    LIVER,
    OBLIQUE,
    TUMOUR,
    bare_reference,
    liver_with_tumour,
    outgoing,
    reference_on,
)

ENDS = ((1.25, -3.5, -200.0), (9.75, 4.0, -180.5))
LINE = Line(*ENDS, slice_axis=0, slice_index=4)

OF_TUMOUR = StructureMeasurements(
    TUMOUR,
    (
        Measured("volume-voxel", 4321.5),
        Measured("sphericity", 0.8125),
        Measured("surface-crofton", 512.25),
        Measured("longest-in-plane", 22.5, LINE),
        Measured("intensity-mean", 61.5, unit="HU"),
        Measured("intensity-variance", 90.25, unit="HU2"),
        Measured("suv-peak", 7.25),
        Measured("metabolic-tumour-volume", 3.5, parameters=(("threshold", "41 % of SUVmax"),)),
        Measured("flatness", None),
    ),
)
OF_LIVER = StructureMeasurements(LIVER, (Measured("volume-voxel", 98765.25),))


@pytest.fixture
def reference(tmp_path):
    return reference_on(OBLIQUE, tmp_path / "series")


def written(tmp_path, reference, *, segmentation=None, measurements=(OF_LIVER, OF_TUMOUR)):
    path = tmp_path / "sr.dcm"
    out = outgoing(liver_with_tumour(reference.grid))
    notes = write_measurement_report(measurements, out, reference, path, segmentation=segmentation)
    return srread(path), notes


def numbers(group):
    """By code value: the value and its unit."""
    return {
        measurement.name.value: (measurement.value, measurement.unit.value)
        for measurement in group.get_measurements()
    }


def test_numbers_come_back_with_their_codes_and_units(tmp_path, reference):
    report, notes = written(tmp_path, reference)
    liver, tumour = report.content.get_image_measurement_groups()
    assert numbers(liver) == {"YEKZ": (98765.25, "mm3")}
    assert numbers(tumour) == {
        "YEKZ": (4321.5, "mm3"),
        "QCFX": (0.8125, "1"),
        "surface-crofton": (512.25, "mm2"),
        "103339001": (22.5, "mm"),
        "Q4LE": (61.5, "[hnsf'U]"),
        "ECT3": (90.25, "[hnsf'U]2"),
        "126401": (7.25, "g/ml{SUVbw}"),
        "126032": (3.5, "ml"),
    }
    assert any(note.endswith(": 1 of the numbers") for note in notes)


def test_what_was_measured_how_and_of_what(tmp_path, reference):
    report, _ = written(tmp_path, reference)
    _, tumour = report.content.get_image_measurement_groups()
    assert tumour.tracking_identifier == "Liver tumour"
    assert tumour.tracking_uid == tracking_uid(str(reference.first.SeriesInstanceUID), "tumour")
    assert tumour.finding_type == codes.SCT.Neoplasm
    by_value = {one.name.value: one for one in tumour.get_measurements()}
    assert by_value["126401"].derivation.value == "126031"  # Peak Value Within ROI
    assert by_value["103339001"].method.value == "126081"  # RECIST 1.1
    parameters = [
        item.TextValue
        for item in by_value["126032"][0].ContentSequence
        if item.ConceptNameCodeSequence[0].CodeValue == "111002"
    ]
    assert parameters == ["threshold = 41 % of SUVmax"]


def test_the_line_of_a_diameter_is_in_patient_mm(tmp_path, reference):
    report, _ = written(tmp_path, reference)
    _, tumour = report.content.get_image_measurement_groups()
    longest = next(one for one in tumour.get_measurements() if one.name.value == "103339001")
    (coordinates,) = longest.referenced_coordinates
    assert coordinates.ValueType == "SCOORD3D"
    assert coordinates.GraphicType == "POLYLINE"
    assert coordinates.ReferencedFrameOfReferenceUID == reference.first.FrameOfReferenceUID
    np.testing.assert_allclose(np.reshape(coordinates.GraphicData, (2, 3)), ENDS, atol=1e-4)


def test_each_group_names_the_images_that_its_structure_lies_on(tmp_path, reference):
    report, _ = written(tmp_path, reference)
    _, tumour = report.content.get_image_measurement_groups()
    filled = np.flatnonzero(liver_with_tumour(reference.grid).mask("tumour").any(axis=(1, 2)))
    named = [image.referenced_sop_instance_uid for image in tumour.source_images]
    assert named == [reference.slice_at(k).SOPInstanceUID for k in range(filled[0], filled[-1] + 1)]
    evidence = report.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence[0]
    listed = {one.ReferencedSOPInstanceUID for one in evidence.ReferencedSOPSequence}
    assert listed == {one.SOPInstanceUID for one in reference.slices}


def test_with_a_segmentation_the_numbers_are_those_of_its_segments(tmp_path, reference):
    seg = tmp_path / "seg.dcm"
    write_dicom_seg(outgoing(liver_with_tumour(reference.grid)), reference, seg)
    report, _ = written(tmp_path, reference, segmentation=seg)
    uid = tracking_uid(str(reference.first.SeriesInstanceUID), "tumour")
    (of_segment,) = report.content.get_volumetric_roi_measurement_groups(tracking_uid=uid)
    (with_line,) = report.content.get_image_measurement_groups(tracking_uid=uid)
    assert set(numbers(with_line)) == {"103339001"}
    assert "YEKZ" in numbers(of_segment)
    segment = of_segment.referenced_segment
    assert segment.referenced_sop_instance_uid == pydicom.dcmread(seg).SOPInstanceUID
    assert list(segment.referenced_segment_numbers) == [2]


def test_a_liver_that_takes_its_tumour_in_is_not_its_segment(tmp_path, reference):
    seg = tmp_path / "seg.dcm"
    write_dicom_seg(outgoing(liver_with_tumour(reference.grid)), reference, seg)
    report, notes = written(tmp_path, reference, segmentation=seg)
    uid = tracking_uid(str(reference.first.SeriesInstanceUID), "liver")
    assert report.content.get_volumetric_roi_measurement_groups(tracking_uid=uid) == []
    (liver,) = report.content.get_image_measurement_groups(tracking_uid=uid)
    assert numbers(liver) == {"YEKZ": (98765.25, "mm3")}
    assert any(note.startswith("Liver takes in its parts") for note in notes)


def test_it_is_the_patients_and_nobody_has_verified_it(tmp_path, reference):
    written(tmp_path, reference)
    dataset = pydicom.dcmread(tmp_path / "sr.dcm")
    assert dataset.SOPClassUID == "1.2.840.10008.5.1.4.1.1.88.34"  # Comprehensive 3D SR
    assert (dataset.PatientName, dataset.PatientID) == ("Doe^Jane", "ID-4711")
    assert dataset.StudyInstanceUID == reference.first.StudyInstanceUID
    assert (dataset.VerificationFlag, dataset.PreliminaryFlag) == ("UNVERIFIED", "PRELIMINARY")
    assert dataset.ContentTemplateSequence[0].TemplateIdentifier == "1500"
    observers = {str(item.PersonName) for item in dataset.ContentSequence if item.ValueType == "PNAME"}
    assert observers == {"Ada Reader"}


def test_dcmqi_reads_the_same_numbers(tmp_path, reference):
    program = installed("tid1500reader")
    if program is None:
        pytest.skip("dcmqi is not installed: no tid1500reader here")
    seg = tmp_path / "seg.dcm"
    write_dicom_seg(outgoing(liver_with_tumour(reference.grid)), reference, seg)
    written(tmp_path, reference, segmentation=seg)
    subprocess.run(
        [program, "--inputDICOM", tmp_path / "sr.dcm", "--outputMetadata", tmp_path / "sr.json"],
        check=True,
        capture_output=True,
    )
    groups = json.loads((tmp_path / "sr.json").read_text())["Measurements"]
    read = {
        (group["TrackingIdentifier"], item["quantity"]["CodeValue"]): float(item["value"])
        for group in groups
        for item in group["measurementItems"]
    }
    assert read["Liver", "YEKZ"] == 98765.25
    assert (read["Liver tumour", "YEKZ"], read["Liver tumour", "103339001"]) == (4321.5, 22.5)
    of_segment = next(group for group in groups if "segmentationSOPInstanceUID" in group)
    assert of_segment["ReferencedSegment"] == 2


def test_headers_that_lack_much_do_as_well(tmp_path):
    bare = bare_reference(OBLIQUE)
    assert len(written(tmp_path, bare)[0].content.get_image_measurement_groups()) == 2


def test_of_a_multi_frame_image_the_frames_are_named(tmp_path):
    reference = bare_reference(OBLIQUE, frames=tuple(range(14, 0, -1)))
    report, _ = written(tmp_path, reference)
    _, tumour = report.content.get_image_measurement_groups()
    filled = np.flatnonzero(liver_with_tumour(reference.grid).mask("tumour").any(axis=(1, 2)))
    (image,) = tumour.source_images
    assert image.referenced_frame_numbers == [14 - k for k in range(filled[0], filled[-1] + 1)]


def test_a_segmentation_of_something_else_is_refused(tmp_path, reference):
    with pytest.raises(InputError, match="is no segmentation") as refused:
        written(tmp_path, reference, segmentation=next((tmp_path / "series").rglob("*.dcm")))
    assert refused.value.details["reason"] == "not-its-segmentation"
    (tmp_path / "text.dcm").write_text("no DICOM")
    with pytest.raises(InputError, match="can't be read"):
        written(tmp_path, reference, segmentation=tmp_path / "text.dcm")


def test_another_grid_and_a_file_that_is_there_are_refused(tmp_path, reference):
    moved = OBLIQUE.index_to_lps_mm.copy()
    moved[0, 3] += 5
    elsewhere = outgoing(liver_with_tumour(Grid(OBLIQUE.shape_kji, moved)))
    with pytest.raises(GridMismatchError):
        write_measurement_report((OF_LIVER,), elsewhere, reference, tmp_path / "sr.dcm")
    written(tmp_path, reference)
    with pytest.raises(OutputExistsError):
        written(tmp_path, reference)


def test_codes_are_those_of_dicom_and_fit():
    # All codes of PS3.16 that pydicom knows.
    published = {
        (scheme, value): meaning
        for scheme, by_keyword in concepts.items()
        for by_value in by_keyword.values()
        for value, (meaning, _) in by_value.items()
    }
    for concept in CONCEPTS.values():
        code = concept_code(concept)
        assert len(code.meaning) <= 64, concept.key
        assert len(unit_code(concept.unit or "HU.mm3").value) <= 16, concept.key
        meaning = published.get((code.scheme, code.value))
        if meaning is not None:
            assert code.meaning.lower() == meaning.lower()
        else:
            # Statistics of intensity have their tags in the IBSI's manual alone.
            in_manual = concept.ibsi is not None and concept.ibsi.startswith(("stat_", "loc_", "morph_integ"))
            assert code.scheme == OWN_SCHEME or in_manual, concept.key
