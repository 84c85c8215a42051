"""What keys do with the views: slices, planes, windows, images and time points."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from medseg.contour import Slice
from medseg.errors import ContourError
from napari_medseg.actions.action import WINDOW_KEYS
from napari_medseg.panel.in_view import InView
from napari_medseg.places_to_go import next_contoured, next_gap
from napari_medseg.views.linked_views import Layout

if TYPE_CHECKING:
    from napari_medseg.panel.contouring import ContouringPanel

SURFACES = 3
"""The fourth canvas."""


class Looking:
    """Changes what is seen, and nothing of the case.

    Args:
        panel: The panel of the open case.
        in_view: What there is in its window.
    """

    def __init__(self, panel: ContouringPanel, in_view: InView) -> None:
        self._panel = panel
        self._in_view = in_view
        imaging = panel.imaging
        self.actions: dict[str, Callable[[], object]] = {
            "slice-up": partial(self.step, 1),
            "slice-down": partial(self.step, -1),
            "next-contour": partial(self.go_to_contour, up=True),
            "previous-contour": partial(self.go_to_contour, up=False),
            "next-gap": self.go_to_gap,
            "axial": partial(self.enlarge, 0),
            "coronal": partial(self.enlarge, 1),
            "sagittal": partial(self.enlarge, 2),
            "surfaces": partial(self.enlarge, SURFACES),
            "layout": self.change_layout,
            "upright": self.change_planes,
            "fit": self.fit,
            "diameters": panel.measuring.toggle_diameters,
            "hide": self.hide,
            **{f"window-{n}": partial(panel.windows.choose, n - 1) for n in range(1, WINDOW_KEYS + 1)},
            "switch-image": imaging.switch,
            "blend-more": partial(imaging.step_blend, 1),
            "blend-less": partial(imaging.step_blend, -1),
            "next-time": partial(imaging.step_time, 1),
            "previous-time": partial(imaging.step_time, -1),
            "time-scope": imaging.toggle_time_scope,
        }

    def step(self, count: int) -> None:
        """Go some slices on."""
        self._in_view.view().step(count)

    def go_to_contour(self, *, up: bool) -> None:
        """Go to the next slice that was drawn on."""
        case, _ = self._in_view.open_case()
        # Where the array's index falls as the slider's grows, up is down.
        up_in_array = up != self._in_view.view().is_flipped
        structure_id = self._in_view.structure_id()
        target = next_contoured(case, structure_id, self._in_view.slice(), up=up_in_array)
        if target is None:
            name = case.structure(structure_id).name
            self._panel.messages.inform(f"{name}: no slice beyond this one was drawn on.")
        else:
            self._go_to(target)

    def go_to_gap(self) -> None:
        """Go to the middle of the next gap."""
        case, _ = self._in_view.open_case()
        target = next_gap(case, self._in_view.structure_id(), self._in_view.slice())
        if target is None:
            raise ContourError(
                "no slice between the contours is empty", hint="Draw here next says where one would tell most"
            )
        self._go_to(target)

    def enlarge(self, which: int) -> None:
        """Show one canvas alone; with one canvas, that plane on it."""
        _, binding = self._in_view.open_case()
        if binding.views.layout is Layout.FOUR:
            binding.views.enlarge(which)
        elif which != SURFACES:
            binding.view.show_plane(which)

    def change_layout(self) -> None:
        """Show one canvas, or four."""
        _, binding = self._in_view.open_case()
        self._panel.show_layout(Layout.FOUR if binding.views.layout is Layout.ONE else Layout.ONE)

    def change_planes(self) -> None:
        """Show true anatomical planes, or the slices as they were acquired."""
        self._panel.show_upright(on=not self._panel.upright)

    def fit(self) -> None:
        """Show all of the image."""
        self._in_view.open_case()[1].views.fit()

    def hide(self) -> None:
        """Show the image alone, or all again."""
        self._in_view.open_case()[1].toggle_hidden()

    def _go_to(self, target: Slice) -> None:
        self._in_view.open_case()[1].show_on(self._in_view.view(), target)
