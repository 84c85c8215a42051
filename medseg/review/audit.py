"""The trail of a study as data for people and programs: what happened, who did it, and who signed what."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class AuditedSignature:
    """A signature in the trail (21 CFR 11.50: printed name, date and time, meaning).

    Attributes:
        name: Printed name, from the roster; as claimed where the signature is not good.
        role: Role at that time, likewise.
        meaning: What it means.
        signed_at: When, ISO 8601 with zone, as the signer's clock claims.
        checkpointed_at: By when it was there for sure; None where no checkpoint proves it.
        reason: Why; empty where none was given.
        structures: Ids of the structures that it covers.
        policy: Version of the policy that it was signed under.
        sha256: Digest of the statement's line.
        problem: Why it is not good; empty where it is.
    """

    name: str
    role: str
    meaning: str
    signed_at: str
    checkpointed_at: str | None
    reason: str
    structures: tuple[str, ...]
    policy: str
    sha256: str
    problem: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The signature as a JSON object."""
        return {
            "name": self.name,
            "role": self.role,
            "meaning": self.meaning,
            "signed_at": self.signed_at,
            "time": "claimed" if self.checkpointed_at is None else "checkpointed",
            "checkpointed_at": self.checkpointed_at,
            "reason": self.reason,
            "structures": list(self.structures),
            "policy": self.policy,
            "sha256": self.sha256,
            "valid": not self.problem,
            "problem": self.problem,
        }


@dataclass(frozen=True)
class AuditEntry:
    """One entry of the ledger, as it stands there, and in words.

    Attributes:
        number: Its number.
        at: When, ISO 8601 with zone, by the clock of who did it.
        person: Id of who did it.
        name: Printed name, from the roster; empty for one who is not on it.
        role: In which role.
        action: The ledger's word.
        words: What happened, in a sentence.
        case: Id of the case.
        revision: Digest of the revision.
        workstation: Where.
        software: With which program.
        details: What else the entry says.
        signature: The signature that it is about.
    """

    number: int
    at: str
    person: str
    name: str
    role: str
    action: str
    words: str
    case: str | None
    revision: str | None
    workstation: str
    software: str
    details: dict[str, Any] = field(default_factory=dict)
    signature: AuditedSignature | None = None

    def as_dict(self) -> dict[str, Any]:
        """The entry as a JSON object."""
        return {
            "number": self.number,
            "at": self.at,
            "person": self.person,
            "name": self.name,
            "role": self.role,
            "action": self.action,
            "words": self.words,
            "case": self.case,
            "revision": self.revision,
            "workstation": self.workstation,
            "software": self.software,
            "details": self.details,
            "signature": self.signature and self.signature.as_dict(),
        }


@dataclass(frozen=True)
class Audit:
    """The trail of a study, or of one of its cases.

    Attributes:
        study: Id of the study.
        case: Id of the case that it is about; None for all.
        made_at: When it was printed, ISO 8601 with zone.
        software: By which program.
        ledger_size: How many entries the ledger had.
        ledger_head: Digest of the last of them.
        roster: Digest of the roster that names and roles come from.
        findings: What a check of the whole study found, one sentence each; empty where it is sound.
        entries: The entries, in order.
    """

    study: str
    case: str | None
    made_at: str
    software: str
    ledger_size: int
    ledger_head: str
    roster: str
    findings: tuple[str, ...]
    entries: tuple[AuditEntry, ...]

    def as_dict(self) -> dict[str, Any]:
        """The trail as a JSON object."""
        return {
            "schema": "urn:medseg:audit:1",
            "study": self.study,
            "case": self.case,
            "made_at": self.made_at,
            "software": self.software,
            "ledger": {"size": self.ledger_size, "sha256": self.ledger_head},
            "roster_sha256": self.roster,
            "sound": not self.findings,
            "findings": list(self.findings),
            "entries": [entry.as_dict() for entry in self.entries],
        }
