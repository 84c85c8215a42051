"""The window behind ?: every action with its keys, and a way to set others."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QEvent, Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from medseg.errors import InputError
from napari_medseg.actions.action import GROUPS, Action, in_group
from napari_medseg.actions.key_map import KeyMap
from napari_medseg.actions.key_name import key_name
from napari_medseg.actions.keyboard import Keyboard

SIZE_PX = (760, 620)
BUTTON_HEIGHT_PX = 28
ROW_HEIGHT_PX = 20

CHOOSE = "Choose an action above to give it another key."


class KeysWindow(QDialog):
    """Lists the actions; drawing goes on beside it.

    Args:
        keyboard: The keys.
        parent: The main window.
    """

    def __init__(self, keyboard: Keyboard, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._keyboard = keyboard
        self._rows: dict[str, QTreeWidgetItem] = {}
        self._actions: dict[str, Action] = {}
        self.setWindowTitle("medseg: keys")
        self.setModal(False)
        self.resize(*SIZE_PX)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search an action or a key")
        self.search.setMinimumHeight(BUTTON_HEIGHT_PX)
        self.search.textChanged.connect(self._filter)
        self.list = _list()
        self.list.currentItemChanged.connect(lambda *_: self._choose())
        self.says = QLabel(CHOOSE)
        self.says.setWordWrap(True)
        self.field = KeyField()
        self.field.pressed.connect(self._set)
        self.take = _button("Take it over", "Take the key from the action that has it", self._take)
        self.first = _button("As at first", "Give this action the keys that it had at first", self._reset)
        self.all_first = _button(
            "All as at first", "Give every action the keys that it had at first", self._reset_all
        )
        self._wanted: str | None = None
        self._lay_out()
        self._fill()
        keyboard.subscribe(self._show_keys)
        self._choose()

    @property
    def chosen(self) -> Action | None:
        """The action that is given keys."""
        item = self.list.currentItem()
        return None if item is None else self._actions.get(str(item.data(0, Qt.ItemDataRole.UserRole)))

    def choose(self, action_id: str) -> None:
        """Choose an action."""
        self.list.setCurrentItem(self._rows[action_id])

    def keys_shown(self, action_id: str) -> str:
        """The keys that are listed for an action."""
        return self._rows[action_id].text(1)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.addWidget(self.search)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.says)
        setting = QHBoxLayout()
        for widget in (self.field, self.take, self.first, self.all_first):
            setting.addWidget(widget, 1 if widget is self.field else 0)
        layout.addLayout(setting)

    def _fill(self) -> None:
        for group in GROUPS:
            heading = QTreeWidgetItem(self.list, [group])
            heading.setFlags(Qt.ItemFlag.ItemIsEnabled)
            font = heading.font(0)
            font.setBold(True)
            heading.setFont(0, font)
            for action in in_group(group):
                row = QTreeWidgetItem(heading, [action.name, "", action.tip])
                row.setData(0, Qt.ItemDataRole.UserRole, action.id)
                row.setToolTip(2, action.tip)
                self._rows[action.id], self._actions[action.id] = row, action
        self.list.expandAll()
        self._show_keys()

    def _show_keys(self) -> None:
        keys = self._keyboard.map
        for action_id, row in self._rows.items():
            action = self._actions[action_id]
            row.setText(1, keys.text_of(action))
            font = row.font(1)
            # What the reader has set stands out.
            font.setBold(keys.keys_of(action) != action.keys)
            row.setFont(1, font)

    def _filter(self, text: str) -> None:
        wanted = text.strip().casefold()
        for row in self._rows.values():
            shown = not wanted or any(wanted in row.text(column).casefold() for column in range(3))
            row.setHidden(not shown)
        for number in range(self.list.topLevelItemCount()):
            heading = self.list.topLevelItem(number)
            if heading is not None:
                rows = [heading.child(n) for n in range(heading.childCount())]
                heading.setHidden(all(row is None or row.isHidden() for row in rows))

    def _choose(self) -> None:
        action = self.chosen
        self._wanted = None
        self.take.setEnabled(False)
        self.field.setEnabled(action is not None)
        self.first.setEnabled(action is not None)
        self.field.clear()
        self.says.setText(CHOOSE if action is None else f"{action.name}: {action.tip}.")

    def _set(self, key: str) -> None:
        action = self.chosen
        if action is not None:
            self._attempt(action, key, lambda keys: keys.with_keys(action.id, (key,)))

    def _take(self) -> None:
        action, key = self.chosen, self._wanted
        if action is not None and key is not None:
            self._attempt(action, key, lambda keys: keys.with_keys_taken(action.id, (key,)))

    def _reset(self) -> None:
        action = self.chosen
        if action is not None:
            self._attempt(action, None, lambda keys: keys.with_first_keys(action.id))

    def _reset_all(self) -> None:
        self._keyboard.set_keys(KeyMap())
        self._choose()
        self.says.setText("Every action has the keys that it had at first.")

    def _attempt(self, action: Action, key: str | None, change: Callable[[KeyMap], KeyMap]) -> None:
        """Set keys; where one does something else already, say so, and offer to take it over."""
        try:
            keys = change(self._keyboard.map)
        except InputError as error:
            self._wanted = key
            self.take.setEnabled(key is not None)
            self.says.setText(f"{error.message}: {error.hint}.")
            return
        self._wanted = None
        self.take.setEnabled(False)
        self._keyboard.set_keys(keys)
        self.field.clear()
        self.says.setText(f"{action.name}: {keys.text_of(action) or 'no key'}.")


class KeyField(QLineEdit):
    """Takes the next key, whatever it is."""

    pressed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setReadOnly(True)
        self.setMinimumHeight(BUTTON_HEIGHT_PX)
        self.setPlaceholderText("Click here and press the new key")
        self.setToolTip("The next key that you press is the action's")

    def event(self, event: QEvent) -> bool:
        """Take keys before Qt makes shortcuts, or the way to the next field, of them."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            self._take(key_name(event))
            return True
        return super().event(event)

    def _take(self, name: str) -> None:
        if name:
            self.setText(name)
            self.pressed.emit(name)


def _list() -> QTreeWidget:
    tree = QTreeWidget()
    tree.setHeaderLabels(["Action", "Keys", "What it does"])
    tree.setRootIsDecorated(False)
    tree.setStyleSheet(f"QTreeWidget::item {{ min-height: {ROW_HEIGHT_PX}px; }}")
    tree.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    header = tree.header()
    for column in range(2):
        header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
    return tree


def _button(text: str, tooltip: str, clicked: Callable[[], None]) -> QPushButton:
    push = QPushButton(text)
    push.setToolTip(tooltip)
    push.setMinimumHeight(BUTTON_HEIGHT_PX)
    # Enter in the search field presses none.
    push.setAutoDefault(False)
    push.clicked.connect(lambda _checked=False: clicked())
    return push
