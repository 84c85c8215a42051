"""The store on SQLite and on PostgreSQL: what is written once stays, what fails leaves nothing."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from medseg.errors import (
    ConflictError,
    DamagedStudyError,
    DatabaseError,
    OutputError,
    OutputExistsError,
    StudyError,
    UnknownCaseError,
)
from medseg.review.states import State
from medseg.study.ledger import Event, LedgerAction, verify_ledger
from medseg.study.records import Case, Comment, Read, Revision, StoredStatement
from medseg.study.schema import APPEND_ONLY, NEVER_DELETED, metadata
from medseg.study.store import Store
from medseg.study.worklist import Filter

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
CASE = Case(
    "case-0001", State.ASSIGNED, "images/x.nii.gz", "11" * 32, ("Liver", "Tumour »A«"), due=date(2026, 5, 1)
)


def add(store, case=CASE, *readers):
    with store.transaction() as t:
        case = t.add_case(case, t.append(Event(LedgerAction.CASE_ADDED, "cory", "coordinator", case=case.id)))
        for number, reader in enumerate(readers, start=1):
            t.put_read(Read(case.id, number, reader, State.ASSIGNED))
    return case


def filled(store):
    """A case with a read, a revision, a statement and a comment."""
    add(store, CASE, "ada")
    with store.transaction() as t:
        entry = t.append(Event(LedgerAction.SAVED, "ada", "annotator", case=CASE.id, details={"number": 1}))
        revision = Revision(
            CASE.id, "22" * 32, 1, 1, None, "ada", NOON, "revisions/a", {"a.nii.gz": "33" * 32}
        )
        t.add_revision(revision, b"")
        t.put_read(Read(CASE.id, 1, "ada", State.IN_PROGRESS, head=revision.digest))
        t.add_statement(
            StoredStatement("44" * 32, CASE.id, revision.digest, b"{}", "submitted", "ada", NOON),
            to=revision.digest,
        )
        t.add_comment(Comment(0, CASE.id, None, "liver", (1.5, -2.0, 3.25), "look", "ben", NOON))
        t.put_case(t.case(CASE.id), entry)
    return revision


def test_what_was_stored_comes_back(store):
    revision = filled(store)
    with Store.open(store.folder.path).reading() as r:
        assert r.case(CASE.id) == replace(CASE, version=2)
        assert r.reads(CASE.id) == (Read(CASE.id, 1, "ada", State.IN_PROGRESS, head=revision.digest),)
        assert r.revisions(CASE.id) == (revision,)
        assert r.revision(CASE.id, revision.digest[:8]) == revision
        assert r.bundle(CASE.id, revision.digest) == b"{}\n"
        assert r.comments() == (Comment(1, CASE.id, None, "liver", (1.5, -2.0, 3.25), "look", "ben", NOON),)
        assert [entry.number for entry in r.ledger()] == [1, 2]


def test_what_does_not_exist(store):
    add(store)
    with store.reading() as r:
        for ask in (
            lambda: r.case("case-9"),
            lambda: r.read(CASE.id, 5),
            lambda: r.revision(CASE.id, "00" * 32),
            lambda: r.statement("00" * 32),
            lambda: r.comment(7),
        ):
            with pytest.raises(UnknownCaseError):
                ask()


def test_a_failure_leaves_nothing(store):
    def fails():
        with store.transaction() as t:
            t.append(Event(LedgerAction.VIEWED, "ada", "annotator"))
            raise KeyError

    with pytest.raises(KeyError):
        fails()
    with store.reading() as r:
        assert r.head() is None


def test_a_case_is_added_once(store):
    add(store)
    with pytest.raises(ConflictError):
        add(store)
    with store.reading() as r:
        assert r.head().number == 1


def test_a_statement_counts_once(store):
    revision = filled(store)
    again = StoredStatement("44" * 32, CASE.id, revision.digest, b"{}", "submitted", "ada", NOON)
    with pytest.raises(ConflictError) as caught, store.transaction() as t:
        t.add_statement(again, to=revision.digest)
    assert caught.value.details["reason"] == "replayed"


def test_a_case_that_moved_on_is_a_conflict(store):
    case = add(store)
    with pytest.raises(ConflictError, match="changed by somebody else"), store.transaction() as t:
        t.require_version(t.case(case.id), case.version - 1)


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_rows_that_are_never_changed(store, table):
    filled(store)
    column = {"bundle_lines": "position", "study": "created"}.get(
        table, "sha256" if table != "revisions" else "number"
    )
    value = "7" if column in ("position", "number") else "'x'"
    for statement in (f"UPDATE {table} SET {column} = {value}", f"DELETE FROM {table}"):
        with pytest.raises(StudyError, match="kept as they are") as caught, store.transaction() as t:
            t._connection.exec_driver_sql(statement)
        assert caught.value.details["reason"] == "kept"


@pytest.mark.parametrize("table", NEVER_DELETED)
def test_rows_that_are_never_deleted(store, table):
    filled(store)
    with pytest.raises(StudyError, match="kept as they are"), store.transaction() as t:
        t._connection.exec_driver_sql(f"DELETE FROM {table}")


def test_a_ledger_is_not_emptied(store, url):
    if url is None:
        pytest.skip("SQLite has no TRUNCATE")
    filled(store)
    with pytest.raises(StudyError, match="kept as they are"), store.transaction() as t:
        t._connection.exec_driver_sql("TRUNCATE ledger")


def test_nothing_is_replaced_in_or_put_before_the_end_of_the_ledger(store):
    filled(store)
    verb = "INSERT OR REPLACE" if store.database is None else "INSERT"
    for number in (2, 7):
        with pytest.raises(StudyError, match="end of the ledger"), store.transaction() as t:
            t._connection.exec_driver_sql(
                f"{verb} INTO ledger (number, previous, sha256, text, action) "
                f"VALUES ({number}, 'p', 's', 't', 'viewed')"
            )


def test_the_migrations_make_the_tables_of_the_schema(store):
    with store.reading() as r:
        context = MigrationContext.configure(r._connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_filters_and_counts(store):
    add(store, CASE, "ada")
    add(store, replace(CASE, id="c2", state=State.SUBMITTED, structures=("Spleen",), due=None), "abe")
    add(store, replace(CASE, id="c_3", due=date(2026, 4, 1), adjudicator="ben", reads=2), "ada", "abe")
    with store.transaction() as t:
        t.add_comment(Comment(0, "c2", None, None, None, "look", "ben", NOON))

    def ids(**wanted):
        with store.reading() as r:
            return [row.case.id for row in r.worklist(Filter(**wanted))]

    # Those that are due first, then those without a date.
    assert ids() == ["c_3", "case-0001", "c2"]
    assert ids(state=(State.SUBMITTED, State.RELEASED)) == ["c2"]
    assert ids(person="ada") == ["c_3", "case-0001"]
    assert ids(person="ben") == ["c_3"]
    assert ids(structure="Tumour »A«") == ["c_3", "case-0001"]
    assert ids(structure="Tumour") == []
    assert ids(structure="liver") == ids(structure="%") == []
    assert ids(due_before=date(2026, 5, 1)) == ["c_3"]
    assert ids(text="C_3") == ["c_3"]
    assert ids(text="%") == []
    assert ids(open_comments=True) == ["c2"]
    assert ids(open_comments=False, person="abe") == ["c_3"]
    with store.reading() as r:
        assert r.counts() == {State.ASSIGNED: 2, State.SUBMITTED: 1}
        (row,) = r.worklist(limit=1, offset=2)
        assert (row.case.id, row.readers, row.open_comments) == ("c2", ("abe",), 1)
        assert r.worklist(limit=1)[0].readers == ("ada", "abe")


def test_a_study_is_made_once(tmp_path):
    Store.create(tmp_path).close()
    with pytest.raises(OutputExistsError):
        Store.create(tmp_path)


def test_a_database_is_used_by_one_study(postgres, tmp_path):
    url = postgres.new_database()
    for name in "ab":
        (tmp_path / name).mkdir()
    Store.create(tmp_path / "a", url=url).close()
    with pytest.raises(DatabaseError) as caught:
        Store.create(tmp_path / "b", url=url)
    assert caught.value.details["reason"] == "holds-study"
    assert list((tmp_path / "b").iterdir()) == []


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:secret@localhost/db",
        "postgresql://user@localhost/db?password=secret",
        "postgresql://user@localhost/db?sslpassword=secret",
    ],
)
def test_a_password_is_never_written_down(tmp_path, url):
    with pytest.raises(DatabaseError) as caught:
        Store.create(tmp_path, url=url)
    assert caught.value.details["reason"] == "password"
    assert "secret" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["mysql://host/db", "no url", "postgresql://u@127.0.0.1:1/db"])
def test_a_database_that_can_not_be_used(tmp_path, url):
    with pytest.raises(DatabaseError):
        Store.create(tmp_path, url=url)
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_is_gone_or_of_another_study(tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
        Store.create(tmp_path / name).close()
    shutil.copy(tmp_path / "a" / "study.sqlite", tmp_path / "b" / "study.sqlite")
    with pytest.raises(DamagedStudyError, match="another study"):
        Store.open(tmp_path / "b")
    (tmp_path / "b" / "study.sqlite").unlink()
    with pytest.raises(DatabaseError, match="missing"):
        Store.open(tmp_path / "b")
    (tmp_path / "a" / "study.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(DatabaseError, match="not a database"):
        Store.open(tmp_path / "a")


def test_a_database_that_vanishes_while_it_is_used_is_not_made_anew(tmp_path):
    for store in (Store.create(tmp_path), Store.open(tmp_path)):
        (tmp_path / "study.sqlite").rename(tmp_path / "elsewhere")
        with pytest.raises(DatabaseError, match="unable to open"), store.reading():
            pass
        with pytest.raises(DatabaseError, match="unable to open"), store.transaction():
            pass
        assert not (tmp_path / "study.sqlite").exists()
        (tmp_path / "elsewhere").rename(tmp_path / "study.sqlite")


@pytest.mark.parametrize("name", ["what?mode=memory", "a#b", "100%25", "a b", "Prüfung"])
def test_a_folder_of_any_name(tmp_path, name, monkeypatch):
    (tmp_path / name).mkdir()
    Store.create(tmp_path / name).close()
    monkeypatch.chdir(tmp_path)
    with Store.open(Path(name)).reading() as r:
        assert r.head() is None
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert {path.name for path in (tmp_path / name).iterdir()} == {"study.json", "study.sqlite"}


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(OutputError, match=r"study\.sqlite can't be made"):
        Store.create(tmp_path / "nowhere")


def test_a_row_of_the_ledger_that_is_no_text_is_named(tmp_path):
    store = Store.create(tmp_path)
    with store.transaction() as t:
        for _ in range(3):
            t.append(Event(LedgerAction.VIEWED, "ada", "annotator"))
    with closing(sqlite3.connect(tmp_path / "study.sqlite")) as connection, connection:
        connection.execute("DROP TRIGGER ledger_no_update")
        connection.execute("UPDATE ledger SET text = CAST(x'7bff' AS TEXT) WHERE number = 2")
    with store.reading() as r:
        problems = verify_ledger(r.ledger(), store.id).problems
    assert [problem.number for problem in problems] == [2]


@pytest.mark.parametrize(("version", "reason"), [("0000", "newer"), ("9999", "newer")])
def test_a_database_of_another_version(tmp_path, version, reason):
    Store.create(tmp_path).close()
    with sqlite3.connect(tmp_path / "study.sqlite") as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", [version])
    connection.close()
    for open_it in (Store.open, Store.migrate):
        with pytest.raises(DatabaseError) as caught:
            open_it(tmp_path)
        assert caught.value.details["reason"] == reason


@pytest.mark.parametrize("damage", ["", "[]", '{"schema": "x"}', '{"id": 5', "nul\x00"])
def test_a_damaged_description(tmp_path, damage):
    Store.create(tmp_path).close()
    (tmp_path / "study.json").write_text(damage)
    with pytest.raises(DamagedStudyError, match=r"study\.json is damaged"):
        Store.open(tmp_path)


def test_a_folder_without_a_study(tmp_path):
    with pytest.raises(UnknownCaseError, match="no study"):
        Store.open(tmp_path)


def test_a_path_that_leads_out_of_the_study_is_refused(store):
    for path in ("../x", "/etc/passwd", "a/../../x"):
        with pytest.raises(DamagedStudyError, match="outside"):
            store.folder.absolute(path)
