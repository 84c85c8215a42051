"""Make docs/images/circle.png: what docs/circle.md tells is run, and the picture that it draws is kept.

The folder ``tests`` has to be on Python's path: the story is run as the tests run it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from circle_reader import correct
from page_shell import Shell

DOCS = Path(__file__).parents[1] / "docs"

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        os.chdir(folder)
        patch.setenv("XDG_CONFIG_HOME", folder)
        Shell(patch).tell(DOCS / "circle.md", {"correct": correct})
        shutil.copy("better.png", DOCS / "images" / "circle.png")
        os.chdir(DOCS)
