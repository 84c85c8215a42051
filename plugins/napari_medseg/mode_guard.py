"""Locks as a guard on a layer's mode.

``layer.editable = False`` would wipe napari's own history and the mode; a guard changes nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from medseg.errors import MedsegError
from napari_medseg.later import later

PAN_ZOOM = "pan_zoom"


class ModeGuard:
    """Puts a layer back to moving the view when a mode is chosen that is not allowed.

    Args:
        layer: The napari layer.
        refusal: Called with the name of each chosen mode; the error that says why not, or None.
        tell: Shows a refusal.
    """

    def __init__(
        self,
        layer: Any,
        refusal: Callable[[str], MedsegError | None],
        tell: Callable[[MedsegError], None],
    ) -> None:
        self._layer = layer
        self._refusal = refusal
        self._tell = tell
        layer.events.mode.connect(self._on_mode)

    def _on_mode(self, _event: Any = None) -> None:
        refusal = self._refusal(str(self._layer.mode))
        if refusal is not None:
            self._tell(refusal)
            # Later: napari and its buttons have to finish with the mode that was chosen first.
            later(self._back)

    def _back(self) -> None:
        if self._refusal(str(self._layer.mode)) is not None:
            self._layer.mode = PAN_ZOOM
