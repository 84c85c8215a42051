"""Landmarks both ways: markups of Slicer, tables, and Slicer's old lists."""

from __future__ import annotations

import contextlib
import csv
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medseg.errors import GeometryError, InputError, MedsegError, OutputExistsError, UnreadableFileError
from medseg.io.landmarks import read_landmarks, write_landmarks
from medseg.space.landmark import Landmark

LANDMARKS = (
    Landmark("Nasion", np.array([0.1, -87.25, 12.0]), "bridge, of the nose"),
    Landmark('Öhr "links"', np.array([-70.0, 1 / 3, -1e-7])),
)
LINE = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=20)
NUMBER = st.floats(-1e6, 1e6)


def document(**changed):
    point = {"label": "a", "position": [1, 2, 3], "positionStatus": "defined"}
    markup = {"type": "Fiducial", "coordinateSystem": "LPS", "controlPoints": [point]}
    return {"@schema": "x", "markups": [markup | changed]}


def read_json(tmp_path, content):
    (tmp_path / "a.mrk.json").write_text(json.dumps(content))
    return read_landmarks(tmp_path / "a.mrk.json")


@pytest.mark.parametrize("ending", [".mrk.json", ".csv"])
def test_landmarks_come_back_and_are_not_overwritten(tmp_path, ending):
    path = tmp_path / f"a{ending}"
    write_landmarks(LANDMARKS, path)
    back = read_landmarks(path)
    assert back.notes == ()
    for found, written in zip(back.landmarks, LANDMARKS, strict=True):
        assert (found.name, found.description) == (written.name, written.description)
        assert np.array_equal(found.position_lps_mm, written.position_lps_mm)
    with pytest.raises(OutputExistsError):
        write_landmarks(LANDMARKS, path)


@pytest.mark.parametrize("ending", [".mrk.json", ".csv"])
@given(st.lists(st.tuples(LINE.filter(bool), st.tuples(NUMBER, NUMBER, NUMBER), LINE), max_size=5))
def test_any_landmarks_come_back(tmp_path_factory, ending, made):
    landmarks = [Landmark(name, np.array(position), said) for name, position, said in made]
    path = tmp_path_factory.mktemp("a") / f"a{ending}"
    write_landmarks(landmarks, path)
    for found, written in zip(read_landmarks(path).landmarks, landmarks, strict=True):
        assert (found.name, found.description) == (written.name, written.description)
        assert np.array_equal(found.position_lps_mm, written.position_lps_mm)


def test_the_markups_have_the_fields_of_slicers_schema(tmp_path):
    write_landmarks(LANDMARKS, tmp_path / "a.mrk.json")
    written = json.loads((tmp_path / "a.mrk.json").read_text(encoding="utf-8"))
    assert written["@schema"].endswith("markups-schema-v1.0.3.json#")
    (markup,) = written["markups"]
    assert (markup["type"], markup["coordinateSystem"], markup["coordinateUnits"]) == (
        "Fiducial",
        "LPS",
        "mm",
    )
    point = markup["controlPoints"][0]
    assert point["label"] == "Nasion"
    assert point["position"] == [0.1, -87.25, 12.0]
    assert point["positionStatus"] == "defined"
    assert len(point["orientation"]) == 9


