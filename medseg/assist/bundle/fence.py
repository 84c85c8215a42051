"""A second fence around a bundle in the process that runs it: no network, no other program, no file written.

What a bundle may name is decided before (:mod:`~medseg.assist.bundle.trust`); this is for what the lists
overlook, such as a network of MONAI that fetches weights by default. Python's audit events (PEP 578) can't
stop compiled code that means harm, so this is no sandbox.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

_FORBIDDEN = (
    "socket.connect", "socket.getaddrinfo", "socket.gethostby", "socket.sendto", "socket.bind",
    "urllib.Request", "http.client.connect", "ftplib.", "smtplib.",
    "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.startfile", "os.fork",
    "pty.spawn", "os.kill", "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink",
    "os.truncate", "os.chmod", "os.chown", "shutil.",
)  # fmt: skip

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class ForbiddenActionError(PermissionError):
    """A bundle tried what none may."""


def raise_fence(exchange: Path) -> None:
    """Forbid what a bundle has no business with, for good: an audit hook can't be taken back.

    Args:
        exchange: The only folder where files may be written.
    """
    sys.dont_write_bytecode = True
    inside = str(exchange) + os.sep

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            writes = isinstance(flags, int) and flags & _WRITING
            if writes and isinstance(path, str | bytes) and not _is_allowed(os.fsdecode(path), inside):
                raise ForbiddenActionError("the bundle tried to write a file")
        elif event.startswith(_FORBIDDEN):
            raise ForbiddenActionError(f"the bundle tried {event}")

    sys.addaudithook(watch)


def _is_allowed(path: str, inside: str) -> bool:
    return path == os.devnull or (os.path.abspath(path).startswith(inside) and ".." not in path)  # noqa: PTH100
