"""``medseg history``."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from medseg.workflows.history import History

_HEADING, _SIGNED, _FAINT, _WARNING = "bold", "bold green", "dim", "bold yellow"
"""How lines look on a terminal."""


@click.command()
@click.argument("label_map", metavar="LABELMAP", type=click.Path(path_type=Path))
@click.option(
    "--trust", type=click.Path(path_type=Path), help="The trust folder; without it no signature is checked."
)
@click.option("--html", type=click.Path(path_type=Path), help="Also write a page with pictures.")
@click.option(
    "--image",
    type=click.Path(path_type=Path),
    help="The image for the pictures of the page: a DICOM folder or a NIfTI file.",
)
@click.option("--prov", type=click.Path(path_type=Path), help="Also write W3C PROV as JSON.")
@click.option("--overwrite", is_flag=True, help="Replace a page or PROV file that is there.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def history(
    label_map: Path,
    *,
    trust: Path | None,
    html: Path | None,
    image: Path | None,
    prov: Path | None,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Tell the story of LABELMAP: who made it, when, from what, on which slices, and who signed it.

    It also takes label maps of other programs, and says that they have no record.
    """
    from medseg.workflows.history import history as history_of
    from medseg.workflows.history import write_history_page, write_history_prov

    if image and not html:
        raise click.UsageError("--image is for the pictures of a page: name the page with --html")
    told = history_of(label_map, trust=trust)
    if prov:
        write_history_prov(told, prov, overwrite=overwrite)
    if html:
        write_history_page(told, label_map, html, image=image, overwrite=overwrite)
    if as_json:
        click.echo(json.dumps(told.as_dict(), indent=1, allow_nan=False))
    else:
        _print(_lines(told, label_map.name))


def _lines(told: History, name: str) -> Iterator[tuple[str, str]]:
    """Each line, and how it looks."""
    from medseg.workflows.history import about_image, timeline

    count = len(told.structures)
    yield f"{name}: {count} structure{'' if count == 1 else 's'}, {told.standing}", _HEADING
    if not told.recorded:
        yield "  no record: another program made it, or its record is gone", _FAINT
        for one in told.structures:
            yield f"  {one.structure.name}: {one.voxel_count} voxels", ""
    else:
        yield f"  image: {about_image(told)}", ""
    for entry in timeline(told):
        yield "", ""
        when = entry.at.isoformat(sep=" ", timespec="seconds") if entry.at else "at an unknown time"
        yield f"{when}  {entry.what} by {entry.who} ({entry.trust})", _SIGNED if entry.signed else _HEADING
        for line in entry.lines:
            yield f"  {line}", ""
    for warning in told.warnings:
        yield f"warning: {warning}", _WARNING


def _print(lines: Iterator[tuple[str, str]]) -> None:
    if not sys.stdout.isatty():
        for text, _ in lines:
            click.echo(_on_one_line(text))
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    for text, style in lines:
        # As Text nothing in a name is taken for markup.
        console.print(Text(_on_one_line(text), style), soft_wrap=True)


def _on_one_line(text: str) -> str:
    """Text from a file that can't send a terminal its commands."""
    return "".join(" " if unicodedata.category(letter).startswith("C") else letter for letter in text)
