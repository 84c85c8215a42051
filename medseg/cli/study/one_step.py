"""The signatures that are about one case: amend, adjudicate; and to bring in one that was made elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from medseg.cli.study.answer import case_as_dict, print_json, short
from medseg.cli.study.options import Credentials, key_options, open_chosen, study_option

if TYPE_CHECKING:
    from medseg.workflows.study import SignedIn, StepTaken, Study

_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@click.command()
@click.argument("case")
@click.option("--reason", required=True, help="Why.")
@click.option("--reader", help="Id of who goes on. Default: you, or the reader so far.")
@_json
@study_option
@key_options
def amend(case: str, reason: str, reader: str | None, **given: Any) -> None:
    """Open a decided CASE for a new revision.

    What was approved stays in force until the new revision is approved.
    """
    _sign(given, case, "amended", reason=reason, reader=reader)


@click.command()
@click.argument("case")
@click.option("--revision", required=True, help="Digest of the revision that is chosen, or its first digits.")
@click.option("--reason", required=True, help="Why.")
@_json
@study_option
@key_options
def adjudicate(case: str, revision: str, reason: str, **given: Any) -> None:
    """Choose one of the blind reads of CASE."""
    _sign(given, case, "adjudicated", reason=reason, revision=revision)


@click.command()
@click.argument("case")
@click.argument("bundle", metavar="FILE", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@_json
@study_option
@key_options
def receive(case: str, bundle: Path, **given: Any) -> None:
    """Bring in what you signed on a copy of the study: the last statement of FILE.

    FILE is the one beside the revision of CASE in the copy (*.intoto.jsonl). It counts if nobody signed here
    meanwhile, and once.
    """
    from medseg.workflows.study import receive_statement

    study = open_chosen(given["study_folder"])
    who = Credentials.of(given).sign_in(study)
    line = bundle.read_bytes().rstrip(b"\n").rpartition(b"\n")[2]
    _say(study, who, receive_statement(study, who, case, line), as_json=given["as_json"])


def _sign(given: dict[str, Any], case: str, meaning: str, **more: Any) -> None:
    from medseg.workflows.study import take_step

    study = open_chosen(given["study_folder"])
    who = Credentials.of(given).sign_in(study)
    _say(study, who, take_step(study, who, case, meaning, **more), as_json=given["as_json"])


def _say(study: Study, who: SignedIn, taken: StepTaken, *, as_json: bool) -> None:
    from medseg.workflows.study.signed_history import shown_number

    if as_json:
        document = {"case": case_as_dict(taken.case), "verification": taken.verification.as_dict()}
        print_json({**document, "revision": taken.revision.digest})
        return
    signature = taken.verification.signatures[-1]
    click.echo(
        f"{taken.case.id}: {signature.meaning} by {signature.name} ({signature.role}), revision "
        f"{shown_number(study, who, taken.revision)} ({short(taken.revision.digest)}), now {taken.case.state}"
    )
