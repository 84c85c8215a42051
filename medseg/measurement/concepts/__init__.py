"""Concepts: what each number is, its unit, its definition and the source of that; one table a family."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from types import MappingProxyType

from medseg.measurement.concepts.concept import NO_UNIT, Concept
from medseg.measurement.concepts.diameters import DIAMETERS
from medseg.measurement.concepts.intensities import INTENSITIES
from medseg.measurement.concepts.irregularities import IRREGULARITIES
from medseg.measurement.concepts.separations import SEPARATIONS
from medseg.measurement.concepts.shapes import SHAPES
from medseg.measurement.concepts.sizes import SIZES
from medseg.measurement.concepts.uptakes import UPTAKES

CONCEPTS: Mapping[str, Concept] = MappingProxyType(
    {
        concept.key: concept
        for concept in chain(SIZES, DIAMETERS, SHAPES, IRREGULARITIES, INTENSITIES, UPTAKES, SEPARATIONS)
    }
)
"""Every concept that a family measures, by its key, in the order in which tables show them."""

__all__ = ["CONCEPTS", "NO_UNIT", "Concept"]
