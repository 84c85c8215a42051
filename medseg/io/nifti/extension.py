"""The note in the header of a label map's NIfTI file: whose it is, and which voxels it is about.

A header extension (NIfTI-1.1, "extended header") of ecode 6, a comment in plain ASCII, that holds a small
JSON object. Programs copy extensions onto other images: the digest of the voxels tells. It never holds a
state of the sign-off, which such a copy would carry along.
"""

from __future__ import annotations

import hashlib
import json
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from medseg.io.nifti.header import EXTENSION_FLAG_BYTES, Header
from medseg.provenance.voxel_digest import voxels_sha256

SCHEMA = "medseg-label-map/1"
ATTESTATION = "urn:medseg:sign-off:1"
"""The kind of statement that tells about approval, in the file of the sign-off beside the label map."""

ECODE_COMMENT = 6
"""``NIFTI_ECODE_COMMENT``: plain ASCII text. No code is registered for JSON."""

_HEAD_BYTES = 8
"""``esize`` and ``ecode``."""

_ALIGNMENT = 16
"""``esize`` must be a multiple of it."""

MAX_NUMBER = 2**31 - 1
"""No label map was saved more often or has more layers: a larger number is damage."""

_SHA256 = re.compile(r"[0-9a-f]{64}")

_STORED_TYPES = ("<u1", "<u2")
"""What medseg stores labels as."""

FOREIGN = "its medseg header extension belongs to another image: it names other voxels than these"
"""What is said of an extension that was carried along."""


@dataclass(frozen=True)
class LabelMapNote:
    """What a label map's header says about itself.

    Attributes:
        subject: Pseudonym of the patient; None where none is known.
        revision: 1 when the label map was first saved, one more each time the draft was written over.
        layer: Which layer of the label map the file holds.
        voxels_sha256: Digest of the layer's voxels.
    """

    subject: str | None
    revision: int
    layer: int
    voxels_sha256: str

    def encoded(self) -> bytes:
        """One whole extension: its size, its code, the text, zeros up to a multiple of 16 bytes."""
        document = {
            "schema": SCHEMA,
            "subject": self.subject,
            "revision": self.revision,
            "layer": self.layer,
            "voxels_sha256": self.voxels_sha256,
            "attestation": ATTESTATION,
        }
        text = json.dumps(document, ensure_ascii=True).encode("ascii")
        size = -(-(_HEAD_BYTES + len(text)) // _ALIGNMENT) * _ALIGNMENT
        return struct.pack("<ii", size, ECODE_COMMENT) + text.ljust(size - _HEAD_BYTES, b"\0")


def note_in(header: Header) -> LabelMapNote | None:
    """The note of medseg in a header; None where there is none that can be read.

    Whatever else is there, damaged or not, is another program's and is passed over.
    """
    for code, text in _extensions(header):
        if code == ECODE_COMMENT and SCHEMA.encode() in text:
            note = _decoded(text)
            if note is not None:
                return note
    return None


def is_about_other_voxels(header: Header, stored: npt.NDArray[Any]) -> bool:
    """Whether a header holds a note of medseg that was carried onto other voxels than these.

    Other programs store the same labels as another type of number: what counts are the labels, digested as
    each of the types that medseg stores.
    """
    note = note_in(header)
    if note is None:
        return False
    # Mostly the first type is the one.
    as_stored = (_as_labels(stored, kind) for kind in _STORED_TYPES)
    return all(labels is None or voxels_sha256(labels) != note.voxels_sha256 for labels in as_stored)


class NotedVoxels:
    """Compares voxels, piece by piece, with those that a note is about; see :func:`is_about_other_voxels`."""

    def __init__(self, note: LabelMapNote) -> None:
        self._note = note
        self._digests = {kind: hashlib.sha256() for kind in _STORED_TYPES}

    def add(self, stored: npt.NDArray[Any]) -> None:
        """Go on with the next voxels, in the order of the file."""
        for kind in tuple(self._digests):
            labels = _as_labels(stored, kind)
            if labels is None:
                del self._digests[kind]
            else:
                self._digests[kind].update(labels.data)

    @property
    def are_others(self) -> bool:
        """Whether the voxels so far are not those of the note."""
        return all(digest.hexdigest() != self._note.voxels_sha256 for digest in self._digests.values())


def _as_labels(stored: npt.NDArray[Any], kind: str) -> npt.NDArray[Any] | None:
    """Stored numbers as a type that medseg stores; None where it does not hold them."""
    with np.errstate(invalid="ignore"):  # not-a-number is no label
        labels = np.ascontiguousarray(stored, dtype=kind)
    same = labels.dtype == stored.dtype or np.array_equal(labels, stored)
    return labels if same else None


def _extensions(header: Header) -> Iterator[tuple[int, bytes]]:
    raw = header.extensions
    if not raw or raw[0] == 0:
        return
    order = "<" if int.from_bytes(header.raw[:4], "little") == len(header.raw) else ">"
    start = EXTENSION_FLAG_BYTES
    while start + _HEAD_BYTES <= len(raw):
        size, code = struct.unpack_from(f"{order}ii", raw, start)
        # A size that lies ends the list: what follows can't be found.
        if size < _HEAD_BYTES or start + size > len(raw):
            return
        yield code, raw[start + _HEAD_BYTES : start + size]
        start += size


def _decoded(text: bytes) -> LabelMapNote | None:
    try:
        document = json.loads(text.rstrip(b"\0").decode("ascii"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        return None
    subject, digest = document.get("subject"), document.get("voxels_sha256")
    revision, layer = document.get("revision"), document.get("layer")
    sound = (
        (subject is None or isinstance(subject, str))
        and (type(revision) is int and 1 <= revision <= MAX_NUMBER)
        and (type(layer) is int and 0 <= layer <= MAX_NUMBER)
        and (isinstance(digest, str) and _SHA256.fullmatch(digest) is not None)
    )
    return LabelMapNote(subject, revision, layer, digest) if sound else None  # type: ignore[arg-type]
