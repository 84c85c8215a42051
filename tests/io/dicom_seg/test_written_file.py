"""What a DICOM SEG of medseg says beside its voxels, and what is refused."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pydicom
import pytest

from medseg.errors import GridMismatchError, LabelMapError, OutputError, OutputExistsError
from medseg.io.dicom_seg.write import write_dicom_seg
from medseg.labelmap import Code, LabelMap, Structure
from medseg.provenance.record import Interpolated
from medseg.review.approval import Approval, ApprovalStatus
from medseg.space import Grid
from segmented_series import (
    ENHANCED_MR,
    OBLIQUE,
    bare_reference,
    liver_with_tumour,
    outgoing,
    overlapping,
    reference_on,
)


@pytest.fixture
def reference(tmp_path):
    return reference_on(OBLIQUE, tmp_path / "series", series_description="Abdomen")


def written(tmp_path, reference, label_map, *, kind="binary", **fields):
    """The data set of a label map, and the notes."""
    path = tmp_path / "seg.dcm"
    notes = write_dicom_seg(outgoing(label_map, **fields), reference, path, kind=kind)
    return pydicom.dcmread(path), notes


def test_patient_and_study_are_those_of_the_series_and_that_is_said(tmp_path, reference):
    reference.first.PatientSex = "F"
    reference.first.StudyDescription = "Follow-up"
    before = deepcopy(reference.first)
    dataset, notes = written(tmp_path, reference, liver_with_tumour(reference.grid))
    for keyword in ("PatientName", "PatientID", "PatientSex", "StudyInstanceUID", "StudyDescription"):
        assert dataset[keyword].value == reference.first[keyword].value, keyword
    assert dataset.FrameOfReferenceUID == reference.first.FrameOfReferenceUID
    assert dataset.SeriesInstanceUID != reference.first.SeriesInstanceUID
    assert "names the patient" in notes[0]
    assert reference.first == before  # the headers that came in are as they were


def test_who_made_it_when_and_with_what(tmp_path, reference):
    dataset, _ = written(tmp_path, reference, liver_with_tumour(reference.grid), author="Zoë Müller")
    assert dataset.ContentCreatorName == "Zoë Müller"
    assert (dataset.ContentDate, dataset.ContentTime[:6]) == ("20250405", "123456")
    assert dataset.TimezoneOffsetFromUTC == "+0000"
    assert dataset.Manufacturer == "medseg"
    assert dataset.SoftwareVersions == "medseg 0.9"
    assert dataset.SeriesDescription == "Segmentation: Liver, Liver tumour"


def test_every_source_image_is_referenced_and_each_frame_names_its_own(tmp_path, reference):
    dataset, _ = written(tmp_path, reference, overlapping(reference.grid))
    uids = [one.SOPInstanceUID for one in reference.slices]
    series = dataset.ReferencedSeriesSequence[0]
    assert series.SeriesInstanceUID == reference.first.SeriesInstanceUID
    assert [one.ReferencedSOPInstanceUID for one in series.ReferencedInstanceSequence] == uids
    for frame in dataset.PerFrameFunctionalGroupsSequence:
        k = reference.grid.to_index(frame.PlanePositionSequence[0].ImagePositionPatient)[0]
        source = frame.DerivationImageSequence[0].SourceImageSequence
        assert [one.ReferencedSOPInstanceUID for one in source] == [uids[round(k)]]
        assert source[0].ReferencedSOPClassUID == reference.first.SOPClassUID
        assert source[0].SpatialLocationsPreserved == "YES"


def test_frames_of_a_multi_frame_source_are_referenced_by_their_numbers(tmp_path):
    frames = tuple(range(31, 31 + 2 * 14, 2))
    reference = bare_reference(OBLIQUE, frames=frames)
    dataset, _ = written(tmp_path, reference, liver_with_tumour(OBLIQUE))
    for frame in dataset.PerFrameFunctionalGroupsSequence:
        k = round(OBLIQUE.to_index(frame.PlanePositionSequence[0].ImagePositionPatient)[0])
        source = frame.DerivationImageSequence[0].SourceImageSequence[0]
        assert source.ReferencedFrameNumber == frames[k]
        assert source.ReferencedSOPInstanceUID == reference.first.SOPInstanceUID
        assert source.ReferencedSOPClassUID == ENHANCED_MR
    assert len(dataset.ReferencedSeriesSequence[0].ReferencedInstanceSequence) == 1


def test_only_frames_with_voxels_are_stored(tmp_path, reference):
    label_map = liver_with_tumour(reference.grid)
    dataset, _ = written(tmp_path, reference, label_map)
    expected = sum(label_map.mask(one.id).any(axis=(1, 2)).sum() for one in label_map.structures)
    assert dataset.NumberOfFrames == expected
    assert dataset.SegmentsOverlap == "NO"


def test_overlap_is_said(tmp_path, reference):
    dataset, _ = written(tmp_path, reference, overlapping(reference.grid))
    assert dataset.SegmentsOverlap == "YES"


def test_segments_are_coded(tmp_path, reference):
    structures = (
        Structure("liver", "Liver", 1, code=Code("SCT", "10200004", "Liver")),
        Structure("tumour", "Tumour", 2, code=Code("SCT", "108369006", "Neoplasm")),
        Structure("bone", "Bone", 3, code=Code("SCT", "3138006", "Bone")),
        Structure("it", "Something", 4),
        Structure("odd", "Odd", 5, code=Code("SCT", "12345678901234567", "Value too long")),
    )
    layers = liver_with_tumour(reference.grid).layers
    dataset, notes = written(tmp_path, reference, LabelMap(reference.grid, layers, structures))
    codes = [
        (
            one.SegmentedPropertyCategoryCodeSequence[0].CodeMeaning,
            one.SegmentedPropertyTypeCodeSequence[0].CodeMeaning,
        )
        for one in dataset.SegmentSequence
    ]
    assert codes == [
        ("Anatomical Structure", "Liver"),
        ("Morphologically Abnormal Structure", "Neoplasm"),
        ("Tissue", "Bone"),
        ("Tissue", "Tissue"),
        ("Tissue", "Tissue"),
    ]
    assert "Odd: its code does not fit into DICOM and was left out" in notes


def test_drawn_is_manual_and_completed_is_semiautomatic(tmp_path, reference):
    completed = {"tumour": Interpolated("contour-flow")}
    dataset, _ = written(tmp_path, reference, liver_with_tumour(reference.grid), completed=completed)
    liver, tumour = dataset.SegmentSequence
    assert liver.SegmentAlgorithmType == "MANUAL"
    assert "SegmentAlgorithmName" not in liver
    assert tumour.SegmentAlgorithmType == "SEMIAUTOMATIC"
    assert tumour.SegmentAlgorithmName == "medseg contour-flow"
    algorithm = tumour.SegmentationAlgorithmIdentificationSequence[0]
    assert algorithm.AlgorithmVersion == "medseg 0.9"


def test_tracking_uids_are_the_same_each_time_and_differ_between_structures(tmp_path, reference):
    label_map = liver_with_tumour(reference.grid)
    first, _ = written(tmp_path, reference, label_map)
    (tmp_path / "seg.dcm").unlink()
    second, _ = written(tmp_path, reference, label_map)
    uids = [[one.TrackingUID for one in dataset.SegmentSequence] for dataset in (first, second)]
    assert uids[0] == uids[1]
    assert len(set(uids[0])) == 2
    assert all(pydicom.uid.UID(uid).is_valid for uid in uids[0])
    assert [one.TrackingID for one in first.SegmentSequence] == ["liver", "tumour"]
    assert first.SOPInstanceUID != second.SOPInstanceUID


def test_a_label_map_keeps_its_labels_as_segment_numbers(tmp_path, reference):
    structures = (Structure("b", "B", 2), Structure("a", "A", 1))
    layers = liver_with_tumour(reference.grid).layers
    dataset, _ = written(tmp_path, reference, LabelMap(reference.grid, layers, structures), kind="labelmap")
    assert dataset.SOPClassUID == "1.2.840.10008.5.1.4.1.1.66.7"
    assert [(one.SegmentNumber, one.SegmentLabel) for one in dataset.SegmentSequence] == [
        (0, "Background"),
        (1, "A"),
        (2, "B"),
    ]


def test_a_tilted_series_has_its_frames_where_its_images_are(tmp_path):
    affine = OBLIQUE.index_to_lps_mm.copy()
    affine[:3, 0] += 1.3 * affine[:3, 1]
    tilted = Grid(OBLIQUE.shape_kji, affine, "1.2.3.4")
    reference = reference_on(tilted, tmp_path / "series")
    assert reference.grid.shear > 0.3
    dataset, notes = written(tmp_path, reference, liver_with_tumour(reference.grid))
    assert any("leans" in note for note in notes)
    by_uid = {one.SOPInstanceUID: one for one in reference.slices}
    for frame in dataset.PerFrameFunctionalGroupsSequence:
        source = frame.DerivationImageSequence[0].SourceImageSequence[0]
        image = by_uid[source.ReferencedSOPInstanceUID]
        np.testing.assert_allclose(
            frame.PlanePositionSequence[0].ImagePositionPatient, image.ImagePositionPatient, atol=1e-6
        )


def test_what_the_series_says_wrongly_is_left_out_and_named(tmp_path, reference):
    with pydicom.config.disable_value_validation():
        reference.first.PatientBirthDate = "19XX0101"
        reference.first.PatientSex = "unknown"
        del reference.first.PatientID
    dataset, notes = written(tmp_path, reference, liver_with_tumour(reference.grid))
    assert (dataset.PatientBirthDate, dataset.PatientSex, dataset.PatientID) == ("", "", "")
    said = next(note for note in notes if note.startswith("left out"))
    assert "PatientBirthDate" in said
    assert "PatientSex" in said
    assert "19XX" not in " ".join(notes)


def test_names_in_another_character_set_are_written_right(tmp_path, reference):
    reference.first.SpecificCharacterSet = "ISO_IR 100"
    reference.first.PatientName = "Müller^Jürgen"
    other = pydicom.Dataset()
    other.private_block(0x0009, "ACME", create=True).add_new(1, "LO", "secret")
    other.PatientID = "Körper-1"
    reference.first.OtherPatientIDsSequence = [other]
    path = tmp_path / "latin.dcm"
    reference.first.save_as(path)
    latin = replace(reference, slices=(pydicom.dcmread(path), *reference.slices[1:]))
    dataset, _ = written(tmp_path, latin, liver_with_tumour(reference.grid))
    assert dataset.SpecificCharacterSet == "ISO_IR 192"
    assert str(dataset.PatientName) == "Müller^Jürgen"
    assert dataset.OtherPatientIDsSequence[0].PatientID == "Körper-1"
    assert "secret" not in str(dataset)


def test_a_sign_off_stays_with_the_label_map_and_that_is_said(tmp_path, reference):
    approval = Approval(ApprovalStatus.APPROVED, "Grace Reviewer")
    dataset, notes = written(tmp_path, reference, liver_with_tumour(reference.grid), approval=approval)
    assert "a DICOM segmentation has no place for a sign-off: it stays with the label map" in notes
    assert "Grace" not in str(dataset)
    assert "ApprovalStatus" not in dataset


@pytest.mark.parametrize("shift", ["shape", "place"])
def test_another_grid_is_refused(tmp_path, reference, shift):
    grid = (
        Grid((13, 27, 23), OBLIQUE.index_to_lps_mm)
        if shift == "shape"
        else Grid(OBLIQUE.shape_kji, OBLIQUE.index_to_lps_mm + np.diag([0, 0, 0.01, 0]))
    )
    with pytest.raises(GridMismatchError):
        written(tmp_path, reference, liver_with_tumour(grid))
    assert not (tmp_path / "seg.dcm").exists()


def test_several_layers_do_not_go_into_a_label_map(tmp_path, reference):
    with pytest.raises(LabelMapError) as raised:
        written(tmp_path, reference, overlapping(reference.grid), kind="labelmap")
    assert raised.value.details["reason"] == "several-layers"


def test_no_structure_is_no_segmentation(tmp_path, reference):
    empty = LabelMap(reference.grid, (np.zeros(reference.grid.shape_kji, np.uint8),), ())
    with pytest.raises(LabelMapError) as raised:
        written(tmp_path, reference, empty)
    assert raised.value.details["reason"] == "no-structures"


def test_images_of_a_few_pixels_are_refused(tmp_path):
    grid = Grid((3, 1, 2), OBLIQUE.index_to_lps_mm)
    label_map = LabelMap(grid, (np.ones(grid.shape_kji, np.uint8),), (Structure("a", "A", 1),))
    with pytest.raises(OutputError) as raised:
        written(tmp_path, bare_reference(grid), label_map)
    assert raised.value.details["reason"] == "tiny-image"


def test_nothing_is_overwritten_unasked(tmp_path, reference):
    (tmp_path / "seg.dcm").write_text("mine")
    with pytest.raises(OutputExistsError):
        written(tmp_path, reference, liver_with_tumour(reference.grid))
    assert (tmp_path / "seg.dcm").read_text() == "mine"


def test_headers_that_break_the_rules_are_refused_without_quoting_them(tmp_path, reference):
    with pydicom.config.disable_value_validation():
        reference.first.StudyTime = "quarter past CANARY"
        reference.first.PatientAge = "CANARY years old"
    del reference.first.SOPClassUID
    with pytest.raises(OutputError) as raised:
        written(tmp_path, reference, liver_with_tumour(reference.grid))
    assert raised.value.details["reason"] == "source-headers"
    assert "CANARY" not in str(raised.value.as_dict())
    assert not list(tmp_path.glob("*.dcm"))
