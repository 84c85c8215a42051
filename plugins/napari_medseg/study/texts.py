"""What the dock says about cases, signatures and comments, in a few words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from medseg.study.records import Case, Comment, Revision
from medseg.workflows.study import SignedIn
from medseg.workflows.study.open_steps import Meaning
from medseg.workflows.study.signed_history import SignedStatement, shown_numbers
from medseg.workflows.verify import State, Verdict
from napari_medseg.study.opened_case import OpenedCase

STATE_COLORS = {
    State.UNASSIGNED: "#9e9e9e",
    State.ASSIGNED: "#b0bec5",
    State.IN_PROGRESS: "#8ab4f8",
    State.SUBMITTED: "#ffc857",
    State.ADJUDICATION: "#ff9e64",
    State.CHANGES_REQUESTED: "#ff6b6b",
    State.APPROVED: "#6bcb77",
    State.RELEASED: "#2e9e5b",
    State.WITHDRAWN: "#8d6e63",
    State.SUPERSEDED: "#757575",
}
"""Told apart at a glance; the word stands beside the colour."""

DONE = (State.APPROVED, State.RELEASED, State.WITHDRAWN, State.SUPERSEDED)
"""Where a due date no longer matters."""

SHOWN_DIGITS = 16
"""Of a digest in a list; what is signed is shown in full."""

STEP_TITLES = {
    Meaning.SUBMITTED: "Submit…",
    Meaning.READ: "Submit reading…",
    Meaning.ADJUDICATED: "Choose",
    Meaning.APPROVED: "Approve…",
    Meaning.CHANGES_REQUESTED: "Request changes…",
    Meaning.RELEASED: "Release…",
    Meaning.AMENDED: "Amend…",
    Meaning.WITHDRAWN: "Withdraw…",
}

MEANINGS = {
    Meaning.SUBMITTED: "I drew it, and it is ready for review.",
    Meaning.READ: "I drew it alone, without having seen the other readings; it is ready to be compared.",
    Meaning.ADJUDICATED: "I compared the readings and choose this one.",
    Meaning.APPROVED: "I looked at it and approve it.",
    Meaning.CHANGES_REQUESTED: "I looked at it and send it back to be changed.",
    Meaning.RELEASED: "I release it for use.",
    Meaning.AMENDED: "I open it for a new revision. This one stays in force until the new one is approved.",
    Meaning.WITHDRAWN: "I take it back: it must not be used.",
}
"""What somebody says who signs so."""


def stamp(when: datetime) -> str:
    """A time, with its zone."""
    return when.isoformat(sep=" ", timespec="minutes")


def is_overdue(case: Case, today: date) -> bool:
    """Whether a case should be done by now."""
    return case.due is not None and case.due < today and case.state not in DONE


def people(ids: Sequence[str | None], names: Mapping[str, str]) -> str:
    """Printed names of people."""
    return ", ".join(names.get(one, one) if one else "nobody" for one in ids) or "nobody"


def about_identity(who: SignedIn | None, *, is_open: bool) -> str:
    """Who is signed in."""
    if who is None:
        return "Nobody is signed in"
    told = f"{who.person.name} · {who.person.role}"
    return told if is_open else f"{told} · time is up: key and passphrase at the next signature"


def about_case(opened: OpenedCase) -> str:
    """What a case is, who reads it, until when."""
    view, names = opened.view, opened.names
    readers = people([read.reader for read in view.reads if read.number <= view.case.reads], names)
    parts = [f"{'Read blind by' if view.case.is_blind else 'Read by'} {readers}"]
    if view.case.is_blind:
        named = view.case.adjudicator
        parts.append(f"Adjudicator: {people([named], names) if named else 'any radiologist'}")
    if view.case.due:
        parts.append(f"Due {view.case.due.isoformat()}")
    if view.case.structures:
        parts.append(f"Wanted: {', '.join(view.case.structures)}")
    if view.is_veiled:
        parts.append("The other readings are hidden until all are submitted")
    return "\n".join(parts)


def about_shown(opened: OpenedCase) -> str:
    """Which revision is open, and what verifying it says."""
    if opened.shown is None:
        return "No revision yet" if not opened.outlines else "The readings, as outlines"
    number = shown_numbers(opened.view)[opened.shown.digest]
    told = f"Revision {number}, {opened.shown.digest[:SHOWN_DIGITS]}…"
    found = opened.verification
    if found is None or found.verdict is Verdict.UNSIGNED:
        return f"{told}, not signed yet"
    return f"{told}: signatures {found.verdict.value}"


def about_force(opened: OpenedCase) -> str:
    """What counts while something newer is made; empty where nothing else does."""
    in_force = opened.view.case.in_force
    if in_force is None or (
        opened.shown is not None and opened.shown.digest == in_force and not _amends(opened)
    ):
        return ""
    number = next((one.number for one in opened.view.revisions if one.digest == in_force), None)
    return f"Revision {number} stays in force until a new one is approved." if number else ""


def _amends(opened: OpenedCase) -> bool:
    return not opened.view.case.state.is_locked


def about_signature(signed: SignedStatement) -> str:
    """A signature: meaning, name, time, and why."""
    lines = [
        f"{signed.meaning.value} · {signed.name} ({signed.role})",
        f"{stamp(signed.signed_at)} · revision {signed.revision}",
    ]
    return "\n".join([*lines, f"“{signed.reason}”"] if signed.reason else lines)


def about_revision(revision: Revision, opened: OpenedCase) -> str:
    """A revision in a list."""
    names, number = opened.names, shown_numbers(opened.view)[revision.digest]
    return f"{number} · {people([revision.author], names)} · {stamp(revision.saved_at)[:16]}"


def about_comment(comment: Comment, names: Mapping[str, str]) -> str:
    """A comment in a list."""
    head = [f"{comment.id}", people([comment.author], names)]
    if comment.structure:
        head.append(comment.structure)
    if comment.at_lps_mm is not None:
        head.append(place_text(comment.at_lps_mm))
    told = f"{' · '.join(head)}\n{comment.text}"
    return told if comment.is_open else f"{told}\nresolved by {people([comment.resolved_by], names)}"


def place_text(lps_mm: Sequence[float]) -> str:
    """A place in the patient, in LPS mm."""
    return ", ".join(f"{value:.1f}" for value in lps_mm)
