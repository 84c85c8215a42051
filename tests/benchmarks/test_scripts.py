"""The benchmarks run, on inputs so small that their figures mean nothing, and compare what they say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pydicom
import pytest

from compare_peers import find_cases
from dicom_frames import read_frames
from made_ct import CtSeries, write_ct_series, write_ct_tree

ROOT = Path(__file__).parents[2]


def run(script, *arguments):
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / script, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def test_made_series_are_ordinary(tmp_path):
    write_ct_series(tmp_path / "ct", CtSeries(slices=5, matrix=128))
    header = pydicom.dcmread(tmp_path / "ct" / "IM00003.dcm")
    assert len(header) > 80
    assert (header.BitsAllocated, header.BitsStored, header.PixelRepresentation) == (16, 12, 0)
    frames = read_frames(sorted((tmp_path / "ct").iterdir()))
    assert frames[0].values.min() == -1024
    tissue = frames[2].values[60:68, 90:100]
    assert 10 < tissue.std() < 30
    assert [float(f.position_lps_mm[2]) for f in frames] == [-400, -398.75, -397.5, -396.25, -395]


def test_made_series_hold_the_same_pixels_compressed(tmp_path):
    write_ct_series(tmp_path / "plain", CtSeries(slices=3, matrix=64))
    write_ct_series(tmp_path / "jpeg2000", CtSeries(slices=3, matrix=64, jpeg2000=True))
    plain, compressed = (read_frames(sorted((tmp_path / n).iterdir())) for n in ("plain", "jpeg2000"))
    for one, other in zip(plain, compressed, strict=True):
        np.testing.assert_array_equal(one.values, other.values)


def test_files_that_repeat_an_image_in_another_encoding_are_cases_of_their_own(tmp_path):
    write_ct_tree(tmp_path / "data", 2, CtSeries(slices=3, matrix=64))
    one = tmp_path / "data" / "series_01" / "IM00002.dcm"
    (one.parent / "again.dcm").write_bytes(one.read_bytes())
    (tmp_path / "data" / "README").write_text("words")
    cases = find_cases(tmp_path / "data")
    assert [(case.name, len(case.files)) for case in cases] == [
        ("series_01/IM00001.dcm", 3),
        ("series_01/again.dcm", 1),
        ("series_02", 3),
    ]


@pytest.mark.timeout(120)
def test_conversion_is_measured(tmp_path):
    run("convert.py", "--quick", "--write", tmp_path / "page.md")
    page = (tmp_path / "page.md").read_text()
    for heading in ("One series, 64×64×6", "A tree of 2 series", "JPEG 2000 lossless", "Index of 10 files"):
        assert heading in page
    assert page.count("| medseg |") == page.count("| dcm2niix |") == 5
    assert str(tmp_path) not in page


@pytest.mark.timeout(120)
def test_peers_are_compared(tmp_path):
    write_ct_series(tmp_path / "data" / "ordinary", CtSeries(slices=5, matrix=64))
    write_ct_series(tmp_path / "data" / "a gap", CtSeries(number=2, slices=9, matrix=64))
    for missing in (4, 5, 6):
        (tmp_path / "data" / "a gap" / f"IM{missing:05d}.dcm").unlink()
    tools = ("--tools", "medseg", "dcm2niix")
    run("compare_peers.py", tmp_path / "data", *tools, "--write", tmp_path / "page.md")
    page = (tmp_path / "page.md").read_text()
    assert "| ordinary | 5 | right | right |" in page
    gap = next(line for line in page.splitlines() if line.startswith("| a gap"))
    _, _, frames, ours, theirs, _ = (cell.strip() for cell in gap.split("|"))
    assert frames == "6"
    assert ours.startswith("refused: `")
    assert theirs.startswith(("**wrong**", "right, beside"))
    assert str(tmp_path) not in page


def test_a_study_is_measured_on_both_databases():
    printed = run("study.py", "--quick").stdout
    assert "| worklist (asked: 100 ms) | SQLite, ms | PostgreSQL, ms |" in printed
    assert "chain, checkpoints and heads verified" in printed
