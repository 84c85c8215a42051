"""The story that docs/study.md tells runs as it stands there, and prints what it says."""

from __future__ import annotations

import itertools
import re
import shlex
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from medseg.cli.main import main
from medseg.io.label_map_files import LabelMapFiles
from study_cases import PASSPHRASE, draw, write_phantom

PAGE = Path(__file__).parents[2] / "docs" / "study.md"

STEPS = re.compile(r"```text\n(?P<shell>.*?)```|<!-- draw (?P<reader>\w+) (?P<case>[\w-]+) -->", re.DOTALL)

COMMAND = re.compile(r"^\$ (?P<line>(?:.*\\\n)*.*)\n(?P<said>(?:(?!\$ ).*\n)*)", re.MULTILINE)


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
    """Runs what stands in the page, in the current folder."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch
        self._sizes = itertools.count(1)

    def run(self, line: str, page: str) -> None:
        """Run one line; commands within commands too."""
        line = re.sub(r'"\$\((.*?)\)"', lambda found: self._printed(found[1]).strip(), line)
        words = shlex.split(line.replace("\\\n", " "))
        if words[0] == "export":
            self._patch.setenv(*words[1].split("=", 1))
            return
        told = self._printed(shlex.join(words))
        if page:
            assert re.fullmatch(pattern_of(page), told), f"{line}\nthe page says:\n{page}\nit is:\n{told}"

    def draw(self, reader: str, case: str) -> None:
        """Contour the working copy, larger each time."""
        (folder,) = Path("liver/work", case).glob(f"{reader}-*")
        image = Path("liver/images", case, f"{case}.nii.gz")
        draw(image, LabelMapFiles(folder / f"{case}_dseg.nii.gz"), reader, size=next(self._sizes))

    def _printed(self, line: str) -> str:
        words = shlex.split(line)
        assert words[0] == "medseg"
        done = CliRunner().invoke(main, words[1:])
        assert done.exit_code in (0, 1), f"{line}\n{done.output}"
        assert "Traceback" not in done.output
        return done.output


def test_the_story_of_a_study_runs_as_the_page_tells_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MEDSEG_STUDY", raising=False)
    monkeypatch.delenv("MEDSEG_KEY", raising=False)
    monkeypatch.setattr("click.prompt", lambda *_, **__: PASSPHRASE)
    monkeypatch.setattr("click.confirm", agreed)
    for folder in ("images", "elsewhere"):
        Path(folder).mkdir()
    for name in "abc":
        write_phantom(Path("images", f"{name}.nii.gz"))
    shell = Shell(monkeypatch)
    ran = 0
    for step in STEPS.finditer(PAGE.read_text()):
        if step["reader"]:
            shell.draw(step["reader"], step["case"])
            continue
        for command in COMMAND.finditer(step["shell"]):
            shell.run(command["line"], command["said"])
            ran += 1
    assert ran > 50
