"""``medseg keys propose``: write down a change of the trust folder for others to sign."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from medseg.cli.keys.many_keys import read_passphrases

if TYPE_CHECKING:
    from medseg.workflows.trust_changes import Change

_Command = TypeVar("_Command", bound=Callable[..., Any])


@dataclass(frozen=True)
class _Way:
    """What all kinds of change have in common: where they go and who signs at once."""

    trust: Path
    out: Path | None
    at_once: bool
    keys: tuple[Path, ...]
    passphrase_files: tuple[Path, ...]
    reason: str


def _common_options(command: _Command) -> _Command:
    """Add the options of every kind of change."""
    options: Sequence[Callable[[_Command], _Command]] = (
        click.option(
            "--trust", required=True, type=click.Path(path_type=Path), help="The trust folder to change."
        ),
        click.option("--out", type=click.Path(path_type=Path), help="Write the proposal to this file."),
        click.option(
            "--apply", "at_once", is_flag=True, help="Apply it at once: all who must sign are given by --key."
        ),
        click.option(
            "--key",
            "keys",
            multiple=True,
            type=click.Path(path_type=Path),
            help="Sign with this key; several may be given.",
        ),
        click.option(
            "--passphrase-file",
            "passphrase_files",
            multiple=True,
            type=click.Path(path_type=Path, exists=True, dir_okay=False),
            help="Read the passphrase from this file: one for each --key, in the same order. Default: ask.",
        ),
        click.option("--reason", default="", help="Why, on one line."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.group()
def propose() -> None:
    """Propose a change of the trust folder.

    Hand the file that --out names to those who must sign it, one after the other: each calls medseg keys
    endorse. When all have signed, anybody calls medseg keys apply, within a day.

    enrol, role and rotate need the signature of the person whom they are about, with the new key where there
    is one, and of two other people. revoke needs the person's own latest key, or two other people. policy
    needs two people.
    """


@propose.command()
@click.argument("card", type=click.Path(path_type=Path))
@_common_options
def enrol(card: Path, **way: Any) -> None:
    """Take somebody new onto the roster, by the CARD that medseg keys create made."""
    from medseg.workflows.trust_changes import enrolment

    _carry_out(enrolment(card), _Way(**way))


@propose.command()
@click.argument("person")
@click.argument("role", type=click.Choice(["annotator", "radiologist", "qa", "coordinator"]))
@_common_options
def role(person: str, role: str, **way: Any) -> None:
    """Give PERSON, an id on the roster, another ROLE."""
    from medseg.workflows.trust_changes import change_of_role

    _carry_out(change_of_role(person, role), _Way(**way))


@propose.command()
@click.argument("card", type=click.Path(path_type=Path))
@_common_options
def rotate(card: Path, **way: Any) -> None:
    """Give somebody on the roster a new key, by the CARD of the new key; the old key ends.

    Make the new key with the id and the name that the person has on the roster.
    """
    from medseg.workflows.trust_changes import rotation

    given = _Way(**way)
    _carry_out(rotation(given.trust, card), given)


@propose.command()
@click.argument("whose")
@click.option("--why", required=True, type=click.Choice(["lost", "compromised", "left"]))
@click.option(
    "--from",
    "from_",
    metavar="TIME",
    help="From when, such as 2026-03-04T12:00+01:00: when it may have been lost. Default: now.",
)
@_common_options
def revoke(whose: str, why: str, from_: str | None, **way: Any) -> None:
    """End the latest key of WHOSE, an id on the roster; or a key given in hexadecimal.

    Signatures made with a lost or compromised key before that time count only where a checkpoint shows that
    they were there by then. Those of somebody who left stay as they are.
    """
    from medseg.workflows.trust_changes import revocation

    given = _Way(**way)
    _carry_out(revocation(given.trust, whose, why=why, from_=_time(from_)), given)


@propose.command()
@click.option("--version", required=True, help="What people shall call the new policy.")
@click.option("--approvals", type=int, help="How many radiologists must approve each structure.")
@click.option("--reads", type=int, help="How many readers contour a new case, blind to each other.")
@click.option("--session-minutes", type=int, help="After how long without a signature a session ends.")
@_common_options
def policy(
    version: str, approvals: int | None, reads: int | None, session_minutes: int | None, **way: Any
) -> None:
    """Set other rules; what is not given stays as it is."""
    from medseg.workflows.trust_changes import policy_with

    given = _Way(**way)
    change = policy_with(
        given.trust, version=version, approvals=approvals, reads=reads, session_minutes=session_minutes
    )
    _carry_out(change, given)


def _carry_out(change: Change, way: _Way) -> None:
    from medseg.workflows.trust_changes import change_trust, propose_change

    if way.at_once == (way.out is not None):
        raise click.UsageError("give --out, for others to sign, or --apply")
    opened = read_passphrases(way.keys, way.passphrase_files, option="--key")
    if way.out is None:
        roster = change_trust(way.trust, change, opened, reason=way.reason)
        click.echo(f"{way.trust}: changed: {change}")
        click.echo(f"roster sha256: {roster.digest}")
        return
    status = propose_change(way.trust, change, way.out, reason=way.reason, keys=opened)
    click.echo(f"{way.out}: {status.change}")
    for missing in status.missing:
        click.echo(f"  still needed: {missing}")


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError(
            f"--from: expected a time such as 2026-03-04T12:00+01:00, got {text!a}"
        ) from None
    # A time without a zone is one of this machine.
    return time if time.tzinfo else time.astimezone()
