"""The note in the header of a label map's NIfTI file: whose it is, and which voxels it is about.

A header extension (NIfTI-1.1, "extended header") of ecode 6, a comment in plain ASCII, that holds a small
JSON object. Programs copy extensions onto other images: the digest of the voxels tells. It never holds a
state of the sign-off, which such a copy would carry along.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

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
    """Whether a header holds a note of medseg that was carried onto other voxels than these."""
    note = note_in(header)
    return note is not None and note.voxels_sha256 != voxels_sha256(stored)


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
        if document["schema"] != SCHEMA:
            return None
        subject = document["subject"]
        return LabelMapNote(
            subject if subject is None else str(subject),
            int(document["revision"]),
            int(document["layer"]),
            str(document["voxels_sha256"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
