"""Measurements as a table, ``.csv``: one row a number."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from medseg.io.atomic import write_whole
from medseg.measurement.measured import Line, Point
from medseg.measurement.structures import StructureMeasurements, concept_of, unit_of

COLUMNS = (
    "structure",
    "name",
    "label",
    "concept",
    "ibsi",
    "value",
    "unit",
    "parameters",
    "line_start_lps_mm",
    "line_end_lps_mm",
    "slice_axis",
    "slice_index",
    "method",
    "source",
)

_FORMULA = ("=", "+", "-", "@")
"""A spreadsheet takes a cell that begins so for a formula, and runs it."""


def write_measurements_csv(
    measurements: Sequence[StructureMeasurements], path: Path, *, overwrite: bool = False
) -> None:
    """Write one row a number; numbers read back bit for bit, what is not defined is empty.

    Args:
        measurements: Of each structure.
        path: The file.
        overwrite: Whether a file that is there is replaced.

    Raises:
        OutputExistsError, OutputError: It can't be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_rows(measurements))
    # The mark without which Excel takes the names for those of its own alphabet.
    write_whole(path, text.getvalue().encode("utf-8-sig"), overwrite=overwrite)


def _rows(measurements: Sequence[StructureMeasurements]) -> Iterator[tuple[object, ...]]:
    for of_structure in measurements:
        structure = of_structure.structure
        for one in of_structure.measured:
            concept = concept_of(one)
            yield (
                _as_text(structure.id),
                _as_text(structure.name),
                structure.label,
                concept.key,
                concept.ibsi or "",
                "" if one.value is None else repr(float(one.value)),
                unit_of(one),
                "; ".join(f"{key} = {_plain(value)}" for key, value in one.parameters),
                *_line(one.line),
                concept.definition,
                concept.source,
            )


def _line(line: Line | None) -> tuple[object, ...]:
    if line is None:
        return ("",) * 4
    axis = "" if line.slice_axis is None else line.slice_axis
    index = "" if line.slice_index is None else line.slice_index
    return _point(line.start_lps_mm), _point(line.end_lps_mm), axis, index


def _point(point: Point) -> str:
    return " ".join(repr(float(mm)) for mm in point)


def _plain(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.6g}"


def _as_text(name: str) -> str:
    return f"'{name}" if name.startswith(_FORMULA) else name
