"""Whole folders or none: write aside, then move into place."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from medseg.errors import OutputError, OutputExistsError


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """Give a temporary folder whose content is in ``target`` when the block ends well.

    A new target takes its name in one step. An empty folder that is there already is filled: it may be a
    mount point, which can't be replaced. On any failure nothing is left behind.

    Args:
        target: A folder that doesn't exist yet or is empty; folders above it are made.

    Raises:
        OutputExistsError: The target is a file or holds something.
        OutputError: The folder can't be written (no permission, disk full).
    """
    token = f".{secrets.token_hex(4)}.partial"
    try:
        is_new = _require_free(target)
        temporary = target.with_name(f"{token}.{target.name}") if is_new else target / token
        temporary.mkdir(parents=True)
        try:
            yield temporary
            _move(temporary, target, is_new=is_new)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        raise OutputError(
            f"could not write {target}: {error.strerror or error}",
            hint="check the folder, its permissions and the free space",
            path=str(target),
        ) from error


def _require_free(target: Path) -> bool:
    if not target.exists():
        return True
    if not target.is_dir() or any(target.iterdir()):
        raise OutputExistsError(
            f"{target} exists already and is not an empty folder",
            hint="choose another folder; nothing is overwritten",
            path=str(target),
        )
    return False


def _move(temporary: Path, target: Path, *, is_new: bool) -> None:
    if is_new:
        # Renaming onto a folder that another process filled meanwhile fails: nothing is overwritten.
        temporary.rename(target)
        return
    for child in sorted(temporary.iterdir()):
        child.rename(target / child.name)
