"""The set-up says exactly what to install where it may not install it itself."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "tools" / "install-system-packages.sh"


@pytest.fixture
def as_user(tmp_path):
    """A PATH on which nobody is root."""
    (tmp_path / "id").write_text("#!/bin/sh\necho 1000\n")
    (tmp_path / "id").chmod(0o755)
    return {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}


@pytest.mark.skipif(shutil.which("dpkg-query") is None, reason="no Debian or Ubuntu here")
def test_who_is_not_root_is_told_the_line_to_run(as_user):
    done = subprocess.run(
        [SCRIPT, "no-such-package", "base-files"], env=as_user, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "sudo apt-get update && sudo apt-get install" in done.stderr
    assert "no-such-package" in done.stderr
    assert "base-files" not in done.stderr


@pytest.mark.skipif(shutil.which("dpkg-query") is None, reason="no Debian or Ubuntu here")
def test_it_is_silent_where_everything_is_there(as_user):
    done = subprocess.run([SCRIPT, "base-files"], env=as_user, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_exact_versions_cover_every_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    ranges = [*project["dependencies"], *(r for e in project["optional-dependencies"].values() for r in e)]
    pins = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = {line.split("==")[0].lower().replace("-", "_") for line in pins}
    for requirement in ranges:
        name = re.split(r"[\[>=<!]", requirement)[0].lower().replace("-", "_")
        assert name == "medseg" or name in pinned, requirement
    assert "torch==2.13.0" in pins
