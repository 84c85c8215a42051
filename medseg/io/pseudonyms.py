"""Pseudonyms: what stands for a patient, a study, a series and a volume in the names of files.

They are keyed with a local secret. A bare hash of a PatientID is no pseudonym: a hospital's numbers are few
enough to hash them all and look the result up, and UIDs are in the archive's database. With a key, only who
has the secret can do so (HMAC, RFC 2104; "cryptographic pseudonymisation" in ISO 25237).
"""

from __future__ import annotations

from base64 import b32encode
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from hashlib import sha256
from hmac import digest
from typing import TYPE_CHECKING, Protocol

from medseg.errors import InputError
from medseg.io.pseudonym_secret import Secret, default_secret_path, load_secret

if TYPE_CHECKING:
    from medseg.io.dicom.header import ImageHeader

LABEL_LENGTH = 10
"""Characters of a pseudonym in a file name, 5 bits each (RFC 4648 base32, in lower case).

Of n patients two share a label with a probability of about n² / 2⁵¹: 4e-8 for 10,000 patients, 4e-6 for
100,000 series, 4e-4 for a million. Those are found by the whole pseudonym, and refused.
"""

KEY_LENGTH = 26
"""Characters of a whole pseudonym: 130 bits of the digest, which never meet by chance."""

_DOMAIN = b"medseg-pseudonym/1"
_LENGTH_BYTES = 8


class HasHeaders(Protocol):
    """A planned volume, or one that was refused."""

    @property
    def headers(self) -> tuple[ImageHeader, ...]:
        """Its images in a fixed order; at least one."""


@dataclass(frozen=True)
class VolumeKey:
    """Whose and which a volume is, keyed: nothing here tells an identifier or a UID.

    Attributes:
        subject: The patient; where no PatientID is given, the study stands for one.
        session: The study.
        series: The series.
        images: The very images, whatever their order.
    """

    subject: str
    session: str
    series: str
    images: str

    def label(self, what: str) -> str:
        """The short form of one attribute, as it stands in file names."""
        return str(getattr(self, what))[:LABEL_LENGTH]

    def as_dict(self) -> dict[str, str]:
        """JSON value, for the manifest."""
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Mapping[str, object]) -> VolumeKey:
        """The key that :meth:`as_dict` gave.

        Raises:
            InputError: It is no such key.
        """
        texts = {field.name: value.get(field.name) for field in fields(cls)}
        if not all(isinstance(text, str) and len(text) == KEY_LENGTH for text in texts.values()):
            raise InputError(
                f"expected a volume's key: {', '.join(texts)}, each of {KEY_LENGTH} characters",
                reason="volume-key",
            )
        return cls(**{name: str(text) for name, text in texts.items()})


@dataclass(frozen=True)
class Pseudonyms:
    """Makes keys of volumes with one secret."""

    secret: Secret

    def key_of(self, volume: HasHeaders) -> VolumeKey:
        """The key of a volume from the headers of its images."""
        first = volume.headers[0]
        session = self._session(first)
        return VolumeKey(
            subject=self.subject_of(first),
            session=session,
            series=self._series(first),
            images=self._keyed("images", *sorted(map(_image_identity, volume.headers))),
        )

    def subject_of(self, header: ImageHeader) -> str:
        """The pseudonym of an image's patient; where no PatientID is given, the study stands for one."""
        if not header.patient_digest:
            return self._keyed("nobody", self._session(header))
        return self._keyed("patient", header.patient_digest, header.issuer_digest)

    def _session(self, header: ImageHeader) -> str:
        if header.study_uid:
            return self._keyed("study", header.study_uid)
        return self._keyed("orphan", self._series(header))

    def _series(self, header: ImageHeader) -> str:
        return self._keyed("series", header.series_uid or header.group)

    def _keyed(self, domain: str, *parts: str) -> str:
        """HMAC-SHA-256 in base32. Each part bears its length: no two lists of parts are the same bytes."""
        message = b"".join(_framed(part) for part in (_DOMAIN, domain.encode(), *_encoded(parts)))
        keyed = digest(self.secret.key, message, sha256)
        return b32encode(keyed).decode().lower()[:KEY_LENGTH]


def _encoded(parts: Iterable[str]) -> Iterable[bytes]:
    # A damaged UID may hold anything.
    return (part.encode("utf-8", "surrogatepass") for part in parts)


def _framed(part: bytes) -> bytes:
    return len(part).to_bytes(_LENGTH_BYTES, "big") + part


def _image_identity(header: ImageHeader) -> str:
    """What tells an image from all others; anonymisers sometimes give every file one SOP instance UID."""
    return repr(
        (
            header.sop_instance_uid,
            header.frame,
            header.tile,
            header.instance_number,
            header.position_lps_mm,
        )
    )


def known_subject(header: ImageHeader) -> str | None:
    """The pseudonym of an image's patient in file names; None where this machine has no secret yet.

    To open an image never makes a secret: only a conversion does, whose file names need one.
    """
    try:
        return Pseudonyms(load_secret(default_secret_path())).subject_of(header)[:LABEL_LENGTH]
    except (InputError, RuntimeError):
        # There is none, others can read it, or it is damaged: a conversion says so, a look at an image need
        # not fail. Nor where the user has no home folder at all (RuntimeError), as in containers.
        return None
