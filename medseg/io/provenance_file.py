"""The provenance sidecar: BIDS ``_dseg.json``."""

from __future__ import annotations

import json
from pathlib import Path

from medseg.errors import SidecarError
from medseg.io.atomic import write_whole
from medseg.provenance.record import Record


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
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise SidecarError(f"could not read the provenance in {path.name}: {error}") from error
    if isinstance(document, dict) and "medseg" not in document:
        return None
    record = Record.from_dict(document)
    if record.voxels_sha256 != voxels_sha256:
        raise SidecarError(
            f"{path.name} is about other voxels: it was exchanged, or the label map was changed without it",
            hint="restore the two from a copy, or move the record away to open the voxels alone",
        )
    return record
