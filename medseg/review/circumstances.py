"""Under which circumstances a statement is signed: which case, on which machine, after which ledger entry."""

from __future__ import annotations

import platform
from dataclasses import dataclass, field
from typing import Any

from medseg.provenance.json_object import JsonObject

MAX_WORKSTATION = 253
"""Characters of a host name (RFC 1035, 2.3.4)."""


def this_workstation() -> str:
    """The name of this machine, as far as it has one."""
    name = "".join(letter for letter in platform.node() if letter.isprintable())
    return name[:MAX_WORKSTATION] or "unnamed"


@dataclass(frozen=True)
class LedgerHead:
    """The last entry of a study's ledger.

    Attributes:
        number: Its number, from 1.
        sha256: Its digest, which covers all before it.
    """

    number: int
    sha256: str

    def as_dict(self) -> dict[str, Any]:
        """The head as a JSON object."""
        return {"number": self.number, "sha256": self.sha256}


@dataclass(frozen=True)
class Circumstances:
    """What stands around a signature.

    Attributes:
        case: Id of the case in its study; None for a loose file.
        parent: Content digest of the revision that this one was made from; None for the first.
        sources: SHA-256 of the image that the label map was drawn on; empty where nobody recorded it.
        ledger: The ledger when it was signed; None for a loose file.
        workstation: Name of the machine.
    """

    case: str | None = None
    parent: str | None = None
    sources: tuple[str, ...] = ()
    ledger: LedgerHead | None = None
    workstation: str = field(default_factory=this_workstation)

    def as_dict(self) -> dict[str, Any]:
        """The circumstances as fields of a JSON object."""
        return {
            "case": self.case,
            "parent": self.parent,
            "sources": list(self.sources),
            "ledger": self.ledger and self.ledger.as_dict(),
            "workstation": self.workstation,
        }

    @classmethod
    def from_object(cls, fields: JsonObject) -> Circumstances:
        """Read them back.

        Raises:
            SidecarError: A field is missing or of another type.
        """
        return cls(
            case=fields.optional_text("case"),
            parent=fields.optional_sha256("parent"),
            sources=fields.texts("sources"),
            ledger=_head(fields.value("ledger")),
            workstation=fields.text("workstation"),
        )


def _head(value: Any) -> LedgerHead | None:
    if value is None:
        return None
    head = JsonObject(value, "the head of the ledger", "number", "sha256")
    return LedgerHead(head.integer("number"), head.sha256("sha256"))
