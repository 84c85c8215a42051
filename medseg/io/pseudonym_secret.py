"""The local secret that pseudonyms are keyed with: one small file, for nobody but its owner."""

from __future__ import annotations

import os
import re
import secrets
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from medseg.errors import InputError, MedsegError, OutputError, OutputExistsError
from medseg.io.atomic import whole_file
from medseg.io.config_folder import config_folder

SECRET_BYTES = 32
"""As long as the digest that it keys (RFC 2104, section 3)."""

_MARK = "medseg-pseudonym-secret/1"
_FORM = re.compile(rf"{_MARK} ([0-9a-f]{{{2 * SECRET_BYTES}}})\n?", re.ASCII)
_READ_BYTES = 256
_NOT_THE_OWNER = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True)
class Secret:
    """A key for pseudonyms. It never shows itself in a message or a log.

    Raises:
        ValueError: It doesn't have :data:`SECRET_BYTES` bytes.
    """

    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.key) != SECRET_BYTES:
            raise ValueError(f"expected {SECRET_BYTES} bytes, got {len(self.key)}")


def load_secret(path: Path | None = None) -> Secret:
    """Read the secret; the user's own is made when it is first needed.

    Args:
        path: A secret that several people or machines share. It must exist: a new one, made for a mistyped
            name, would give every patient another pseudonym. None: :func:`default_secret_path`.

    Raises:
        InputError: It can't be read, others than its owner can read it, or it is none.
        OutputError: There is none yet, and none can be made.
    """
    if path is not None:
        return _read(path)
    own = default_secret_path()
    if not own.exists():
        _make(own)
    return _read(own)


def default_secret_path(environment: Mapping[str, str] | None = None, platform: str = sys.platform) -> Path:
    """Where the user's own secret lies; see :func:`~medseg.io.config_folder.config_folder`."""
    return config_folder(environment, platform) / "pseudonym-secret"


def _make(path: Path) -> None:
    """Make a new secret. Where another process was quicker, its secret stays."""
    text = f"{_MARK} {secrets.token_hex(SECRET_BYTES)}\n"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with whole_file(path) as temporary:
            # Closed to others before anything is in it: permissions set afterwards would come too late.
            descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(text)
    except OutputExistsError:
        return
    except (OSError, OutputError) as error:
        raise OutputError(
            f"could not make the secret for pseudonyms: {_cause(error)}",
            hint="give an existing one with --secret FILE",
            reason="secret-not-made",
            path=str(path),
        ) from error


def _cause(error: OSError | MedsegError) -> str:
    return error.message if isinstance(error, MedsegError) else error.strerror or str(error)


def _read(path: Path) -> Secret:
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            content = file.read(_READ_BYTES)
    except OSError as error:
        raise InputError(
            f"the secret for pseudonyms can't be read: {error.strerror or error}",
            hint=f"copy the one that the first conversion made, usually {default_secret_path()}",
            reason="secret-missing",
            path=str(path),
        ) from error
    _require_private(path, status)
    found = _FORM.fullmatch(content.decode("ascii", "replace"))
    if found is None:
        raise InputError(
            f"{path.name} is no secret for pseudonyms: expected {_MARK} and {2 * SECRET_BYTES} hexadecimal "
            "digits",
            hint="restore it from a backup; a new secret gives every patient another pseudonym",
            reason="secret-damaged",
            path=str(path),
        )
    return Secret(bytes.fromhex(found[1]))


def _require_private(path: Path, status: os.stat_result) -> None:
    # On Windows the mode bits say nothing: what protects the file is the access list of the user's profile.
    if os.name != "posix" or not status.st_mode & _NOT_THE_OWNER:
        return
    raise InputError(
        f"the secret for pseudonyms must be closed to everyone but its owner, but its mode is "
        f"{stat.S_IMODE(status.st_mode):04o}",
        hint=f"chmod 600 {path}; if others may have read it, pseudonyms made with it can be undone",
        reason="secret-readable-by-others",
        path=str(path),
    )
