"""What the table of numbers shows, without a window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from medseg.contour import Slice
from medseg.labelmap import Structure
from medseg.measurement.concepts import CONCEPTS
from medseg.measurement.measured import Line, Measured
from medseg.measurement.structures import concept_of, unit_of
from napari_medseg.panel.measuring.to_measure import Numbers
from napari_medseg.panel.structures.rows import MM3_IN_ML, volume_text

VOLUME, LONGEST, PERPENDICULAR, LONGEST_3D = (
    "volume-voxel",
    "longest-in-plane",
    "perpendicular-in-plane",
    "longest-3d",
)

DIAMETERS = (LONGEST, PERPENDICULAR)
"""The two lines that RECIST draws."""

SUV_MAX = "suv-max"

SIZES: Mapping[str, str] = {
    VOLUME: "Volume",
    LONGEST: "Longest diameter",
    PERPENDICULAR: "Perpendicular to it",
    LONGEST_3D: "Longest in 3-D",
}

INTENSITIES: Mapping[str, str] = {
    "intensity-mean": "Mean",
    "intensity-sd": "Standard deviation",
    "intensity-min": "Lowest",
    "intensity-max": "Highest",
}

UPTAKES: Mapping[str, str] = {
    SUV_MAX: "SUVmax",
    "suv-mean": "SUVmean",
    "suv-peak": "SUVpeak",
    "metabolic-tumour-volume": "Metabolic volume",
    "total-lesion-glycolysis": "Lesion glycolysis",
}

DISTANCES = ("margin", "least-distance")
"""What surgeons ask for first of all that is not shown at a glance."""

NO_VALUE = "–"

UNIT_WORDS: Mapping[str, str] = {"1": "", "/mm": "1/mm", "mm3": "ml"}
"""UCUM → what people read; volumes are shown in ml."""

DECIMALS: Mapping[str, int] = {"mm": 1, "HU": 1, "g/ml": 2}
"""As many as an image can tell."""


@dataclass(frozen=True)
class NumberRow:
    """One number of the table.

    Attributes:
        id: What it is, and of distances to which structure: one row has it.
        name: What people call it.
        value: Rounded; a dash where it is not defined.
        unit: For people; empty of plain numbers.
        tip: How it is determined, and who says so.
        line: Where it was measured; None where it has no place.
        in_front: Whether it is shown before all numbers are asked for.
    """

    id: str
    name: str
    value: str
    unit: str
    tip: str
    line: Line | None = None
    in_front: bool = False

    @property
    def text(self) -> str:
        """The value with its unit."""
        return f"{self.value} {self.unit}".strip()

    @property
    def where(self) -> Slice | None:
        """The slice of the image that its line lies in; None where it lies in none."""
        if self.line is None or self.line.slice_axis is None or self.line.slice_index is None:
            return None
        return Slice(self.line.slice_axis, self.line.slice_index)


def rows_of(numbers: Numbers, structures: Sequence[Structure]) -> list[NumberRow]:
    """All numbers that were measured: those at a glance, then distances, then the rest by family.

    Args:
        numbers: What was measured.
        structures: All structures of the case, of which distances name one.
    """
    names = {structure.id: structure.name for structure in structures}
    found = numbers.measurements
    # Intensities of a PET are SUV: its words for them come first.
    in_front = {**SIZES, **(INTENSITIES if found.get(SUV_MAX) is None else UPTAKES)}
    order = {key: place for place, key in enumerate(dict.fromkeys((*in_front, *DISTANCES, *CONCEPTS)))}
    in_order = sorted(found.measured, key=lambda one: order[one.concept])
    return [_row(one, in_front.get(one.concept), names) for one in in_order]


def summary_of(rows: Sequence[NumberRow]) -> list[tuple[str, str]]:
    """The size of a structure in a few words.

    Returns:
        Pieces of text, each with the id of the row whose line it tells of, or nothing; none without a size.
    """
    by_concept = {row.id: row for row in rows}
    longest, across, whole = (by_concept.get(key) for key in (LONGEST, PERPENDICULAR, LONGEST_3D))
    parts = [(by_concept[VOLUME].text, "")] if VOLUME in by_concept else []
    if longest is not None and across is not None and longest.line is not None:
        parts.append((f"{longest.value} × {across.value} mm", LONGEST))
    if whole is not None and whole.line is not None:
        parts.append((f"3-D {whole.text}", LONGEST_3D))
    return parts if len(parts) > 1 else []


def as_text(name: str, rows: Sequence[NumberRow]) -> str:
    """A table for the clipboard: tabs between the columns, as spreadsheets and reports take it."""
    lines = [name, *("\t".join((row.name, row.value, row.unit)) for row in rows)]
    return "\n".join(lines)


def number_text(value: float | None) -> str:
    """A number to four digits, small ones as powers of ten.

    >>> [number_text(n) for n in (None, 0.0, 12.0, 12.3456, 12345.6, 0.04115, 0.00000123, -1.5)]
    ['–', '0', '12', '12.35', '12346', '0.04115', '1.23e-06', '-1.5']
    """
    if value is None:
        return NO_VALUE
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def unit_text(unit: str) -> str:
    """A unit of UCUM as people write it.

    >>> [unit_text(unit) for unit in ("1", "mm3", "mm2", "(g/ml)2", "HU2", "HU.mm3")]
    ['', 'ml', 'mm²', '(g/ml)²', 'HU²', 'HU·mm³']
    """
    if unit in UNIT_WORDS:
        return UNIT_WORDS[unit]
    return unit.replace(".", "·").replace("2", "²").replace("3", "³")


def _row(measured: Measured, in_front: str | None, names: Mapping[str, str]) -> NumberRow:
    concept, unit = concept_of(measured), unit_of(measured)
    told = dict(measured.parameters)
    to = str(told.pop("to", ""))
    name = in_front or concept.name
    if to in names:
        name += f": {names[to]}"
    elif "threshold" in told:
        # A metabolic volume says nothing without it.
        name += f", from {told['threshold']}"
    details = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in told.items())
    return NumberRow(
        f"{measured.concept} {to}".strip(),
        name,
        _value_text(measured.value, unit),
        unit_text(unit),
        "\n".join(filter(None, (concept.definition, concept.source, details))),
        measured.line,
        in_front is not None,
    )


def _value_text(value: float | None, unit: str) -> str:
    if value is None:
        return NO_VALUE
    if unit == "mm3":
        return volume_text(value / MM3_IN_ML)
    decimals = DECIMALS.get(unit)
    return number_text(value) if decimals is None else f"{value:.{decimals}f}"
