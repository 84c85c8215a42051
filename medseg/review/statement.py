"""The signed statement: in-toto Statement v1 (github.com/in-toto/attestation, spec/v1/statement.md)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from medseg.errors import SidecarError
from medseg.provenance.content import Content
from medseg.provenance.json_object import JsonObject
from medseg.review.circumstances import Circumstances
from medseg.review.envelope import SealedDocument, open_envelope, seal
from medseg.review.keys import SigningKey
from medseg.review.role import Role
from medseg.review.states import Meaning

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:medseg:sign-off:2"
PAYLOAD_TYPE = "application/vnd.in-toto+json"

MAX_REASON = 2000
"""Characters of a reason: it is shown on one line."""

_PREDICATE = (
    "content",
    "content_digest",
    "meaning",
    "reason",
    "person_id",
    "name",
    "role",
    "structures",
    "case",
    "parent",
    "sources",
    "policy",
    "policy_version",
    "trust",
    "ledger",
    "workstation",
    "signed_at",
    "software",
    "previous",
    "nonce",
)


@dataclass(frozen=True)
class Statement:
    """What somebody says about a label map with a signature.

    Args:
        files: SHA-256 of the files at that time, by name. Names are for people; in-toto matches subjects
            by digest alone, so that a renamed file stays signed.
        content: What is signed.
        meaning: What the signature means.
        reason: Why; empty where none was given.
        person_id: Id of who signs, on the roster.
        name: Printed name, as on the roster.
        role: Role, as on the roster.
        structures: Ids of the structures that the signature covers, ascending.
        circumstances: Case, parent, source image, ledger and workstation.
        policy: Digest of the policy in force.
        policy_version: What people call it.
        trust: Digest of the roster, which covers every change of it until then.
        signed_at: When, with zone, by the clock of who signs.
        software: Name and version of the program.
        previous: :func:`line_sha256` of the statement before this one; None for the first.
        nonce: Random digits, so that no two statements are alike.

    Raises:
        SidecarError: The reason is not of one printable line, or the structures are not those of the content,
            ascending: some of them for an approval, else all.
    """

    files: Mapping[str, str]
    content: Content
    meaning: Meaning
    reason: str
    person_id: str
    name: str
    role: Role
    structures: tuple[str, ...]
    circumstances: Circumstances
    policy: str
    policy_version: str
    trust: str
    signed_at: datetime
    software: str
    previous: str | None
    nonce: str

    def __post_init__(self) -> None:
        if not self.reason.isprintable() or len(self.reason) > MAX_REASON:
            raise SidecarError(f"expected a reason of one line and up to {MAX_REASON} characters")
        covered, there = set(self.structures), set(structure_ids(self.content))
        if list(self.structures) != sorted(covered) or not covered <= there:
            raise SidecarError("expected ids of the structures that are there, ascending, each once")
        if covered != there and (self.meaning is not Meaning.APPROVED or not covered):
            raise SidecarError(f"expected all structures to be covered by {self.meaning}, got {len(covered)}")

    def as_dict(self) -> dict[str, Any]:
        """The statement as a JSON object."""
        return {
            "_type": STATEMENT_TYPE,
            "subject": [
                {"name": name, "digest": {"sha256": digest}} for name, digest in sorted(self.files.items())
            ],
            "predicateType": PREDICATE_TYPE,
            "predicate": {
                "content": self.content.as_dict(),
                "content_digest": self.content.digest(),
                "meaning": self.meaning.value,
                "reason": self.reason,
                "person_id": self.person_id,
                "name": self.name,
                "role": self.role.value,
                "structures": list(self.structures),
                **self.circumstances.as_dict(),
                "policy": self.policy,
                "policy_version": self.policy_version,
                "trust": self.trust,
                "signed_at": self.signed_at.isoformat(),
                "software": self.software,
                "previous": self.previous,
                "nonce": self.nonce,
            },
        }

    @classmethod
    def from_dict(cls, value: Any) -> Statement:
        """Read a statement back, strictly.

        Raises:
            SidecarError: A field is missing, unknown or of another type, or the digest of the content is
                not the one that it names.
        """
        statement = JsonObject(value, "the statement", "_type", "subject", "predicateType", "predicate")
        kinds = statement.text("_type"), statement.text("predicateType")
        if kinds != (STATEMENT_TYPE, PREDICATE_TYPE):
            raise SidecarError(f"the statement: expected a sign-off ({PREDICATE_TYPE})")
        predicate = JsonObject(statement.value("predicate"), "the statement", *_PREDICATE)
        content = Content.from_dict(predicate.value("content"))
        if content.digest() != predicate.sha256("content_digest"):
            raise SidecarError("the statement: the content has another digest than the one it names")
        return cls(
            files=dict(_subject(entry) for entry in statement.list("subject")),
            content=content,
            meaning=predicate.word("meaning", Meaning),
            reason=predicate.text("reason"),
            person_id=predicate.text("person_id"),
            name=predicate.text("name"),
            role=predicate.word("role", Role),
            structures=predicate.texts("structures"),
            circumstances=Circumstances.from_object(predicate),
            policy=predicate.sha256("policy"),
            policy_version=predicate.text("policy_version"),
            trust=predicate.sha256("trust"),
            signed_at=predicate.time("signed_at"),
            software=predicate.text("software"),
            previous=predicate.optional_sha256("previous"),
            nonce=predicate.hexadecimal("nonce"),
        )


def structure_ids(content: Content) -> tuple[str, ...]:
    """Ids of the structures of a content, ascending."""
    return tuple(sorted(entry.structure.id for entry in content.structures or ()))


def seal_statement(statement: Statement, key: SigningKey) -> bytes:
    """Sign a statement: one line of the bundle, without its end."""
    return seal(statement.as_dict(), PAYLOAD_TYPE, [key])


def open_statement(line: bytes, what: str) -> tuple[Statement, SealedDocument]:
    """Read one line of a bundle; its signature is not checked yet.

    Raises:
        SidecarError: It is no sign-off statement, or a damaged one.
    """
    sealed = open_envelope(line, PAYLOAD_TYPE, what)
    return Statement.from_dict(sealed.document), sealed


def line_sha256(line: bytes) -> str:
    """What the next statement calls ``previous``: SHA-256 of a line of the bundle, without its end."""
    return hashlib.sha256(line).hexdigest()


def _subject(value: Any) -> tuple[str, str]:
    subject = JsonObject(value, "a subject", "name", "digest")
    digest = JsonObject(subject.value("digest"), "a subject's digest", "sha256")
    return subject.text("name"), digest.sha256("sha256")
