"""The provenance sidecar: BIDS ``_dseg.json``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from medseg.errors import SidecarError
from medseg.io.atomic import write_whole
from medseg.io.bounded_file import read_bounded
from medseg.provenance.record import Record
from medseg.provenance.source_digest import source_sha256

MAX_RECORD_BYTES = 1 << 28
"""A file of the source takes 150 bytes, a step 500: room for a million files and a thousand steps."""


def write_record(record: Record, path: Path, *, overwrite: bool = False) -> None:
    """Write how a label map was made."""
    text = json.dumps(record.as_dict(), indent=2, ensure_ascii=False)
    write_whole(path, text.encode(), overwrite=overwrite)


def read_record(path: Path, *, voxels_sha256: str) -> Record | None:
    """Read how a label map was made.

    Args:
        path: The file to read.
        voxels_sha256: Digest of the voxels that the record must be about.

    Returns:
        None for a BIDS sidecar of another program.

    Raises:
        SidecarError: The file is missing or damaged, or about other voxels.
    """
    record = read_any_record(path)
    if record is not None and record.voxels_sha256 != voxels_sha256:
        raise SidecarError(
            f"{path.name} is about other voxels: it was exchanged, or the label map was changed without it",
            hint="restore the two from a copy, or move the record away to open the voxels alone",
        )
    return record


def read_any_record(path: Path) -> Record | None:
    """Read a record, whatever voxels it is about.

    Returns:
        None for a BIDS sidecar of another program.

    Raises:
        SidecarError: The file is missing or damaged.
    """
    document = _document(path)
    if isinstance(document, dict) and "medseg" not in document:
        return None
    _require_writable(document, path)
    return Record.from_dict(document)


def read_earlier_record(path: Path) -> Record | None:
    """Read the record of a draft that is written over, to carry its story on.

    Returns:
        None where there is none, where it is damaged, or of another program: nobody is kept from saving.
    """
    try:
        return read_any_record(path) if path.exists() else None
    except SidecarError:
        return None


def source_digests(path: Path) -> tuple[str, ...]:
    """The digest of the image that a label map was drawn on; empty where no record of ours names one."""
    record = read_earlier_record(path)
    digest = source_sha256(record.source) if record else None
    return () if digest is None else (digest,)


def _require_writable(document: Any, path: Path) -> None:
    """Refuse what JSON may hold and no file could: halves of surrogate pairs, and numbers that are none."""
    try:
        json.dumps(document, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise SidecarError(f"the provenance in {path.name} is damaged: {error}") from error


def _document(path: Path) -> Any:
    data = read_bounded(path, MAX_RECORD_BYTES, SidecarError)
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise SidecarError(f"could not read the provenance in {path.name}: {error}") from error
