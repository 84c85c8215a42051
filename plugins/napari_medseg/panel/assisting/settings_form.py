"""The settings of a segmenter, as fields that are made from what it says of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QWidget,
)

from medseg.workflows.segmenters import Parameter, Value

MOST_NUMBER = 1e6
"""Of a setting without a limit: beyond what any image holds."""

DECIMALS = 2

TITLE_PX = 150
"""A longer title is cut, and read when the mouse rests on it: it must not take the room of the image."""

UNITS = {"1": "", "image": "", "%": " %"}
"""What stands behind a number; any other unit is written as it is."""


class SettingsForm(QWidget):
    """One field a setting."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layout = QFormLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(4)
        self._read: dict[str, Callable[[], Value]] = {}
        self.fields: dict[str, QWidget] = {}

    @property
    def values(self) -> dict[str, Value]:
        """What is set."""
        return {name: read() for name, read in self._read.items()}

    def show_parameters(self, parameters: Sequence[Parameter]) -> None:
        """Offer other settings, at their defaults."""
        while self._layout.rowCount():
            self._layout.removeRow(0)
        self._read, self.fields = {}, {}
        for parameter in parameters:
            field, read = _field(parameter)
            title = QLabel(parameter.title)
            title.setToolTip(parameter.title)
            title.setMaximumWidth(TITLE_PX)
            self._layout.addRow(title, field)
            self._read[parameter.name], self.fields[parameter.name] = read, field
        self.setVisible(bool(self.fields))


def _field(parameter: Parameter) -> tuple[QWidget, Callable[[], Value]]:
    default = parameter.default
    if isinstance(default, bool):
        box = QCheckBox()
        box.setChecked(default)
        return box, box.isChecked
    if parameter.choices:
        choice = QComboBox()
        choice.addItems(list(parameter.choices))
        choice.setCurrentText(str(default))
        return choice, choice.currentText
    if isinstance(default, str):
        line = QLineEdit(default)
        return line, line.text
    return _number(parameter, default)


def _number(parameter: Parameter, default: float) -> tuple[QWidget, Callable[[], Value]]:
    least = -MOST_NUMBER if parameter.least is None else parameter.least
    most = MOST_NUMBER if parameter.most is None else parameter.most
    suffix = UNITS.get(parameter.unit, f" {parameter.unit}")
    if isinstance(default, int):
        whole = QSpinBox()
        whole.setRange(round(least), round(most))
        whole.setValue(default)
        whole.setSuffix(suffix)
        return whole, whole.value
    spin = QDoubleSpinBox()
    spin.setDecimals(DECIMALS)
    spin.setRange(least, most)
    spin.setValue(default)
    spin.setSingleStep(max(abs(default) / 10, 10.0**-DECIMALS))
    spin.setSuffix(suffix)
    return spin, partial(_value_of, spin)


def _value_of(spin: QDoubleSpinBox) -> float:
    return float(spin.value())
