"""Structure sets of other programs, sound and damaged."""

from __future__ import annotations

import contextlib
import warnings

import numpy as np
import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from made_structure_sets import contour, item, roi, structure_set, write
from medseg.contour import Origin, Slice, are_coplanar, by_slice
from medseg.errors import ContourError, MedsegError, UnreadableFileError, UnsupportedImageError
from medseg.io.rtstruct.read import read_rtstruct
from medseg.labelmap import fill
from medseg.space import Grid

GRID = Grid.from_axes(
    (3, 40, 40),
    origin_lps_mm=(0.3, 0.2, 0),
    step_k_mm=(0, 0, 2),
    step_j_mm=(0, 0.5, 0),
    step_i_mm=(0.5, 0, 0),
)
CENTRES = GRID.to_lps_mm(np.argwhere(np.ones(GRID.shape_kji)))[: 40 * 40].reshape(40, 40, 3)


def square(x: float, y: float, size: float, z: float = 0) -> np.ndarray:
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    return np.column_stack([corners * size + [x, y], np.full(4, z)])


def inside(x: float, y: float, size: float) -> np.ndarray:
    return (abs(CENTRES[..., :2] - [x + size / 2, y + size / 2]) < size / 2).all(axis=-1)


OUTER, INNER = square(1, 1, 16), square(5, 5, 6)
KEYHOLE = np.vstack([OUTER, OUTER[:1], INNER, INNER[:1]])


@pytest.fixture
def read(tmp_path):
    def _read(*rois, **more):
        return read_rtstruct(write(structure_set(*rois, **more), tmp_path / "rs.dcm"))

    return _read


def filled(incoming, k=0):
    return fill(by_slice(incoming.contours, GRID)[Slice(0, k)], GRID, Slice(0, k))


def test_contours_come_as_they_are_in_patient_mm(read):
    points = square(1.234567, -7.5, 3, z=2)
    found = read(roi("GTV 1", [contour(points)], color=(1, 2, 255)))
    (one,) = found.contours
    np.testing.assert_array_equal(one.points_lps_mm, points)
    assert (one.origin, one.hole, one.structure_id) == (Origin.IMPORTED, False, "gtv-1")
    (structure,) = found.structures
    assert (structure.name, structure.label, structure.color) == ("GTV 1", 1, "#0102ff")
    assert (found.format, found.label_map, found.frame_of_reference_uid) == ("RTSTRUCT", None, "1.2.3")
    assert found.notes == ()


def test_several_rois_with_odd_names_get_ids_of_their_own(read):
    found = read(*(roi(name, [contour(OUTER)], None) for name in ("Lunge", "Lunge", "", "n/a", "Läsion")))
    assert [s.id for s in found.structures] == ["lunge", "lunge-2", "roi-12", "n-a", "l-sion"]
    assert [s.name for s in found.structures] == ["Lunge", "Lunge", "ROI 12", "ROI 13", "Läsion"]
    assert [s.label for s in found.structures] == [1, 2, 3, 4, 5]
    assert len({s.color for s in found.structures}) == 5


def test_codes_types_author_and_approval(read):
    code = item(CodeValue="10200004", CodingSchemeDesignator="SCT", CodeMeaning="Liver")
    observed = {"RTROIInterpretedType": "ORGAN", "ROIInterpreter": "Reader^Ada"}
    found = read(
        roi("Liver", [contour(OUTER)], RTROIIdentificationCodeSequence=[code], **observed),
        ApprovalStatus="APPROVED",
        ReviewerName="Boss^Ben",
        ReviewDate="20240229",
    )
    assert found.structures[0].code.value == "10200004"
    assert found.author == "Ada Reader"
    assert "APPROVED by Ben Boss on 20240229" in found.notes[0]
    assert "Liver ORGAN" in found.notes[1]


