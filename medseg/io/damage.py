"""Something wrong with a file that is being read, and the one error that says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from isal import isal_zlib

from medseg.errors import UnreadableFileError

PHRASES: Mapping[str, str] = {
    "missing": "is missing or can't be read",
    "damaged-header": "has a damaged header",
    "truncated": "is truncated or damaged",
    "damaged-data": "is damaged",
}
"""Reason word → what it says of a file of any format."""

_IsalError = cast("type[Exception]", isal_zlib.error)


class Damage(Exception):  # noqa: N818 - a finding about a file, which `damage_named` makes an error of
    """Something wrong with the file that is being read.

    Args:
        message: What was expected and what came, without the file's name.
        reason: A key of :data:`PHRASES`, or of what the format adds to it.
    """

    def __init__(self, message: str, reason: str = "damaged-header") -> None:
        super().__init__(message)
        self.reason = reason


@contextmanager
def damage_named(path: Path, phrases: Mapping[str, str], hints: Mapping[str, str]) -> Iterator[None]:
    """Turn what is found in a damaged file, and what it makes libraries raise, into one clear error.

    Args:
        path: The file.
        phrases: What each reason word says of the file.
        hints: What to do about some of them.

    Raises:
        UnreadableFileError: With the reason word and one line.
    """

    def unreadable(reason: str, message: str) -> UnreadableFileError:
        first_line = message.splitlines()[0] if message else reason
        return UnreadableFileError(
            f"{path.name} {phrases[reason]}: {first_line}",
            hint=hints.get(reason, "copy or convert the file again"),
            reason=reason,
            path=str(path),
        )

    try:
        yield
    except Damage as damage:
        raise unreadable(damage.reason, str(damage)) from damage
    except EOFError as error:
        raise unreadable("truncated", str(error) or "it ends early") from error
    except _IsalError as error:
        raise unreadable("damaged-data", str(error)) from error
    except OSError as error:
        # Without a number it is not the system that speaks: gzip found a wrong checksum.
        reason = "missing" if error.errno else "damaged-data"
        raise unreadable(reason, error.strerror or str(error)) from error
