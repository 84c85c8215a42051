"""The state of a case, from those of its reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from medseg.review.states import State
from medseg.study.ledger import LedgerEntry
from medseg.study.records import Case, Read
from medseg.study.transaction import Transaction

_BEHIND = (State.UNASSIGNED, State.ASSIGNED, State.IN_PROGRESS, State.ADJUDICATION)
"""How far a blind read has come, the least first."""


def state_of(case: Case, reads: Sequence[Read]) -> State:
    """Where a case stands: as the read that counts; before adjudication, as the one furthest behind."""
    if case.leading is not None:
        return next(read.state for read in reads if read.number == case.leading)
    blind = [read.state for read in reads if read.number <= case.reads]
    return min(blind, key=_BEHIND.index)


def put_with_state(t: Transaction, case: Case, entry: LedgerEntry) -> Case:
    """Store a case in the state that follows from its reads, which are stored already."""
    return t.put_case(replace(case, state=state_of(case, t.reads(case.id))), entry)
