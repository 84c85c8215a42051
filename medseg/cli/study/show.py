"""``medseg study show``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from medseg.cli.study.answer import (
    case_as_dict,
    comment_as_dict,
    comment_line,
    print_json,
    read_as_dict,
    revision_as_dict,
    short,
    statement_as_dict,
    time_of,
)
from medseg.cli.study.options import Credentials, open_chosen, optional_key_options, study_option

if TYPE_CHECKING:
    from medseg.study.records import Case, Read
    from medseg.workflows.study import CaseView


@click.command()
@click.argument("case")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@study_option
@optional_key_options
def show(case: str, as_json: bool, **given: Any) -> None:  # noqa: FBT001 - click
    """Show CASE: its reads, revisions, signatures and comments.

    The signatures are as the database has them; medseg verify and medseg study check prove them.
    """
    from medseg.workflows.study import show_case
    from medseg.workflows.study.signed_history import shown_numbers

    study = open_chosen(given["study_folder"])
    view = show_case(study, case, who=Credentials.of(given).sign_in(study) if given["key"] else None)
    numbers = shown_numbers(view)
    if as_json:
        print_json(
            {
                "case": case_as_dict(view.case),
                "reads": [read_as_dict(read) for read in view.reads],
                "revisions": [revision_as_dict(one, numbers[one.digest]) for one in view.revisions],
                "statements": [statement_as_dict(statement) for statement in view.statements],
                "comments": [comment_as_dict(comment) for comment in view.comments],
                "veiled": view.is_veiled,
            }
        )
        return
    for line in _lines(view, numbers):
        click.echo(line)


def _lines(view: CaseView, numbers: dict[str, int]) -> Iterator[str]:
    case = view.case
    due = f", due {case.due.isoformat()}" if case.due else ""
    yield f"{case.id}: {case.state}{due}"
    yield f"image: {case.image}"
    if case.structures:
        yield f"wanted: {', '.join(case.structures)}"
    yield from (_read_line(case, read) for read in view.reads)
    if case.adjudicator:
        yield f"adjudicator: {case.adjudicator}"
    if view.is_veiled:
        yield "the reads are blind: each reader sees their own only, until all have submitted"
    for revision in view.revisions:
        force = ", in force" if revision.digest == case.in_force else ""
        yield (
            f"revision {numbers[revision.digest]} ({short(revision.digest)}) by {revision.author}, "
            f"{time_of(revision.saved_at)}{force}"
        )
        for statement in view.statements:
            if statement.digest == revision.digest:
                yield f"  {statement.meaning} by {statement.person_id}, {time_of(statement.signed_at)}"
    yield from map(comment_line, view.comments)


def _read_line(case: Case, read: Read) -> str:
    leading = ", the one that counts" if case.is_blind and read.number == case.leading else ""
    return f"read {read.number}: {read.reader or 'nobody'}, {read.state}{leading}"
