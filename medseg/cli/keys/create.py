"""``medseg keys create`` and ``medseg keys passphrase``: one's own key."""

from __future__ import annotations

from pathlib import Path

import click

from medseg.cli.passphrase import passphrase_options, read_passphrase


@click.command()
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

    secret = read_passphrase(
        passphrase_file, passphrase_fd, prompt=f"New passphrase for {out.name}", confirm=True
    )
    created = create_key(out, name=name, role=role, passphrase=secret, person_id=person_id)
    click.echo(f"secret key: {created.key}")
    click.echo(f"person card: {created.card}")


@click.command()
@click.argument("key", type=click.Path(path_type=Path))
@passphrase_options
@click.option(
    "--new-passphrase-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Read the new passphrase from this file. Default: ask.",
)
def passphrase(
    key: Path, passphrase_file: Path | None, passphrase_fd: int | None, new_passphrase_file: Path | None
) -> None:
    """Change the passphrase of KEY.

    The key stays the same. Copies of the file elsewhere still open with the old passphrase: if somebody else
    may have one, revoke the key.
    """
    from medseg.workflows.people import change_passphrase

    old = read_passphrase(passphrase_file, passphrase_fd, prompt=f"Passphrase of {key.name} so far")
    new = read_passphrase(new_passphrase_file, None, prompt=f"New passphrase for {key.name}", confirm=True)
    change_passphrase(key, old, new)
    click.echo(f"{key}: the passphrase was changed")
