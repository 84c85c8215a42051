"""``medseg sign``."""

from __future__ import annotations

from pathlib import Path

import click

from medseg.cli.passphrase import passphrase_options, read_passphrase

MEANINGS = (
    "submitted",
    "read",
    "adjudicated",
    "changes-requested",
    "approved",
    "released",
    "amended",
    "withdrawn",
    "superseded",
)
"""Those of :class:`medseg.review.states.Meaning`, written out so that ``--help`` need not import it."""


@click.command()
@click.argument("label_map", metavar="LABELMAP", type=click.Path(path_type=Path))
@click.option(
    "--meaning",
    required=True,
    type=click.Choice(MEANINGS),
    help="What your signature means.",
)
@click.option("--key", required=True, type=click.Path(path_type=Path), help="Your key file.")
@click.option(
    "--trust", type=click.Path(path_type=Path), help="The trust folder. Default: keys beside LABELMAP."
)
@click.option("--reason", help="Why; needed for what returns, chooses, amends, withdraws or supersedes.")
@click.option(
    "--structure",
    "structures",
    multiple=True,
    metavar="ID",
    help="A structure that an approval covers; repeatable. Default: all.",
)
@passphrase_options
def sign(
    label_map: Path,
    meaning: str,
    key: Path,
    trust: Path | None,
    reason: str | None,
    structures: tuple[str, ...],
    passphrase_file: Path | None,
    passphrase_fd: int | None,
) -> None:
    """Sign LABELMAP: submit it, approve it, ask for changes, release it, and whatever else is due.

    The signature covers the voxels, where they lie, the structures and the sidecars. It is written beside
    LABELMAP.
    """
    from medseg.workflows.sign import sign as sign_label_map

    passphrase = read_passphrase(passphrase_file, passphrase_fd, prompt=f"Passphrase of {key.name}")
    verification = sign_label_map(
        label_map,
        meaning=meaning,
        key=key,
        passphrase=passphrase,
        trust=trust,
        reason=reason,
        structures=structures or None,
    )
    signature = verification.signatures[-1]
    click.echo(
        f"{label_map.name}: {signature.meaning} by {signature.name} ({signature.role}) "
        f"at {signature.signed_at.isoformat(timespec='seconds')}"
    )
