"""Which read of a case is somebody's own."""

from __future__ import annotations

from medseg.errors import TransitionError
from medseg.review.role import Role
from medseg.review.states import Meaning, State
from medseg.study.records import Case, Read
from medseg.workflows.study.acting import Act


def own_read(act: Act, case: Case) -> Read:
    """The read that who acts works on: his own, or a new one where he adjudicates.

    Raises:
        TransitionError: The case is not in his hands.
    """
    reads = act.t.reads(case.id)
    mine = [read for read in reads if read.reader == act.person.id]
    if case.leading is not None:
        # What was not chosen is kept as it was read.
        mine = [read for read in mine if read.number == case.leading]
    if mine:
        return mine[-1]
    if case.state is State.ADJUDICATION:
        require_adjudicator(act, case)
        number = case.reads + 1
        if any(read.number == number for read in reads):
            raise TransitionError(f"somebody else adjudicates {case.id} already", rule="assignment")
        return Read(case.id, number, act.person.id, State.ASSIGNED)
    raise TransitionError(
        f"{case.id} is not assigned to {act.person.name}", hint="have it assigned", rule="assignment"
    )


def require_adjudicator(act: Act, case: Case) -> None:
    """Refuse to let somebody decide between reads who may not.

    Raises:
        TransitionError: He is no radiologist, read the case himself, or somebody else was named.
    """
    act.require_role({Role.RADIOLOGIST}, "adjudicate")
    # Who began to draw a reading of his own may still find that one of the others is better.
    _require_stranger(act, case, "adjudicate", blind_only=True)
    if case.adjudicator not in (None, act.person.id):
        raise TransitionError(f"somebody else is to adjudicate {case.id}", rule="assignment")


def require_no_reader(act: Act, case: Case, what: str) -> None:
    """Refuse to let somebody judge who contoured this case himself, in whichever read.

    Who only saved a revision, and handed the case on before it was submitted, drew it too.

    Raises:
        TransitionError: He did.
    """
    _require_stranger(act, case, what, blind_only=False)


def _require_stranger(act: Act, case: Case, what: str, *, blind_only: bool) -> None:
    revisions = act.t.revisions(case.id)
    drew = {one.author for one in revisions if one.read <= case.reads or not blind_only}
    if not blind_only:
        # Who submitted what another saved made it his own.
        statements = act.t.statements(case.id)
        drew |= {one.person_id for one in statements if Meaning(one.meaning).makes_author}
    reads = act.t.reads(case.id) if case.is_blind else ()
    blind = {read.reader for read in reads if read.number <= case.reads}
    if act.person.id in drew | blind:
        raise TransitionError(f"who contoured {case.id} may not {what} it", rule="author")
