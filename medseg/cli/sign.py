"""``medseg sign``."""

from __future__ import annotations

from pathlib import Path

import click

from medseg.cli.passphrase import passphrase_options, read_passphrase


@click.command()
@click.argument("label_map", metavar="LABELMAP", type=click.Path(path_type=Path))
@click.option(
    "--meaning",
    required=True,
    type=click.Choice(["submitted", "approved", "changes-requested"]),
    help="What your signature means.",
)
@click.option("--key", required=True, type=click.Path(path_type=Path), help="Your key file.")
@click.option(
    "--trust", type=click.Path(path_type=Path), help="The trust folder. Default: keys beside LABELMAP."
)
@click.option("--reason", help="Why; needed for changes-requested.")
@passphrase_options
def sign(
    label_map: Path,
    meaning: str,
    key: Path,
    trust: Path | None,
    reason: str | None,
    passphrase_file: Path | None,
    passphrase_fd: int | None,
) -> None:
    """Sign LABELMAP: submit it, approve it, or ask for changes.

    The signature covers the voxels, where they lie, the structures and the sidecars. It is written beside
    LABELMAP.
    """
    from medseg.workflows.sign import sign as sign_label_map

    passphrase = read_passphrase(passphrase_file, passphrase_fd, prompt=f"Passphrase of {key.name}")
    verification = sign_label_map(
        label_map, meaning=meaning, key=key, passphrase=passphrase, trust=trust, reason=reason
    )
    signature = verification.signatures[-1]
    click.echo(
        f"{label_map.name}: {signature.meaning} by {signature.name} ({signature.role}) "
        f"at {signature.signed_at.isoformat(timespec='seconds')}"
    )
