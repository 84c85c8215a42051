"""A case of a study → a case of the panel: to work on, or to look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from medseg.errors import UnknownCaseError
from medseg.labelmap import LabelMap
from medseg.progress import Progress, silent
from medseg.study.records import Read, Revision
from medseg.volume import Volume
from medseg.workflows.open_image import open_image
from medseg.workflows.open_label_map import open_label_map
from medseg.workflows.study import (
    CaseView,
    SignedIn,
    Study,
    check_out,
    show_case,
    view_revision,
)
from medseg.workflows.study.open_steps import OpenStep, editable_read, may_adjudicate, open_steps
from medseg.workflows.study.signed_history import SignedStatement, signed_history
from medseg.workflows.verify import State, Verification, verify
from napari_medseg.case import Case
from napari_medseg.keeper import LookOnly
from napari_medseg.opening import put_on, read_label_map
from napari_medseg.study.study_keeper import StudyKeeper

READING_COLORS = (
    "#4dd0e1",
    "#ffb74d",
    "#ba68c8",
    "#aed581",
    "#f06292",
    "#fff176",
    "#90a4ae",
    "#a1887f",
    "#e57373",
)
"""Of the outlines of blind reads, as many as there can be."""

EARLIER_COLOR = "#ff5db1"
"""Of the outline of an earlier revision."""


@dataclass(frozen=True, eq=False)
class Outline:
    """A label map that is shown as an outline beside the one that is worked on.

    Attributes:
        title: What it is.
        color: Of all its structures.
        label_map: The label map.
    """

    title: str
    color: str
    label_map: LabelMap


@dataclass(frozen=True, eq=False)
class OpenedCase:
    """A case of a study, as somebody may see it now.

    Attributes:
        case: What the panel shows.
        view: What the study knows of it.
        shown: The revision that is shown or was begun from; None where there is none.
        verification: What anybody who verifies that revision is told; None where there is none.
        signed: The signatures on its revisions, in order.
        steps: The signatures that could be given now.
        names: Printed names of the people, by id.
        outlines: The reads to decide between; empty but in adjudication.
        may_decide: Whether it is the part of who opened it to decide between them.
        is_unsaved: Whether the working copy holds work of which no revision tells.
    """

    case: Case
    view: CaseView
    shown: Revision | None = None
    verification: Verification | None = None
    signed: tuple[SignedStatement, ...] = ()
    steps: tuple[OpenStep, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    outlines: tuple[Outline, ...] = ()
    may_decide: bool = False
    is_unsaved: bool = False


def open_in_study(
    study: Study,
    who: SignedIn,
    case_id: str,
    *,
    volume: Volume | None = None,
    draw_own: bool = False,
    progress: Progress = silent,
) -> OpenedCase:
    """Open a case: the working copy for who works on it, else the revision to be looked at.

    Args:
        study: The study.
        who: Who opens it.
        case_id: The case.
        volume: Its image, where it is in memory already.
        draw_own: Whether who decides between reads draws one of his own.
        progress: Called between the steps.

    Raises:
        MedsegError: It can't be opened by this person, or is not what was saved.
    """
    progress(f"Opening {case_id}", 0, 0)
    view = show_case(study, case_id, who=who)
    volume = volume or open_image(study.folder.absolute(view.case.image), progress=progress)
    progress(f"Opening {case_id}", 0, 0)
    case = Case(volume, case_id)
    case.image_path = study.folder.absolute(view.case.image)
    read = editable_read(view, who.person)
    outlines: tuple[Outline, ...] = ()
    is_unsaved = False
    if read is not None or draw_own:
        is_unsaved = _put_working_copy_on(study, who, case)
        view = show_case(study, case_id, who=who)
        read = editable_read(view, who.person)
        shown = _revision(view, read.head if read else None)
        _mark(case, read.state if read else State.ASSIGNED, None)
    elif view.case.state is State.ADJUDICATION:
        shown = None
        _look_at(study, who, case, None)
        may = may_adjudicate(view, who.person)
        hint = "choose one of the readings, or draw your own" if may else "its adjudicator chooses one"
        _mark(case, State.ADJUDICATION, LookOnly(f"the readings of {case_id} wait to be decided about", hint))
    else:
        shown = _to_look_at(view, who.person.id)
        _look_at(study, who, case, shown)
        state = state_for(view, who.person.id)
        _mark(case, state, why_look_only(case_id, state, has_any=shown is not None))
    if view.case.state is State.ADJUDICATION and (draw_own or not _own(view, who) or case.look_only):
        outlines = _readings(study, who, view)
    return described(study, who, case, view, shown, outlines, is_unsaved=is_unsaved)


def described(
    study: Study,
    who: SignedIn,
    case: Case,
    view: CaseView,
    shown: Revision | None,
    outlines: tuple[Outline, ...] = (),
    *,
    is_unsaved: bool = False,
) -> OpenedCase:
    """Everything that is told of a case which is open."""
    verification = None
    if shown is not None:
        nifti = study.folder.revision(view.case.id, shown.digest).nifti
        verification = verify(nifti, trust=study.folder.trust)
        case.approval = approval_of(verification) if case.is_locked else ""
    return OpenedCase(
        case=case,
        view=view,
        shown=shown,
        verification=verification,
        signed=signed_history(view),
        steps=open_steps(view, who.person),
        names={person.id: person.name for person in study.trust().roster.people},
        outlines=outlines,
        may_decide=may_adjudicate(view, who.person),
        is_unsaved=is_unsaved,
    )


def approval_of(verification: Verification) -> str:
    """Whose approval counts for what is shown, in words; empty where nobody's does."""
    if not verification.holds or verification.state is State.WITHDRAWN:
        return ""
    names = [name for structure in verification.structures for name in structure.approved_by]
    if not names:
        return ""
    in_part = "in part " if verification.state is State.SUBMITTED else ""
    return f"approved {in_part}by {', '.join(dict.fromkeys(names))}"


