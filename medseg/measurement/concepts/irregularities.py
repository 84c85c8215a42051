"""How irregular the boundary of a structure is."""

from __future__ import annotations

from medseg.measurement.concepts.concept import NO_UNIT, Concept

IRREGULARITIES = (
    Concept(
        "fractal-dimension",
        "Fractal dimension of the boundary",
        NO_UNIT,
        "How fast the number of cubes that its surface runs through grows as they get smaller, from a third "
        "of its length to two slices: 2 where the boundary is smooth, more where it is rough.",
        "box counting: Russell et al. 1980, Phys Rev Lett 45:1175-1178",
    ),
    Concept(
        "radial-sd",
        "Standard deviation of normalised radial length",
        NO_UNIT,
        "Of the distance from its centre to its surface over the largest such distance, each part of the "
        "surface by its area; 0 for a ball, more for what is long, lobed or spiculated.",
        "Kilday et al. 1993, IEEE Trans Med Imaging 12:664-669, there of an outline",
    ),
)
"""One line for each that ``medseg.measurement.irregularity`` measures."""
