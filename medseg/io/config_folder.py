"""The folder for what a user has set and given, by the custom of the platform."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path


def config_folder(environment: Mapping[str, str] | None = None, platform: str = sys.platform) -> Path:
    r"""Where it lies; it may not be there yet.

    ``$XDG_CONFIG_HOME/medseg`` (XDG Base Directory Specification), ``~/Library/Application Support/medseg``
    on macOS, ``%APPDATA%\medseg`` on Windows.
    """
    variables = os.environ if environment is None else environment
    if platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "medseg"
    if platform == "win32":
        return Path(variables.get("APPDATA") or Path.home() / "AppData" / "Roaming") / "medseg"
    given = Path(variables.get("XDG_CONFIG_HOME", ""))
    # The specification says that a relative path is to be ignored.
    return (given if given.is_absolute() else Path.home() / ".config") / "medseg"
