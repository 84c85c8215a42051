"""Which values are black and which white: the presets of the image that is looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QComboBox

from medseg.errors import InputError
from napari_medseg.actions.action import WINDOW_KEYS
from napari_medseg.display import window
from napari_medseg.views.windowing import Preset, apply, presets_for

if TYPE_CHECKING:
    from napari_medseg.panel.desk import Desk

TOOLTIP = "Which values are black and which white; dragging with the right button changes it, too"


class Windows(QComboBox):
    """Offers the windows for the image in front."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._presets: tuple[Preset, ...] = ()
        self._volume: object = None
        self._keys_text: Callable[[str], str] = _no_key
        self.setMinimumHeight(26)
        self.setToolTip(TOOLTIP)
        self.setPlaceholderText("as dragged")
        self.activated.connect(self._choose_listed)
        self.show_case()

    @property
    def presets(self) -> tuple[Preset, ...]:
        """What is offered, in the order of the keys."""
        return self._presets

    @property
    def limits(self) -> tuple[float, float]:
        """The values that are black and white now."""
        low, high = self._layer().contrast_limits
        return float(low), float(high)

    def follow(self, keys_text: Callable[[str], str]) -> None:
        """Name keys beside the presets."""
        self._keys_text = keys_text
        self.show_keys()

    def show_keys(self) -> None:
        """Name the keys that are set now."""
        for number in range(min(self.count(), WINDOW_KEYS)):
            keys = self._keys_text(f"window-{number + 1}")
            name = self._presets[number].name
            self.setItemText(number, f"{name}  ({keys})" if keys else name)

    def show_case(self) -> None:
        """Offer the windows for the image that is looked at now."""
        case = self._desk.case
        self.setEnabled(case is not None)
        volume = None
        if case is not None:
            volume = case.volume if case.in_front is None else case.in_front.volume
        if volume is self._volume:
            self._show_limits()
            return
        self._volume = volume
        self._presets = () if volume is None else presets_for(volume, window(volume))
        self.clear()
        self.addItems([preset.name for preset in self._presets])
        self.show_keys()
        if volume is not None:
            self._layer().events.contrast_limits.connect(self._show_limits)
            self._show_limits()

    def choose(self, number: int) -> None:
        """Use a window by its number.

        Raises:
            InputError: There are not so many for this kind of image.
        """
        if number >= len(self._presets):
            raise InputError(
                f"there are {len(self._presets)} windows for this kind of image",
                hint="drag with the right button for any other",
            )
        apply(self._presets[number], self._layer())
        # Two presets may differ in their colours alone.
        self.setCurrentIndex(number)

    def _show_limits(self, _event: Any = None) -> None:
        """Name the preset that is shown, or none after a drag."""
        if self._desk.binding is not None:
            shown = [(preset.low, preset.high) == self.limits for preset in self._presets]
            self.setCurrentIndex(shown.index(True) if any(shown) else -1)

    def _choose_listed(self, number: int) -> None:
        self._desk.attempt(lambda: self.choose(number))

    def _layer(self) -> Any:
        binding = self._desk.binding
        if binding is None:
            raise InputError("no case is open", hint="open a DICOM folder or a NIfTI file first")
        return binding.in_front() or binding.image_layer


def _no_key(_action: str) -> str:
    return ""
