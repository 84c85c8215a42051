"""``medseg study check``."""

from __future__ import annotations

from pathlib import Path

import click

from medseg.cli.interruption import cancellable
from medseg.cli.progress import progress_bar
from medseg.cli.study.answer import print_json
from medseg.cli.study.options import enclosing, study_option


@click.command()
@click.option("--repair", is_flag=True, help="Put right what a killed program left; nothing else is changed.")
@click.option(
    "--kept",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A copy of checkpoints.jsonl that was kept elsewhere.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@study_option
@click.pass_context
def check(
    ctx: click.Context,
    /,
    repair: bool,  # noqa: FBT001 - click
    kept: Path | None,
    as_json: bool,  # noqa: FBT001 - click
    study_folder: Path | None,
) -> None:
    """Find and name every damage of the study: its ledger, signatures, database and files.

    Exit code 0: it is sound. 1: it is not.
    """
    from medseg.workflows.study import check_study, read_kept_checkpoints

    folder = study_folder or enclosing()
    copies = read_kept_checkpoints(folder, kept)
    with cancellable("nothing was changed"), progress_bar() as progress:
        found = check_study(folder, repair=repair, kept=copies, progress=progress)
    if as_json:
        print_json(found.as_dict())
    else:
        for one in found.damages:
            done = ", put right" if one.repaired else ""
            click.echo(f"{one.severity} ({one.kind}): {one.what}: {one.message}{done}")
        counts = ", ".join(f"{count} {what}" for what, count in found.counts.items())
        click.echo(f"{'sound' if found.is_sound else 'NOT SOUND'}{': ' if counts else ''}{counts}")
        if found.head:
            click.echo(f"ledger head sha256: {found.head}")
    ctx.exit(0 if found.is_sound else 1)