def test_the_series_that_it_names(read):
    images = [item(ReferencedSOPClassUID="1.2.840.10008.5.1.4.1.1.2", ReferencedSOPInstanceUID="1.5.6")]
    series = item(SeriesInstanceUID="1.5", ContourImageSequence=images)
    study = item(
        ReferencedSOPClassUID="1.2.3", ReferencedSOPInstanceUID="1.2.7", RTReferencedSeriesSequence=[series]
    )
    frame = item(FrameOfReferenceUID="1.2.3", RTReferencedStudySequence=[study])
    source = read(roi("A", [contour(OUTER)]), ReferencedFrameOfReferenceSequence=[frame]).source
    assert (source.format, source.series_uid, source.study_uid, source.modality) == (
        "DICOM", "1.5", "1.2.7", "CT",
    )  # fmt: skip
    assert [file.uid for file in source.files] == ["1.5.6"]


def test_a_keyhole_becomes_an_outline_and_a_hole(read):
    found = read(roi("A", [contour(KEYHOLE)]))
    assert [(c.hole, len(c.points_mm)) for c in found.contours] in (
        [(True, 4), (False, 4)],
        [(False, 4), (True, 4)],
    )
    np.testing.assert_array_equal(filled(found), inside(1, 1, 16) & ~inside(5, 5, 6))


def test_a_keyhole_of_some_width_stays_one_line_and_is_filled_right(read):
    line = KEYHOLE.astype(float)
    line[4, :2] += [0.001, 0]
    found = read(roi("A", [contour(line)]))
    assert len(found.contours) == 1
    np.testing.assert_array_equal(filled(found), inside(1, 1, 16) & ~inside(5, 5, 6))


def test_exclusive_or_makes_holes_and_islands_in_them(read):
    island = square(7, 7, 2)
    lines = [contour(p, "CLOSEDPLANAR_XOR") for p in (island, INNER, OUTER)]
    found = read(roi("A", lines))
    assert [c.hole for c in found.contours] == [False, True, False]
    np.testing.assert_array_equal(filled(found), inside(1, 1, 16) & ~inside(5, 5, 6) | inside(7, 7, 2))
    assert found.notes == ()


def test_exclusive_or_of_lines_that_cross(read):
    lines = [contour(p, "CLOSEDPLANAR_XOR") for p in (square(1, 1, 8), square(5, 5, 8), square(1, 1, 8, z=2))]
    found = read(roi("A", lines))
    np.testing.assert_array_equal(filled(found), inside(1, 1, 8) ^ inside(5, 5, 8))
    assert found.notes == ("A: CLOSEDPLANAR_XOR contours cross; what they leave was outlined (planes: 1)",)
    np.testing.assert_array_equal(filled(found, 1), inside(1, 1, 8))


def test_a_contour_inside_another_unites_with_it_and_the_notes_say_so(read, tmp_path):
    elsewhere = [contour(square(1, 1, 16, z=2)), contour(square(30, 1, 4, z=2))]
    found = read(roi("A", [contour(OUTER), contour(INNER), *elsewhere]))
    np.testing.assert_array_equal(filled(found), inside(1, 1, 16))
    assert found.notes == (
        "A: contours lie inside others and unite with them (planes: 1); if holes are meant, the file says "
        "them neither as keyholes nor as CLOSEDPLANAR_XOR",
    )
    meant = read_rtstruct(tmp_path / "rs.dcm", nested_are_holes=True)
    np.testing.assert_array_equal(filled(meant), inside(1, 1, 16) & ~inside(5, 5, 6))
    assert "holes" in meant.notes[0]


def test_an_island_in_a_keyhole_is_no_hole(read):
    found = read(roi("A", [contour(KEYHOLE), contour(square(7, 7, 2))]))
    np.testing.assert_array_equal(filled(found), inside(1, 1, 16) & ~inside(5, 5, 6) | inside(7, 7, 2))
    assert found.notes == ()


def test_what_bounds_nothing_is_left_out_by_name(read):
    found = read(
        roi("Isocentre", [contour([[1, 2, 3]], "POINT")]),
        roi("Cord", [contour(OUTER), contour(OUTER, "OPEN_PLANAR"), contour(OUTER, "OPEN_NONPLANAR")]),
        roi("Nothing", []),
        roi("Thin", [contour(OUTER[:2]), contour(OUTER), contour([[0, 0, 0], [1, 1, 0], [2, 2, 0]])]),
    )
    assert [s.name for s in found.structures] == ["Cord", "Nothing", "Thin"]
    assert len(found.contours) == 2
    assert found.notes == (
        "without any contour: Nothing",
        "Isocentre: left out, as they bound nothing: 1 POINT",
        "Cord: left out, as they bound nothing: 1 OPEN_NONPLANAR, 1 OPEN_PLANAR",
        "Thin: left out: 2 closed contours of fewer than three points or on one line",
    )


