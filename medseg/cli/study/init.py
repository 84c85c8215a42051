"""``medseg study init`` and ``migrate``."""

from __future__ import annotations

from pathlib import Path

import click

from medseg.cli.keys.many_keys import founding_options, read_passphrases
from medseg.cli.study.answer import print_json
from medseg.cli.study.options import enclosing, study_option


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@founding_options
@click.option("--policy-version", default="1", show_default=True, help="What people call these rules.")
@click.option(
    "--approvals", default=1, show_default=True, help="Radiologists who must approve each structure."
)
@click.option("--reads", default=1, show_default=True, help="Readers of a new case, blind where several.")
@click.option("--session-minutes", default=15, show_default=True, help="How long a session of signing lasts.")
@click.option(
    "--database",
    metavar="URL",
    help="An empty PostgreSQL database, as postgresql://user@host/name. Default: SQLite.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def init(
    folder: Path,
    people: tuple[Path, ...],
    founders: tuple[Path, ...],
    passphrase_files: tuple[Path, ...],
    policy_version: str,
    approvals: int,
    reads: int,
    session_minutes: int,
    database: str | None,
    as_json: bool,  # noqa: FBT001 - click
) -> None:
    """Make a study in the folder DIR.

    Its first people are those whose cards are named. At least two founders sign the roster and the policy;
    later changes of both are signed, too: see medseg keys.
    """
    from medseg.workflows.study.create import Policy, create_study

    policy = Policy(policy_version, approvals, reads, session_minutes)
    opened = read_passphrases(founders, passphrase_files, option="--founder")
    made = create_study(folder, people=people, founders=opened, policy=policy, database=database)
    roster = made.trust().roster
    made.close()
    if as_json:
        print_json(
            {
                "id": made.id,
                "people": [person.id for person in roster.people],
                "founders": list(roster.founders),
                "policy": policy.as_dict(),
                "roster_sha256": roster.digest,
            }
        )
        return
    click.echo(
        f"{folder}: study {made.id}, {len(roster.people)} people, founded by {', '.join(roster.founders)}"
    )
    click.echo(f"roster sha256: {roster.digest}")


@click.command()
@study_option
def migrate(study_folder: Path | None) -> None:
    """Bring the study's database to this version of medseg. Make a copy of it first."""
    from medseg.study.store import Store

    version = Store.migrate(study_folder or enclosing())
    click.echo(f"the database has version {version}")
