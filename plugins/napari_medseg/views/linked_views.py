"""Three planes and the surfaces side by side, on one place in the patient.

napari has one canvas for one plane (napari#662, #5348). Here each further plane is a canvas of its own with
layers of its own on the same arrays; the place, the zoom and the window are shared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from enum import Enum, auto
from typing import Any

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QSplitter, QWidget

from medseg.space import AnatomicalOrder, Grid
from napari_medseg.anatomical_view import AnatomicalView
from napari_medseg.later import later
from napari_medseg.napari_private import camera_of, finish_frames_of, further_viewer, put_beside, qt_viewer_of
from napari_medseg.views.canvas import Canvas, twin_of
from napari_medseg.views.crosshair import Box, strips
from napari_medseg.views.plane_view import PlaneView

SURFACES = 3
"""The number of the canvas beside those of the three display axes."""


class Layout(Enum):
    """How many canvases there are."""

    ONE = auto()
    FOUR = auto()


class LinkedViews:
    """The canvases of a viewer's window.

    The main canvas of napari is the first; it may show any plane, and the others show the rest. A further
    canvas is made when it is first needed.

    Args:
        viewer: The napari viewer.
        grid: The grid whose slices are shown.
        anatomical: Keeps the planes of the main canvas.

    Attributes:
        layout: One canvas, or four.
        enlarged: Which of four is shown alone: 0 to 2 planes by display axis, 3 the surfaces; None for all.
        made: Called with each further canvas that was made.
        zoomed: Called after a zoom.
        moved: Called after the place has changed.
    """

    def __init__(self, viewer: Any, grid: Grid, anatomical: AnatomicalView) -> None:
        self._viewer = viewer
        self._grid = grid
        self._order = AnatomicalOrder.of(grid)
        self._spacing_mm = np.array(self._order.spacing_mm(grid))
        self._canvases = [Canvas(viewer, qt_viewer_of(viewer), grid, anatomical)]
        self._solid: QWidget | None = None
        self._rows: list[QSplitter] = []
        self._back: Callable[[], None] = _nothing
        self._quiet = False
        self._is_removed = False
        self._one_of_four_px = (1, 1)
        self._growth = 1.0, 1.0
        self.layout = Layout.ONE
        self.enlarged: int | None = None
        self.made: Callable[[Canvas], None] = _nothing
        self.zoomed: Callable[[], None] = _nothing
        self.moved: Callable[[], None] = _nothing
        self._connect(self._canvases[0])

    @property
    def main(self) -> PlaneView:
        """The plane on the main canvas."""
        return self._canvases[0].view

    @property
    def views(self) -> tuple[PlaneView, ...]:
        """All planes, the main one first."""
        return tuple(canvas.view for canvas in self._canvases)

    @property
    def canvases(self) -> tuple[Canvas, ...]:
        """All canvases of planes, the main one first."""
        return tuple(self._canvases)

    @property
    def position(self) -> tuple[int, int, int]:
        """The place that all planes show, as indices along the display axes."""
        place = list(self.main.position)
        for view in self.views:
            place[view.axis] = view.position[view.axis]
        return place[0], place[1], place[2]

    def view_of(self, axis: int) -> PlaneView | None:
        """The canvas that shows the plane across a display axis."""
        return next((view for view in self.views if view.axis == axis), None)

    def go_to(self, position: Iterable[int]) -> None:
        """Show a place on all planes."""
        with self._quietly():
            place = tuple(int(n) for n in position)
            self.main.viewer.dims.current_step = place
            for view in self.views[1:]:
                view.viewer.dims.set_current_step(view.axis, place[view.axis])
        self._on_moved()

    def go_to_the_middle(self) -> None:
        """Show the middle of the image on all planes."""
        self.go_to(self._grid.shape_kji[axis] // 2 for axis in self._order.axes)

    def set_layout(self, layout: Layout, solid: QWidget | None = None) -> None:
        """Show one canvas, or four.

        Args:
            layout: Which.
            solid: The widget for the fourth place: the surfaces.
        """
        if layout is self.layout:
            return
        self.layout = layout
        if self._solid is not None:
            camera_of(self._solid).zoom /= self._growth[1]
        self.enlarged, self._growth = None, (1.0, 1.0)
        if layout is Layout.FOUR:
            self._solid = solid
            self._lay_out()
        self._show_canvases()
        # Later: the canvases get their sizes first.
        later(self.fit)

    def enlarge(self, which: int | None) -> None:
        """Show one of four alone, or all again; what is in view grows with its canvas."""
        if self.enlarged is None:
            self._one_of_four_px = self.main.canvas.width(), self.main.canvas.height()
        self.enlarged = None if which == self.enlarged else which
        self._show_canvases()
        # Later: the canvas gets its size first.
        later(self._grow)

    def _grow(self) -> None:
        """Magnify by as much as the canvas that is shown alone is larger than one of four."""
        before, now = self._growth, (1.0, 1.0)
        if self.enlarged == SURFACES and self._solid is not None:
            now = 1.0, self._times_larger(self._solid)
        elif self.enlarged is not None and (alone := self.view_of(self.enlarged)) is not None:
            now = self._times_larger(alone.canvas), 1.0
        self._growth = now
        if now[0] != before[0]:
            self.main.viewer.scene.camera.zoom *= now[0] / before[0]
        if self._solid is not None and now[1] != before[1]:
            camera_of(self._solid).zoom *= now[1] / before[1]

    def _times_larger(self, canvas: QWidget) -> float:
        width, height = self._one_of_four_px
        return min(canvas.width() / width, canvas.height() / height)

    def fit(self) -> None:
        """Show all of the image on each plane that is in sight, at one scale."""
        with self._quietly():
            for canvas in self._canvases:
                canvas.viewer.reset_view()
            # What is hidden still has the size that it had.
            in_sight = [c for c in self._canvases if not c.qt_viewer.isHidden()] or self._canvases
            zoom = min(canvas.viewer.scene.camera.zoom for canvas in in_sight)
            for canvas in self._canvases:
                canvas.viewer.scene.camera.zoom = zoom
        self.show_crosshair()

    def remove(self) -> None:
        """Leave the main canvas alone, as it was."""
        self._is_removed = True
        for canvas in self._canvases:
            canvas.view.lines.remove()
            canvas.crosshair.remove()
            canvas.viewer.dims.events.current_step.disconnect(self._on_step)
            canvas.viewer.scene.camera.events.zoom.disconnect(self._on_zoom)
            canvas.viewer.scene.camera.events.center.disconnect(self._on_centre)
        self._viewer.dims.events.order.disconnect(self._on_order)
        further, self._canvases = self._canvases[1:], self._canvases[:1]
        self._back()
        self._canvases[0].qt_viewer.dims.setVisible(True)
        self._back, self._solid, self._rows = _nothing, None, []
        for canvas in further:
            canvas.viewer.layers.clear()
            canvas.qt_viewer.close()

    def show_crosshair(self) -> None:
        """Mark on each plane where the others cut it."""
        if self._is_removed:
            return
        several = self.layout is Layout.FOUR
        place = np.array(self.position) * self._spacing_mm
        for canvas in self._canvases:
            view = canvas.view
            shows = several and view.viewer.dims.ndim == len(place)
            canvas.crosshair.show(self._strips(view, place) if shows else [])

    def _strips(self, view: PlaneView, place_mm: np.ndarray) -> list[Box]:
        shape = np.array([self._grid.shape_kji[axis] for axis in self._order.axes])
        last_mm = (shape - 1) * self._spacing_mm
        points = np.delete(np.stack([place_mm, np.zeros(3), last_mm]), view.axis, axis=1)
        at, *corners = view.world_to_px(points)
        (left, top), (right, bottom) = np.min(corners, axis=0), np.max(corners, axis=0)
        size = view.canvas.size()
        return strips((at[0], at[1]), (left, top, right, bottom), (0, 0, size.width(), size.height()))

    def _lay_out(self) -> None:
        """Put four canvases into the middle of the window; the further ones are made now."""
        if self._rows:
            return
        # Held until the window has them.
        widgets = [self._make(axis) for axis in range(3) if axis != self.main.axis]
        outer = QSplitter(Qt.Orientation.Vertical)
        self._rows = [QSplitter(Qt.Orientation.Horizontal) for _ in range(2)]
        self._back = put_beside(self._viewer, outer, self._rows[0])
        for row, widget in zip(self._rows, widgets, strict=True):
            row.addWidget(widget)
        if self._solid is not None:
            self._rows[1].addWidget(self._solid)
        for row in self._rows:
            outer.addWidget(row)
            row.setChildrenCollapsible(False)
            row.setSizes([1000, 1000])
        outer.setChildrenCollapsible(False)
        outer.setSizes([1000, 1000])

    def _make(self, axis: int) -> QWidget:
        viewer, qt_viewer = further_viewer(slider=False)
        finish_frames_of(qt_viewer)
        for layer in self._viewer.layers:
            if layer.as_layer_data_tuple()[2] == "image":
                self.copy_image(layer, viewer)
        canvas = Canvas(viewer, qt_viewer, self._grid, AnatomicalView(viewer))
        canvas.anatomical.show_plane(axis, self.main.position[axis])
        self._canvases.append(canvas)
        self._connect(canvas)
        self.made(canvas)
        return qt_viewer  # type: ignore[no-any-return]

    def copy_image(self, layer: Any, viewer: Any) -> Any:
        """Show an image layer of the main canvas on another one, too: one array, one window."""
        return twin_of(layer, viewer)

    def _connect(self, canvas: Canvas) -> None:
        canvas.viewer.dims.events.current_step.connect(self._on_step)
        canvas.viewer.scene.camera.events.zoom.connect(self._on_zoom)
        canvas.viewer.scene.camera.events.center.connect(self._on_centre)
        canvas.view.when_resized(self._on_resized)
        if canvas is self._canvases[0]:
            canvas.viewer.dims.events.order.connect(self._on_order)

    def _on_step(self, _event: Any = None) -> None:
        if not self._quiet:
            self._on_moved()

    def _on_moved(self) -> None:
        self.show_crosshair()
        self.moved()

    def _on_resized(self, _event: Any) -> None:
        # Later: it is drawing.
        later(self.show_crosshair)

    def _on_order(self, _event: Any = None) -> None:
        """The main canvas shows another plane: the others show the rest."""
        rest = [axis for axis in range(3) if axis != self.main.axis]
        place = self.position
        for canvas, axis in zip(self._canvases[1:], rest, strict=False):
            if canvas.view.axis != axis:
                canvas.anatomical.show_plane(axis, place[axis])
        self.show_crosshair()

    def _on_zoom(self, event: Any) -> None:
        self.zoomed()
        if self._quiet or self.layout is Layout.ONE:
            return
        with self._quietly():
            for canvas in self._canvases:
                camera = canvas.viewer.scene.camera
                if camera is not event.source:
                    camera.zoom = event.source.zoom
        self.show_crosshair()

    def _on_centre(self, event: Any) -> None:
        """Planes that share an axis show the same stretch of it."""
        if self._quiet or self.layout is Layout.ONE:
            return
        self._share_centre(event)
        self.show_crosshair()

    def _share_centre(self, event: Any) -> None:
        source = next((c for c in self._canvases if c.viewer.scene.camera is event.source), None)
        if source is None or source.viewer.dims.ndisplay != 2:
            return
        moved = dict(zip(_displayed(source.view), event.source.center[-2:], strict=True))
        with self._quietly():
            for canvas in self._canvases:
                if canvas is not source:
                    camera = canvas.viewer.scene.camera
                    down, across = _displayed(canvas.view)
                    own = camera.center[-2:]
                    camera.center = (0.0, moved.get(down, own[0]), moved.get(across, own[1]))

    def _show_canvases(self) -> None:
        several = self.layout is Layout.FOUR
        for number, canvas in enumerate(self._canvases):
            # The slice stands in the corner and the wheel goes through them: four sliders would be too much.
            canvas.qt_viewer.dims.setVisible(not several)
            alone = self.enlarged is not None and self.enlarged != canvas.view.axis
            canvas.qt_viewer.setVisible(not alone if several else number == 0)
        if self._solid is not None:
            self._solid.setVisible(several and self.enlarged in (None, SURFACES))
        for row in self._rows:
            row.setVisible(not all(_is_hidden(row.widget(n)) for n in range(row.count())))
        self.show_crosshair()

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        before, self._quiet = self._quiet, True
        try:
            yield
        finally:
            self._quiet = before


def _displayed(view: PlaneView) -> tuple[int, int]:
    down, across = (axis for axis in range(3) if axis != view.axis)
    return down, across


def _is_hidden(widget: QWidget | None) -> bool:
    return widget is None or widget.isHidden()


def _nothing(*_arguments: Any) -> None:
    pass
