"""A copy of a trust folder, for what is handed on with its signatures."""

from __future__ import annotations

from pathlib import Path

from medseg.errors import SidecarError
from medseg.io.atomic import write_whole
from medseg.io.bounded_file import read_bounded
from medseg.io.trust_folder import (
    CHANGES_NAME,
    CHECKPOINTS_NAME,
    MAX_CHANGES_BYTES,
    MAX_CHECKPOINTS_BYTES,
    MAX_ROSTER_BYTES,
    ROSTER_NAME,
)

_FILES = {
    # Checkpoints first: one that is written meanwhile may name a roster newer than the one copied before it.
    CHECKPOINTS_NAME: MAX_CHECKPOINTS_BYTES,
    ROSTER_NAME: MAX_ROSTER_BYTES,
    CHANGES_NAME: MAX_CHANGES_BYTES,
}


def copy_trust(folder: Path, to: Path) -> None:
    """Copy the files of a trust folder, and nothing else that lies in it.

    Args:
        folder: The trust folder.
        to: A folder that is made.

    Raises:
        SidecarError: A file can't be read.
        OutputError: The copy can't be written.
    """
    to.mkdir(parents=True)
    for name, most in _FILES.items():
        if (folder / name).exists():
            write_whole(to / name, read_bounded(folder / name, most, SidecarError))
