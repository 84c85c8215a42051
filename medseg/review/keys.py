"""Ed25519 keys (RFC 8032): made, kept under a passphrase, used."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PrivateFormat,
    load_pem_private_key,
    load_ssh_private_key,
)

# The package names no public exports, but documents these as its interface.
from securesystemslib.signer import CryptoSigner, SSlibKey  # type: ignore[attr-defined]

from medseg.errors import SigningKeyError

KDF_ROUNDS = 64
"""Rounds of bcrypt that stretch a passphrase: about half a second, for its owner and for each guess."""

_FIELD_PRIME = 2**255 - 19

_ORDER_8_Y = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7

_SMALL_ORDER_Y = frozenset({0, 1, _FIELD_PRIME - 1, _ORDER_8_Y, _FIELD_PRIME - _ORDER_8_Y})
"""The y of the eight points of small order on the curve: anybody can sign for such a key."""


@dataclass(frozen=True)
class SigningKey:
    """A person's secret key. It never shows itself in a message or a log.

    Attributes:
        signer: The key, ready to sign.
    """

    signer: CryptoSigner = field(repr=False)

    @property
    def public_hex(self) -> str:
        """The public key: 32 bytes in hexadecimal."""
        return str(self.signer.public_key.keyval["public"])

    def encrypted_pem(self, passphrase: str) -> bytes:
        """The key in OpenSSH's format, encrypted.

        PKCS #8 would be the other choice, but cryptography stretches its passphrase by 2,048 rounds of
        PBKDF2 only, which a graphics card undoes for all but the longest ones.

        Raises:
            SigningKeyError: The passphrase is empty.
        """
        # CryptoSigner exports its key in the clear: the encryption is cryptography's.
        encryption = (
            PrivateFormat.OpenSSH.encryption_builder().kdf_rounds(KDF_ROUNDS).build(_as_bytes(passphrase))
        )
        return _private_key(self.signer).private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, encryption)


def generate_key() -> SigningKey:
    """Make a fresh key."""
    return SigningKey(CryptoSigner(Ed25519PrivateKey.generate()))


def load_key(pem: bytes, passphrase: str) -> SigningKey:
    """Open an encrypted key.

    Raises:
        SigningKeyError: The passphrase is wrong or empty, or this is no encrypted Ed25519 key.
    """
    password = _as_bytes(passphrase)
    if b"-----BEGIN OPENSSH PRIVATE KEY-----" not in pem:
        raise SigningKeyError(
            "expected an encrypted private key (OpenSSH's format)",
            hint="make one with: medseg keys create",
        )
    try:
        key = load_ssh_private_key(pem, password)
    except Exception as error:  # several kinds, by version and damage; none says more than this
        raise SigningKeyError("the passphrase is wrong, or the key file is damaged") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise SigningKeyError(f"expected an Ed25519 key, got {type(key).__name__}")
    return SigningKey(CryptoSigner(key))


@lru_cache(maxsize=4096)
def public_key(public_hex: str) -> SSlibKey:
    """A public key from its 32 bytes in hexadecimal.

    Raises:
        SigningKeyError: They are no public key, or one that anybody can sign for.
    """
    try:
        data = bytes.fromhex(public_hex)
        key = SSlibKey.from_crypto(Ed25519PublicKey.from_public_bytes(data))
    except ValueError as error:
        raise SigningKeyError("expected 32 bytes in hexadecimal as an Ed25519 public key") from error
    # RFC 8032, 5.1.3: the last bit is the sign of x. A y of the prime or more is another way to write a key.
    y = int.from_bytes(data, "little") & (2**255 - 1)
    if y >= _FIELD_PRIME or y in _SMALL_ORDER_Y:
        raise SigningKeyError("the public key is a weak one: anybody could sign for it")
    return key


def _as_bytes(passphrase: str) -> bytes:
    if not passphrase:
        raise SigningKeyError("the passphrase must not be empty")
    # One keyboard types é as one character, another as two: both must open the key.
    return unicodedata.normalize("NFC", passphrase).encode()


def _private_key(signer: CryptoSigner) -> Ed25519PrivateKey:
    key = load_pem_private_key(signer.private_bytes, None)
    assert isinstance(key, Ed25519PrivateKey)  # noqa: S101 - SigningKey is made of nothing else
    return key
