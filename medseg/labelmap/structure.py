"""Structure: what a label means."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from medseg.errors import LabelMapError

NOTHING = "n/a"
"""BIDS writes this for an absent value, so that nothing can be called so."""

MAX_LABEL = 65535
"""Labels are stored as uint8 or uint16."""

PALETTE = (
    "#e6194b", "#3cb44b", "#4363d8", "#f58231", "#911eb4", "#46f0f0", "#f032e6", "#bcf60c",
    "#fabebe", "#008080", "#e6beff", "#9a6324", "#fffac8", "#800000", "#aaffc3", "#808000",
)  # fmt: skip
"""Colours that are easy to tell apart, given to structures in the order of their labels."""


@dataclass(frozen=True)
class Code:
    """A coded meaning, as in DICOM PS3.3 section 8 (for example SCT 108369006, Neoplasm)."""

    scheme: str
    value: str
    meaning: str

    def __post_init__(self) -> None:
        parts = (self.scheme, self.value, self.meaning)
        if not self.value or not "".join(parts).isprintable() or NOTHING in parts:
            raise LabelMapError(f"a code needs a value and printable characters, got {self}")


@dataclass(frozen=True)
class Structure:
    """One anatomical or pathological structure of a label map.

    Args:
        id: Stable identifier: letters, digits, ``-`` and ``_``.
        name: What people read.
        label: The value of its voxels, from 1.
        color: ``#rrggbb``.
        code: What it is in a coding scheme.
        part_of: Id of the structure that contains it: a tumour is part of the liver, and the liver's
            measurements take it in.
        layer: Which layer of the label map holds its voxels.

    Raises:
        LabelMapError: The id, name, label, colour or layer is not of this form.
    """

    id: str
    name: str
    label: int
    color: str = ""
    code: Code | None = None
    part_of: str | None = None
    layer: int = 0

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", self.id):
            raise LabelMapError(f"a structure's id must be 1 to 64 letters, digits, - or _, got {self.id!r}")
        if not self.name.strip() or not self.name.isprintable() or self.name == NOTHING:
            raise LabelMapError(f"a structure needs a name of printable characters, got {self.name!r}")
        if not 1 <= self.label <= MAX_LABEL:
            raise LabelMapError(f"a label must be between 1 and {MAX_LABEL}, got {self.label}")
        if not self.color:
            object.__setattr__(self, "color", PALETTE[(self.label - 1) % len(PALETTE)])
        if not re.fullmatch(r"#[0-9a-fA-F]{6}", self.color):
            raise LabelMapError(f"a colour must be #rrggbb, got {self.color!r}")
        if self.layer < 0:
            raise LabelMapError(f"a layer must be 0 or more, got {self.layer}")
        if self.part_of == self.id:
            raise LabelMapError(f"structure {self.id!r} can't be part of itself")


def find_structure(structures: Iterable[Structure], structure_id: str) -> Structure:
    """The structure with an id.

    Raises:
        LabelMapError: There is none.
    """
    by_id = {structure.id: structure for structure in structures}
    if structure_id not in by_id:
        raise LabelMapError(f"no structure {structure_id!r}; there are {list(by_id)}")
    return by_id[structure_id]


def structure_id_for(name: str, taken: set[str]) -> str:
    """Make a fresh structure id from a name that a person typed.

    >>> structure_id_for("Liver metastasis 1", set())
    'liver-metastasis-1'
    >>> structure_id_for("Liver", {"liver"})
    'liver-2'
    """
    base = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:48] or "structure"
    number, candidate = 1, base
    while candidate in taken:
        number += 1
        candidate = f"{base}-{number}"
    return candidate
