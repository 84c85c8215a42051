"""Print measurements for people: a line a structure, or a line a number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from medseg.cli.text_table import printable, text_table

if TYPE_CHECKING:
    from medseg.workflows.measure import Measured, StructureMeasurements

MM3_PER_ML = 1000.0

_DISTANCES = {"least-distance": "to", "margin": "within"}


def main_numbers(measurements: Sequence[StructureMeasurements]) -> Iterator[str]:
    """One line a structure with the numbers that reports hold, then one a distance."""
    rows = [_main_row(one) for one in measurements]
    headings = list(dict.fromkeys(heading for row in rows for heading in row))
    yield from text_table(headings, [[row.get(heading, "") for heading in headings] for row in rows])
    for of_structure in measurements:
        for one in of_structure.measured:
            if one.concept in _DISTANCES:
                yield f"{_name(of_structure)}: {_distance(one)}"


def every_number(measurements: Sequence[StructureMeasurements]) -> Iterator[str]:
    """One line a number, under the name of its structure."""
    from medseg.workflows.measure import concept_of, unit_of

    for of_structure in measurements:
        yield _name(of_structure)
        for one in of_structure.measured:
            unit = unit_of(one)
            parameters = ", ".join(f"{key} {_number(value)}" for key, value in one.parameters)
            value = f"{_number(one.value)}{'' if unit == '1' or one.value is None else f' {unit}'}"
            yield f"  {concept_of(one).name}: {value}{f' ({parameters})' if parameters else ''}"


def _main_row(of: StructureMeasurements) -> dict[str, str]:
    """The cells of a structure by their headings; what was not measured is not there."""
    row = {"structure": _name(of)}
    volume = of.value("volume-voxel")
    if volume is not None:
        row["ml"] = f"{volume / MM3_PER_ML:.4g}"
    if of.get("longest-in-plane"):
        longest, across = (of.value(key) for key in ("longest-in-plane", "perpendicular-in-plane"))
        row["in plane, mm"] = f"{_number(longest)} × {_number(across)}"
    for heading, key in (("3-D, mm", "longest-3d"), ("sphericity", "sphericity")):
        if of.get(key):
            row[heading] = _number(of.value(key))
    mean = of.get("intensity-mean")
    if mean:
        unit = "" if mean.unit in (None, "1") else f", {mean.unit}"
        row[f"mean ± SD{unit}"] = f"{_number(mean.value)} ± {_number(of.value('intensity-sd'))}"
    for heading, key in (("SUVmax", "suv-max"), ("SUVpeak", "suv-peak")):
        if of.get(key):
            row[heading] = _number(of.value(key))
    active = of.get("metabolic-tumour-volume")
    if active:
        row[f"MTV, ml ({dict(active.parameters)['threshold']})"] = _number(active.value)
    return row


def _distance(one: Measured) -> str:
    other = dict(one.parameters)["to"]
    return f"{_number(one.value)} mm {_DISTANCES[one.concept]} {other}"


def _name(of_structure: StructureMeasurements) -> str:
    return printable(of_structure.structure.name)


def _number(value: float | str | None) -> str:
    if value is None:
        return "n/a"
    if isinstance(value, str):
        return value
    # Four digits, but no powers of ten where people read mm³.
    return f"{value:.0f}" if 1e4 <= abs(value) < 1e9 else f"{value:.4g}"
