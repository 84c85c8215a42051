"""What medseg knows of a structure and DICOM has no place for: a private element in each segment.

Other programs pass it over, as the standard asks them to (PS3.5 7.8). A reader of ours believes it only as
far as the standard elements beside it have not been changed since.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from medseg.errors import SidecarError
from medseg.labelmap import Structure
from medseg.provenance.json_object import JsonObject

if TYPE_CHECKING:
    from pydicom import Dataset

_GROUP = 0x0063
"""Private group beside that of segmentations (0062)."""

_CREATOR = "medseg"
_ELEMENT = 0x01
_MAX_CHARACTERS = 4096
"""Far more than a name of any length that people give, far less than what could do harm."""

_FIELDS = ("id", "label", "layer", "name", "part_of")


@dataclass(frozen=True)
class Extras:
    """The fields of :class:`~medseg.labelmap.Structure` that a segment can't hold, or not whole."""

    id: str
    label: int
    layer: int
    name: str
    part_of: str | None


def put_extras(segment: Dataset, structure: Structure) -> None:
    """Write them into an item of the Segment Sequence."""
    text = json.dumps({field: getattr(structure, field) for field in _FIELDS}, sort_keys=True)
    segment.private_block(_GROUP, _CREATOR, create=True).add_new(_ELEMENT, "UT", text)


def extras_of(segment: Dataset) -> Extras | None:
    """Read them back; None where there are none, or none that can be understood."""
    try:
        value = segment.private_block(_GROUP, _CREATOR)[_ELEMENT].value
    except KeyError:
        return None
    # Written again with implicit value representations it comes back as bytes.
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    if len(text) > _MAX_CHARACTERS:
        return None
    try:
        fields = JsonObject(json.loads(text.rstrip("\0 ")), "private element", *_FIELDS)
        return Extras(
            fields.text("id"),
            fields.integer("label"),
            fields.integer("layer"),
            fields.text("name"),
            fields.optional_text("part_of"),
        )
    except (SidecarError, ValueError, RecursionError):
        return None
