"""The keys that a user has set for actions of the window, kept from one start to the next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from medseg.errors import InputError
from medseg.io.config_folder import config_folder
from medseg.io.settings_file import read_settings, write_settings

FILE_NAME = "keys.json"


def key_settings_path() -> Path:
    """Where they are kept."""
    return config_folder() / FILE_NAME


def kept_keys(path: Path | None = None) -> dict[str, tuple[str, ...]]:
    """The keys that were set, by the id of the action.

    Args:
        path: The file; None for the user's own.

    Raises:
        InputError: The file can't be read, or holds something else.
    """
    path = path or key_settings_path()
    keys = read_settings(path).get("keys", {})
    if not isinstance(keys, dict) or not all(_is_keys(one) for one in keys.values()):
        raise InputError(
            f"expected lists of keys by action in {path.name}",
            hint="mend the file or remove it; until then everything is as at first",
            reason="settings-unreadable",
            path=str(path),
        )
    return {action: tuple(one) for action, one in keys.items()}


def keep_keys(keys: Mapping[str, Iterable[str]], path: Path | None = None) -> None:
    """Keep the keys that were set for the next start.

    Args:
        keys: All of them, by the id of the action.
        path: The file; None for the user's own.

    Raises:
        OutputError: They can't be written.
    """
    write_settings(path or key_settings_path(), {"keys": {action: list(one) for action, one in keys.items()}})


def _is_keys(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(key, str) for key in value)