@pytest.mark.parametrize(
    ("elements", "reason"),
    [
        ({"ContourData": ["1", "2", "3", "4"]}, "coordinates"),
        ({"NumberOfContourPoints": 5}, "point-count"),
        ({"ContourData": [*["0"] * 11, "nan"]}, "not-finite"),
        ({"ContourData": [*["0"] * 11, "1e999"]}, "not-finite"),
        ({"ContourData": [*["0"] * 11, "x"]}, "coordinates"),
        ({"ContourData": [*["0"] * 11, ""]}, "coordinates"),
    ],
)
def test_damaged_numbers_are_refused_by_name(tmp_path, elements, reason):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom warns about what is made wrong on purpose
        given = item(**{k: v for k, v in elements.items() if k != "ContourData"})
        one = contour(OUTER)
        one.update(given)
        if "ContourData" in elements:
            one.add(pydicom.DataElement(0x30060050, "DS", elements["ContourData"], already_converted=True))
        path = write(structure_set(roi("Liver", [contour(INNER), one])), tmp_path / "rs.dcm")
    with pytest.raises(UnreadableFileError, match="contour 2 of Liver") as e:
        read_rtstruct(path)
    assert e.value.details["reason"] == reason


def test_no_coordinates_at_all(read):
    one = contour(OUTER)
    del one.ContourData
    with pytest.raises(UnreadableFileError, match="no coordinates"):
        read(roi("A", [one]))


def test_a_crowd_of_contours_takes_no_memory_of_its_square(read):
    crowd = [square(0.001 * n, 0, 5) for n in range(2001)]
    found = read(roi("A", [contour(line) for line in crowd]))
    assert len(found.contours) == 2001
    with pytest.raises(ContourError) as e:
        read(roi("A", [contour(line, "CLOSEDPLANAR_XOR") for line in crowd]))
    assert e.value.details["reason"] == "too-many-contours"


def test_points_off_their_plane(read):
    bent = OUTER + np.outer([0, 1, 0, 1], [0, 0, 0.08])
    assert "flattened by up to 0.04 mm" in read(roi("A", [contour(bent)])).notes[0]
    with pytest.raises(ContourError, match="coplanar points in a closed contour of A") as e:
        read(roi("A", [contour(OUTER + np.outer([0, 1, 0, 1], [0, 0, 0.5]))]))
    assert e.value.details["reason"] == "not-planar"


def test_oblique_contours_of_rounded_numbers_lie_on_parallel_planes(read):
    """A sliver of three decimals does not know its own direction; its larger neighbours do."""
    turn = np.linalg.qr(np.random.default_rng(4).normal(size=(3, 3)))[0]
    sliver = np.array([[3.0, 30, 0], [13, 30, 0], [13, 30.01, 0]])
    lines = [np.round(p @ turn, 3) for p in (sliver, OUTER, square(5, 5, 6, z=2))]
    found = read(roi("A", [contour(line) for line in lines]))
    first, second, third = found.contours
    for one, line in zip(found.contours, lines, strict=True):
        assert np.abs(one.points_lps_mm - line).max() < 2e-3
        np.testing.assert_array_equal(one.plane.normal, second.plane.normal)
    assert are_coplanar(first, second)
    assert not are_coplanar(second, third)
    assert found.notes == ()


def test_sagittal_contours(read):
    line = OUTER[:, [2, 0, 1]]
    (one,) = read(roi("A", [contour(line)])).contours
    np.testing.assert_array_equal(one.points_lps_mm, line)


