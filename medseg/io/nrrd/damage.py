"""What can be wrong with an NRRD file, and the one error that says so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from isal import isal_zlib

from medseg.errors import UnreadableFileError

_PHRASES = {
    "missing": "is missing or can't be read",
    "not-nrrd": "is damaged or no NRRD file",
    "damaged-header": "has a damaged header",
    "truncated": "is truncated or damaged",
    "damaged-data": "is damaged",
}
"""Reason word → what it says of the file."""

_IsalError = cast("type[Exception]", isal_zlib.error)


class Damage(Exception):  # noqa: N818 - a finding about a file, which `damage_named` makes an error of
    """Something wrong with the file that is being read.

    Args:
        message: What was expected and what came, without the file's name.
        reason: A key of the table in this module.
    """

    def __init__(self, message: str, reason: str = "damaged-header") -> None:
        super().__init__(message)
        self.reason = reason


@contextmanager
def damage_named(path: Path) -> Iterator[None]:
    """Turn what is found in a damaged file into one clear error.

    Raises:
        UnreadableFileError: With the reason word and one line.
    """
    try:
        yield
    except Damage as damage:
        raise _unreadable(path, damage.reason, str(damage)) from damage
    except EOFError as error:
        raise _unreadable(path, "truncated", str(error) or "it ends early") from error
    except _IsalError as error:
        raise _unreadable(path, "damaged-data", str(error)) from error
    except OSError as error:
        # Without a number it is not the system that speaks: gzip found a wrong checksum.
        reason = "missing" if error.errno else "damaged-data"
        raise _unreadable(path, reason, error.strerror or str(error)) from error


def _unreadable(path: Path, reason: str, message: str) -> UnreadableFileError:
    return UnreadableFileError(
        f"{path.name} {_PHRASES[reason]}: {message.splitlines()[0]}",
        hint="copy or export the file again",
        reason=reason,
        path=str(path),
    )
