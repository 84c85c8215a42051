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


def read_record(path: Path) -> Record:
    """Read how a label map was made.

    Raises:
        SidecarError: The file is missing, damaged, or no record of medseg.
    """
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise SidecarError(f"could not read the provenance in {path.name}: {error}") from error
    return Record.from_dict(document)
