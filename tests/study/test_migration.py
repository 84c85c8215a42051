"""A study of an earlier medseg: nothing is migrated unasked, and nothing is lost."""

from __future__ import annotations

import json

import pytest
from alembic import command

from medseg.errors import DatabaseError
from medseg.review.states import State
from medseg.study import migration
from medseg.study.ledger import Event, LedgerAction
from medseg.study.records import Case, Ranking, Read
from medseg.study.store import Store
from medseg.study.worklist import Order

CASE = Case("case-0001", State.ASSIGNED, "images/x.nii.gz", "11" * 32, ("Liver",))


def to_first(connection):
    """Make the tables as the first version had them."""
    config = migration._config()
    config.attributes["connection"] = connection
    command.upgrade(config, "0001")


@pytest.fixture
def old(url, tmp_path, monkeypatch):
    """The folder of a study of the first version, with a case."""
    with monkeypatch.context() as patch:
        patch.setattr(migration, "migrate", to_first)
        made = Store.create(tmp_path, url=url)
    with made.transaction() as t:
        t.add_case(CASE, t.append(Event(LedgerAction.CASE_ADDED, "cory", "coordinator", case=CASE.id)))
        t.put_read(Read(CASE.id, 1, "ada", State.ASSIGNED))
    made.close()
    return tmp_path


def test_an_older_database_is_not_migrated_unasked(old):
    for _ in range(2):
        with pytest.raises(DatabaseError, match="version 0001, and this medseg works with 0002") as caught:
            Store.open(old)
        assert caught.value.details["reason"] == "older"
        assert "medseg study migrate" in caught.value.hint


def test_migrating_an_older_database_keeps_all_and_adds_what_is_new(old):
    assert Store.migrate(old) == "0002"
    store = Store.open(old)
    with store.reading() as r:
        assert [entry.action for entry in r.ledger()] == [LedgerAction.CASE_ADDED]
        assert r.ranking() is None
        (row,) = r.worklist(by=Order.UNCERTAINTY)
        assert (row.case.id, row.readers, row.is_asked) == (CASE.id, ("ada",), False)
    with store.transaction() as t:
        ranking = Ranking(0, "22" * 32, "model", "1", samples=8, seed=0, mirrored=False)
        assert t.put_ranking(ranking).number == 1
    store.close()


def test_migrating_what_is_current_changes_nothing(store):
    assert Store.migrate(store.folder.path) == migration.newest_version()
    assert json.loads(store.folder.description.read_text())["id"] == store.id