def state_for(view: CaseView, person_id: str) -> State:
    """The state of a case as it concerns somebody: of his own read, as long as reads are blind."""
    own = [read.state for read in view.reads if read.reader == person_id]
    return own[-1] if view.is_veiled and own else view.case.state


def why_look_only(case_id: str, state: State, *, has_any: bool = True) -> LookOnly:
    """Why a case can't be worked on by who opened it."""
    if not has_any:
        return LookOnly(f"there is nothing of {case_id} to be looked at yet", "its reader has to save first")
    hints = {
        State.SUBMITTED: "a reviewer can request changes, which opens it again for its reader",
        State.ADJUDICATION: "it waits for the other readings, and to be decided about",
        State.APPROVED: "amend it, with a reason, to work on a new revision",
        State.RELEASED: "amend it, with a reason, to work on a new revision",
        State.WITHDRAWN: "amend it, with a reason, to work on a new revision",
    }
    why = f"{case_id} is {state.value} and can be looked at, not be changed"
    return LookOnly(why, hints.get(state, "it is in the hands of its reader"))


def outline_of(study: Study, who: SignedIn, revision: Revision, title: str, color: str) -> Outline:
    """A revision to be shown as an outline; that it is looked at is written down.

    Raises:
        BlindError: It is another reader's, and not all have submitted.
        DamagedStudyError: It is not what was saved.
    """
    files = view_revision(study, who, revision.case_id, revision.digest)
    return Outline(title, color, open_label_map(files.nifti).label_map)


def _put_working_copy_on(study: Study, who: SignedIn, case: Case) -> bool:
    """Returns whether it holds work of which no revision tells."""
    copy = check_out(study, who, case.name)
    path = copy.files.nifti.resolve()
    case.keeper = StudyKeeper(study, who, case.name, path, copy.parent)
    if path.exists():
        put_on(case, read_label_map(path))
    else:
        for name in copy.case.structures:
            case.add_structure(name)
        case.path = path
    case.saved = not copy.is_unsaved
    case.set_author(who.person.name)
    return copy.is_unsaved


def _look_at(study: Study, who: SignedIn, case: Case, shown: Revision | None) -> None:
    path = study.folder.absolute("revisions") / case.name
    if shown is not None:
        path = view_revision(study, who, case.name, shown.digest).nifti
        put_on(case, read_label_map(path))
    case.keeper = StudyKeeper(study, who, case.name, path, shown.digest if shown else None)


def _mark(case: Case, state: State, look_only: LookOnly | None) -> None:
    case.state, case.look_only = state, look_only


def _own(view: CaseView, who: SignedIn) -> Read | None:
    return editable_read(view, who.person)


def _to_look_at(view: CaseView, person_id: str) -> Revision | None:
    """The revision that counts, or one's own."""
    counts = [read for read in view.reads if read.number == view.case.leading]
    own = [read for read in view.reads if read.reader == person_id]
    head = next((read.head for read in (*counts, *own) if read.head is not None), None)
    return _revision(view, head)


def _revision(view: CaseView, digest: str | None) -> Revision | None:
    if digest is None:
        return None
    found = next((one for one in view.revisions if one.digest == digest), None)
    if found is None:
        raise UnknownCaseError(f"{view.case.id} has no such revision any more", hint="reload the case")
    return found


def _readings(study: Study, who: SignedIn, view: CaseView) -> tuple[Outline, ...]:
    found = []
    for read in view.reads:
        revision = _revision(view, read.head)
        if revision is not None and read.number <= view.case.reads:
            color = READING_COLORS[(read.number - 1) % len(READING_COLORS)]
            found.append(outline_of(study, who, revision, f"reading {read.number}", color))
    return tuple(found)
