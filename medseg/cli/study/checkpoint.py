"""``medseg study checkpoint``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from medseg.cli.study.answer import print_json
from medseg.cli.study.options import Credentials, key_options, open_chosen, study_option


@click.command()
@click.option(
    "--copy-to",
    type=click.Path(path_type=Path),
    help="Write all checkpoints to this file too: somewhere that the study's administrator can't write.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@study_option
@key_options
def checkpoint(copy_to: Path | None, as_json: bool, **given: Any) -> None:  # noqa: FBT001 - click
    """Sign what the ledger and the sign-off hold now.

    A checkpoint finds a ledger that was rebuilt or cut off, and proves by when each signature was there.
    """
    from medseg.workflows.study import make_checkpoint

    study = open_chosen(given["study_folder"])
    made = make_checkpoint(study, Credentials.of(given).sign_in(study), copy_to=copy_to)
    if as_json:
        print_json(
            {
                "size": made.size,
                "head": made.head,
                "at": made.at,
                "person": made.person_id,
                "statements": len(made.statements),
            }
        )
        return
    click.echo(f"checkpoint of {made.size} entries and {len(made.statements)} new signatures")
    click.echo(f"ledger head sha256: {made.head}")
