"""What the buttons for saving, exporting and signing do."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from medseg.errors import OutputError, ReviewError
from medseg.progress import Progress, silent
from medseg.workflows.verify import Verification, verify
from napari_medseg.case import Case, Result
from napari_medseg.completing import Snapshot
from napari_medseg.kept_save import KeptSave
from napari_medseg.panel.desk import Desk
from napari_medseg.panel.exchanging import Exchanging
from napari_medseg.panel.proposed import not_saved
from napari_medseg.panel.sign_off_section import SignOffSection
from napari_medseg.saving import result_to_save, save_case
from napari_medseg.signing import describe, require_saved, sign_shown, state_of, trust_folder


class Keeping:
    """Saves, exports, signs and verifies the open case."""

    def __init__(self, desk: Desk, section: SignOffSection, exchanging: Exchanging) -> None:
        self._desk = desk
        self._section = section
        self._exchanging = exchanging
        section.author_changed.connect(self._set_author)
        section.save_asked.connect(self.save)
        section.export_asked.connect(self.export)
        section.sign_asked.connect(self.sign)
        section.verify_asked.connect(self.verify)

    def save(self) -> None:
        """Save what is shown; a label map that is older than the contours is made and shown first."""
        self._when_current(self._write)

    def export(self) -> None:
        """Write what is shown for another program; an older label map is made anew first, as on saving."""
        self._when_current(self._export)

    def _export(self, case: Case) -> None:
        self._exchanging.export(case.keeper.trust if case.keeper else self._section.trust_path())

    def _when_current(self, action: Callable[[Case], None]) -> None:
        case = self._desk.case
        if case is None:
            return
        if not case.is_locked and case.keeper is None:
            case.set_author(self._section.author.text())
        if _needs_update(case):
            done = partial(self._accept_and_do, case, action)
            self._desk.background.run("Updating", _update_of(case), done)
        else:
            self._desk.attempt(partial(action, case))

    def save_at_once(self) -> None:
        """The same without a thread, for a window that is about to close."""
        case = self._desk.case
        if case is not None:
            if case.keeper is None:
                case.set_author(self._section.author.text())
            self._desk.attempt(partial(self._update_and_write, case))

    def sign(self, meaning: str) -> None:
        """Sign the saved file, if it is what the viewer shows."""
        case = self._desk.case
        if case is not None:
            self._desk.attempt(partial(self._start_signing, case, meaning))

    def verify(self) -> None:
        """Compare the saved file with what was signed."""
        case = self._desk.case
        if case is not None:
            self._desk.attempt(partial(self._start_verifying, case))

    def _set_author(self, author: str) -> None:
        if self._desk.case is not None and self._desk.case.keeper is None:
            self._desk.case.set_author(author)

    def _update_and_write(self, case: Case) -> None:
        if _needs_update(case):
            case.accept_result(_update_of(case)(silent))
        if case.keeper is None:
            self._write(case)
        else:
            save = KeptSave.of(case, case.keeper)
            self._kept(save, save.write(silent))

    def _accept_and_do(self, case: Case, action: Callable[[Case], None], result: Result) -> None:
        case.accept_result(result)
        action(case)

    def _write(self, case: Case) -> None:
        if case.keeper is not None:
            save = KeptSave.of(case, case.keeper)
            self._desk.background.run("Saving", save.write, partial(self._kept, save))
            return
        typed = self._section.path.text().strip()
        if not typed:
            raise OutputError("no file was named", hint="type where to save the label map")
        path = save_case(case, Path(typed).expanduser())
        self._section.path.setText(str(path))
        notes = case.result.notes if case.result else ()
        self._tell_saved(case, f"Saved {path.name}", *notes)

    def _kept(self, save: KeptSave, done: str) -> None:
        save.accept()
        self._tell_saved(save.case, done, *save.result.notes)

    def _tell_saved(self, case: Case, done: str, *notes: str) -> None:
        left_out = not_saved(case, self._desk.proposal)
        say = self._desk.messages.warn if left_out else self._desk.messages.confirm
        say(done, *left_out, *notes)

    def _start_signing(self, case: Case, meaning: str) -> None:
        path, shown = require_saved(case)
        by = self._section.credentials()

        def work(_progress: Progress) -> Verification:
            return sign_shown(path, shown, meaning, by)

        self._desk.background.run("Signing", work, partial(self._signed, case))

    def _signed(self, case: Case, verification: Verification) -> None:
        self._section.reason.clear()
        case.mark_state(verification.state)
        self._desk.messages.confirm(describe(verification))

    def _start_verifying(self, case: Case) -> None:
        if case.path is None:
            raise ReviewError("there is no saved label map to verify", hint="save first")
        path, trust = case.path, trust_folder(case.path, self._section.trust_path())

        def work(_progress: Progress) -> Verification:
            return verify(path, trust=trust)

        self._desk.background.run("Verifying", work, partial(self._verified, case, path))

    def _verified(self, case: Case, path: Path, verification: Verification) -> None:
        # What anybody's statement locks stays locked, also where its signature is not trusted.
        case.mark_state(verification.state if verification.holds else state_of(path))
        say = self._desk.messages.confirm if verification.holds else self._desk.messages.warn
        say(describe(verification))


def _needs_update(case: Case) -> bool:
    return bool(case.structures) and not case.result_is_current


def _update_of(case: Case) -> partial[Result]:
    return partial(result_to_save, Snapshot.of(case))
