"""Is it there, and may it be looked at?"""

from __future__ import annotations

import stat
from pathlib import Path

from medseg.errors import UnreadableFileError


def require_there(path: Path) -> None:
    """Refuse a path at which there is nothing, or nothing that may be looked at.

    Raises:
        UnreadableFileError: With the system's reason.
    """
    _mode_of(path)


def require_file(path: Path) -> None:
    """Refuse a path at which there is no file.

    Raises:
        UnreadableFileError: Nothing there, a folder, or no permission.
    """
    if stat.S_ISDIR(_mode_of(path)):
        raise UnreadableFileError(f"expected a file, but {path} is a folder", path=str(path))


def _mode_of(path: Path) -> int:
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        raise UnreadableFileError(
            f"there is no file or folder {path}", hint="check the path", path=str(path)
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UnreadableFileError(
            f"{str(path)[:200]} can't be opened: {reason}", hint="check the path and its permissions"
        ) from error
