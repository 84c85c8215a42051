"""What the panel has to say: errors in their own words, warnings, confirmations."""

from __future__ import annotations

from html import escape

from qtpy.QtCore import Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QFrame, QLabel, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from medseg.errors import MedsegError
from napari_medseg.places import Places

COLORS = {"error": "#ff6b6b", "warning": "#ffc857", "done": "#6bcB77", "info": "#8ab4f8"}
"""Light enough on napari's dark theme, dark enough as a bar on the light one."""

AT_FIRST = 3
"""So many sentences are shown of a long message; the others on demand."""

MAX_HEIGHT_PX = 150
"""A message that is higher is scrolled: the panel below and above it stays usable."""

PARAGRAPH_GAP_PX = 3

MORE = "more"


class Messages(QFrame):
    """One message at a time, with a coloured bar; places that it names are links.

    Attributes:
        places: Finds places of the open image in what is said.
    """

    place_asked = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.places: Places | None = None
        self._label = QLabel()
        self._label.setWordWrap(True)
        self._label.setTextFormat(Qt.TextFormat.RichText)
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
        # Else the area would make room for a label of any width that Qt takes for handsome.
        policy = self._label.sizePolicy()
        policy.setVerticalPolicy(QSizePolicy.Policy.Ignored)
        self._label.setSizePolicy(policy)
        self._label.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self._label.linkActivated.connect(self._follow)
        self._area = _FittedArea(self._label)
        self._said: list[str] = []
        self._kind = "info"
        self._shown = 0
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 4, 4, 4)
        layout.addWidget(self._area)
        self.setObjectName("medseg_messages")
        self.hide()

    @property
    def text(self) -> str:
        """What is shown, as plain text."""
        lines = [self.places.plain(said) if self.places else said for said in self._said[: self._shown]]
        return "\n".join([*lines, *self._rest()])

    def show_error(self, error: MedsegError) -> None:
        """Show an error in its own words, and what to do."""
        self._show("error", error.message, error.hint)

    def warn(self, *sentences: str) -> None:
        """Show what a careful reader should know."""
        self._show("warning", *sentences)

    def confirm(self, *sentences: str) -> None:
        """Show that something was done."""
        self._show("done", *sentences)

    def inform(self, *sentences: str) -> None:
        """Show what to do next, or what was asked for."""
        self._show("info", *sentences)

    def clear(self) -> None:
        """Show nothing."""
        self._said, self._shown = [], 0
        self.hide()

    def _show(self, kind: str, *sentences: str) -> None:
        self._kind = kind
        self._said = [sentence for sentence in sentences if sentence]
        # A single one more takes no more room than the words that would stand for it.
        whole = len(self._said) <= AT_FIRST + 1
        self._shown = len(self._said) if whole else AT_FIRST
        self.setStyleSheet(f"#medseg_messages {{ border-left: 4px solid {COLORS[kind]}; }}")
        self._set_text()
        self.show()

    def _set_text(self) -> None:
        lines = [self._html(sentence) for sentence in self._said[: self._shown]]
        if self._kind == "error":
            lines[0] = f"<b>{lines[0]}</b>"
        lines += [f'<a href="{MORE}">{rest}</a>' for rest in self._rest()]
        style = (
            f"<style>a {{ color: {COLORS['info']}; text-decoration: none; }} "
            f"p {{ margin: 0 0 {PARAGRAPH_GAP_PX}px 0; }}</style>"
        )
        self._label.setText(style + "".join(f"<p>{line}</p>" for line in lines))
        self._area.fit()

    def _html(self, sentence: str) -> str:
        linked = self.places.linked(sentence) if self.places else escape(sentence)
        return linked.replace("\n", "<br>")

    def _rest(self) -> list[str]:
        hidden = len(self._said) - self._shown
        return [f"and {hidden} more…"] if hidden else []

    def _follow(self, link: str) -> None:
        if link == MORE:
            self._shown = len(self._said)
            self._set_text()
        elif self.places is not None:
            self.place_asked.emit(self.places.target(link))


class _FittedArea(QScrollArea):
    """As high as its label at the width that there is, up to a limit."""

    def __init__(self, label: QLabel) -> None:
        super().__init__()
        self._label = label
        self.setWidget(label)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def fit(self) -> None:
        """Take the height that the text needs."""
        margins = self.contentsMargins()
        # The width without a scroll bar: there is none where everything fits.
        height = self._label.heightForWidth(max(self.contentsRect().width(), 1))
        self.setFixedHeight(min(max(height, 0) + margins.top() + margins.bottom(), MAX_HEIGHT_PX))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Qt calls this when there is more or less room."""
        super().resizeEvent(event)
        self.fit()
