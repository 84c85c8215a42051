"""What a structure is, in DICOM's codes: the category and the type of a segment (PS3.3 C.8.20.4).

A segment must have both. A structure without a code is ``Tissue``, which says next to nothing; other programs
write the same for a segment that nobody has described.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from medseg.errors import LabelMapError
from medseg.labelmap import Code

if TYPE_CHECKING:
    from pydicom import Dataset

TISSUE = Code("SCT", "85756007", "Tissue")
"""The most general of CID 7150, Segmentation Property Categories, and of CID 7166, Common Tissue Segmentation
Types."""

ANATOMY = Code("SCT", "91723000", "Anatomical Structure")
ABNORMALITY = Code("SCT", "49755003", "Morphologically Abnormal Structure")
SUBSTANCE = Code("SCT", "91720002", "Body Substance")
TARGET = Code("DCM", "130041", "RT Target")
"""Of CID 9580, RT Segmentation Property Categories, which takes in CID 7150."""

_ABNORMALITIES = frozenset({
    "44132006", "75753009", "367643001", "79654002", "55584005", "50960005", "409774005", "52988006",
    "4147007", "6574001", "108369006", "372087000", "14799000", "27925004", "301766008", "C113842", "C81175",
})  # fmt: skip
"""Values of CID 7194, which are abnormal structures; those of normal tissue and background left out."""

_TISSUES = frozenset({
    "55603005", "87612001", "3138006", "309312004", "21793004", "6969002", "91727004", "39937001", "87784001",
    "71966008", "85756007",
})  # fmt: skip
"""Values of CID 7166 that are tissue, rather than a part of the body."""

_SUBSTANCES = frozenset({"39477002", "78014005", "32457005", "70150004", "74947009"})
"""Values of CID 7197, Body Substance Segmentation Property Types."""

_TARGETS = frozenset({
    "130050", "130054", "130053", "130052", "130051", "130056", "130055", "130049", "130059", "228790005",
    "228791009", "228793007", "228792002",
})  # fmt: skip
"""Values of CID 9534, Radiotherapy Targets; the two that are points left out."""

_CATEGORIES = (
    (_ABNORMALITIES, ABNORMALITY),
    (_TARGETS, TARGET),
    (_SUBSTANCES, SUBSTANCE),
    (_TISSUES, TISSUE),
)

BACKGROUND = ("DCM", "125040")
"""What a label map says of the voxels that belong to nothing (CID 7159)."""

_MAX_SHORT, _MAX_LONG = 16, 64
"""Most characters of SH (values, schemes) and LO (meanings), PS3.5 6.2."""


def is_writable(code: Code) -> bool:
    """Whether a code fits into a code sequence item (PS3.3 8.8): it needs a scheme and short texts."""
    texts = (code.scheme, code.value, code.meaning)
    return (
        0 < len(code.scheme) <= _MAX_SHORT
        and len(code.value) <= _MAX_SHORT
        and 0 < len(code.meaning) <= _MAX_LONG
        and not any("\\" in text or text != text.strip() for text in texts)
    )


def category_of(code: Code) -> Code:
    """The category of a type: abnormal, target, substance, tissue, or else anatomy."""
    return next((category for values, category in _CATEGORIES if code.value in values), ANATOMY)


def code_in(items: Iterable[Dataset]) -> Code | None:
    """The first code of a code sequence; None where there is none that can be taken."""
    for item in items:
        value = next(
            filter(None, (item.get(key) for key in ("CodeValue", "LongCodeValue", "URNCodeValue"))), ""
        )
        try:
            return Code(
                str(item.get("CodingSchemeDesignator") or ""), str(value), str(item.get("CodeMeaning") or "")
            )
        except LabelMapError:
            return None
    return None
