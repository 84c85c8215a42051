"""Landmarks as a table, ``.csv``, whose column ``frame`` says in which frame each row counts."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from medseg.io.atomic import write_whole
from medseg.io.landmarks.content import FRAMES, ReadLandmarks, damaged, landmark_at, text_of
from medseg.space.landmark import Landmark

COLUMNS = ("name", "x_mm", "y_mm", "z_mm", "frame", "description")


def write_table(landmarks: Sequence[Landmark], path: Path, *, overwrite: bool = False) -> None:
    """Write one row a landmark, in LPS mm; the numbers read back bit for bit."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in landmarks:
        writer.writerow((one.name, *map(repr, one.position_lps_mm.tolist()), "LPS", one.description))
    write_whole(path, text.getvalue().encode(), overwrite=overwrite)


def read_table(path: Path) -> ReadLandmarks:
    """Read a table with at least the columns name, x_mm, y_mm, z_mm and frame, in any order.

    Raises:
        UnreadableFileError: Damaged, or a column is missing. Without a frame nobody knows where left is, and
            nothing is assumed.
    """
    try:
        rows = list(csv.DictReader(io.StringIO(text_of(path), newline=""), strict=True))
    except csv.Error as error:
        raise damaged(path, f"expected a table of commas: {error}") from error
    missing = [name for name in COLUMNS[:5] if rows and name not in rows[0]]
    if missing == ["frame"]:
        raise damaged(path, "the column frame is missing; add it with LPS or RAS in each row", "frame")
    if missing:
        raise damaged(path, f"the column {missing[0]} is missing")
    return ReadLandmarks(tuple(_landmark(row, path) for row in rows))


def _landmark(row: dict[str, str], path: Path) -> Landmark:
    # Cells that are missing at the end of a row are None, and what is too much lies under None.
    cells = {name: row.get(name) or "" for name in COLUMNS}
    frame = cells["frame"].strip().upper()
    if frame not in FRAMES:
        raise damaged(path, f"expected the frame LPS or RAS, got {cells['frame'][:40]!r}", "frame")
    position = [cells[name] for name in ("x_mm", "y_mm", "z_mm")]
    return landmark_at(cells["name"], list(position), frame, cells["description"], path)
