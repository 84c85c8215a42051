"""The worklist with its filters and counts, and one case as somebody may see it."""

from __future__ import annotations

from datetime import date

import pytest

from medseg.errors import UnknownCaseError
from medseg.review.states import State
from medseg.study.worklist import Filter
from medseg.workflows import study as use
from study_cases import CASE

pytestmark = pytest.mark.usefixtures("stays_sound")


@pytest.fixture
def busy(site):
    """Four cases: unassigned, assigned, submitted, and a blind one."""
    site.add("liver-1", structures=["Liver"], due=date(2026, 3, 1))
    site.add("liver-2", structures=["Liver", "Tumour"], due=date(2026, 2, 1))
    site.add("brain-1", structures=["Hippocampus"])
    site.add("brain-2", reads=2)
    site.assign("ada", case_id="liver-2")
    site.assign("abe", case_id="brain-1")
    site.assign("ada", "abe", case_id="brain-2", adjudicator="carl")
    site.save("abe", case_id="brain-1")
    site.step("abe", "submitted", case_id="brain-1")
    use.add_comment(site.study, site.who("ben"), "brain-1", "left?")
    return site


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (Filter(), ["liver-2", "liver-1", "brain-1", "brain-2"]),
        (Filter(state=(State.ASSIGNED,)), ["liver-2", "brain-2"]),
        (Filter(state=(State.SUBMITTED, State.UNASSIGNED)), ["liver-1", "brain-1"]),
        (Filter(person="ada"), ["liver-2", "brain-2"]),
        (Filter(person="carl"), ["brain-2"]),
        (Filter(structure="Liver"), ["liver-2", "liver-1"]),
        (Filter(due_before=date(2026, 3, 1)), ["liver-2"]),
        (Filter(text="BRAIN"), ["brain-1", "brain-2"]),
        (Filter(text="%"), []),
        (Filter(open_comments=True), ["brain-1"]),
        (Filter(person="ada", structure="Tumour"), ["liver-2"]),
    ],
)
def test_the_worklist_is_filtered(busy, wanted, ids):
    found = use.list_cases(busy.study, filter=wanted)
    assert [row.case.id for row in found.rows] == ids
    assert sum(found.counts.values()) == len(ids)


def test_the_worklist_counts_over_all_pages(busy):
    found = use.list_cases(busy.study, limit=1, offset=2)
    (row,) = found.rows
    assert (row.case.id, row.readers, row.open_comments) == ("brain-1", ("abe",), 1)
    assert found.counts == {State.UNASSIGNED: 1, State.ASSIGNED: 2, State.SUBMITTED: 1}


def test_due_dates_change(busy):
    use.set_due(busy.study, busy.who("cory"), "liver-1", date(2026, 1, 1))
    assert use.list_cases(busy.study).rows[0].case.id == "liver-1"
    assert busy.ledger()[-1]["details"] == {"from": "2026-03-01", "to": "2026-01-01"}
    assert use.set_due(busy.study, busy.who("cory"), "liver-1", None).due is None


def test_a_case_is_shown_with_all_there_is(site):
    first = site.submitted()
    site.step("ben", "changes-requested", reason="more")
    second = site.save("ada", size=2)
    site.step("ada", "submitted")
    shown = use.show_case(site.study, CASE)
    assert [one.digest for one in shown.revisions] == [first.digest, second.digest]
    assert [one.meaning for one in shown.statements] == ["submitted", "changes-requested", "submitted"]
    assert not shown.is_veiled
    with pytest.raises(UnknownCaseError):
        use.show_case(site.study, "case-0009")
