"""Keep a viewer's planes as radiologists hang them.

Superior is up in coronal and sagittal planes, anterior is up in axial ones; the patient's right is on the
image's left, and anterior on the left of sagittal planes. The display axes are superior, posterior, left.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from medseg.space import AnatomicalOrder, Grid

SUPERIOR, POSTERIOR, LEFT = range(3)


class AnatomicalView:
    """Watches the order of a viewer's dims and turns its camera.

    Several may watch one viewer: what one has put right the others leave. napari holds callbacks weakly, so
    that somebody has to keep this object.
    """

    def __init__(self, viewer: Any) -> None:
        self._dims = viewer.dims
        self._camera = viewer.scene.camera
        self._last_order: tuple[int, ...] = tuple(self._dims.order)
        self._dims.events.order.connect(self._on_order)
        self._dims.events.ndisplay.connect(self._on_order)

    def __deepcopy__(self, _memo: Any) -> AnatomicalView:
        # napari copies metadata when a layer is duplicated; the copy is in the same viewer.
        return self

    def show_plane(self, axis: int, position: int | None = None) -> None:
        """Show the plane across one display axis, and optionally one of its slices."""
        self._dims.ndisplay = 2
        self._dims.order = _standard_order(axis)
        self._on_order()
        if position is not None:
            self._dims.set_current_step(axis, position)

    def show_point(self, position: tuple[int, int, int], spacing_mm: tuple[float, float, float]) -> None:
        """Bring a point into the middle of the plane that is shown, and its slice into view.

        Args:
            position: Indices along the display axes.
            spacing_mm: Distances between the slices along them.
        """
        self._dims.ndisplay = 2
        self._dims.current_step = position
        down, across = self._dims.displayed
        self._camera.center = (0, position[down] * spacing_mm[down], position[across] * spacing_mm[across])

    def show_acquisition(self, grid: Grid) -> None:
        """Show the middle slice as it was acquired."""
        axis = AnatomicalOrder.of(grid).axes.index(0)
        self.show_plane(axis, grid.shape_kji[0] // 2)

    @property
    def axis(self) -> int:
        """The display axis that the shown plane lies across."""
        return int(self._dims.order[0])

    def _on_order(self, _event: Any = None) -> None:
        if self._dims.ndim != 3 or self._dims.ndisplay != 2:
            return
        order = tuple(self._dims.order)
        wanted = _standard_order(_wanted_axis(order, self._last_order))
        self._last_order = wanted
        if order != wanted:
            self._dims.order = wanted
        up = "up" if wanted[1] == SUPERIOR else "down"
        if tuple(self._camera.orientation2d) != (up, "right"):
            self._camera.orientation2d = (up, "right")


def _standard_order(axis: int) -> tuple[int, ...]:
    return (axis, *(other for other in range(3) if other != axis))


def _wanted_axis(order: tuple[int, ...], last: tuple[int, ...]) -> int:
    """Which plane was asked for, however napari's buttons ordered the axes.

    Rolling turns all three axes; as the standard order of the coronal plane is no roll of the axial one,
    the step has to be counted from the plane that was shown.
    """
    if order == tuple(np.roll(last, 1)):
        return (last[0] - 1) % 3
    return order[0]
