"""``medseg study checkpoint``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from medseg.cli.study.options import Credentials, key_options, open_chosen, study_option


@click.command()
@click.option(
    "--copy-to",
    type=click.Path(path_type=Path),
    help="Write all checkpoints to this file too: somewhere that the study's administrator can't write.",
)
@study_option
@key_options
def checkpoint(copy_to: Path | None, **given: Any) -> None:
    """Sign what the ledger and the sign-off hold now.

    A checkpoint finds a ledger that was rebuilt or cut off, and proves by when each signature was there.
    """
    from medseg.workflows.study import make_checkpoint

    study = open_chosen(given["study_folder"])
    who = Credentials(given["key"], given["passphrase_file"], given["passphrase_fd"]).sign_in(study)
    made = make_checkpoint(study, who, copy_to=copy_to)
    click.echo(f"checkpoint of {made.size} entries and {len(made.statements)} new signatures")
    click.echo(f"ledger head sha256: {made.head}")
