"""Where a case of a study stands, written on the picture: it is in sight whatever panel is open."""

from __future__ import annotations

from typing import Any

from napari_medseg.case import Case, Change
from napari_medseg.status_line import status_parts

FONT_PT = 7
"""A quarter of a small window has to hold four lines beside its scale bar."""


class CanvasStatus:
    """Writes case, state, author and approver into the corner of the canvas.

    Args:
        viewer: The napari viewer.
        case: The case.
    """

    def __init__(self, viewer: Any, case: Case) -> None:
        self._case = case
        self._overlay = viewer.canvas.overlays.text
        self._before = {
            name: getattr(self._overlay, name) for name in ("text", "visible", "position", "font_size")
        }
        self._unsubscribe = case.subscribe(self._on_change)
        self._overlay.position = "bottom_left"
        self._overlay.font_size = FONT_PT
        self._overlay.visible = True
        self._on_change()

    def remove(self) -> None:
        """Leave the corner as it was."""
        self._unsubscribe()
        for name, value in self._before.items():
            setattr(self._overlay, name, value)

    def _on_change(self, _change: Change | None = None) -> None:
        name, state, *rest = status_parts(self._case)
        self._overlay.text = "\n".join([f"{name} · {state}", *rest])
