"""``medseg keys``: keys, person cards and the trust folder."""

from __future__ import annotations

from itertools import zip_longest
from pathlib import Path

import click

from medseg.cli.passphrase import passphrase_options, read_passphrase


@click.group()
def keys() -> None:
    """Make keys for people, and the trust folder that says who may sign."""


@keys.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--name", required=True, help="Printed name, as it shall stand beside each signature.")
@click.option("--role", required=True, type=click.Choice(["annotator", "radiologist", "qa", "coordinator"]))
@click.option("--id", "person_id", help="Identifier at the site. Default: made from the name.")
@passphrase_options
def create(
    out: Path,
    name: str,
    role: str,
    person_id: str | None,
    passphrase_file: Path | None,
    passphrase_fd: int | None,
) -> None:
    """Make your key file OUT, and the card to hand to whoever makes the trust folder.

    For OUT named ada.pem the card is ada.person.json, beside it.

    Keep the key file and its passphrase to yourself: who has both, signs in your name.
    """
    from medseg.workflows.people import create_key

    passphrase = read_passphrase(
        passphrase_file, passphrase_fd, prompt=f"New passphrase for {out.name}", confirm=True
    )
    created = create_key(out, name=name, role=role, passphrase=passphrase, person_id=person_id)
    click.echo(f"secret key: {created.key}")
    click.echo(f"person card: {created.card}")


@keys.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--person",
    "people",
    multiple=True,
    required=True,
    type=click.Path(path_type=Path),
    help="A person's card.",
)
@click.option(
    "--founder",
    "founders",
    multiple=True,
    required=True,
    type=click.Path(path_type=Path),
    help="A founder's key.",
)
@click.option(
    "--passphrase-file",
    "passphrase_files",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Read the passphrase from this file: one for each --founder, in the same order. Default: ask.",
)
@click.option("--replace", is_flag=True, help="Replace an earlier roster.")
def trust(
    folder: Path,
    people: tuple[Path, ...],
    founders: tuple[Path, ...],
    passphrase_files: tuple[Path, ...],
    replace: bool,  # noqa: FBT001 - click
) -> None:
    """Make the trust folder FOLDER.

    It holds the roster of all who may sign. At least two founders sign the roster, unless it has only one
    person.
    """
    from medseg.workflows.people import create_trust

    if passphrase_files and len(passphrase_files) != len(founders):
        raise click.UsageError("give one --passphrase-file for each --founder, or none")
    opened = [
        (key, read_passphrase(file, None, prompt=f"Passphrase of {key.name}"))
        for key, file in zip_longest(founders, passphrase_files)
    ]
    roster = create_trust(folder, people, opened, replace=replace)
    click.echo(f"{folder}: {len(roster.people)} people, signed by {', '.join(roster.founders)}")
    click.echo(f"roster sha256: {roster.digest}")
