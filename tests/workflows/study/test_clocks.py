"""The order of what happened comes from the chain; a clock that runs wrong is told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from medseg.review.verification import Verdict
from medseg.study.ledger import verify_ledger
from medseg.workflows import study as use

pytestmark = pytest.mark.usefixtures("stays_sound")

DAY = timedelta(days=1)


@pytest.fixture
def clock(site, monkeypatch):
    """Sets the clock of whoever acts next; who acts signs in by that clock."""
    true = use.opened.now

    def set_by(offset):
        site._who.clear()
        for module in ("acting", "signing_in"):
            monkeypatch.setattr(f"medseg.workflows.study.{module}.now", lambda: true() + offset)

    return set_by


def drawn(site):
    site.add()
    site.assign("ada")
    return site.save("ada")


def test_a_clock_a_day_behind_is_told_in_ledger_and_verification(site, clock):
    revision = drawn(site)
    site.step("ada", "submitted")
    clock(-DAY)
    site.step("ben", "approved")
    entry = site.ledger()[-1]
    assert entry["details"]["clock_behind_s"] == pytest.approx(DAY.total_seconds(), abs=60)
    found = site.verify(revision)
    assert found.verdict is Verdict.VALID
    assert any("clock" in warning for warning in found.warnings)
    assert [s.meaning.value for s in found.signatures] == ["submitted", "approved"]
    with site.study.store.reading() as r:
        assert verify_ledger(r.ledger(), site.study.id).problems == ()


def test_a_clock_a_day_ahead_is_told_by_who_comes_after(site, clock):
    revision = drawn(site)
    clock(DAY)
    site.step("ada", "submitted")
    assert any("to come" in warning for warning in site.verify(revision).warnings)
    clock(timedelta(0))
    site.step("ben", "approved")
    assert "clock_behind_s" in site.ledger()[-1]["details"]
    assert any("clock" in warning for warning in site.verify(revision).warnings)


def test_clocks_that_differ_by_seconds_are_not_worth_a_word(site, clock):
    revision = drawn(site)
    site.step("ada", "submitted")
    clock(-timedelta(seconds=20))
    site.step("ben", "approved")
    assert "clock_behind_s" not in site.ledger()[-1]["details"]
    assert site.verify(revision).warnings == ()


def test_a_clock_that_is_set_back_ends_the_session(site, clock):
    drawn(site)
    session = site.who("ada").session
    clock(-DAY)
    assert not session.is_open(use.acting.now())
