"""The folder for what is kept between two starts of the program and is nobody else's business."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

FOLDER_VARIABLE = "MEDSEG_STATE"
"""Names the folder, where the custom of the platform does not suit."""

PRIVATE_FOLDER = 0o700
"""Paths of images lie in there, which may tell the names of patients."""


def state_folder(environment: Mapping[str, str] | None = None, platform: str = sys.platform) -> Path:
    r"""Where it lies, by the custom of the platform.

    ``$MEDSEG_STATE``, else ``$XDG_STATE_HOME/medseg`` (XDG Base Directory Specification),
    ``~/Library/Application Support/medseg`` on macOS, ``%LOCALAPPDATA%\medseg`` on Windows.
    """
    variables = os.environ if environment is None else environment
    if variables.get(FOLDER_VARIABLE):
        return Path(variables[FOLDER_VARIABLE])
    if platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "medseg"
    if platform == "win32":
        return Path(variables.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "medseg"
    given = Path(variables.get("XDG_STATE_HOME", ""))
    # The specification says that a relative path is to be ignored.
    return (given if given.is_absolute() else Path.home() / ".local" / "state") / "medseg"


def make_private(folder: Path) -> None:
    """Make a folder for its user alone, if it is not there.

    Raises:
        OSError: It can't be made.
    """
    folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
