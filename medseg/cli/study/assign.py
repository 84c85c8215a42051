"""``medseg study assign`` and ``due``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from medseg.cli.study.batch import Task, batch_options, run_batch
from medseg.cli.study.options import DAY, as_day

if TYPE_CHECKING:
    from medseg.study.records import Case
    from medseg.workflows.study import CaseView, SignedIn, Study


@click.command()
@batch_options
@click.option(
    "--reader", "readers", multiple=True, required=True, metavar="ID", help="A reader; one for each read."
)
@click.option(
    "--adjudicator", metavar="ID", help="Who decides between blind reads. Default: any radiologist."
)
@click.option("--due", type=DAY, help="Until when.")
@click.pass_context
def assign(
    ctx: click.Context, /, readers: tuple[str, ...], adjudicator: str | None, due: Any, **given: Any
) -> None:
    """Hand each CASE to its readers, for the first time or to others."""
    words = f"assign to {', '.join(readers)}"

    def act(study: Study, who: SignedIn, case: Case) -> Case:
        from medseg.workflows.study import assign as assign_case

        return assign_case(
            study,
            who,
            case.id,
            readers,
            adjudicator=adjudicator,
            due=as_day(due),
            expected_version=case.version,
        )

    def foresee(view: CaseView, _: SignedIn) -> str:
        had = ", ".join(read.reader for read in view.reads if read.reader)
        return f"{words}, from {had}" if had else words

    run_batch(ctx, Task(words, act, foresee), given)


@click.command()
@batch_options
@click.option("--on", "day", type=DAY, help="Until when.")
@click.option("--never", is_flag=True, help="Take the date away.")
@click.pass_context
def due(ctx: click.Context, /, day: Any, never: bool, **given: Any) -> None:  # noqa: FBT001 - click
    """Change until when each CASE is due."""
    if never == (day is not None):
        raise click.UsageError("give --on or --never")
    until = as_day(day)
    words = f"due {until.isoformat()}" if until else "no due date"

    def act(study: Study, who: SignedIn, case: Case) -> Case:
        from medseg.workflows.study import set_due

        return set_due(study, who, case.id, until)

    def foresee(view: CaseView, _: SignedIn) -> str:
        before = view.case.due
        return f"{words}, instead of {before.isoformat() if before else 'none'}"

    run_batch(ctx, Task(words, act, foresee), given)