def test_the_table_states_its_frame(tmp_path):
    write_landmarks(LANDMARKS, tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["name", "x_mm", "y_mm", "z_mm", "frame", "description"]
    assert rows[0]["frame"] == "LPS"
    assert float(rows[0]["y_mm"]) == -87.25


def test_points_in_ras_are_turned_and_other_units_scaled(tmp_path):
    (ras,) = read_json(tmp_path, document(coordinateSystem="RAS")).landmarks
    assert ras.position_lps_mm.tolist() == [-1, -2, 3]
    (um,) = read_json(tmp_path, document(coordinateUnits=["um", "UCUM", "micrometer"])).landmarks
    assert np.allclose(um.position_lps_mm, [0.001, 0.002, 0.003])
    (tmp_path / "a.csv").write_text("description,frame,z_mm,y_mm,x_mm,name\n,ras,3,2,1,a\n")
    (row,) = read_landmarks(tmp_path / "a.csv").landmarks
    assert row.position_lps_mm.tolist() == [-1, -2, 3]


def test_what_is_no_placed_point_is_left_out_and_told(tmp_path):
    content = document(controlPoints=[{"position": [0, 0, 0]}, {"positionStatus": "undefined"}])
    content["markups"].append({"type": "Line", "controlPoints": []})
    back = read_json(tmp_path, content)
    assert [one.name for one in back.landmarks] == ["Point 1"]
    assert "1 points" in back.notes[0]
    assert "Line" in back.notes[1]


@pytest.mark.parametrize(
    "content",
    [
        [],
        {},
        {"markups": 1},
        {"markups": [1]},
        document(coordinateSystem="scanner"),
        document(coordinateSystem=["LPS"]),
        document(coordinateUnits="inch"),
        document(coordinateUnits=[]),
        document(controlPoints=1),
        document(controlPoints=[{"position": [1, 2]}]),
        document(controlPoints=[{"position": "123"}]),
        document(controlPoints=[{"position": [1, 2, "3"]}]),
        document(controlPoints=[{"position": [1, 2, 1e7]}]),
        document(controlPoints=[{"position": [1, 2, 10**400]}]),
        document(controlPoints=[{"position": [1, 2, float("nan")]}]),
    ],
)
def test_markups_that_can_not_be_are_refused(tmp_path, content):
    with pytest.raises(UnreadableFileError):
        read_json(tmp_path, content)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("name,x_mm,y_mm,z_mm\na,1,2,3\n", "frame"),
        ("name,x_mm,y_mm,z_mm,frame\na,1,2,3,\n", "frame"),
        ("name,x_mm,y_mm,frame\na,1,2,LPS\n", "damaged-landmarks"),
        ("name,x_mm,y_mm,z_mm,frame\na,1,two,3,LPS\n", "damaged-landmarks"),
        ("name,x_mm,y_mm,z_mm,frame\n,1,2,3,LPS\n", "damaged-landmarks"),
        ("name,x_mm,y_mm,z_mm,frame\na,1,2,inf,LPS\n", "damaged-landmarks"),
        ('name,x_mm,y_mm,z_mm,frame\n"a,1,2,3,LPS\n', "damaged-landmarks"),
    ],
)
def test_tables_that_can_not_be_are_refused(tmp_path, text, reason):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(UnreadableFileError) as caught:
        read_landmarks(tmp_path / "a.csv")
    assert caught.value.details["reason"] == reason


@pytest.mark.parametrize(
    ("head", "signs"),
    [
        ("# Markups fiducial file version = 5.11\n# CoordinateSystem = LPS\n", (1, 1, 1)),
        ("# Markups fiducial file version = 4.10\n# CoordinateSystem = 0\n", (-1, -1, 1)),
        ("", (-1, -1, 1)),
    ],
)
def test_slicers_old_lists_come_in(tmp_path, head, signs):
    rows = "1,1.5,2,3,0,0,0,1,1,1,0,F-1,said,node,2,0\n2,4,5,6,0,0,0,1,1,1,0,,,node\n"
    columns = "# columns = id,x,y,z,ow,ox,oy,oz,vis,sel,lock,label,desc,associatedNodeID\n"
    (tmp_path / "a.fcsv").write_text(head + columns + rows)
    one, two = read_landmarks(tmp_path / "a.fcsv").landmarks
    assert (one.name, one.description, two.name) == ("F-1", "said", "Point 2")
    assert one.position_lps_mm.tolist() == [1.5 * signs[0], 2 * signs[1], 3 * signs[2]]


@pytest.mark.parametrize(
    "text", ["# CoordinateSystem = XYZ\n1,2,3\n", "# columns = id,x\n1,2\n", "1,2\n", '1,"2\n', "1,a,b,c\n"]
)
def test_old_lists_that_can_not_be_are_refused(tmp_path, text):
    (tmp_path / "a.fcsv").write_text(text)
    with pytest.raises(UnreadableFileError):
        read_landmarks(tmp_path / "a.fcsv")


def test_deep_or_broken_json_and_other_files_are_refused(tmp_path):
    path = tmp_path / "a.mrk.json"
    for content in (b"[" * 200_000, b"{", b"\xff\xfe", b'{"markups": [{"type": "Fiducial"'):
        path.write_bytes(content)
        with pytest.raises(UnreadableFileError):
            read_landmarks(path)
    with pytest.raises(UnreadableFileError):
        read_landmarks(tmp_path / "gone.csv")
    for name in ("a.txt", "a.json"):
        with pytest.raises(InputError):
            read_landmarks(tmp_path / name)
    with pytest.raises(InputError):
        write_landmarks(LANDMARKS, tmp_path / "a.fcsv")


@given(st.text(max_size=60), st.sampled_from([".mrk.json", ".csv", ".fcsv"]))
def test_whatever_a_file_holds_gives_landmarks_or_a_typed_error(tmp_path_factory, text, ending):
    path = tmp_path_factory.mktemp("a") / f"a{ending}"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with contextlib.suppress(MedsegError):
        read_landmarks(path)


@pytest.mark.parametrize(
    ("name", "position", "said"),
    [
        ("", (0, 0, 0), ""),
        ("a\n", (0, 0, 0), ""),
        ("a", (0, 0), ""),
        ("a", (0, 0, np.nan), ""),
        ("a", (0, 0, 0), "\t"),
    ],
)
def test_landmarks_that_can_not_be(name, position, said):
    with pytest.raises(GeometryError):
        Landmark(name, np.array(position), said)
