"""What the engine proposes now, in words: how much of it is not accepted, and what it could not do."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from medseg.workflows.delineate import Proposal
from napari_medseg.case import Case
from napari_medseg.panel.parts import LINK_STYLE
from napari_medseg.places import Places

MOST_REMARKS = 3
"""All of them are told when it is accepted."""


def open_proposals(case: Case, proposal: Proposal | None) -> tuple[str, ...]:
    """How many slices of each structure are only proposed; nothing where the proposal is outdated."""
    if proposal is None or proposal.delineation is not case.delineation:
        return ()
    counts = {s.name: len(proposal.open_slices.get(s.id, ())) for s in case.structures}
    return tuple(f"{name} on {n} slice{'' if n == 1 else 's'}" for name, n in counts.items() if n)


def not_saved(case: Case, proposal: Proposal | None) -> tuple[str, ...]:
    """What somebody who saves must know: one sentence, or none."""
    found = open_proposals(case, proposal)
    return (f"Only proposed, and not saved: {', '.join(found)}.",) if found else ()


class ProposedLine(QWidget):
    """Shows it; hidden while there is nothing to say."""

    place_asked = Signal(object)
    """A place in the words was clicked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._places: Places | None = None
        self._label = QLabel()
        self._label.setWordWrap(True)
        self._label.setTextFormat(Qt.TextFormat.RichText)
        self._label.linkActivated.connect(self._go)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._label)
        self.hide()

    @property
    def text(self) -> str:
        """What is shown, with its markup."""
        return self._label.text() if not self.isHidden() else ""

    def show_proposal(self, case: Case, proposal: Proposal | None, keys_text: Callable[[str], str]) -> None:
        """Say what there is to say of a proposal."""
        found = open_proposals(case, proposal)
        remarks = proposal.remarks if proposal is not None and found else ()
        self._places = Places(case.volume.grid)
        lines = [self._places.linked(remark) for remark in remarks[:MOST_REMARKS]]
        if len(remarks) > MOST_REMARKS:
            lines.append(f"… and {len(remarks) - MOST_REMARKS} more remarks")
        if found:
            key = keys_text("accept-all")
            accepts = f" ({key} accepts all)" if key else ""
            lines.insert(0, f"<b>Proposed</b>: {', '.join(found)}{accepts}")
        self._label.setText(LINK_STYLE + "<br>".join(lines))
        self.setVisible(bool(lines))

    def _go(self, link: str) -> None:
        if self._places is not None:
            self.place_asked.emit(self._places.target(link))
