"""``medseg study show``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from medseg.cli.passphrase import passphrase_options
from medseg.cli.study.answer import (
    case_as_dict,
    comment_as_dict,
    print_json,
    read_as_dict,
    revision_as_dict,
    short,
    statement_as_dict,
    time_of,
)
from medseg.cli.study.options import Credentials, open_chosen, study_option

if TYPE_CHECKING:
    from medseg.workflows.study import CaseView


@click.command()
@click.argument("case")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option(
    "--key", type=click.Path(path_type=Path), help="Your key file; a blind read is shown to its reader only."
)
@study_option
@passphrase_options
def show(
    case: str,
    as_json: bool,  # noqa: FBT001 - click
    key: Path | None,
    study_folder: Path | None,
    passphrase_file: Path | None,
    passphrase_fd: int | None,
) -> None:
    """Show CASE: its reads, revisions, signatures and comments."""
    from medseg.workflows.study import show_case

    study = open_chosen(study_folder)
    who = Credentials(key, passphrase_file, passphrase_fd).sign_in(study) if key else None
    view = show_case(study, case, who=who)
    if as_json:
        print_json(
            {
                "case": case_as_dict(view.case),
                "reads": [read_as_dict(read) for read in view.reads],
                "revisions": [revision_as_dict(revision) for revision in view.revisions],
                "statements": [statement_as_dict(statement) for statement in view.statements],
                "comments": [comment_as_dict(comment) for comment in view.comments],
                "veiled": view.is_veiled,
            }
        )
        return
    for line in _lines(view):
        click.echo(line)


def _lines(view: CaseView) -> Iterator[str]:
    case = view.case
    due = f", due {case.due.isoformat()}" if case.due else ""
    yield f"{case.id}: {case.state}{due}"
    if case.structures:
        yield f"wanted: {', '.join(case.structures)}"
    for read in view.reads:
        leading = ", the one that counts" if case.is_blind and read.number == case.leading else ""
        yield f"read {read.number}: {read.reader or 'nobody'}, {read.state}{leading}"
    if view.is_veiled:
        yield "the reads are blind: each reader sees their own only, until all have submitted"
    for revision in view.revisions:
        force = ", in force" if revision.digest == case.in_force else ""
        yield (
            f"revision {revision.number} ({short(revision.digest)}) by {revision.author}, "
            f"{time_of(revision.saved_at)}{force}"
        )
        for statement in view.statements:
            if statement.digest == revision.digest:
                yield f"  {statement.meaning} by {statement.person_id}, {time_of(statement.signed_at)}"
    for comment in view.comments:
        where = ""
        if comment.at_lps_mm:
            where = " at " + ", ".join(f"{value:.1f}" for value in comment.at_lps_mm) + " mm (LPS)"
        about = f" on {comment.structure}" if comment.structure else ""
        state = "open" if comment.is_open else f"resolved by {comment.resolved_by}"
        yield f"comment {comment.id} by {comment.author}{about}{where} ({state}): {comment.text}"
