"""The bundle of signed statements beside a label map: one DSSE envelope a line, only appended to."""

from __future__ import annotations

from pathlib import Path

from medseg.errors import LockedError, SidecarError
from medseg.io.atomic import write_whole
from medseg.io.bounded_file import read_bounded

MAX_SIGN_OFF_BYTES = 1 << 26
"""A statement about a hundred structures takes 60 kB: 64 MiB is a thousand of them, or an attack."""


def read_sign_off(path: Path) -> bytes:
    """Read a bundle; empty where there is none.

    Raises:
        SidecarError: It can't be read, or is far too large.
    """
    return read_bounded(path, MAX_SIGN_OFF_BYTES, SidecarError) if path.exists() else b""


def append_statement(path: Path, line: bytes, *, after: bytes) -> None:
    """Append a statement: the file is replaced by a longer one in a single step, or stays as it is.

    Call this while holding :func:`medseg.io.file_lock.exclusive` for the path, from before ``after`` was
    read.

    Args:
        path: The bundle.
        line: The new envelope, without an end of line.
        after: The bundle as it was read when the statement was made.

    Raises:
        LockedError: The bundle is another by now: somebody signed meanwhile.
        SidecarError: It would grow too large.
        OutputError: It can't be written.
    """
    if read_sign_off(path) != after:
        raise LockedError(
            "somebody signed meanwhile: nothing was added",
            hint="reload the label map, look at it again, then sign",
            path=str(path),
        )
    longer = after + line + b"\n"
    if len(longer) > MAX_SIGN_OFF_BYTES:
        raise SidecarError(f"the statements in {path.name} would exceed {MAX_SIGN_OFF_BYTES} bytes")
    write_whole(path, longer, overwrite=bool(after))
