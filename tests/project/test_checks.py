"""The checks of the code itself run with the tests, so that none is ever forgotten."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["mypy"],
        ["lint-imports", "--no-logo"],
        ["npe2", "validate", "medseg"],
    ],
    ids=lambda command: command[0] + "-" + command[1] if len(command) > 1 else command[0],
)
def test_the_code_passes(command):
    executable = Path(sys.executable).with_name(command[0])
    done = subprocess.run([executable, *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_folder_of_the_core_has_its_place_in_the_layers():
    layers = (ROOT / "pyproject.toml").read_text().split("layers = [")[1].split("]")[0]
    folders = {p.name for p in (ROOT / "medseg").iterdir() if p.is_dir() and (p / "__init__.py").exists()}
    assert folders <= {line.strip(' ",()') for line in layers.splitlines()}
