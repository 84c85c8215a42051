"""Write docs/measurement-definitions.md from the concepts, so that the page and the numbers never differ."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from medseg.measurement.concepts import NO_UNIT, Concept
from medseg.measurement.concepts.diameters import DIAMETERS
from medseg.measurement.concepts.intensities import INTENSITIES
from medseg.measurement.concepts.irregularities import IRREGULARITIES
from medseg.measurement.concepts.separations import SEPARATIONS
from medseg.measurement.concepts.shapes import SHAPES
from medseg.measurement.concepts.sizes import SIZES
from medseg.measurement.concepts.uptakes import UPTAKES

PAGE = Path(__file__).parents[1] / "docs" / "measurement-definitions.md"

HEAD = """# Definitions of measurements

<!-- Made by tools/make_measurement_docs.py from medseg/measurement/concepts. -->

Every number of `medseg measure` by its key: what it is, its unit, who defined it. `method` and `source` in
the JSON document and in the table say the same. Units are UCUM's; plain numbers have `1`. *of the image*
is HU in CT, g/ml for SUV by body weight, Bq/ml, counts, or `1` where the image has no scale, as MR.

The tag is the name of the feature in the IBSI's tables of reference values. Four letters after the manual are
its tag in the manual, which DICOM takes for a code of the scheme `IBSI`.
"""

FAMILIES = (
    ("Sizes", SIZES),
    ("Diameters", DIAMETERS),
    ("Shape", SHAPES),
    ("Irregularity of the boundary", IRREGULARITIES),
    ("Intensity", INTENSITIES),
    ("Uptake", UPTAKES),
    ("Distances between structures", SEPARATIONS),
)


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *(part for title, concepts in FAMILIES for part in _section(title, concepts))])


def _section(title: str, concepts: Iterable[Concept]) -> Iterable[str]:
    yield f"## {title}\n"
    yield "| key | unit | what it is | source | tag |"
    yield "| --- | --- | --- | --- | --- |"
    yield from map(_row, concepts)
    yield ""


def _row(concept: Concept) -> str:
    unit = "*of the image*" if concept.unit is None else "" if concept.unit == NO_UNIT else concept.unit
    tag = f"`{concept.ibsi}`" if concept.ibsi else ""
    definition = f"{concept.name}. {concept.definition}".replace("|", "\\|")
    return f"| `{concept.key}` | {unit} | {definition} | {concept.source} | {tag} |"


if __name__ == "__main__":
    PAGE.write_text(page())
