"""Write docs/commands.md from the commands' own help, so that the two never differ."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
from click.testing import CliRunner

from medseg.cli.main import main

ROOT = Path(__file__).parents[1]

HEAD = """# Commands

<!-- Made by tools/make_command_docs.py from the commands' own help. -->

Results go to standard output, progress and messages to standard error. With `--json` there is exactly one
JSON document on standard output; for an error it is `{"error", "message", "hint", "details"}`.

| exit code | meaning |
| --- | --- |
| 0 | done |
| 1 | the answer is no: a refused series, an invalid signature, one case of several |
| 2 | wrong usage |
| 3 | a geometry that can't be, or two grids that had to be one |
| 4 | an input that can't be taken: no images, damaged, not one volume |
| 5 | a contour that can't be |
| 6 | a label map that contradicts itself |
| 7 | a step of the sign-off that is not allowed, or a key that can't be used |
| 8 | an output that can't be written |
| 9 | cancelled: what was done until then stays, and is told |
| 11 | a study that can't do what was asked: no such case, damaged, changed by somebody else |
"""


def paths() -> list[str]:
    """All commands, those of groups within groups too."""
    return list(_paths(main, ""))


def _paths(group: click.Group, before: str) -> Iterator[str]:
    context = click.Context(group)
    for name in sorted(group.list_commands(context)):
        yield f"{before}{name}"
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from _paths(command, f"{before}{name} ")


def help_of(path: str) -> str:
    """What ``medseg PATH --help`` prints."""
    result = CliRunner().invoke(main, [*path.split(), "--help"], prog_name="medseg", terminal_width=90)
    return result.output.strip()


if __name__ == "__main__":
    sections = [f"## medseg {path}\n\n```text\n{help_of(path)}\n```\n" for path in paths()]
    (ROOT / "docs" / "commands.md").write_text("\n".join([HEAD, *sections]))
