"""Concept: what a number is, whoever measured it."""

from __future__ import annotations

from dataclasses import dataclass

from medseg.labelmap import Code

IBSI_MANUAL = "IBSI reference manual (Zwanenburg et al. 2016, arXiv:1612.07003)"
"""Of most shapes and intensities; the three digits and letters after it are its tag of the feature."""

RECIST = "RECIST 1.1 (Eisenhauer et al. 2009, Eur J Cancer 45:228-247)"

NO_UNIT = "1"
"""UCUM's unit of plain numbers."""


@dataclass(frozen=True)
class Concept:
    """What a number is.

    Attributes:
        key: Stable word for it, in files and scripts.
        name: What people read.
        unit: In UCUM, such as ``mm3``; :data:`NO_UNIT` of plain numbers; None where it is that of the image
            or a power of it, which :class:`~medseg.measurement.measured.Measured` then says.
        definition: How it is determined, in one or two sentences.
        source: Paper, or reference manual and tag, that defines it.
        ibsi: Tag of the feature in the IBSI's tables of reference values, such as ``morph_volume``; None for
            what the IBSI does not define.
        code: For DICOM; None where no scheme has one.
        derivation: How it was made of many values, for DICOM (CID 7464); None where the code says that.
    """

    key: str
    name: str
    unit: str | None
    definition: str
    source: str
    ibsi: str | None = None
    code: Code | None = None
    derivation: Code | None = None


def ibsi_concept(key: str, name: str, unit: str | None, definition: str, ibsi: str, tag: str) -> Concept:
    """A concept of the IBSI.

    Args:
        key: As of :class:`Concept`; so the others.
        name: Also the meaning of its code.
        unit: None for the image's.
        definition: In one or two sentences.
        ibsi: Its tag in the tables of reference values.
        tag: Its four letters in the manual, which are its value in DICOM's coding scheme ``IBSI`` (PS3.16 8).
    """
    source = f"{IBSI_MANUAL}, {tag}"
    return Concept(key, name, unit, definition, source, ibsi, Code("IBSI", tag, name))
