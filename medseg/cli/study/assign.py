"""``medseg study assign``."""

from __future__ import annotations

from typing import Any

import click

from medseg.cli.study.batch import batch_options, run_batch
from medseg.cli.study.options import DAY, as_day


@click.command()
@batch_options
@click.option("--reader", "readers", multiple=True, required=True, help="Id of a reader; one for each read.")
@click.option("--adjudicator", help="Id of who decides between blind reads. Default: any radiologist.")
@click.option("--due", type=DAY, help="Until when.")
@click.pass_context
def assign(
    ctx: click.Context, /, readers: tuple[str, ...], adjudicator: str | None, due: Any, **given: Any
) -> None:
    """Hand each CASE, or all that pass a filter, to its readers."""
    from medseg.workflows.study import assign as assign_case

    def act(study: Any, who: Any, case_id: str) -> Any:
        return assign_case(study, who, case_id, readers, adjudicator=adjudicator, due=as_day(due))

    run_batch(ctx, f"assign to {', '.join(readers)}", act, given)
