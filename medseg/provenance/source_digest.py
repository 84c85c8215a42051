"""An image as a source: what it is, and one digest for all its files."""

from __future__ import annotations

import hashlib
from typing import Any

from medseg.volume import Source


def source_sha256(source: Source) -> str | None:
    """SHA-256 that stands for all files of an image; None where no file is known.

    The file's own digest where there is one file; else the SHA-256 of the digests of all files, in
    hexadecimal, sorted, one a line: the order of the files, which a copy may lose, does not count.
    """
    digests = sorted(file.sha256 for file in source.files)
    if len(digests) < 2:
        return digests[0] if digests else None
    return hashlib.sha256("".join(f"{digest}\n" for digest in digests).encode()).hexdigest()


def described(source: Source) -> dict[str, Any]:
    """What a source is, as a JSON object without its files."""
    return {
        "format": source.format,
        "subject": source.subject,
        "modality": source.modality,
        "study_uid": source.study_uid,
        "series_uid": source.series_uid,
    }
