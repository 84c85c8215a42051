"""What the buttons for signatures do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from medseg.errors import LockedError, MedsegError, ReviewError, SigningKeyError
from medseg.labelmap import Structure
from medseg.progress import Progress
from medseg.workflows.study import SignedIn, Study, sign_in, take_step
from medseg.workflows.study.open_steps import READERS, Meaning, OpenStep
from medseg.workflows.study.signed_history import shown_numbers
from napari_medseg.case import Result
from napari_medseg.napari_private import main_window
from napari_medseg.signing import is_on_disk
from napari_medseg.study.case_section import CaseSection
from napari_medseg.study.desk import StudyDesk
from napari_medseg.study.opened_case import OpenedCase, why_look_only
from napari_medseg.study.sign_dialog import Answered, SignDialog, Signed, ToSign
from napari_medseg.study.texts import stamp


class Signing:
    """Asks for signatures on the open case.

    Args:
        desk: The desk of the dock.
        section: Says which signature is asked for.
        after: Called with what is to be told when the case has moved on.

    Attributes:
        dialog: The window in which somebody signs, while it is open.
    """

    def __init__(self, desk: StudyDesk, section: CaseSection, after: Callable[[str], None]) -> None:
        self._desk = desk
        self._after = after
        self.dialog: SignDialog | None = None
        section.step_asked.connect(self.ask)

    def ask(self, step: OpenStep) -> None:
        """Show what would be signed, and ask for the signature."""
        self._desk.attempt(partial(self._ask, step))

    def _ask(self, step: OpenStep) -> None:
        study, who = self._desk.signed_in()
        opened = self._desk.open_case()
        _require_saved(opened, step)
        self._desk.messages.clear()
        to_sign = ToSign(
            step,
            shown_numbers(opened.view)[step.revision.digest],
            _structures(opened, step),
            _approved_by(opened),
            who.person.name,
            who.person.role.value,
            needs_key=not self._desk.session_is_open,
            readers=_readers(study, opened) if step.meaning is Meaning.AMENDED else (),
            is_blind=opened.view.case.is_blind,
        )
        work = partial(_sign, study, who, opened, step)
        self.dialog = SignDialog(to_sign, work, self._signed, self._refused, main_window(self._desk.viewer))
        self.dialog.finished.connect(self._closed)
        self.dialog.open()

    def _signed(self, signed: Signed) -> None:
        self._desk.who = signed.who
        taken, opened = signed.taken, self._desk.opened
        state = taken.verification.state if taken.case.leading is None else taken.case.state
        if opened is not None:
            # At once: until the case is read again nobody draws on what was just signed.
            opened.case.mark_state(opened.case.state, why_look_only(taken.case.id, state))
        last = taken.verification.signatures[-1]
        self._after(
            f"Signed as {last.meaning.value} by {last.name}, {stamp(last.signed_at)}: "
            f"{taken.case.id} is {state.value} now."
        )

    def _refused(self, error: MedsegError) -> None:
        self._desk.tell(error)

    def _closed(self, _result: int) -> None:
        dialog, self.dialog = self.dialog, None
        if dialog is not None:
            dialog.deleteLater()


def _sign(
    study: Study, who: SignedIn, opened: OpenedCase, step: OpenStep, answered: Answered, progress: Progress
) -> Signed:
    """Prove anew who signs, look once more at what is signed, and sign."""
    progress("Signing", 0, 0)
    again = sign_in(study, answered.key or who.key_file, answered.passphrase)
    if again.person.id != who.person.id:
        raise SigningKeyError(
            f"this key is that of {again.person.name}, but {who.person.name} is signed in",
            hint="sign out first",
        )
    if opened.case.result is not None:
        _require_shown(study, opened.case.result, step)
    taken = take_step(
        study,
        again,
        step.revision.case_id,
        step.meaning.value,
        reason=answered.reason,
        structures=answered.structures,
        revision=step.revision.digest,
        expected_version=opened.view.case.version,
        reader=answered.reader,
    )
    return Signed(taken, again)


def _require_shown(study: Study, shown: Result, step: OpenStep) -> None:
    """Refuse to sign anything but what the window shows; of readings that are outlines there is no result."""
    if not is_on_disk(shown, study.folder.revision(step.revision.case_id, step.revision.digest).nifti):
        raise LockedError(
            f"revision {step.revision.digest[:8]} is not what this window shows: nothing was signed",
            hint="reload the case and look at it",
        )


def _require_saved(opened: OpenedCase, step: OpenStep) -> None:
    case = opened.case
    if case.look_only is None and not (case.saved and case.result_is_current):
        raise ReviewError(
            "what is signed is the saved revision, and there is unsaved work",
            hint="save first, look at it, then sign",
        )
    if opened.shown is None and step.meaning is not Meaning.ADJUDICATED:
        raise ReviewError("there is no revision to be signed", hint="save first")


def _structures(opened: OpenedCase, step: OpenStep) -> Sequence[Structure]:
    if step.meaning is not Meaning.ADJUDICATED:
        return opened.case.structures
    titles = {outline.title: outline.label_map.structures for outline in opened.outlines}
    return titles.get(f"reading {step.revision.read}", ())


def _approved_by(opened: OpenedCase) -> dict[str, tuple[str, ...]]:
    found = opened.verification
    return {one.id: one.approved_by for one in found.structures} if found else {}


def _readers(study: Study, opened: OpenedCase) -> tuple[tuple[str, str], ...]:
    """Who could go on, the former reader first."""
    leading = opened.view.case.leading
    before = next((read.reader for read in opened.view.reads if read.number == leading), None)
    people = [person for person in study.trust().roster.people if person.role in READERS]
    people.sort(key=lambda person: (person.id != before, person.name))
    return tuple((person.id, person.name) for person in people)
