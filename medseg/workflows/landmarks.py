"""Landmarks in files: told from other files, read, written, and converted from one format to another."""

from __future__ import annotations

import csv
from pathlib import Path

from medseg.io.existence import require_file
from medseg.io.landmarks import ReadLandmarks, read_landmarks, write_landmarks

LANDMARK_FORMATS = {
    ".mrk.json": "3D Slicer markups",
    ".csv": "table of landmarks",
    ".fcsv": "old 3D Slicer list",
}
"""By the ending of a file's name. The last one is only read."""

TABLE_COLUMNS = frozenset({"name", "x_mm", "y_mm", "z_mm", "frame"})
"""What the first line of a table of landmarks names, in any order."""

MAX_FIRST_LINE_BYTES = 4096
"""Where the first line of a table is longer, it is another table."""

__all__ = [
    "LANDMARK_FORMATS",
    "ReadLandmarks",
    "convert_landmarks",
    "is_landmark_file",
    "read_landmarks",
    "write_landmarks",
]


def is_landmark_file(path: Path | str) -> bool:
    """Whether a file holds landmarks, by its name; of a table also by its first line.

    A table that is not there yet is one by its name: it is about to be written, or about to be missed.
    """
    path = Path(path)
    name = path.name.lower()
    if not name.endswith(tuple(LANDMARK_FORMATS)):
        return False
    return not name.endswith(".csv") or not path.is_file() or _first_line(path) >= TABLE_COLUMNS


def convert_landmarks(path: Path | str, out: Path | str, *, overwrite: bool = False) -> tuple[str, ...]:
    """Write the landmarks of a file in the format that another name asks for, in LPS mm.

    Args:
        path: ``*.mrk.json``, ``*.csv`` or ``*.fcsv``, in LPS or RAS as it says itself; read only.
        out: ``*.mrk.json`` or ``*.csv``.
        overwrite: Whether a file that is there is replaced.

    Returns:
        What was left out or assumed, one sentence each.

    Raises:
        InputError: A name has another ending, or the file is missing or damaged.
        OutputExistsError, OutputError: It can't be written.
    """
    path = Path(path)
    require_file(path)
    found = read_landmarks(path)
    write_landmarks(found.landmarks, Path(out), overwrite=overwrite)
    return found.notes


def _first_line(path: Path) -> set[str]:
    try:
        with path.open("rb") as file:
            line = file.readline(MAX_FIRST_LINE_BYTES)
    except OSError:
        return set()
    cells = next(csv.reader([line.decode("utf-8-sig", "replace")]), [])
    return {cell.strip() for cell in cells}
