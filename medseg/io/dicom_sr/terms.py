"""Concepts, units and structures in DICOM's codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from medseg.io.dicom_seg.codes import TISSUE, is_writable
from medseg.labelmap import Code, Structure
from medseg.measurement.concepts import NO_UNIT, Concept

if TYPE_CHECKING:
    from pydicom.sr.coding import Code as DicomCode

OWN_SCHEME = "99MEDSEG"
"""Of concepts that no published scheme has; names beginning with 99 are for everybody (PS3.16 8.2)."""

MAX_MEANING = 64
"""Most characters of LO (PS3.5 6.2)."""

_UNITS = {
    NO_UNIT: (NO_UNIT, "no units"),
    "g/ml": ("g/ml{SUVbw}", "Standardized Uptake Value body weight"),
}
"""UCUM codes that say more than our unit; CID 7181 and CID 84."""

_UCUM = (("HU", "[hnsf'U]"), ("counts", "{counts}"))
"""What UCUM writes for words of ours."""

_RECIST = Code("DCM", "126081", "RECIST 1.1")
_METHODS = {"longest-in-plane": _RECIST, "perpendicular-in-plane": _RECIST}
"""By concept, of CID 6147 Response Criteria."""

_PROCEDURES = {
    "CT": Code("LN", "25045-6", "CT unspecified body region"),
    "MR": Code("LN", "25056-3", "MRI unspecified body region"),
    "PT": Code("LN", "44136-0", "PET unspecified body region"),
}
_ANY_PROCEDURE = Code("SCT", "363679005", "Imaging procedure")
"""By modality, of CID 100 Quantitative Diagnostic Imaging Procedures."""


def dicom_code(code: Code) -> DicomCode:
    """A code as pydicom has it."""
    from pydicom.sr.coding import Code as DicomCode

    return DicomCode(code.value, code.scheme, code.meaning[:MAX_MEANING])


def concept_code(concept: Concept) -> Code:
    """The name of a measurement."""
    return concept.code or Code(OWN_SCHEME, concept.key, concept.name)


def method_code(concept: Concept) -> Code | None:
    """The response criteria that a measurement follows; None for none."""
    return _METHODS.get(concept.key)


def unit_code(unit: str) -> Code:
    """A unit in UCUM."""
    if unit in _UNITS:
        value, meaning = _UNITS[unit]
        return Code("UCUM", value, meaning)
    value = unit
    for ours, ucum in _UCUM:
        value = value.replace(ours, ucum)
    return Code("UCUM", value, unit)


def structure_code(structure: Structure) -> Code:
    """What a structure is; ``Tissue`` where nobody said."""
    return structure.code if structure.code is not None and is_writable(structure.code) else TISSUE


def procedure_code(modality: str) -> Code:
    """What was reported on."""
    return _PROCEDURES.get(modality, _ANY_PROCEDURE)
