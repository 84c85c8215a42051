"""Make a study."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from medseg.io.atomic_folder import whole_folder
from medseg.review.policy import Policy
from medseg.study.ledger import Event, LedgerAction
from medseg.study.store import Store
from medseg.workflows.people import create_trust
from medseg.workflows.study.opened import Study, open_study

__all__ = ["Policy", "create_study"]


def create_study(
    folder: Path | str,
    *,
    people: Sequence[Path],
    founders: Sequence[tuple[Path, str]],
    policy: Policy | None = None,
    database: str | None = None,
) -> Study:
    """Make a study: its trust folder, its database, and the first entry of its ledger; all of it or nothing.

    Args:
        folder: A folder that does not exist yet, or an empty one.
        people: The cards of all who take part from the start, founders included.
        founders: Key file and passphrase of each founder: at least two people, unless there is only one.
        policy: The rules; by default one approval, one reader, sessions of a quarter of an hour.
        database: URL of an empty PostgreSQL database, without a password; by default SQLite in the folder.

    Raises:
        OutputExistsError: The folder holds something.
        ReviewError: A card is altered, two entries could be one person, too few founders.
        SigningKeyError: A founder's key can't be opened.
        DatabaseError: The database can't be used, or holds a study.
        OutputError: The folder can't be written.
    """
    with whole_folder(Path(folder)) as made:
        roster = create_trust(made / "trust", people, founders, policy=policy)
        store = Store.create(made, url=database)
        founder = roster.person(roster.founders[0])
        assert founder is not None  # noqa: S101 - who founds a roster is on it
        with store.transaction() as t:
            details = {"trust": roster.digest, "founders": list(roster.founders)}
            t.append(Event(LedgerAction.STUDY_CREATED, founder.id, founder.role.value, details=details))
        store.close()
    return open_study(folder)
