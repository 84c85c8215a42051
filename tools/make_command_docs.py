"""Write docs/commands.md from the commands' own help, so that the two never differ."""

from __future__ import annotations

from pathlib import Path

import click
from click.testing import CliRunner

from medseg.cli.main import COMMANDS, main

ROOT = Path(__file__).parents[1]

HEAD = """# Commands

<!-- Made by tools/make_command_docs.py from the commands' own help. -->

Results go to standard output, progress and messages to standard error. With `--json` there is exactly one
JSON document on standard output; for an error it is `{"error", "message", "hint", "details"}`.

| exit code | meaning |
| --- | --- |
| 0 | done |
| 1 | the answer is no: a refused series, an invalid signature |
| 2 | wrong usage |
| 3 | a geometry that can't be, or two grids that had to be one |
| 4 | an input that can't be taken: no images, damaged, not one volume |
| 5 | a contour that can't be |
| 6 | a label map that contradicts itself |
| 7 | a step of the sign-off that is not allowed, or a key that can't be used |
| 8 | an output that can't be written |
| 9 | cancelled |
"""


def paths() -> list[str]:
    """All commands, those of groups too."""
    found = []
    context = click.Context(main)
    for name in sorted(COMMANDS):
        found.append(name)
        command = main.get_command(context, name)
        if isinstance(command, click.Group):
            found += [f"{name} {sub}" for sub in sorted(command.commands)]
    return found


def help_of(path: str) -> str:
    """What ``medseg PATH --help`` prints."""
    result = CliRunner().invoke(main, [*path.split(), "--help"], prog_name="medseg", terminal_width=90)
    return result.output.strip()


if __name__ == "__main__":
    sections = [f"## medseg {path}\n\n```text\n{help_of(path)}\n```\n" for path in paths()]
    (ROOT / "docs" / "commands.md").write_text("\n".join([HEAD, *sections]))
