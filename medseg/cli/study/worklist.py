"""``medseg study list``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from medseg.cli.study.answer import case_as_dict, print_json, time_of
from medseg.cli.study.options import filter_options, open_chosen, study_option, taken_filter
from medseg.cli.text_table import text_table


@click.command("list")
@filter_options
@click.option(
    "--by",
    type=click.Choice(("due", "uncertainty")),
    default="due",
    show_default=True,
    help="Which come first: those due, or those that a model is least sure of (see medseg study rank).",
)
@click.option("--limit", type=click.IntRange(1), help="At most so many.")
@click.option("--offset", type=click.IntRange(0), default=0, help="After so many.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@study_option
def list_(
    by: str,
    limit: int | None,
    offset: int,
    as_json: bool,  # noqa: FBT001 - click
    study_folder: Path | None,
    **given: Any,
) -> None:
    """List the cases, and count them by state."""
    from medseg.study.worklist import ALL, Order
    from medseg.workflows.study import list_cases

    study = open_chosen(study_folder)
    found = list_cases(study, filter=taken_filter(given) or ALL, by=Order(by), limit=limit, offset=offset)
    if as_json:
        print_json(
            {
                "cases": [
                    {
                        **case_as_dict(row.case),
                        "readers": list(row.readers),
                        "open_comments": row.open_comments,
                        "updated": row.updated,
                        "uncertainty": {"value": row.uncertainty} if row.is_asked else None,
                    }
                    for row in found.rows
                ],
                "counts": {state.value: count for state, count in found.counts.items()},
                "ranking": found.ranking and asdict(found.ranking),
            }
        )
        return
    shows_doubt = any(row.is_asked for row in found.rows)
    doubt = ("uncertainty",) if shows_doubt else ()
    head = ("case", "state", *doubt, "readers", "due", "comments", "changed")
    rows = [
        (
            row.case.id,
            row.case.state.value,
            *([row.doubt or "-"] if shows_doubt else []),
            ", ".join(row.readers) or "-",
            row.case.due.isoformat() if row.case.due else "-",
            str(row.open_comments or "-"),
            time_of(row.updated),
        )
        for row in found.rows
    ]
    if rows:
        for line in text_table(head, rows):
            click.echo(line)
    counts = ", ".join(f"{count} {state}" for state, count in found.counts.items())
    click.echo(f"{sum(found.counts.values())} cases{': ' if counts else ''}{counts}", err=True)
