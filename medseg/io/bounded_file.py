"""Read a small file whole, and refuse one that is far larger than it can honestly be."""

from __future__ import annotations

from pathlib import Path

from medseg.errors import InputError, UnreadableFileError


def read_bounded(path: Path, max_bytes: int, error: type[InputError] = UnreadableFileError) -> bytes:
    """Read all bytes of a file.

    Args:
        path: The file.
        max_bytes: The most that it may hold.
        error: What to raise.

    Raises:
        InputError: It is not there, can't be read, or holds more; of the type asked for.
    """
    try:
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except OSError as cause:
        raise error(f"could not read {path.name}: {cause.strerror or cause}", path=str(path)) from cause
    if len(data) > max_bytes:
        raise error(f"expected at most {max_bytes} bytes in {path.name}, found more", path=str(path))
    return data
