"""Runs the story that a page of the docs tells, as it stands there, and compares what is printed.

A page tells it in blocks of ``text`` whose lines begin with ``$``; what follows is printed. … is anything
on a line, and alone on a line any lines. A comment ``<!-- word arguments -->`` stands for what a person does
in the window.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from medseg.cli.main import main
from study_cases import PASSPHRASE

STEPS = re.compile(r"```text\n(?P<shell>.*?)```|<!-- (?P<doing>\w+) (?P<with>[^>]*?) ?-->", re.DOTALL)

COMMAND = re.compile(r"^\$ (?P<line>(?:.*\\\n)*.*)\n(?P<said>(?:(?!\$ ).*\n)*)", re.MULTILINE)

LOOP = re.compile(r"for (?P<name>\w+) in (?P<values>[^;]*); do (?P<body>.*); done", re.DOTALL)


def pattern_of(page: str) -> str:
    """What the page says, as a pattern: … is anything on a line; alone on a line, any lines."""
    lines = (
        "(.*\n)*" if line == "…" else ".*".join(map(re.escape, line.split("…"))) + "\n"
        for line in page.splitlines()
    )
    return "".join(lines)


def agreed(question: str, **_: object) -> bool:
    """Answer yes, and show it as a terminal does."""
    click.echo(f"{question} [y/N]: y", err=True)
    return True


class Shell:
    """Runs what stands in a page, in the current folder: what of a shell the pages need.

    Args:
        patch: Sets the variables that a page exports, and answers what is asked.
    """

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch
        for name in ("MEDSEG_STUDY", "MEDSEG_KEY"):
            patch.delenv(name, raising=False)
        patch.setattr("click.prompt", lambda *_, **__: PASSPHRASE)
        patch.setattr("click.confirm", agreed)

    def tell(self, page: Path, doing: Mapping[str, Callable[..., None]]) -> int:
        """Run a page.

        Args:
            page: The page.
            doing: By word what a comment stands for; it is called with its arguments.

        Returns:
            How many commands ran.
        """
        ran = 0
        for step in STEPS.finditer(page.read_text(encoding="utf-8")):
            if step["doing"]:
                doing[step["doing"]](*step["with"].split())
                continue
            for command in COMMAND.finditer(step["shell"]):
                self.run(command["line"], command["said"])
                ran += 1
        return ran

    def run(self, line: str, page: str = "") -> str:
        """Run one line; what it prints has to be what the page says, if it says anything."""
        told = "".join(map(self._ran, unrolled(line.replace("\\\n", " "))))
        if page:
            assert re.fullmatch(pattern_of(page), told), f"{line}\nthe page says:\n{page}\nit is:\n{told}"
        return told

    def _ran(self, line: str) -> str:
        line = re.sub(r"\$\((.*?)\)", lambda found: self._ran(found[1]).strip(), line)
        program, *words = shlex.split(line)
        if program == "export":
            self._patch.setenv(*words[0].split("=", 1))
            return ""
        if program == "cat":
            return Path(words[0]).read_text(encoding="utf-8")
        if program == "mkdir":
            Path(words[0]).mkdir()
            return ""
        assert program == "medseg", line
        done = CliRunner().invoke(main, words)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code in (0, 1), f"{line}\n{done.output}"
        assert "Traceback" not in done.output
        return done.output


def unrolled(line: str) -> list[str]:
    """The commands of a line: those of a loop with the values put in."""
    loop = LOOP.fullmatch(line.strip())
    if loop is None:
        return [line]
    values = loop["values"].split()
    bodies = (re.sub(rf"\${loop['name']}\b", value, loop["body"]) for value in values)
    return [command for body in bodies for command in body.split(";")]
