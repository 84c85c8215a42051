"""Slicer's lists of points of before 2021, ``.fcsv``; only read."""

from __future__ import annotations

import csv
from pathlib import Path

from medseg.io.landmarks.content import ReadLandmarks, damaged, landmark_at, text_of
from medseg.space.landmark import Landmark

_COLUMNS = "id,x,y,z,ow,ox,oy,oz,vis,sel,lock,label,desc,associatedNodeID".split(",")  # noqa: SIM905
_FRAMES = {"RAS": "RAS", "0": "RAS", "LPS": "LPS", "1": "LPS"}
"""Old versions wrote a number for the frame."""


def read_fcsv(path: Path) -> ReadLandmarks:
    """Read a list of points; where its head names no frame it counts in RAS, as Slicer did.

    Raises:
        UnreadableFileError: Damaged, or in another frame.
    """
    frame, columns, rows = "RAS", _COLUMNS, []
    for line in text_of(path).splitlines():
        if line.startswith("#"):
            key, _, value = line[1:].partition("=")
            if key.strip() == "CoordinateSystem":
                frame = value.strip()
            elif key.strip() == "columns":
                columns = [name.strip() for name in value.split(",")]
        elif line.strip():
            rows.append(line)
    if frame not in _FRAMES:
        raise damaged(path, f"expected coordinates in LPS or RAS, got {frame[:40]!r}", "frame")
    if not {"x", "y", "z"} <= set(columns):
        raise damaged(path, "its columns name no x, y and z")
    try:
        cells = [dict(zip(columns, row, strict=False)) for row in csv.reader(rows, strict=True)]
    except csv.Error as error:
        raise damaged(path, f"expected a table of commas: {error}") from error
    return ReadLandmarks(
        tuple(_landmark(row, n, _FRAMES[frame], path) for n, row in enumerate(cells, start=1))
    )


def _landmark(row: dict[str, str], number: int, frame: str, path: Path) -> Landmark:
    name = row.get("label", "").strip() or f"Point {number}"
    position: list[object] = [row.get(axis) for axis in ("x", "y", "z")]
    return landmark_at(name, position, frame, row.get("desc", ""), path)
