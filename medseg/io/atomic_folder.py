"""Whole folders or none: write aside, then move into place."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from medseg.errors import OutputError, OutputExistsError


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """Give a temporary folder whose content is in ``target`` when the block ends well.

    A new target takes its name in one step. An empty folder that is there already is filled: it may be a
    mount point, which can't be replaced. On any failure nothing is left behind, nor any folder that was made
    above it.

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
        with parents_of(temporary):
            try:
                temporary.mkdir()
                yield temporary
                _move(temporary, target, is_new=is_new)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        raise OutputError(
            f"could not write {target}: {_said_by(error)}",
            hint="check the folder, its permissions and the free space",
            path=str(target),
        ) from error


@contextmanager
def parents_of(path: Path) -> Iterator[None]:
    """Make the folders above a path; on failure remove those, and only those, that were made here."""
    made: list[Path] = []
    try:
        for folder in reversed(path.parents):
            if not folder.exists():
                with suppress(FileExistsError):  # another process was faster: it is theirs
                    folder.mkdir()
                    made.append(folder)
        yield
    except BaseException:
        for folder in reversed(made):
            with suppress(OSError):  # somebody else put something there
                folder.rmdir()
        raise


def _said_by(error: OSError) -> str:
    """What the system itself said: pydicom wraps it in a page of its own, patient data among it."""
    current: BaseException | None = error
    while current:
        if isinstance(current, OSError) and current.strerror:
            return current.strerror
        current = current.__cause__ or current.__context__
    return "the system did not say why"


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
