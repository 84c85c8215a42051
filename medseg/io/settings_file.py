"""What a user has set, as a small JSON file that can be read and edited by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from medseg.errors import InputError, OutputError
from medseg.io.atomic import write_whole

FORMAT = "medseg-settings/1"

MAX_BYTES = 1 << 20
"""Far more than anybody can set by hand; a larger file is something else."""


def read_settings(path: Path) -> dict[str, Any]:
    """Read settings; nothing is set where there is no file.

    Raises:
        InputError: The file can't be read, or is something else.
    """
    try:
        if not path.exists():
            return {}
        if path.stat().st_size > MAX_BYTES:
            raise _no_settings(path, f"it is larger than {MAX_BYTES} bytes")
        content = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise _no_settings(path, error.strerror or str(error)) from error
    except (ValueError, RecursionError) as error:
        raise _no_settings(path, str(error)) from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise _no_settings(path, f"expected a JSON object whose format is {FORMAT}")
    return {key: value for key, value in content.items() if key != "format"}


def write_settings(path: Path, settings: Mapping[str, Any]) -> None:
    """Write settings, all or nothing; the folder is made where it is not there.

    Raises:
        OutputError: They can't be written.
    """
    text = json.dumps({"format": FORMAT, **settings}, indent=2, ensure_ascii=False) + "\n"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"could not make the folder for settings: {error.strerror or error}",
            hint="check its permissions",
            path=str(path.parent),
        ) from error
    write_whole(path, text.encode("utf-8"), overwrite=True)


def _no_settings(path: Path, why: str) -> InputError:
    return InputError(
        f"the settings in {path.name} can't be read: {why}",
        hint="mend the file or remove it; until then everything is as at first",
        reason="settings-unreadable",
        path=str(path),
    )
