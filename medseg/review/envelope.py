"""DSSE envelopes (github.com/secure-systems-lab/dsse): a payload, its type, and signatures over both.

An envelope must stand in the form of RFC 8785, and so must its payload: no byte of it can change unseen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import FormatError, UnverifiedSignatureError
from securesystemslib.signer import Signature  # type: ignore[attr-defined] # see keys.py

from medseg.errors import SidecarError
from medseg.provenance.canonical_json import canonical_json, read_canonical_json
from medseg.provenance.json_object import JsonObject
from medseg.review.keys import SigningKey, public_key


@dataclass(frozen=True)
class SealedDocument:
    """A document and who may have signed it; nothing is believed before :meth:`signed_by`.

    Attributes:
        document: The payload, a JSON value.
        envelope: The envelope that it came in.
    """

    document: Any
    envelope: Envelope

    @property
    def signature_count(self) -> int:
        """How many signatures it bears, good or not."""
        return len(self.envelope.signatures)

    def signed_by(self, public_hexes: Iterable[str]) -> list[str]:
        """Which of these public keys signed.

        A key id is a hint of the sender that nothing protects: it only finds the signature that is tried. One
        that is not the key's own does not count as its signature, so that no key counts under two ids.
        """
        return [candidate for candidate in public_hexes if self._bears_signature_of(candidate)]

    def _bears_signature_of(self, public_hex: str) -> bool:
        key = public_key(public_hex)
        signature = self.envelope.signatures.get(key.keyid)
        if signature is None:
            return False
        try:
            key.verify_signature(Signature(key.keyid, signature.signature), self.envelope.pae())
        except UnverifiedSignatureError:
            return False
        return True


def seal(document: Any, payload_type: str, signers: Sequence[SigningKey]) -> bytes:
    """Sign a document and put it into an envelope.

    Args:
        document: A JSON value.
        payload_type: Media type of the payload, signed with it.
        signers: Who signs, each with another key; none for what is to be signed later.

    Returns:
        The envelope as JSON of one line, without an end of line.
    """
    envelope = Envelope(canonical_json(document), payload_type, {})
    for key in signers:
        envelope.sign(key.signer)
    return canonical_json(envelope.to_dict())


def countersign(sealed: SealedDocument, signer: SigningKey) -> bytes:
    """Put one more signature on an envelope; signing twice changes nothing.

    Returns:
        The envelope, as :func:`seal` gives it.
    """
    envelope = Envelope(
        sealed.envelope.payload, sealed.envelope.payload_type, dict(sealed.envelope.signatures)
    )
    envelope.sign(signer.signer)
    return canonical_json(envelope.to_dict())


def open_envelope(data: bytes, payload_type: str, what: str) -> SealedDocument:
    """Read an envelope; its signatures are not checked yet.

    Args:
        data: The envelope, byte for byte as :func:`seal` made it.
        payload_type: The media type that its payload must have.
        what: Names it in messages.

    Raises:
        SidecarError: It is damaged, of another type, or not in the one form allowed.
    """
    value = read_canonical_json(data, what)
    fields = JsonObject(value, what, "payload", "payloadType", "signatures")
    if fields.text("payloadType") != payload_type:
        raise SidecarError(f"{what}: expected a payload of type {payload_type}")
    fields.text("payload")
    for entry in fields.list("signatures"):
        JsonObject(entry, f"{what}, a signature", "keyid", "sig").hexadecimal("keyid", length=32)
    try:
        envelope = Envelope.from_dict(value)
        form = canonical_json(envelope.to_dict())
    except (ValueError, TypeError, KeyError, AttributeError, FormatError) as error:
        raise SidecarError(f"{what} is damaged: its payload or a signature is no Base64") from error
    if form != data:
        raise SidecarError(f"{what} is damaged: its Base64 is not in the canonical form (RFC 4648, 3.5)")
    return SealedDocument(read_canonical_json(envelope.payload, f"the payload of {what}"), envelope)
