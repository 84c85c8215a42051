"""The session of use: it ends by itself (21 CFR 11.200(a)(1))."""

from __future__ import annotations

from datetime import timedelta

import pytest

from medseg.errors import SessionEndedError
from medseg.review.session import SigningSession
from signers import NOON, person

MINUTE = timedelta(minutes=1)


@pytest.fixture
def session():
    ben, key = person("Ben", "radiologist")
    return SigningSession(ben, key, minutes=15, now=NOON)


def test_each_signature_starts_the_time_anew(session):
    for minutes in (14, 28, 42):
        assert session.key(NOON + minutes * MINUTE).public_hex == session.person.public_hex


@pytest.mark.parametrize("after", [15 * MINUTE, timedelta(days=1), -timedelta(seconds=1)])
def test_it_ends_after_a_while_and_when_the_clock_is_set_back(session, after):
    assert not session.is_open(NOON + after)
    with pytest.raises(SessionEndedError, match="the session of Ben has ended") as caught:
        session.key(NOON + after)
    assert caught.value.details["person"] == "ben"
    with pytest.raises(SessionEndedError):
        session.key(NOON + MINUTE)


def test_looking_does_not_prolong_it(session):
    assert session.is_open(NOON + 14 * MINUTE)
    assert not session.is_open(NOON + 16 * MINUTE)


def test_the_key_is_forgotten(session):
    session.end()
    assert not session.is_open(NOON)
    with pytest.raises(SessionEndedError):
        session.key(NOON)