def test_contours_longer_than_explicit_vr_allows(tmp_path):
    angles = np.linspace(0, 2 * np.pi, 5000, endpoint=False)
    circle = np.column_stack([np.cos(angles) * 90, np.sin(angles) * 90, np.full(5000, 3.0)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom writes it as UN and says so
        path = write(structure_set(roi("A", [contour(circle)])), tmp_path / "rs.dcm", ExplicitVRLittleEndian)
    (one,) = read_rtstruct(path).contours
    assert np.abs(one.points_lps_mm - circle).max() < 1e-6


def test_several_frames_of_reference_are_refused(read):
    rois = [
        roi("A", [contour(OUTER)]),
        roi("B", [contour(OUTER)], frame="1.2.4"),
        roi("C", [], frame="1.2.5"),
    ]
    with pytest.raises(UnsupportedImageError, match="lie in 2") as e:
        read(*rois)
    assert e.value.details["reason"] == "mixed-frame-of-reference"
    assert read(rois[0], rois[2]).frame_of_reference_uid == "1.2.3"


@pytest.mark.parametrize("change", ["number", "listed", "twice"])
def test_sequences_that_contradict_each_other(tmp_path, change):
    dataset = structure_set(roi("A", [contour(OUTER)]), roi("B", [contour(OUTER)]))
    if change == "number":
        dataset.StructureSetROISequence[1].ROINumber = 10
    elif change == "listed":
        dataset.ROIContourSequence[1].ReferencedROINumber = 99
    else:
        dataset.ROIContourSequence[1].ReferencedROINumber = 10
    with pytest.raises(UnreadableFileError) as e:
        read_rtstruct(write(dataset, tmp_path / "rs.dcm"))
    assert e.value.details["reason"] == "rois"


def test_another_object_is_refused(tmp_path):
    dataset = structure_set(roi("A", [contour(OUTER)]))
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    with pytest.raises(UnsupportedImageError, match="expected an RT structure set"):
        read_rtstruct(write(dataset, tmp_path / "ct.dcm"))


def test_a_deflated_one_is_refused_before_it_is_inflated(tmp_path):
    dataset = structure_set(roi("A", [contour(OUTER)]))
    path = write(dataset, tmp_path / "rs.dcm", DeflatedExplicitVRLittleEndian)
    with pytest.raises(UnsupportedImageError) as e:
        read_rtstruct(path)
    assert e.value.details["reason"] == "deflated"


def test_no_file_no_dicom_and_cut_off(tmp_path):
    with pytest.raises(UnreadableFileError, match="No such file"):
        read_rtstruct(tmp_path / "absent.dcm")
    (tmp_path / "text.dcm").write_text("contours" * 100)
    with pytest.raises(UnreadableFileError, match="not DICOM"):
        read_rtstruct(tmp_path / "text.dcm")
    path = write(structure_set(roi("A", [contour(OUTER)] * 50)), tmp_path / "rs.dcm")
    whole = path.read_bytes()
    for part in (0.3, 0.6, 0.97):
        path.write_bytes(whole[: int(len(whole) * part)])
        with pytest.raises((UnreadableFileError, UnsupportedImageError)):
            read_rtstruct(path)


def test_deep_nesting_is_refused(tmp_path):
    nested = b""
    for _ in range(4000):
        # Undefined lengths: sequence, item … and nobody closes them.
        nested += b"\x06\x30\x40\x00\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    path = write(structure_set(roi("A", [contour(OUTER)])), tmp_path / "rs.dcm")
    path.write_bytes(path.read_bytes() + nested)
    with pytest.raises(UnreadableFileError):
        read_rtstruct(path)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(132, 1900), st.binary(min_size=1, max_size=12))
def test_whatever_byte_is_damaged_it_is_read_or_refused(tmp_path, offset, garbage):
    code = item(CodeValue="10200004", CodingSchemeDesignator="SCT", CodeMeaning="Liver")
    path = tmp_path / "rs.dcm"
    if not path.exists():
        rois = roi("Liver", [contour(KEYHOLE), contour(INNER)], RTROIIdentificationCodeSequence=[code])
        write(structure_set(rois, ApprovalStatus="APPROVED", ReviewDate="20240229"), path)
    whole = path.read_bytes()
    damaged = tmp_path / "damaged.dcm"
    damaged.write_bytes(whole[:offset] + garbage + whole[offset + len(garbage) :])
    with contextlib.suppress(MedsegError):
        read_rtstruct(damaged)
