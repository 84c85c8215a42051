"""Keys and envelopes."""

from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from medseg.errors import SidecarError, SigningKeyError
from medseg.review.envelope import countersign, open_envelope, seal
from medseg.review.keys import generate_key, load_key, public_key

TYPE = "application/vnd.test+json"


def test_a_key_opens_with_its_passphrase_alone():
    key = generate_key()
    pem = key.encrypted_pem("grüße")
    assert load_key(pem, "grüße").public_hex == key.public_hex
    # The same word as another keyboard types it.
    assert load_key(pem, "gru\u0308ße").public_hex == key.public_hex
    with pytest.raises(SigningKeyError, match="passphrase is wrong"):
        load_key(pem, "grusse")


def test_an_empty_passphrase_is_refused():
    with pytest.raises(SigningKeyError, match="empty"):
        generate_key().encrypted_pem("")


def test_a_key_tells_nothing_of_itself():
    assert repr(generate_key()) == "SigningKey()"


def _pem(key, encryption):
    return key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, encryption)


@pytest.mark.parametrize(
    "pem",
    [
        b"",
        b"hello",
        _pem(Ed25519PrivateKey.generate(), NoEncryption()),
        _pem(generate_private_key(SECP256R1()), BestAvailableEncryption(b"x")),
        _pem(Ed25519PrivateKey.generate(), BestAvailableEncryption(b"x"))[:90],
        b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
    ],
)
def test_what_is_no_encrypted_ed25519_key_is_refused(pem):
    with pytest.raises(SigningKeyError):
        load_key(pem, "x")


@pytest.mark.parametrize("digits", ["", "00", "zz" * 32, "00" * 33])
def test_what_is_no_public_key_is_refused(digits):
    with pytest.raises(SigningKeyError):
        public_key(digits)


IDENTITY = "01" + "00" * 31
WEAK = [
    IDENTITY,
    "00" * 32,
    "00" * 31 + "80",
    "ec" + "ff" * 30 + "7f",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "ee" + "ff" * 30 + "7f",  # the identity again, its y written as the prime and one more
]


@pytest.mark.parametrize("digits", WEAK)
def test_a_key_that_anybody_can_sign_for_is_refused(digits):
    with pytest.raises(SigningKeyError, match="weak"):
        public_key(digits)


def test_why_a_weak_key_is_refused():
    # Without any secret: R is the identity and S is zero (RFC 8032, 5.1.7).
    Ed25519PublicKey.from_public_bytes(bytes.fromhex(IDENTITY)).verify(
        bytes.fromhex(IDENTITY) + bytes(32), b"whatever it says"
    )


def test_a_key_id_is_not_believed():
    ada, eve = generate_key(), generate_key()
    envelope = json.loads(seal({"a": 1}, TYPE, [eve]))
    envelope["signatures"][0]["keyid"] = public_key(ada.public_hex).keyid
    forged = json.dumps(envelope, separators=(",", ":")).encode()
    assert open_envelope(forged, TYPE, "test").signed_by([ada.public_hex, eve.public_hex]) == []


def test_an_envelope_tells_who_signed():
    ada, eve = generate_key(), generate_key()
    sealed = open_envelope(seal({"a": 1}, TYPE, [ada]), TYPE, "test")
    assert sealed.document == {"a": 1}
    assert sealed.signed_by([eve.public_hex, ada.public_hex]) == [ada.public_hex]


def test_the_payload_type_is_signed():
    envelope = seal({"a": 1}, TYPE, [generate_key()])
    with pytest.raises(SidecarError, match="payload of type"):
        open_envelope(envelope, "application/json", "test")


def test_one_key_under_two_ids_is_one_signer():
    # securesystemslib would count it twice, given one key object for each id.
    ada = generate_key()
    envelope = json.loads(seal({"a": 1}, TYPE, [ada]))
    envelope["signatures"].append({**envelope["signatures"][0], "keyid": "11" * 32})
    sealed = open_envelope(json.dumps(envelope, separators=(",", ":")).encode(), TYPE, "test")
    assert sealed.signed_by([ada.public_hex]) == [ada.public_hex]
    assert sealed.signature_count == 2  # and whoever counts signatures sees that one is of nobody


def test_signatures_are_added_one_by_one():
    ada, eve = generate_key(), generate_key()
    unsigned = seal({"a": 1}, TYPE, [])
    once = countersign(open_envelope(unsigned, TYPE, "test"), ada)
    twice = countersign(open_envelope(once, TYPE, "test"), eve)
    assert twice == seal({"a": 1}, TYPE, [ada, eve])
    assert countersign(open_envelope(twice, TYPE, "test"), ada) == twice


def test_one_key_signs_once():
    ada = generate_key()
    envelope = json.loads(seal({"a": 1}, TYPE, [ada]))
    envelope["signatures"] *= 2
    with pytest.raises(SidecarError):
        open_envelope(json.dumps(envelope, separators=(",", ":")).encode(), TYPE, "test")
