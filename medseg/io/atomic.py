"""Whole files or none: write beside the target, then rename."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from medseg.errors import OutputError, OutputExistsError


@contextmanager
def whole_file(target: Path, *, overwrite: bool = False, made_in: Path | None = None) -> Iterator[Path]:
    """Give a temporary path that takes the name ``target`` when the block ends well.

    On any failure the temporary file is removed and the target stays as it was.

    Args:
        target: The final path; its folder must exist.
        overwrite: Whether a file that is there already is replaced.
        made_in: The folder of the temporary file, on the same disk; beside the target where it is None.

    Raises:
        OutputExistsError: The target exists and ``overwrite`` is not set.
        OutputError: The file can't be written (no folder, no permission, disk full).
    """
    # The suffixes stay at the end: writers choose the format and the compression by them.
    temporary = (made_in or target.parent) / f".{secrets.token_hex(4)}.{target.name}"
    try:
        if not overwrite:
            require_absent(target)
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        if overwrite:
            temporary.replace(target)
        else:
            _rename_if_absent(temporary, target)
    except OSError as error:
        raise OutputError(
            f"could not write {target.name}: {error.strerror or error}",
            hint="check the folder, its permissions and the free space",
            path=str(target),
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def require_absent(target: Path) -> None:
    """Refuse a path at which there is something, before the work is done that would be written there.

    Raises:
        OutputExistsError: There is something.
    """
    if target.exists():
        raise OutputExistsError(f"{target.name} exists already", hint="choose another name", path=str(target))


def write_whole(
    target: Path, content: bytes, *, overwrite: bool = False, made_in: Path | None = None
) -> None:
    """Write bytes to a file, all or nothing; see :func:`whole_file`."""
    with whole_file(target, overwrite=overwrite, made_in=made_in) as temporary:
        temporary.write_bytes(content)


def sync_folder(folder: Path) -> None:
    """Make the names that were given in a folder outlive a loss of power, where the system can."""
    if os.name == "nt":  # Windows opens no folders
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _rename_if_absent(temporary: Path, target: Path) -> None:
    """Rename without ever replacing a file that another process made meanwhile."""
    try:
        target.hardlink_to(temporary)
    except FileExistsError:
        raise OutputExistsError(
            f"{target.name} exists already", hint="choose another name", path=str(target)
        ) from None
    except OSError:
        # A file system without hard links; the check above has to do.
        temporary.replace(target)
