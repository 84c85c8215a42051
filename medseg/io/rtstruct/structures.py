"""An ROI of a structure set ↔ a Structure."""

from __future__ import annotations

import re

from medseg.errors import LabelMapError
from medseg.io.rtstruct.structure_set import Roi
from medseg.labelmap import Structure, structure_id_for

_VOLUME_OF_RADIOTHERAPY = re.compile(r"(GTV|CTV|PTV)([pn]|sb)?(?![a-z])", re.IGNORECASE)
"""How names of target volumes begin by the recommendation of AAPM TG-263: GTV, GTVp1, GTV_Mass."""


def structure_of(roi: Roi, label: int, taken: set[str]) -> Structure:
    """The structure that an ROI stands for.

    Args:
        roi: The ROI.
        label: The label that it gets.
        taken: Ids that other structures have.
    """
    name = "".join(character for character in roi.name if character.isprintable()).strip()
    color = "#{:02x}{:02x}{:02x}".format(*roi.color) if roi.color else ""
    identifier = structure_id_for(name or f"ROI {roi.number}", taken)
    try:
        return Structure(identifier, name, label, color, roi.code)
    except LabelMapError:
        return Structure(identifier, f"ROI {roi.number}", label, color, roi.code)


def interpreted_type(structure: Structure) -> str:
    """RT ROI Interpreted Type (3006,00A4) of a structure (PS3.3 C.8.8.8.1).

    A label map does not say what a structure is for in radiotherapy. Only a name that begins as those of
    target volumes do tells; anything else stays empty, which the standard allows.
    """
    found = _VOLUME_OF_RADIOTHERAPY.match(structure.name)
    return found[1].upper() if found else ""
