"""A person who signs, and the card by which a person asks to be put on the roster."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from medseg.errors import ReviewError
from medseg.provenance.json_object import JsonObject
from medseg.review.envelope import open_envelope, seal
from medseg.review.keys import SigningKey, public_key
from medseg.review.role import Role

CARD_TYPE = "application/vnd.medseg.person+json"

FIELDS = ("id", "name", "role", "key", "valid_from", "valid_to")


@dataclass(frozen=True)
class Person:
    """Who somebody is, in which role, and by which key.

    Args:
        id: Identifier at the site, never given to anybody else: 1 to 64 lower-case letters, digits, ``.``,
            ``_`` and ``-``.
        name: Printed name.
        role: What the person may do.
        public_hex: Public key, 32 bytes in hexadecimal.
        valid_from: From when signatures count.
        valid_to: Until when signatures count.

    Raises:
        ReviewError: The id, the name or the times are not of this form.
        SigningKeyError: The key is none.
    """

    id: str
    name: str
    role: Role
    public_hex: str
    valid_from: datetime | None = None
    valid_to: datetime | None = None

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9._-]{1,64}", self.id):
            raise ReviewError(f"a person's id must be 1 to 64 of a-z, 0-9, '.', '_' and '-', got {self.id!a}")
        if not self.name.strip() or not self.name.isprintable() or len(self.name) > 200:
            raise ReviewError(f"a person needs a printable name of up to 200 characters, got {self.name!a}")
        if self.valid_from and self.valid_to and self.valid_from >= self.valid_to:
            raise ReviewError(f"{self.id}: valid_from must lie before valid_to")
        public_key(self.public_hex)

    def as_dict(self) -> dict[str, Any]:
        """The person as a JSON object, with the key in the form of securesystemslib."""
        return {
            "id": self.id,
            "name": self.name,
            "role": self.role.value,
            "key": public_key(self.public_hex).to_dict(),
            "valid_from": self.valid_from and self.valid_from.isoformat(),
            "valid_to": self.valid_to and self.valid_to.isoformat(),
        }

    @classmethod
    def from_dict(cls, value: Any) -> Person:
        """Read a person back.

        Raises:
            SidecarError: A field is missing, unknown or of another type.
            ReviewError: A field says what can't be.
        """
        entry = JsonObject(value, "a person", *FIELDS)
        key = JsonObject(entry.value("key"), "a person's key", "keytype", "scheme", "keyval")
        if (key.text("keytype"), key.text("scheme")) != ("ed25519", "ed25519"):
            raise ReviewError("expected an Ed25519 key")
        return cls(
            id=entry.text("id"),
            name=entry.text("name"),
            role=entry.word("role", Role),
            public_hex=JsonObject(key.value("keyval"), "a public key", "public").hexadecimal(
                "public", length=32
            ),
            valid_from=entry.optional_time("valid_from"),
            valid_to=entry.optional_time("valid_to"),
        )

    def may_sign_at(self, time: datetime) -> bool:
        """Whether a signature of that time counts."""
        return (self.valid_from is None or self.valid_from <= time) and (
            self.valid_to is None or time < self.valid_to
        )


def write_card(person: Person, key: SigningKey) -> bytes:
    """Make a person's card, signed with the key that it names: a card altered on its way is refused."""
    return seal(person.as_dict(), CARD_TYPE, [key])


def read_card(data: bytes) -> Person:
    """Read a card.

    Raises:
        SidecarError: It is damaged.
        ReviewError: It is not signed with the key that it names.
    """
    card = open_envelope(data, CARD_TYPE, "the person card")
    person = Person.from_dict(card.document)
    if card.signature_count != 1 or not card.signed_by([person.public_hex]):
        raise ReviewError(f"the card of {person.id} is not signed with its own key, or was altered")
    return person
