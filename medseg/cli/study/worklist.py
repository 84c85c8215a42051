"""``medseg study list``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from medseg.cli.study.answer import case_as_dict, print_json, time_of
from medseg.cli.study.options import filter_options, open_chosen, study_option, taken_filter
from medseg.cli.text_table import text_table


@click.command("list")
@filter_options
@click.option("--limit", type=click.IntRange(1), help="At most so many.")
@click.option("--offset", type=click.IntRange(0), default=0, help="After so many.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@study_option
def list_(limit: int | None, offset: int, as_json: bool, study_folder: Path | None, **given: Any) -> None:  # noqa: FBT001 - click
    """List the cases, those due first, and count them by state."""
    from medseg.study.worklist import ALL
    from medseg.workflows.study import list_cases

    study = open_chosen(study_folder)
    found = list_cases(study, filter=taken_filter(given) or ALL, limit=limit, offset=offset)
    if as_json:
        print_json(
            {
                "cases": [
                    {
                        **case_as_dict(row.case),
                        "readers": list(row.readers),
                        "open_comments": row.open_comments,
                        "updated": row.updated,
                    }
                    for row in found.rows
                ],
                "counts": {state.value: count for state, count in found.counts.items()},
            }
        )
        return
    rows = [
        (
            row.case.id,
            row.case.state.value,
            ", ".join(row.readers) or "-",
            row.case.due.isoformat() if row.case.due else "-",
            str(row.open_comments or "-"),
            time_of(row.updated),
        )
        for row in found.rows
    ]
    if rows:
        for line in text_table(("case", "state", "readers", "due", "comments", "changed"), rows):
            click.echo(line)
    counts = ", ".join(f"{count} {state}" for state, count in found.counts.items())
    click.echo(f"{sum(found.counts.values())} cases{': ' if counts else ''}{counts}", err=True)
