"""``medseg follow-up``."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from medseg.cli.progress import progress_bar

if TYPE_CHECKING:
    from medseg.workflows.follow_up import FollowUp

NOT_EVALUATED = "not evaluated"


@click.command("follow-up")
@click.argument("baseline", type=click.Path(path_type=Path))
@click.argument("later", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--target",
    "targets",
    multiple=True,
    metavar="ID",
    help="A target lesion; repeatable. Default: what is coded as an abnormality at baseline.",
)
@click.option(
    "--node",
    "nodes",
    multiple=True,
    metavar="ID",
    help="A target lesion that is a lymph node: its short axis counts; repeatable.",
)
@click.option(
    "--non-target",
    type=click.Choice(["none", "CR", "non-CR/non-PD", "PD", "NE"]),
    default="none",
    show_default=True,
    help="How the lesions did that are not measured.",
)
@click.option(
    "--new-lesion",
    "new_lesions",
    multiple=True,
    metavar="ID",
    help="A structure of the last label map that is a new lesion; repeatable.",
)
@click.option(
    "--not-new", multiple=True, metavar="ID", help="A structure that the baseline lacks and is no new lesion."
)
@click.option("--confirm", "confirmed_by", default="", metavar="NAME", help="Confirm the response, as NAME.")
@click.option(
    "--record", type=click.Path(path_type=Path), metavar="FILE", help="Also write all of it as a JSON record."
)
@click.option("--overwrite", is_flag=True, help="Replace a record that is there.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def follow_up(
    baseline: Path,
    later: tuple[Path, ...],
    *,
    targets: tuple[str, ...],
    nodes: tuple[str, ...],
    non_target: str,
    new_lesions: tuple[str, ...],
    not_new: tuple[str, ...],
    confirmed_by: str,
    record: Path | None,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Compare label maps of one patient: BASELINE, then LATER ones in the order of time.

    Lesions are matched by the ids of their structures. The response by RECIST 1.1 is a proposal until a
    reader confirms it with --confirm, which needs --record.
    """
    from medseg.workflows.follow_up import NonTarget, Word, save_follow_up
    from medseg.workflows.follow_up import follow_up as follow_up_of

    if confirmed_by and not record:
        raise click.UsageError("what is confirmed is kept: name a file with --record")
    word = Word(targets, nodes, NonTarget(non_target), new_lesions, not_new, confirmed_by)
    with progress_bar() as progress:
        found = follow_up_of([baseline, *later], word, progress=progress)
    if record:
        save_follow_up(found, record, overwrite=overwrite)
    if as_json:
        click.echo(json.dumps(found.as_dict(), indent=1, allow_nan=False))
        return
    for line in _lines(found):
        click.echo(line)


def _lines(found: FollowUp) -> Iterator[str]:
    yield from _table(found)
    response, target = found.response, found.times[-1].target
    told = response.as_dict()
    answer = f"{response.category.value}, {response.category.words}"
    yield ""
    if told["confirmed_by"]:
        yield f"response: {answer}; confirmed by {_plain(told['confirmed_by'])}"
    else:
        yield f"proposed response: {answer}; no reader has confirmed it"
    yield from (f"  {_plain(ground)}" for ground in (target.grounds if target else ()))
    for one in found.possible_new:
        yield f"  not at baseline: {_plain(found.names[one])}; say --new-lesion {one} or --not-new {one}"
    yield from (f"note: {_plain(note)}" for note in found.notes)


def _table(found: FollowUp) -> Iterator[str]:
    from medseg.workflows.follow_up import name_of_time

    told = found.as_dict()
    rows = [["", *(name_of_time(number) for number in range(len(found.times)))]]
    for number, size in enumerate(found.times[0].sizes):
        what = "short axis" if size.lesion.is_node else "diameter"
        diameters = [time.sizes[number].diameter_mm for time in found.times]
        rows.append([f"{size.lesion.name}: {what}, mm", *_with_change(diameters, "{:.1f}", NOT_EVALUATED)])
    sums = [time.sum_mm for time in found.times]
    rows.append(["sum of diameters, mm", *_with_change(sums, "{:.1f}", NOT_EVALUATED)])
    rows.append(["target lesions", "", *(time.target.category.value for time in found.times if time.target)])
    rows += (
        [f"{one['name']}: volume, ml", *_with_change(one["volume_ml"], "{:.4g}", "not listed")]
        for one in told["structures"]
    )
    rows = [[_plain(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _with_change(values: Sequence[float | None], form: str, missing: str) -> Iterator[str]:
    """Each value, and how far it is from the first; or why there is none."""
    first = values[0]
    for number, value in enumerate(values):
        if value is None:
            yield missing
        elif number and first:
            yield f"{form.format(value)} ({value / first - 1:+.1%})"
        else:
            yield form.format(value)


def _plain(text: str) -> str:
    """Text from a file that can't send a terminal its commands."""
    return "".join(" " if unicodedata.category(letter).startswith("C") else letter for letter in text)
