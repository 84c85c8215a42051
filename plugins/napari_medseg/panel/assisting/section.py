"""The tab in which a segmenter is chosen and asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qtpy.QtCore import Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QComboBox, QLabel, QPushButton, QVBoxLayout, QWidget

from medseg.workflows.segmenters import Parameter
from napari_medseg.panel.assisting.settings_form import SettingsForm
from napari_medseg.panel.parts import button, even_row, row

BUNDLE = "Open a MONAI bundle: a folder, or a zip of one; it runs in a process of its own"
POINT = "Point it out: click in the structure, with Shift beside it"
BALL = "Point it out by a ball: press in the middle of it, drag to beyond its border; asks where it is enough"
FORGET = "Forget the points and the ball"
ASK = "Let the segmenter propose; nothing is changed"
SLICE = "Take over what is proposed on the slice under the mouse"
ALL = "Take over all that is proposed; slices that you drew stay as drawn"
BRUSH = "Take over with a brush; with Shift it takes out of the proposal"
DISCARD = "Do away with the proposal"


ACTIONS = {
    "hint-point": ("Point", POINT),
    "hint-ball": ("Ball", BALL),
    "ask-segmenter": ("Propose", ASK),
    "accept-slice": ("Accept slice", SLICE),
    "accept-all": ("Accept all", ALL),
    "take-over": ("Take over by brush", BRUSH),
    "discard-proposal": ("Discard", DISCARD),
}
"""What stands on the button of each action, and what it does."""


class AssistSection(QWidget):
    """Shows segmenters and what they propose, and says what the reader asks for."""

    chosen = Signal(int)
    """The number of the segmenter in the list."""
    action_asked = Signal(str)
    """The id of an action."""
    bundle_asked = Signal()
    forget_asked = Signal()
    first_shown = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._was_shown = False
        self.method = QComboBox()
        self.method.setToolTip("Who proposes")
        self.method.activated.connect(self.chosen)
        self.bundle = button("MONAI bundle…", BUNDLE, self.bundle_asked.emit)
        self.settings = SettingsForm()
        self.says = QLabel()
        self.says.setWordWrap(True)
        self.says.setTextFormat(Qt.TextFormat.RichText)
        self.found = QLabel()
        self.found.setWordWrap(True)
        self.found.setTextFormat(Qt.TextFormat.RichText)
        self._buttons = {name: self._action_button(name, *texts) for name, texts in ACTIONS.items()}
        self.forget = button("Forget", FORGET, self.forget_asked.emit)
        self._lay_out()

    def button(self, action_id: str) -> QPushButton:
        """The button of an action."""
        return self._buttons[action_id]

    def show_keys(self, keys_text: Callable[[str], str]) -> None:
        """Name the keys of the buttons in their tooltips."""
        for name, push in self._buttons.items():
            keys, tip = keys_text(name), ACTIONS[name][1]
            push.setToolTip(f"{tip} ({keys})" if keys else tip)

    def show_segmenters(self, titles: Sequence[str], current: int) -> None:
        """Offer segmenters."""
        self.method.clear()
        self.method.addItems(list(titles))
        self.method.setCurrentIndex(current)

    def show_parameters(self, parameters: Sequence[Parameter]) -> None:
        """Offer the settings of the chosen segmenter."""
        self.settings.show_parameters(parameters)

    def show_state(self, says: str, found: str, *, may_ask: bool, has_hints: bool) -> None:
        """Show how far things are.

        Args:
            says: What the segmenter goes by, and what it still needs.
            found: What it proposes; empty where nothing is proposed.
            may_ask: Whether it can be asked now.
            has_hints: Whether something is pointed out.
        """
        self.says.setText(says)
        self.found.setText(found)
        self.found.setVisible(bool(found))
        self.button("ask-segmenter").setEnabled(may_ask)
        self.forget.setEnabled(has_hints)
        for name in ("accept-slice", "accept-all", "take-over", "discard-proposal"):
            self.button(name).setEnabled(bool(found))

    def showEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        """The segmenters are loaded when the tab is first looked at."""
        super().showEvent(event)  # type: ignore[arg-type]
        if not self._was_shown:
            self._was_shown = True
            self.first_shown.emit()

    def _action_button(self, name: str, text: str, tip: str) -> QPushButton:
        def ask() -> None:
            self.action_asked.emit(name)

        return button(text, tip, ask)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 8, 6, 6)
        layout.setSpacing(6)
        point, ball = self.button("hint-point"), self.button("hint-ball")
        for widget in (
            row(self.method, self.bundle),
            self.settings,
            self.says,
            even_row(point, ball, self.forget),
            self.button("ask-segmenter"),
            self.found,
            even_row(self.button("accept-slice"), self.button("accept-all")),
            even_row(self.button("take-over"), self.button("discard-proposal")),
        ):
            layout.addWidget(widget)
        layout.addStretch(1)
