"""A study in the real window, for the tests of the worklist dock: people sign in, open, draw, sign."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication

from medseg.review.states import Meaning
from medseg.workflows import study as use
from napari_medseg.napari_private import contouring_panel
from napari_medseg.panel.contouring import ContouringPanel
from study_cases import CASE, PASSPHRASE, StudySite


@dataclass
class StudyWindow:
    """The dock of one viewer, and people who use it.

    Attributes:
        site: The study and its people.
        viewer: The napari viewer.
        dock: The worklist dock.
        image: The image of the cases.
        qtbot: Waits.
    """

    site: StudySite
    viewer: Any
    dock: Any
    image: Path
    qtbot: Any

    @property
    def panel(self) -> ContouringPanel:
        """The contouring panel."""
        found = contouring_panel(self.viewer, ContouringPanel)
        assert found is not None, "the panel is open"
        return found

    @property
    def case(self) -> Any:
        """The open case, as the panel has it."""
        return self.dock.opened.case

    @property
    def said(self) -> str:
        """What the dock tells."""
        return str(self.dock.messages.text)

    def add(self, *readers: str, case_id: str = CASE, **more: Any) -> None:
        """Add a case and hand it out."""
        adjudicator = more.pop("adjudicator", None)
        due = more.get("due")
        use.add_case(self.site.study, self.site.who("cory"), self.image, case_id=case_id, **more)
        if readers:
            self.site.assign(*readers, case_id=case_id, adjudicator=adjudicator, due=due)

    def wait(self) -> None:
        """Wait for what runs in the background, and for what comes after it."""
        for _ in range(3):
            self.qtbot.waitUntil(lambda: not self._busy(), timeout=60_000)
            QApplication.processEvents()

    def _busy(self) -> bool:
        docks = [self.dock.background, self.dock.listing, self.dock.reading]
        found = contouring_panel(self.viewer, ContouringPanel)
        docks += [found.background] if found is not None else []
        dialog = self.dock.signing.dialog
        docks += [dialog.background] if dialog is not None else []
        return any(one.busy for one in docks)

    def enter(self, person: str, passphrase: str = PASSPHRASE) -> None:
        """Sign in; who was there signs out."""
        if self.dock.desk.who is not None:
            self.dock.sign_in.sign_out.click()
        self.dock.sign_in.study.setText(str(self.site.path))
        self.dock.sign_in.key.setText(str(self.site.key(person)))
        self.dock.sign_in.passphrase.setText(passphrase)
        self.dock.sign_in.sign_in.click()
        self.wait()

    def rows(self) -> list[str]:
        """The ids in the table."""
        return [row.case.id for row in self.dock.worklist.model.rows]

    def open(self, case_id: str = CASE) -> None:
        """Open a case from the table of all cases."""
        self.dock.worklist.whose.setCurrentText("All cases")
        self.wait()
        self.dock.worklist.table.selectRow(self.rows().index(case_id))
        self.dock.worklist.open.click()
        self.wait()

    def steps(self) -> list[str]:
        """What could be signed now."""
        return [meaning.value for meaning, _ in self.dock.case.steps]

    def ask(self, meaning: str, digest: str | None = None) -> Any:
        """Press the button of a step; the window in which one signs."""
        steps = self.dock.case.steps
        push = next(
            push
            for (each, revision), push in steps.items()
            if each is Meaning(meaning) and digest in (None, revision)
        )
        push.click()
        QApplication.processEvents()
        return self.dock.signing.dialog

    def sign(self, meaning: str, *, reason: str = "", digest: str | None = None, **more: Any) -> None:
        """Sign, as people do."""
        dialog = self.ask(meaning, digest)
        assert dialog is not None, self.said
        dialog.reason.setPlainText(reason)
        for number in range(dialog.structures.count()):
            item = dialog.structures.item(number)
            if "structures" in more and item.text().split("  ")[0] not in more["structures"]:
                item.setCheckState(Qt.CheckState.Unchecked)
        if "reader" in more:
            dialog.reader.setCurrentIndex(dialog.reader.findData(more["reader"]))
        dialog.passphrase.setText(more.get("passphrase", PASSPHRASE))
        dialog.sign.click()
        self.wait()

    def save(self) -> None:
        """Press Save in the panel."""
        self.panel.sign_off.save.click()
        self.wait()

    def ledger(self, action: str) -> list[dict[str, Any]]:
        """The entries of one kind."""
        return self.site.ledger(action)
