"""``medseg study compare``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from medseg.cli.study.answer import print_json, short
from medseg.cli.study.options import Credentials, key_options, open_chosen, study_option
from medseg.cli.text_table import text_table

if TYPE_CHECKING:
    from medseg.measurement import StructureDifference
    from medseg.workflows.study import RevisionDifference

HEAD = ("structure", "first ml", "second ml", "added ml", "removed ml", "dice", "largest mm", "at LPS mm")


@click.command()
@click.argument("case")
@click.argument("first")
@click.argument("second")
@click.option(
    "--picture", type=click.Path(path_type=Path), help="A PNG to write: the slices that differ most."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@study_option
@key_options
def compare(case: str, first: str, second: str, picture: Path | None, **given: Any) -> None:
    """Tell how two revisions of CASE differ: volumes, Dice, and the largest distance between surfaces.

    FIRST and SECOND are numbers of revisions, or their digests or the first eight digits or more of these.
    The look is written down.
    """
    from medseg.workflows.study import compare_revisions

    study = open_chosen(given["study_folder"])
    who = Credentials(given["key"], given["passphrase_file"], given["passphrase_fd"]).sign_in(study)
    found = compare_revisions(study, who, case, first, second, picture=picture)
    if given["as_json"]:
        print_json(found.as_dict())
        return
    for line in _lines(found):
        click.echo(line)


def _lines(found: RevisionDifference) -> Iterator[str]:
    both = zip(found.numbers, (found.first, found.second), strict=True)
    named = (f"revision {number} ({short(each.digest)})" for number, each in both)
    yield f"{found.case_id}: {' and '.join(named)}"
    if found.difference.grid:
        yield f"grid: {found.difference.grid}"
    yield from text_table(HEAD, [_row(each) for each in found.difference.structures])
    for each in found.difference.structures:
        for change in each.table:
            yield f"{each.name}: {change.field} was {change.first or 'none'}, is {change.second or 'none'}"
    yield f"files that differ: {', '.join(found.files) or 'none'}"


def _row(each: StructureDifference) -> tuple[str, ...]:
    largest = each.largest
    return (
        each.name,
        _ml(each.first_mm3),
        _ml(each.second_mm3),
        _ml(each.added_mm3),
        _ml(each.removed_mm3),
        "-" if each.dice is None else f"{each.dice:.4f}",
        "-" if largest is None else f"{largest.mm:.2f}",
        "-" if largest is None or not largest.mm else " ".join(f"{value:.1f}" for value in largest.at_lps_mm),
    )


def _ml(mm3: float | None) -> str:
    return "-" if mm3 is None else f"{mm3 / 1000:.4g}"
