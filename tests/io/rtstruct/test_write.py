"""What goes out as a structure set, read back by our reader and by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from skimage.measure import points_in_poly

from drawn_cases import OBLIQUE
from made_structure_sets import item
from medseg.contour import Contour, Origin, Slice, by_placement, trace_slice, voxels_of
from medseg.errors import ContourError, GridMismatchError, LabelMapError, OutputExistsError
from medseg.io.rtstruct.contour_data import text_of
from medseg.io.rtstruct.read import read_rtstruct
from medseg.io.rtstruct.write import PATIENT_NOTE, write_rtstruct
from medseg.labelmap import Code, Structure, fill
from medseg.provenance.record import Interpolated
from medseg.review.approval import Approval, ApprovalStatus
from medseg.space import Grid
from solids import lump, upright
from strategies import grids, star_polygons
from structure_set_cases import outgoing, reference_in_memory, reference_on
from tilted import tilted_grid

LIVER = Structure("liver", "Liver", 1, code=Code("SCT", "10200004", "Liver"))
TUMOUR = Structure("tumour", "GTVp_1", 2, "#0102ff", part_of="liver")

GRIDS = {
    "upright": upright((9, 24, 26), (3.0, 0.9, 0.8)),
    "oblique": OBLIQUE,
    "tilted gantry": tilted_grid((18.5, 0.0)),
}


def ring(
    grid: Grid, k: float, centre_ji, reach: float, hole=False, origin=Origin.DRAWN, id_="liver"
) -> Contour:
    """A wavy contour around a voxel of a slice, or between two."""
    angles = np.linspace(0, 2 * np.pi, 31, endpoint=False)
    radius = reach * (1 + 0.2 * np.sin(3 * angles))
    index = np.column_stack(
        [
            np.full(31, float(k)),
            centre_ji[0] + radius * np.sin(angles),
            centre_ji[1] + radius * np.cos(angles),
        ]
    )
    plane = grid.plane(0, k)
    return Contour(plane, plane.to_plane_mm(grid.to_lps_mm(index)), id_, hole=hole, origin=origin)


def filled(contours, grid) -> np.ndarray:
    mask = np.zeros(grid.shape_kji, bool)
    for where, group in by_placement(contours, grid).items():
        mask[tuple(voxels_of(where, fill(group, grid, where), grid.shape_kji).T)] = True
    return mask


def written(out, reference, folder: Path):
    path = folder / "rs.dcm"
    notes = write_rtstruct(out, reference, path, overwrite=True)
    assert notes[0] == PATIENT_NOTE
    return pydicom.dcmread(path), read_rtstruct(path), notes[1:]


def by_hand(dataset: pydicom.Dataset, number: int, grid: Grid) -> np.ndarray:
    """The ROI as voxels, by pydicom and the even-odd rule of scikit-image: none of our own code."""
    mask = np.zeros(grid.shape_kji, bool)
    _, j, i = np.indices((1, *grid.shape_kji[1:])).reshape(3, -1)
    for contour in dataset.ROIContourSequence[number].ContourSequence:
        assert contour.ContourGeometricType == "CLOSED_PLANAR"
        points = np.array(contour.ContourData, float).reshape(-1, 3)
        assert len(points) == contour.NumberOfContourPoints
        inverse = np.linalg.inv(grid.index_to_lps_mm)
        index = (np.c_[points, np.ones(len(points))] @ inverse.T)[:, :3]
        (k,) = set(np.rint(index[:, 0]).astype(int))
        assert np.abs(index[:, 0] - k).max() < 1e-6
        # Away from corners and edges that run through centres, where rules differ.
        centres = np.column_stack([j + 1.1e-7, i + 2.3e-7])
        mask[k] |= points_in_poly(centres, index[:, 1:]).reshape(grid.shape_kji[1:])
    return mask


@pytest.mark.parametrize("name", GRIDS)
def test_contours_on_slices_go_out_vertex_by_vertex_and_voxels_come_back_the_same(tmp_path, name):
    reference = reference_on(tmp_path / "series", GRIDS[name])
    grid = reference.grid
    truth = lump(grid, 7, bumps=0.2)
    inside = np.flatnonzero(truth.any(axis=(1, 2)))
    drawn = [
        contour
        for k in inside[::3].tolist()
        for contour in trace_slice(truth[k], grid, Slice(0, k), "liver", Origin.DRAWN)
    ]
    out = outgoing(grid, [(LIVER, truth)], drawn, completed={"liver": Interpolated("distance")})
    dataset, back, notes = written(out, reference, tmp_path)
    for before, after in zip(drawn, back.contours, strict=False):
        assert np.abs(after.points_lps_mm - before.points_lps_mm).max() < 1e-8
    np.testing.assert_array_equal(filled(back.contours, grid), truth)
    np.testing.assert_array_equal(by_hand(dataset, 0, grid), truth)
    assert len(notes) == 1
    assert notes[0].startswith("Liver: traced from the voxels on k=")
    roi = dataset.StructureSetROISequence[0]
    assert roi.ROIGenerationAlgorithm == "SEMIAUTOMATIC"
    count = len(drawn)
    assert roi.ROIDescription == (
        f"Contours 1-{count}: drawn on these slices, vertex by vertex; "
        f"Contours {count + 1}-{len(back.contours)}: traced from voxels, interpolated by distance"
    )
    numbers = [contour.ContourNumber for contour in dataset.ROIContourSequence[0].ContourSequence]
    assert numbers == list(range(1, len(numbers) + 1))


@st.composite
def drawn_slices(draw):
    """A grid, and on one of its slices wavy pieces with a hole each and an island in it."""
    grid = draw(grids(st.tuples(st.integers(1, 4), st.just(24), st.just(46))))
    k = draw(st.integers(0, grid.shape_kji[0] - 1))
    plane = grid.plane(0, k)
    contours = []
    for column in (0, 22):
        for scale, hole in ((1.0, False), (0.3, True), (0.1, False))[: draw(st.integers(1, 3))]:
            shape = (draw(star_polygons((22, 22))) - 10.5) * scale + [11.3, 11.3 + column]
            index = np.insert(shape, 0, k, axis=1)
            contours.append(Contour(plane, plane.to_plane_mm(grid.to_lps_mm(index)), "liver", hole=hole))
    return grid, k, contours


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(drawn_slices())
def test_holes_and_islands_on_any_grid(tmp_path, case):
    grid, k, contours = case
    mask = np.zeros(grid.shape_kji, bool)
    mask[k] = fill(contours, grid, Slice(0, k))
    dataset, back, notes = written(
        outgoing(grid, [(LIVER, mask)], contours), reference_in_memory(grid), tmp_path
    )
    np.testing.assert_array_equal(filled(back.contours, grid), mask)
    if not notes:
        assert sorted(c.hole for c in back.contours) == sorted(c.hole for c in contours)
        before = np.vstack([c.points_lps_mm for c in contours])
        after = np.vstack([c.points_lps_mm for c in back.contours])
        assert len(before) == len(after)
        order = [np.lexsort(points.round(4).T) for points in (before, after)]
        assert np.abs(before[order[0]] - after[order[1]]).max() < 1e-3
        assert "vertex by vertex" in dataset.StructureSetROISequence[0].ROIDescription
    else:
        assert "overlap or cross" in notes[0]


def test_a_liver_goes_out_with_the_tumour_that_is_part_of_it(tmp_path):
    grid = GRIDS["upright"]
    liver, tumour = lump(grid, 8), lump(grid, 4)
    out = outgoing(grid, [(LIVER, liver), (TUMOUR, tumour)])
    dataset, back, notes = written(out, reference_in_memory(grid), tmp_path)
    np.testing.assert_array_equal(filled(back.contours.of("liver"), grid), liver)
    np.testing.assert_array_equal(filled(back.contours.of("gtvp-1"), grid), tumour)
    assert notes[0] == "Liver goes out with its parts: GTVp_1"
    assert [r.ROIName for r in dataset.StructureSetROISequence] == ["Liver", "GTVp_1"]
    assert [r.ROIGenerationAlgorithm for r in dataset.StructureSetROISequence] == ["", ""]
    assert dataset.ROIContourSequence[1].ROIDisplayColor == [1, 2, 255]
    assert back.structures[0].code == LIVER.code
    assert [o.RTROIInterpretedType for o in dataset.RTROIObservationsSequence] == ["", "GTV"]


def test_a_ring_of_voxels_has_its_hole(tmp_path):
    grid = GRIDS["oblique"]
    shell = lump(grid, 9) & ~lump(grid, 4) | lump(grid, 2)
    dataset, back, _ = written(outgoing(grid, [(LIVER, shell)]), reference_in_memory(grid), tmp_path)
    np.testing.assert_array_equal(filled(back.contours, grid), shell)
    np.testing.assert_array_equal(by_hand(dataset, 0, grid), shell)
    assert any(contour.hole for contour in back.contours)


def test_contours_between_slices_and_on_other_planes_go_out_through_their_voxels(tmp_path):
    grid = GRIDS["upright"]
    mask = lump(grid, 7)
    sagittal = trace_slice(mask[:, :, 13], grid, Slice(2, 13), "liver", Origin.DRAWN)
    near, between = ring(grid, 4.012, (12, 13), 5), ring(grid, 2.5, (12, 13), 5)
    beyond = ring(grid, 12, (12, 13), 5)
    out = outgoing(grid, [(LIVER, mask)], [*sagittal, near, between, beyond])
    dataset, back, notes = written(out, reference_in_memory(grid), tmp_path)
    np.testing.assert_allclose(back.contours.contours[0].points_lps_mm, near.points_lps_mm, atol=1e-8)
    image = dataset.ROIContourSequence[0].ContourSequence[0].ContourImageSequence[0]
    assert image.ReferencedSOPInstanceUID == "1.2.3.5"
    assert notes[1] == (
        "Liver: contours on no slice of the acquisition go out through the voxels made from them (2)"
    )
    assert notes[2] == "Liver: contours beyond the first or last image are left out (1)"
    assert notes[3].startswith(
        "Liver: on k=4 the contours go out as they are; the label map has other voxels"
    )
    others = [k for k in np.flatnonzero(mask.any(axis=(1, 2))) if k != 4]
    np.testing.assert_array_equal(filled(back.contours, grid)[others], mask[others])


def test_contours_that_overlap_are_outlined_together(tmp_path):
    grid = GRIDS["upright"]
    contours = [
        ring(grid, 4, (10, 10), 4),
        ring(grid, 4, (12, 13), 4),
        ring(grid, 4, (11, 11), 1.5, hole=True),
    ]
    mask = np.zeros(grid.shape_kji, bool)
    mask[4] = fill(contours, grid, Slice(0, 4))
    dataset, back, notes = written(
        outgoing(grid, [(LIVER, mask)], contours), reference_in_memory(grid), tmp_path
    )
    assert notes == ("Liver: contours overlap or cross on k=4; the outline of them all goes out",)
    np.testing.assert_array_equal(filled(back.contours, grid), mask)
    np.testing.assert_array_equal(by_hand(dataset, 0, grid), mask)


@pytest.mark.parametrize(
    ("origins", "traced", "expected"),
    [
        ([Origin.DRAWN], False, "MANUAL"),
        ([Origin.DRAWN], True, "SEMIAUTOMATIC"),
        ([Origin.DRAWN, Origin.ASSISTED], False, "SEMIAUTOMATIC"),
        ([Origin.ASSISTED], True, "AUTOMATIC"),
        ([Origin.IMPORTED], False, ""),
        ([Origin.IMPORTED], True, "SEMIAUTOMATIC"),
        ([], True, ""),
    ],
)
def test_how_a_roi_was_generated_as_far_as_it_is_known(tmp_path, origins, traced, expected):
    grid = GRIDS["upright"]
    contours = [ring(grid, 2 + n, (12, 13), 5, origin=origin) for n, origin in enumerate(origins)]
    mask = filled(contours, grid)
    mask[6, 10:14, 10:14] = traced
    dataset, *_ = written(outgoing(grid, [(LIVER, mask)], contours), reference_in_memory(grid), tmp_path)
    assert dataset.StructureSetROISequence[0].ROIGenerationAlgorithm == expected


def test_what_it_refers_to(tmp_path):
    reference = reference_on(tmp_path / "series", GRIDS["oblique"])
    grid = reference.grid
    dataset, back, _ = written(outgoing(grid, [(LIVER, lump(grid, 6))]), reference, tmp_path)
    images = [pydicom.dcmread(path) for path in (tmp_path / "series").iterdir()]
    place = {str(image.SOPInstanceUID): np.array(image.ImagePositionPatient, float) for image in images}
    normal = np.cross(images[0].ImageOrientationPatient[:3], images[0].ImageOrientationPatient[3:])
    for contour in dataset.ROIContourSequence[0].ContourSequence:
        (image,) = contour.ContourImageSequence
        assert image.ReferencedSOPClassUID == images[0].SOPClassUID
        points = np.array(contour.ContourData, float).reshape(-1, 3)
        assert np.abs((points - place[image.ReferencedSOPInstanceUID]) @ normal).max() < 1e-4
    (frame,) = dataset.ReferencedFrameOfReferenceSequence
    (study,) = frame.RTReferencedStudySequence
    (series,) = study.RTReferencedSeriesSequence
    assert frame.FrameOfReferenceUID == images[0].FrameOfReferenceUID == dataset.FrameOfReferenceUID
    assert study.ReferencedSOPInstanceUID == images[0].StudyInstanceUID == dataset.StudyInstanceUID
    assert series.SeriesInstanceUID == images[0].SeriesInstanceUID != dataset.SeriesInstanceUID
    assert {i.ReferencedSOPInstanceUID for i in series.ContourImageSequence} == place.keys()
    assert back.source.series_uid == images[0].SeriesInstanceUID
    assert back.source.modality == "CT"
    assert back.frame_of_reference_uid == images[0].FrameOfReferenceUID


def test_frames_of_a_multi_frame_image(tmp_path):
    grid = GRIDS["upright"]
    reference = reference_in_memory(grid, multi_frame=True)
    dataset, *_ = written(outgoing(grid, [(LIVER, lump(grid, 6))]), reference, tmp_path)
    for contour in dataset.ROIContourSequence[0].ContourSequence:
        k = round((contour.ContourData[2] - grid.origin_lps_mm[2]) / 3.0)
        assert contour.ContourImageSequence[0].ReferencedFrameNumber == 9 - k
        assert contour.ContourImageSequence[0].ReferencedSOPInstanceUID == "1.2.3.1"


REQUIRED = [
    "SOPClassUID", "SOPInstanceUID", "PatientName", "PatientID", "PatientBirthDate", "PatientSex",
    "StudyInstanceUID", "StudyDate", "StudyTime", "ReferringPhysicianName", "StudyID", "AccessionNumber",
    "Modality", "SeriesInstanceUID", "SeriesNumber", "OperatorsName", "Manufacturer", "StructureSetLabel",
    "StructureSetDate", "StructureSetTime", "StructureSetROISequence", "ROIContourSequence",
    "RTROIObservationsSequence", "ApprovalStatus", "SpecificCharacterSet",
]  # fmt: skip
"""Types 1 and 2 of PS3.3 A.19.3, module by module."""


def test_every_attribute_that_the_standard_requires_is_there(tmp_path):
    grid = GRIDS["upright"]
    dataset, *_ = written(outgoing(grid, [(LIVER, lump(grid, 6))]), reference_in_memory(grid), tmp_path)
    assert [keyword for keyword in REQUIRED if keyword not in dataset] == []
    for observation, roi in zip(
        dataset.RTROIObservationsSequence, dataset.StructureSetROISequence, strict=True
    ):
        assert observation.ReferencedROINumber == roi.ROINumber
        assert {"ObservationNumber", "RTROIInterpretedType", "ROIInterpreter"} <= set(observation.dir())
        assert {"ROIName", "ReferencedFrameOfReferenceUID", "ROIGenerationAlgorithm"} <= set(roi.dir())
    assert len(dataset.StructureSetLabel) <= 16
    assert dataset.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2"
    assert (dataset.StructureSetDate, dataset.StructureSetTime) == ("20260304", "123005")
    assert dataset.StructureSetDescription == "Made by Ada Reader, 2026-03-04T12:30:05+02:00; unapproved"
    assert "ReviewerName" not in dataset


@pytest.mark.parametrize("status", [ApprovalStatus.APPROVED, ApprovalStatus.REJECTED])
def test_the_approval_module(tmp_path, status):
    grid = GRIDS["upright"]
    approval = Approval(status, "Ben Radiologist", datetime(2026, 3, 4, 23, 59, 1, tzinfo=UTC))
    out = outgoing(grid, [(LIVER, lump(grid, 6))], approval=approval)
    dataset, back, _ = written(out, reference_in_memory(grid), tmp_path)
    found = (dataset.ApprovalStatus, dataset.ReviewerName, dataset.ReviewDate, dataset.ReviewTime)
    assert found == (status.value, "Ben Radiologist", "20260304", "235901")
    assert dataset.StructureSetDescription.endswith("by Ben Radiologist, 2026-03-04T23:59:01+00:00 (claimed)")
    assert f"{status.value} by Ben Radiologist" in back.notes[0]
    shifted = reference_in_memory(grid, TimezoneOffsetFromUTC="+0130")
    dataset, *_ = written(out, shifted, tmp_path)
    assert (dataset.ReviewDate, dataset.ReviewTime) == ("20260305", "012901")
    assert dataset.TimezoneOffsetFromUTC == "+0130"


def test_the_patient_of_the_series_in_any_script_and_with_odd_values(tmp_path):
    reference = reference_on(
        tmp_path / "series",
        GRIDS["upright"],
        SpecificCharacterSet=["", "ISO 2022 IR 87"],
        PatientName="Yamada^Tarou=山田^太郎",
        StudyDescription="Liver",
        InstitutionName="CANARY hospital",
        PatientComments="CANARY comment",
    )
    for image in reference.slices:
        image.add(pydicom.DataElement("PatientBirthDate", "DA", "1970.01.01", already_converted=True))
    grid = reference.grid
    dataset, _, _ = written(outgoing(grid, [(LIVER, lump(grid, 6))]), reference, tmp_path)
    assert dataset.SpecificCharacterSet == "ISO_IR 192"
    assert dataset.PatientName.ideographic == "山田^太郎"
    assert dataset.PatientID == "ID-47"
    assert dataset.PatientBirthDate == "1970.01.01"
    assert dataset.StudyDescription == "Liver"
    assert b"CANARY" not in (tmp_path / "rs.dcm").read_bytes()


def test_private_elements_in_copied_sequences_stay_behind(tmp_path):
    grid = GRIDS["upright"]
    other = item(PatientID="ID-48", TypeOfPatientID="TEXT")
    other.add_new(0x00110010, "LO", "CANARY creator")
    other.add_new(0x00111001, "LO", "CANARY value")
    reference = reference_in_memory(grid, OtherPatientIDsSequence=[other])
    dataset, *_ = written(outgoing(grid, [(LIVER, lump(grid, 6))]), reference, tmp_path)
    assert dataset.OtherPatientIDsSequence[0].PatientID == "ID-48"
    assert b"CANARY" not in (tmp_path / "rs.dcm").read_bytes()


def test_names_and_codes_that_do_not_fit(tmp_path):
    grid = GRIDS["upright"]
    long = Structure("a", "T\\" + "x" * 80, 1, code=Code("SCT", "1" * 40, "Long"))
    dataset, _, notes = written(outgoing(grid, [(long, lump(grid, 6))]), reference_in_memory(grid), tmp_path)
    assert dataset.StructureSetROISequence[0].ROIName == "T/" + "x" * 62
    assert "the name goes out as" in notes[0]
    assert "code does not fit" in notes[1]
    assert "RTROIIdentificationCodeSequence" not in dataset.RTROIObservationsSequence[0]


def test_a_structure_of_nothing(tmp_path):
    grid = GRIDS["upright"]
    none = np.zeros(grid.shape_kji, bool)
    _, back, notes = written(
        outgoing(grid, [(LIVER, none)], created=None), reference_in_memory(grid), tmp_path
    )
    assert notes == ("Liver has neither contours nor voxels: its ROI is empty",)
    assert [s.name for s in back.structures] == ["Liver"]


def test_the_same_gives_the_same_bytes_and_anything_else_another_uid(tmp_path):
    grid = GRIDS["upright"]
    out, reference = outgoing(grid, [(LIVER, lump(grid, 6))]), reference_in_memory(grid)
    other = outgoing(grid, [(LIVER, lump(grid, 6))], author="Somebody Else")
    for name, what in (("a", out), ("b", out), ("c", other)):
        write_rtstruct(what, reference, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    uids = {str(pydicom.dcmread(tmp_path / name).SOPInstanceUID) for name in "abc"}
    assert len(uids) == 2


def test_nothing_is_overwritten_unasked(tmp_path):
    grid = GRIDS["upright"]
    out, reference = outgoing(grid, [(LIVER, lump(grid, 6))]), reference_in_memory(grid)
    (tmp_path / "rs.dcm").write_text("mine")
    with pytest.raises(OutputExistsError):
        write_rtstruct(out, reference, tmp_path / "rs.dcm")
    assert (tmp_path / "rs.dcm").read_text() == "mine"


def test_another_grid_no_structure_and_a_contour_far_away_are_refused(tmp_path):
    grid, other = GRIDS["upright"], upright((9, 24, 26), (3.0, 0.9, 0.81))
    out = outgoing(grid, [(LIVER, lump(grid, 6))])
    with pytest.raises(GridMismatchError, match="label map and DICOM series"):
        write_rtstruct(out, reference_in_memory(other), tmp_path / "rs.dcm")
    with pytest.raises(LabelMapError) as no_structures:
        write_rtstruct(outgoing(grid, []), reference_in_memory(grid), tmp_path / "rs.dcm")
    assert no_structures.value.details["reason"] == "no-structures"
    far = outgoing(grid, [(LIVER, lump(grid, 6))], [ring(grid, 4, (20_000, 3), 5)])
    with pytest.raises(ContourError) as far_away:
        write_rtstruct(far, reference_in_memory(grid), tmp_path / "rs.dcm")
    assert far_away.value.details["reason"] == "far-away"
    assert list(tmp_path.iterdir()) == []


@given(st.lists(st.floats(-9998, 9998), min_size=1, max_size=50))
def test_coordinates_fit_into_decimal_strings_and_keep_ten_decimals(values):
    texts = text_of(np.array(values)).split("\\")
    assert all(len(text) <= 16 and text != "-0" for text in texts)
    assert np.abs(np.array(texts, float) - values).max() <= 6e-11
