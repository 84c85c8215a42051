"""The folder that a conversion writes: whole files only, none overwritten, and what it needs to go on.

::

    OUT/
      manifest.json, manifest.csv      written at the end
      sub-…/…/….nii.gz                 appear one by one, sidecars first
      .medseg/
        journal.jsonl                  one line a finished volume, see ``conversion_journal``
        work/                          where files are written before they take their names

A file is written below ``.medseg/work`` and takes its final name in one step, so that nothing there is ever
half a file, whenever the power of the machine or the patience of its user ends. What a killed run leaves in
``work`` is removed by the next one, which holds the lock.
"""

from __future__ import annotations

import errno
import secrets
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from hashlib import file_digest
from pathlib import Path

from medseg.errors import LockedError, OutputError, OutputExistsError
from medseg.io.file_lock import exclusive

OWN = ".medseg"
"""The folder in OUT that holds what is needed to go on; it also tells that OUT is a conversion's."""

JOURNAL = "journal.jsonl"
_WORK = "work"


@contextmanager
def claimed_folder(out: Path) -> Iterator[Path]:
    """Make an output folder, or take up one that an earlier conversion made, and lock it.

    Folders that were made here are removed again if nothing was put into them.

    Args:
        out: A folder that doesn't exist yet, is empty, or was made by a conversion. Those above it are made.

    Yields:
        The folder, as an absolute path.

    Raises:
        OutputExistsError: It is a file, or a folder that holds something else.
        OutputError: It can't be written, or another conversion is writing to it.
    """
    out = out.absolute()
    require_claimable(out)
    with ExitStack() as stack:
        with _errors_named(out.name):
            stack.enter_context(_made(out))
            stack.enter_context(_marked(out))
        stack.enter_context(_locked(out))
        with _errors_named(out.name):
            _clear(out / OWN / _WORK)
        stack.callback(_clear, out / OWN / _WORK)
        yield out


def require_claimable(out: Path) -> None:
    """Refuse an output folder that holds what no conversion put there.

    Raises:
        OutputExistsError: It is a file, or a folder that holds something else.
        OutputError: It can't be looked at.
    """
    with _errors_named(out.name):
        is_free = not out.exists() or (
            out.is_dir() and ((out / OWN).is_dir() or next(out.iterdir(), None) is None)
        )
    if not is_free:
        raise OutputExistsError(
            "the output folder exists already and was not made by medseg convert",
            hint="choose a new folder; nothing is overwritten",
            reason="output-exists",
            path=str(out),
        )


@contextmanager
def scratch_folder(out: Path) -> Iterator[Path]:
    """A folder of its own for the files of one volume, on the same disk as their final places.

    Raises:
        OutputError: It can't be made.
    """
    folder = out / OWN / _WORK / secrets.token_hex(8)
    with _errors_named("the output folder"):
        folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def publish(finished: Path, target: Path, sha256: str) -> None:
    """Give a finished file its final name, in one step and without ever replacing a file.

    A file that is there already and holds the same bytes is taken for this one: a run that was killed between
    a volume's last file and its line in the journal leaves such files.

    Args:
        finished: In a :func:`scratch_folder`.
        target: Its final path; folders are made.
        sha256: Digest of its bytes.

    Raises:
        OutputExistsError: Another file is there.
        OutputError: The file can't be moved.
    """
    with _errors_named(target.name):
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            target.hardlink_to(finished)
        except FileExistsError:
            _require_same(target, sha256)
        except OSError:
            # A file system without hard links: look, then rename.
            if target.exists():
                _require_same(target, sha256)
            else:
                finished.rename(target)


def digest_of(path: Path) -> str | None:
    """SHA-256 of a file's bytes; None where there is no file.

    Raises:
        OutputError: It can't be read.
    """
    with _errors_named(path.name):
        try:
            with path.open("rb") as file:
                return file_digest(file, "sha256").hexdigest()
        except FileNotFoundError:
            return None


def _require_same(target: Path, sha256: str) -> None:
    if not target.is_file() or digest_of(target) != sha256:
        raise OutputExistsError(
            f"{target.name} exists already and holds something else",
            hint="move or delete it and run again; nothing is overwritten",
            reason="output-exists",
        )


@contextmanager
def _made(folder: Path) -> Iterator[None]:
    """A folder and those above it; the empty ones among those made here are removed if anything fails."""
    made = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        for each in made:
            with suppress(OSError):  # it holds something, or somebody was quicker
                each.rmdir()
        raise


@contextmanager
def _marked(out: Path) -> Iterator[None]:
    """The folder that tells whose the output folder is; it stays where anything was put beside it."""
    (out / OWN).mkdir(exist_ok=True)
    try:
        yield
    except BaseException:
        if all(each.name == OWN for each in out.iterdir()):
            with suppress(OSError):  # it holds something
                (out / OWN).rmdir()
        raise


@contextmanager
def _locked(out: Path) -> Iterator[None]:
    with ExitStack() as stack:
        try:
            stack.enter_context(exclusive(out / OWN / JOURNAL, wait_s=0))
        except LockedError:
            raise OutputError(
                "another conversion is writing to this output folder",
                hint="wait until it has ended, or choose another folder",
                reason="in-use",
                path=str(out),
            ) from None
        yield


def _clear(work: Path) -> None:
    shutil.rmtree(work, ignore_errors=True)


@contextmanager
def writing_to(target: Path) -> Iterator[None]:
    """Turn what the system says against writing a file into one clear error.

    Raises:
        OutputError: The system refused; ``reason`` is ``disk-full``, ``read-only`` or ``not-writable``.
    """
    with _errors_named(target.name):
        yield


@contextmanager
def _errors_named(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"could not write {what}: {error.strerror or 'the system did not say why'}",
            hint="check the folder, its permissions and the free space",
            reason=_REASONS.get(error.errno or 0, "not-writable"),
        ) from error


_REASONS = {errno.ENOSPC: "disk-full", errno.EDQUOT: "disk-full", errno.EROFS: "read-only"}
"""Why a file could not be written, by the system's number."""
