"""The documentation builds without a warning, its examples run, and no command is missing."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from medseg.cli.main import COMMANDS, main

ROOT = Path(__file__).parents[2]
ALL_COMMANDS = runpy.run_path(str(ROOT / "tools" / "make_command_docs.py"))["paths"]()


@pytest.mark.parametrize("builder", ["html", "doctest"])
def test_the_documentation_builds_without_a_warning_and_its_examples_run(tmp_path, builder):
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "sphinx",
            "-W",
            "-q",
            "-b",
            builder,
            "-d",
            tmp_path / "cache",
            "docs",
            tmp_path,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_docstring_examples_run():
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--doctest-modules", "medseg"),
            # Alembic runs it, and nobody imports it.
            "--ignore=medseg/study/migrations/env.py",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout


def help_of(path: str) -> str:
    result = CliRunner().invoke(main, [*path.split(), "--help"], prog_name="medseg", terminal_width=90)
    assert result.exit_code == 0, result.output
    return result.output.strip()


@pytest.mark.parametrize("command", ALL_COMMANDS)
def test_every_command_is_documented_as_its_help_says(command):
    text = (ROOT / "docs" / "commands.md").read_text()
    assert help_of(command) in text, "run: python tools/make_command_docs.py"


def test_every_reason_word_is_documented():
    """The words that scripts branch on: in the details of errors and in the tables that make them."""
    patterns = (
        r'reason="([a-z0-9-]+)"',
        r'(?:_PerImage|_Alike)\(\s*"([a-z0-9-]+)"',
        r'PassedOver\(\w+, "([a-z0-9-]+)"',
        r'refused\(\w+, "([a-z0-9-]+)"',
    )
    words: set[str] = set()
    for path in [*(ROOT / "medseg" / "io").rglob("*.py"), *(ROOT / "medseg" / "workflows").rglob("*.py")]:
        words.update(*(re.findall(pattern, path.read_text()) for pattern in patterns))
    pages = "\n".join(page.read_text() for page in (ROOT / "docs").glob("*.md"))
    assert len(words) > 50
    assert sorted(word for word in words if f"`{word}`" not in pages) == []


def test_every_make_target_and_command_in_the_readme_exists():
    blocks = re.findall(r"```text\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    readme = "\n".join(blocks)
    assert "make demo" in readme
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^make (\w+)", readme, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for command in re.findall(r"^medseg ([a-z-]+)", readme, re.MULTILINE):
        assert command in COMMANDS, command


def test_pictures_named_in_the_documentation_are_there():
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", page.read_text()):
            assert (page.parent / target).is_file(), f"{page.name} names {target}"
