"""What may be segmented, in DICOM's codes: the context groups of PS3.16, by way of pydicom's dictionary."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache

from medseg.labelmap import Code


class Kind(Enum):
    """What sort of thing a code means; the value is how people call it."""

    ABNORMALITY = "abnormality"
    TARGET = "radiotherapy target"
    SUBSTANCE = "body substance"
    TISSUE = "tissue"
    ANATOMY = "anatomy"


@dataclass(frozen=True)
class AnatomyCode:
    """One entry of the list.

    Attributes:
        code: The coded meaning.
        kind: What sort of thing it is.
    """

    code: Code
    kind: Kind


CONTEXT_GROUPS = (
    (7194, Kind.ABNORMALITY),
    (9534, Kind.TARGET),
    (7197, Kind.SUBSTANCE),
    (7191, Kind.TISSUE),
    (7192, Kind.ANATOMY),
    (7600, Kind.ANATOMY),
    (7602, Kind.ANATOMY),
    (6300, Kind.ANATOMY),
)
"""Numbers of PS3.16's context groups, and what their codes are; a code in several is of the first one's kind.

The first five are what a segment of DICOM SEG may be (CID 7151, by category) and the targets of
radiotherapy; lymph nodes, vertebrae with their discs, and the zones of the prostate go into more detail.
"""

NOT_SEGMENTED = frozenset({
    ("DCM", "125040"),  # Background
    ("SCT", "17621005"),  # Normal
    ("SCT", "91772007"),  # Organ
    ("DCM", "130063"),  # Radiation Dose Normalization Point
    ("DCM", "130064"),  # Radiation Dose Reference Point
    ("DCM", "112085"),  # Midlung window
})  # fmt: skip
"""Members of the groups that are no structure which somebody outlines: scheme and value."""


@cache
def anatomy_codes() -> tuple[AnatomyCode, ...]:
    """Every code of the list, by meaning; pydicom's dictionary takes half a second to load, once."""
    found: dict[tuple[str, str], AnatomyCode] = {}
    for number, kind in CONTEXT_GROUPS:
        for code in _members(number):
            key = (code.scheme, code.value)
            if key not in NOT_SEGMENTED:
                found.setdefault(key, AnatomyCode(code, kind))
    return tuple(sorted(found.values(), key=lambda one: (one.code.meaning.casefold(), one.code.value)))


def _members(number: int) -> Iterator[Code]:
    from pydicom.sr.codedict import codes

    group = getattr(codes, f"cid{number}")
    for concept in group.concepts.values():
        yield Code(concept.scheme_designator, concept.value, concept.meaning)
