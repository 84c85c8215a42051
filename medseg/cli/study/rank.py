"""``medseg study rank``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from medseg.cli.interruption import cancellable
from medseg.cli.progress import progress_bar
from medseg.cli.study.answer import print_json
from medseg.cli.study.options import (
    Credentials,
    filter_options,
    key_options,
    open_chosen,
    study_option,
    taken_filter,
)

if TYPE_CHECKING:
    from medseg.workflows.study import RankedCase


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@filter_options
@click.option("--samples", type=int, help="How often to ask about each case, 2 to 64.  [default: 8]")
@click.option(
    "--mirror",
    is_flag=True,
    help="Mirror some samples from left to right, for a bundle that was trained so.",
)
@click.option(
    "--device",
    default="auto",
    show_default=True,
    help="auto (a CUDA device where there is one), cpu, cuda, or cuda:1 and so on.",
)
@click.option(
    "--allow-code",
    is_flag=True,
    help="Run a bundle that brings code of its own: it can do whatever you can.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@study_option
@key_options
@click.pass_context
def rank(ctx: click.Context, /, **given: Any) -> None:
    """Let the MONAI bundle BUNDLE say how sure it is of each case that is not approved yet.

    medseg study list --by uncertainty then shows those first that it is least sure of. What an earlier run of
    the same bundle found is kept. Exits with 1 if it could not be asked about a case.
    """
    study = open_chosen(given["study_folder"])
    who = Credentials.of(given).sign_in(study)
    hint = "what was found is kept; the same command goes on from there"
    with cancellable(hint), progress_bar() as progress:
        from medseg.study.worklist import ALL
        from medseg.workflows.predicted_doubt import sampling_of
        from medseg.workflows.study import rank_cases

        ranked = rank_cases(
            study,
            who,
            given["bundle"],
            filter=taken_filter(given) or ALL,
            sampling=sampling_of(given["samples"], mirror=given["mirror"]),
            device=given["device"],
            allow_code=given["allow_code"],
            progress=progress,
            watch=_ignore if given["as_json"] else _print_line,
        )
    if given["as_json"]:
        print_json(ranked.as_dict())
    elif not ranked.cases:
        click.echo("no case is left to be ranked", err=True)
    if ranked.refused:
        ctx.exit(1)


def _print_line(case: RankedCase) -> None:
    if case.reason is not None:
        click.echo(f"{case.case_id}: refused: [{case.reason}] {case.message}")
        return
    value = "found none" if case.value is None else f"uncertainty {case.value:.2f}"
    click.echo(f"{case.case_id}: {case.status}: {value}")


def _ignore(_: RankedCase) -> None:
    """A JSON document tells of all cases at the end."""
