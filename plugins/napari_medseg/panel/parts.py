"""Small parts that several panels are made of."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QRect, Qt
from qtpy.QtGui import QColor, QFontMetrics, QIcon, QPixmap
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QLineEdit, QPlainTextEdit, QPushButton, QWidget

LINK_STYLE = "<style>a { color: #3d82e8; }</style>"
"""Before rich text with links: a blue that can be read in napari's dark theme and in the light one."""


CELL_PADDING_PX = 8
"""Around the text of a cell of a list."""


def button(text: str, tooltip: str, clicked: Callable[[], object]) -> QPushButton:
    """A push button that is large enough to hit."""
    push = QPushButton(text)
    push.setToolTip(tooltip)
    push.setMinimumHeight(28)
    # A click leaves the keys with the canvas, where Space accepts a slice.
    push.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    push.clicked.connect(lambda _checked=False: clicked())
    return push


def row(*widgets: QWidget, stretch: int = 0) -> QWidget:
    """Widgets side by side; the one numbered ``stretch`` takes the space."""
    holder = QWidget()
    layout = QHBoxLayout(holder)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(6)
    for number, widget in enumerate(widgets):
        layout.addWidget(widget, 1 if number == stretch else 0)
    return holder


def even_row(*widgets: QWidget) -> QWidget:
    """Widgets side by side, all of one width."""
    holder = row(*widgets)
    layout = holder.layout()
    assert isinstance(layout, QHBoxLayout)  # noqa: S101 - row made it
    for number in range(layout.count()):
        layout.setStretch(number, 1)
    return holder


def heading(text: str) -> QLabel:
    """A line that names a section."""
    label = QLabel(f"<b>{text}</b>")
    label.setTextFormat(Qt.TextFormat.RichText)
    return label


def field(placeholder: str, tooltip: str) -> QLineEdit:
    """A line to type in."""
    line = QLineEdit()
    line.setPlaceholderText(placeholder)
    line.setToolTip(tooltip)
    line.setMinimumHeight(26)
    return line


def text_box(height_px: int) -> QPlainTextEdit:
    """Some lines to type in; Tab goes on to the next field."""
    box = QPlainTextEdit()
    box.setTabChangesFocus(True)
    box.setFixedHeight(height_px)
    # napari draws it like the panel behind it.
    box.setStyleSheet("QPlainTextEdit { border: 1px solid gray; border-radius: 2px; }")
    return box


def color_icon(color: str) -> QIcon:
    """A square of a structure's colour."""
    square = QPixmap(14, 14)
    square.fill(QColor(color))
    icon = QIcon(square)
    # Qt would tint it where its row is chosen.
    icon.addPixmap(square, QIcon.Mode.Selected)
    return icon


def choose_into(line: QLineEdit, *, folder: bool, title: str, pattern: str = "") -> QPushButton:
    """A button that lets the user choose the path of a field."""

    def choose() -> None:
        if folder:
            path = QFileDialog.getExistingDirectory(line, title, line.text())
        else:
            path, _ = QFileDialog.getOpenFileName(line, title, line.text(), pattern)
        if path:
            line.setText(path)

    push = button("…", title, choose)
    push.setFixedWidth(34)
    return push


def cell_height_px(metrics: QFontMetrics, text: str, width_px: int) -> int:
    """The height of a cell whose text wraps: Qt's own rows would cut it off."""
    room = QRect(0, 0, max(width_px - CELL_PADDING_PX, 1), 0)
    return metrics.boundingRect(room, Qt.TextFlag.TextWordWrap, text).height() + CELL_PADDING_PX
