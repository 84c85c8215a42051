"""What a model thinks of cases, in the database: the least sure first, page by page, of this image alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from medseg.review.states import State
from medseg.study.ledger import Event, LedgerAction
from medseg.study.records import Case, CaseUncertainty, Ranking
from medseg.study.worklist import ALL, Filter, Order

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
MODEL = Ranking(0, "aa" * 32, "model", "1.0", samples=8, seed=0, mirrored=False)


def case(number):
    state = State.ASSIGNED if number % 2 else State.IN_PROGRESS
    image_sha256 = f"{number:02d}" * 32
    return Case(f"case-{number}", state, "images/x.nii.gz", image_sha256, due=date(2026, 1, 31 - number))


@pytest.fixture
def cases(store):
    made = [case(number) for number in range(6)]
    with store.transaction() as t:
        for one in made:
            t.add_case(one, t.append(Event(LedgerAction.CASE_ADDED, "cory", "coordinator", case=one.id)))
    return made


def put(store, ranking, values):
    with store.transaction() as t:
        ranking = t.put_ranking(ranking)
        for one, value in values:
            numbers = ({"structure": "Tumour", "uncertainty": value},)
            t.put_uncertainty(CaseUncertainty(ranking.number, one.id, one.image_sha256, value, numbers, NOON))
    return ranking


def ids(store, wanted=ALL, **more):
    with store.reading() as r:
        return [row.case.id for row in r.worklist(wanted, **more)]


def named(*numbers):
    return [f"case-{number}" for number in numbers]


def test_the_least_sure_come_first_then_those_where_none_was_found_then_those_not_asked(store, cases):
    due_first = named(5, 4, 3, 2, 1, 0)
    assert ids(store, by=Order.UNCERTAINTY) == ids(store) == due_first
    ranking = put(store, MODEL, zip(cases, [0.4, None, 0.9, 0.4], strict=False))
    doubtful_first = named(2, 3, 0, 1, 5, 4)
    assert ids(store, by=Order.UNCERTAINTY) == doubtful_first
    assert ids(store) == due_first
    pages = [ids(store, by=Order.UNCERTAINTY, limit=2, offset=n) for n in (0, 2, 4, 6)]
    assert [one for page in pages for one in page] == doubtful_first
    odd = Filter(state=(State.ASSIGNED,))
    assert ids(store, odd, by=Order.UNCERTAINTY) == named(3, 1, 5)
    for limit in (None, 3):
        with store.reading() as r:
            rows = r.worklist(limit=limit)
        assert [(row.is_asked, row.uncertainty, row.doubt) for row in rows[1:3]] == [
            (False, None, ""),
            (True, 0.4, "0.40"),
        ]
    with store.reading() as r:
        (none,) = r.worklist(Filter(text="case-1"))
        assert (none.is_asked, none.uncertainty, none.doubt) == (True, None, "found none")
        found = r.uncertainty(ranking, cases[2])
        assert (found.value, found.structures[0]["structure"], found.estimated) == (0.9, "Tumour", NOON)
        assert r.uncertainty(ranking, cases[5]) is None


def test_what_is_of_another_image_is_not_shown(store, cases):
    earlier = replace(cases[2], image_sha256="ff" * 32)
    ranking = put(store, MODEL, [(earlier, 0.9), (cases[3], 0.1)])
    assert ids(store, by=Order.UNCERTAINTY)[0] == "case-3"
    with store.reading() as r:
        assert r.uncertainty(ranking, cases[2]) is None
        assert [row.is_asked for row in r.worklist() if row.case.id == "case-2"] == [False]
    put(store, MODEL, [(cases[2], 0.8)])
    assert ids(store, by=Order.UNCERTAINTY)[:2] == named(2, 3)


def test_the_model_that_was_asked_last_is_shown_and_others_come_back(store, cases):
    first = put(store, MODEL, [(cases[0], 0.9)])
    other = put(store, replace(MODEL, samples=4), [(cases[1], 0.2)])
    assert (first.number, other.number) == (1, 2)
    with store.reading() as r:
        assert r.ranking() == other
    assert ids(store, by=Order.UNCERTAINTY)[0] == "case-1"
    assert put(store, MODEL, []).number == 1
    with store.reading() as r:
        assert r.ranking() == first
    assert ids(store, by=Order.UNCERTAINTY)[0] == "case-0"


def test_nothing_of_it_is_in_the_ledger(store, cases):
    put(store, MODEL, [(cases[0], 0.9)])
    with store.reading() as r:
        assert {entry.action for entry in r.ledger()} == {LedgerAction.CASE_ADDED}
