"""Act in a study: authority is checked at every step, and what is refused is written down, too."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from medseg.errors import MedsegError, OutputError, TransitionError
from medseg.review.chain import CLOCK_TOLERANCE
from medseg.review.person import Person
from medseg.review.role import Role
from medseg.review.trust import Trust
from medseg.study.ledger import Event, LedgerAction, LedgerEntry
from medseg.study.transaction import Transaction
from medseg.workflows.study.opened import Study, now
from medseg.workflows.study.refusals import note_refusal
from medseg.workflows.study.signing_in import SignedIn


@dataclass(frozen=True)
class Act:
    """One act of one person, in one transaction.

    Attributes:
        study: The study.
        t: The transaction.
        trust: The trust folder, as it is now.
        person: Who acts, in his present role.
        at: When.
        case_id: About which case; None for none.
    """

    study: Study
    t: Transaction
    trust: Trust
    person: Person
    at: datetime
    case_id: str | None

    def log(self, action: LedgerAction, **fields: Any) -> LedgerEntry:
        """Write down what was done; see :class:`medseg.study.ledger.Event` for the fields."""
        given = {"case": self.case_id, **fields}
        given["details"] = {**given.get("details", {}), **_clock_details(self)}
        return self.t.append(Event(action, self.person.id, self.person.role.value, **given), self.at)

    def require_role(self, roles: Collection[Role], what: str) -> None:
        """Refuse what the role of who acts does not allow.

        Raises:
            TransitionError: It does not.
        """
        if self.person.role not in roles:
            names = " or ".join(role.value for role in Role if role in roles)
            raise TransitionError(f"only {names} may {what}, not {self.person.role}", rule="role")


@contextmanager
def acting(study: Study, who: SignedIn, case_id: str | None, what: str) -> Iterator[Act]:
    """Do something in a study: all of it or nothing.

    A refusal is written to the ledger, with who tried what and the rule that did not allow it. So is a clock
    that runs behind: the order of what happened comes from the chain.

    Args:
        study: The study.
        who: Who acts.
        case_id: About which case.
        what: What is tried, for the entry of a refusal.

    Raises:
        ReviewError: Who acts is not, or no longer, entitled to.
        StudyError: The study can't do this.
        OutputError: It can't be written; nothing was done.
        MedsegError: Whatever the block raises.
    """
    trust, person = study.trust(), who.person
    try:
        with study.store.transaction() as t:
            # Taken when it is one's turn: on one machine the times are in the order of the entries.
            at = now()
            person = trust.roster.signer(who.public_hex, at, trust=trust.roster.digest)
            act = Act(study, t, trust, person, at, case_id)
            _note_trust(act)
            yield act
    except MedsegError as error:
        note_refusal(study, person, case_id, what, error)
        raise
    except OSError as error:
        raise OutputError(
            f"could not {what}: {error.strerror or error}",
            hint="check the study's folder, its permissions and the free space; nothing was done",
        ) from error


def _note_trust(act: Act) -> None:
    """Write down that the trust folder was changed, the first time that anybody acts under the new one."""
    latest = act.t.latest(LedgerAction.STUDY_CREATED, LedgerAction.TRUST_CHANGED)
    digest = act.trust.roster.digest
    if latest is None or latest.fields["details"].get("trust") != digest:
        act.log(LedgerAction.TRUST_CHANGED, case=None, details={"trust": digest})


def _clock_details(act: Act) -> dict[str, int]:
    """By how much this clock runs behind that of who made the entry before, where that is more than usual."""
    head = act.t.head()
    if head is None:
        return {}
    (before,) = act.t.ledger(head.number)
    behind = datetime.fromisoformat(before.fields["at"]) - act.at
    return {"clock_behind_s": int(behind.total_seconds())} if behind > CLOCK_TOLERANCE else {}
