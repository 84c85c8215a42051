"""``medseg keys trust`` and ``medseg keys show``: the trust folder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from medseg.cli.keys.many_keys import founding_options, read_passphrases

if TYPE_CHECKING:
    from medseg.workflows.show_trust import ShownTrust


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@founding_options
def trust(
    folder: Path,
    people: tuple[Path, ...],
    founders: tuple[Path, ...],
    passphrase_files: tuple[Path, ...],
) -> None:
    """Make the trust folder FOLDER.

    It holds the roster of all who may sign. At least two founders sign the roster, unless it has only one
    person. Later changes go by medseg keys propose; a roster is never replaced.
    """
    from medseg.workflows.people import create_trust

    opened = read_passphrases(founders, passphrase_files, option="--founder")
    roster = create_trust(folder, people, opened)
    click.echo(f"{folder}: {len(roster.people)} people, signed by {', '.join(roster.founders)}")
    click.echo(f"roster sha256: {roster.digest}")


@click.command()
@click.argument("folder", metavar="TRUST", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def show(folder: Path, as_json: bool) -> None:  # noqa: FBT001 - click
    """Show the trust folder TRUST: people, keys, the policy, changes and checkpoints.

    Every signature in it is checked.
    """
    from medseg.workflows.show_trust import show_trust

    shown = show_trust(folder)
    if as_json:
        click.echo(json.dumps(shown.as_dict(), indent=2, allow_nan=False))
        return
    for line in _lines(shown):
        click.echo(line)


def _lines(shown: ShownTrust) -> Iterator[str]:
    """The trust folder for people."""
    yield f"roster sha256: {shown.digest}"
    yield f"founded {shown.founded.isoformat(sep=' ', timespec='seconds')} by {', '.join(shown.founders)}"
    rules = shown.policy
    yield (
        f"policy {rules.version}: {rules.approvals} approvals, {rules.reads} reads, "
        f"{rules.session_minutes} minutes without a signature end a session"
    )
    for person in shown.people:
        yield f"{person.name} ({person.id}), {person.role}"
        for key in person.keys:
            yield f"  {key.public_hex[:16]}… {key.standing}" + (f": {key.text}" if key.text else "")
    for number, change in enumerate(shown.changes, start=1):
        reason = f": {change.reason}" if change.reason else ""
        at = change.at.isoformat(sep=" ", timespec="seconds")
        yield f"change {number}, {at}: {change.text}{reason}, signed by {', '.join(change.signers)}"
    for number, checkpoint in enumerate(shown.checkpoints, start=1):
        at = checkpoint.at.isoformat(sep=" ", timespec="seconds")
        yield (
            f"checkpoint {number}, {at}: {checkpoint.size} entries of the ledger, "
            f"{checkpoint.statements} signatures, signed by {checkpoint.by}"
        )
    for remark in shown.remarks:
        yield f"remark: {remark}"
