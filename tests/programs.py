"""Programs that come with the extra ``test``, beside the Python that runs the tests."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path


def installed(name: str) -> str | None:
    """The path of a program; None where it is not installed. Its folder need not be among those searched."""
    return shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
