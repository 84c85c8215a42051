"""Walks through the table of states, signed step by step."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import HealthCheck, settings

from medseg.errors import TransitionError
from medseg.review.states import Meaning
from signers import NOON, Signers

SLOWLY = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

PEOPLE = ("ada", "ben", "cleo", "dora", "emil")

LONG_WALK = [
    ("ada", Meaning.SUBMITTED),
    ("ben", Meaning.CHANGES_REQUESTED),
    ("ada", Meaning.SUBMITTED),
    ("ben", Meaning.APPROVED),
    ("dora", Meaning.RELEASED),
    ("dora", Meaning.AMENDED),
    ("ada", Meaning.SUBMITTED),
    ("cleo", Meaning.APPROVED),
    ("ben", Meaning.SUPERSEDED),
]
"""From the first submission to an approved amendment, which a further one has superseded."""


def walked(site: Signers, steps: list[tuple[str, Meaning]]) -> tuple[bytes, list[Meaning]]:
    """Sign what is allowed, and be refused the rest."""
    bundle, signed = b"", []
    for number, (who, meaning) in enumerate(steps):
        try:
            at = NOON + timedelta(minutes=number)
            bundle = site.signed(bundle, who, meaning.value, signed_at=at)
        except TransitionError:
            continue
        signed.append(meaning)
    return bundle, signed
