"""``medseg study audit``."""

from __future__ import annotations

from pathlib import Path

import click

from medseg.cli.interruption import cancellable
from medseg.cli.progress import progress_bar
from medseg.cli.study.answer import print_json
from medseg.cli.study.options import open_chosen, study_option


@click.command()
@click.argument("case", required=False)
@click.option("--html", type=click.Path(path_type=Path), help="Write it as a page.")
@click.option("--pdf", type=click.Path(path_type=Path), help="Write it as PDF.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@study_option
@click.pass_context
def audit(
    ctx: click.Context,
    /,
    case: str | None,
    html: Path | None,
    pdf: Path | None,
    as_json: bool,  # noqa: FBT001 - click
    study_folder: Path | None,
) -> None:
    """Print the trail of the study, or of one CASE: what happened, who did it, who signed what.

    Exit code 1: the study is damaged; the trail says how.
    """
    from medseg.workflows.study import audit as audit_study
    from medseg.workflows.study import write_audit

    with cancellable("nothing was changed"), progress_bar() as progress:
        found = audit_study(open_chosen(study_folder), case=case, progress=progress)
        write_audit(found, html=html, pdf=pdf, progress=progress)
    if as_json:
        print_json(found.as_dict())
    elif html is None and pdf is None:
        for entry in found.entries:
            about = f" {entry.case}:" if entry.case else ""
            click.echo(f"{entry.number:6} {entry.at}{about} {entry.name or entry.person} {entry.words}")
    for finding in found.findings:
        click.echo(f"damage: {finding}", err=True)
    ctx.exit(1 if found.findings else 0)
