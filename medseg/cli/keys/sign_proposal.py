"""``medseg keys endorse`` and ``medseg keys apply``: sign a proposed change, and carry it out."""

from __future__ import annotations

from pathlib import Path

import click

from medseg.cli.passphrase import passphrase_options, read_passphrase


@click.command()
@click.argument("proposal", type=click.Path(path_type=Path))
@click.option("--key", required=True, type=click.Path(path_type=Path), help="Your key.")
@click.option(
    "--trust", type=click.Path(path_type=Path), help="The trust folder: tells who has signed and who must."
)
@passphrase_options
def endorse(
    proposal: Path, key: Path, trust: Path | None, passphrase_file: Path | None, passphrase_fd: int | None
) -> None:
    """Put your signature on a PROPOSAL of medseg keys propose.

    It says what it would change before it asks for your passphrase. Sign only what you know to be true: that
    this key is this person's, and that nobody is on the roster a second time.
    """
    from medseg.workflows.trust_changes import endorse_change, read_change

    before = read_change(proposal, trust=trust)
    click.echo(f"{before.change}, from {before.at.isoformat(sep=' ', timespec='seconds')}", err=True)
    for name in before.signers:
        click.echo(f"  signed by {name}", err=True)
    secret = read_passphrase(passphrase_file, passphrase_fd, prompt=f"Passphrase of {key.name}")
    status = endorse_change(proposal, key, secret, trust=trust)
    click.echo(f"{proposal}: signed")
    for missing in status.missing:
        click.echo(f"  still needed: {missing}")


@click.command()
@click.argument("proposal", type=click.Path(path_type=Path))
@click.option("--trust", required=True, type=click.Path(path_type=Path), help="The trust folder to change.")
def apply(proposal: Path, trust: Path) -> None:
    """Carry out a PROPOSAL that all who must have signed.

    Everything is checked again. If the trust folder changed since it was proposed, nothing is done.
    """
    from medseg.workflows.trust_changes import apply_change

    roster = apply_change(proposal, trust)
    click.echo(f"{trust}: changed: {roster.changes[-1].record.change}")
    click.echo(f"roster sha256: {roster.digest}")
