"""The check of a study whose database is on a server, while others work in it."""

from __future__ import annotations

from threading import Thread

import pytest
from sqlalchemy import create_engine, text

from medseg.workflows import study as use
from postgres_server import postgres
from study_cases import CASE, StudySite, make_study

__all__ = ["postgres"]


@pytest.fixture
def served(postgres, studies, tmp_path):
    site = make_study(tmp_path / "study", studies.keys, database=postgres.new_database())
    site.approved(released=True)
    use.add_comment(site.study, site.who("ben"), CASE, "hm", structure="liver", at_lps_mm=(1, 2.5, -3))
    yield site
    site.study.close()


def tamper(site, *statements):
    url = site.study.store.database.replace("postgresql://", "postgresql+psycopg://")
    engine = create_engine(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def test_sound_and_then_damaged(served):
    assert use.check_study(served.study).damages == ()
    tamper(
        served,
        "ALTER TABLE ledger DISABLE TRIGGER ledger_kept",
        "UPDATE ledger SET text = replace(text, 'ada', 'abe') WHERE number = 3",
        "UPDATE cases SET state = 'approved'",
        "UPDATE comments SET y_lps_mm = 9",
    )
    found = {(one.kind, one.what) for one in use.check_study(served.study).damages}
    assert {
        ("ledger", "entry 3"),
        ("state-differs", CASE),
        ("comment-differs", "comment 1"),
        ("guard-missing", "trigger ledger_kept"),
    } <= found


def test_what_others_do_meanwhile_is_no_damage(served):
    other = StudySite(served.path, served.keys)
    other.who("ada"), other.who("cory"), other.who("dora")

    def work():
        for number in range(3):
            case_id = f"more-{number}"
            other.add(case_id)
            other.assign("ada", case_id=case_id)
            other.save("ada", case_id=case_id)
            other.step("ada", "submitted", case_id=case_id)
            use.make_checkpoint(other.study, other.who("dora"))

    worker = Thread(target=work)
    worker.start()
    checks = 0
    try:
        while worker.is_alive():
            found = use.check_study(served.study)
            assert found.is_sound, found.damages
            checks += 1
    finally:
        worker.join()
        other.study.close()
    assert checks > 2
    assert use.check_study(served.study).damages == ()
