"""How far two structures lie apart."""

from __future__ import annotations

from medseg.labelmap import Code
from medseg.measurement.concepts.concept import Concept

_MESH = "between the surfaces of triangles, at the middle of each cube of these; neighbours are 0 mm apart"

SEPARATIONS = (
    Concept(
        "least-distance",
        "Least distance to a structure",
        "mm",
        f"The shortest line from it to the other structure, {_MESH}.",
        "least distance of two sets of points (Euclid)",
        code=Code("DCM", "121206", "Distance"),
    ),
    Concept(
        "margin",
        "Least margin within its whole",
        "mm",
        "The shortest line from it to the surface of the structure that it is part of, such as from a tumour "
        f"to the capsule of its liver, {_MESH}. The border of the image counts as surface.",
        "least distance of two sets of points (Euclid)",
        code=Code("DCM", "121206", "Distance"),
    ),
)
