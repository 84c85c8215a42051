"""Landmarks from one format to the other, by the workflow and by the command line."""

from __future__ import annotations

import json

import numpy as np
import pytest

from medseg.cli.main import main
from medseg.errors import InputError, OutputExistsError, UnreadableFileError
from medseg.space.landmark import Landmark
from medseg.workflows.landmarks import convert_landmarks, is_landmark_file, read_landmarks, write_landmarks

LANDMARKS = (
    Landmark("Carina", np.array([1.25, -20.0625, 1203.1])),
    Landmark("Left ureter, distal", np.array([0.1 + 0.2, 1e-7, -3.0]), 'said "here"'),
)


def same(found, expected):
    assert [(one.name, one.description) for one in found] == [(one.name, one.description) for one in expected]
    for here, there in zip(found, expected, strict=True):
        np.testing.assert_array_equal(here.position_lps_mm, there.position_lps_mm)


def test_both_ways_bit_for_bit(tmp_path):
    write_landmarks(LANDMARKS, tmp_path / "a.csv")
    assert convert_landmarks(tmp_path / "a.csv", tmp_path / "b.mrk.json") == ()
    assert convert_landmarks(tmp_path / "b.mrk.json", tmp_path / "c.csv") == ()
    same(read_landmarks(tmp_path / "b.mrk.json").landmarks, LANDMARKS)
    assert (tmp_path / "c.csv").read_bytes() == (tmp_path / "a.csv").read_bytes()


def test_by_the_command_line(tmp_path, monkeypatch):
    write_landmarks(LANDMARKS, tmp_path / "a.csv")
    for command, source, out in (("export", "a.csv", "b.mrk.json"), ("import", "b.mrk.json", "c.csv")):
        monkeypatch.setattr("sys.argv", ["medseg", command, str(tmp_path / source), str(tmp_path / out)])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 0
    markup = json.loads((tmp_path / "b.mrk.json").read_text())["markups"][0]
    assert markup["coordinateSystem"] == "LPS"
    same(read_landmarks(tmp_path / "c.csv").landmarks, LANDMARKS)


def test_what_slicer_counts_in_ras_comes_out_in_lps(tmp_path):
    (tmp_path / "old.fcsv").write_text("# CoordinateSystem = RAS\n1,10,20,30,0,0,0,1,1,1,0,F,,\n")
    convert_landmarks(tmp_path / "old.fcsv", tmp_path / "new.csv")
    (found,) = read_landmarks(tmp_path / "new.csv").landmarks
    assert found.position_lps_mm.tolist() == [-10, -20, 30]


def test_refusals(tmp_path):
    write_landmarks(LANDMARKS, tmp_path / "a.csv")
    with pytest.raises(OutputExistsError):
        convert_landmarks(tmp_path / "a.csv", tmp_path / "a.csv")
    with pytest.raises(UnreadableFileError):
        convert_landmarks(tmp_path / "missing.csv", tmp_path / "b.csv")
    with pytest.raises(InputError, match=r"mrk\.json"):
        convert_landmarks(tmp_path / "a.csv", tmp_path / "b.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.csv", "name,x_mm,y_mm,z_mm,frame\n", True),
        ("a.csv", "\ufefffile,frame,z_mm,y_mm,x_mm,name,description\n", True),
        ("a.csv", "index,axis-0,axis-1\n", False),
        ("a.csv", "", False),
        ("a.csv", "name," * 5000, False),
        ("a.mrk.json", "{}", True),
        ("a.json", "{}", False),
        ("a.FCSV", "", True),
    ],
)
def test_tables_of_others_are_told_by_their_first_line(tmp_path, name, content, expected):
    (tmp_path / name).write_text(content, encoding="utf-8")
    assert is_landmark_file(tmp_path / name) is expected
