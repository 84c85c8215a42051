"""Three planes and the surfaces side by side, on one place in the patient.

napari has one canvas for one plane (napari#662, #5348). Here each further plane is a canvas of its own with
layers of its own on the same arrays; the place, the zoom and the window are shared.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from enum import Enum, auto
from typing import Any

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QSplitter, QWidget

from medseg.space import AnatomicalOrder, Grid
from napari_medseg.anatomical_view import AnatomicalView
from napari_medseg.napari_private import finish_frames_of, further_viewer, put_beside, qt_viewer_of
from napari_medseg.views.plane_lines import Polyline
from napari_medseg.views.plane_view import PlaneView

CROSSHAIR = "crosshair"
CROSSHAIR_COLOR = "#7fd4ff"
CROSSHAIR_GAP_PX = 12.0
"""Left free around the place itself, so that what lies there can be seen."""

CROSSHAIR_WIDTH_PX = 1.0

SHARED = ("contrast_limits", "colormap", "gamma", "opacity", "visible", "interpolation2d", "blending")
"""What an image layer has in common on all canvases."""


class Layout(Enum):
    """How many canvases there are."""

    ONE = auto()
    FOUR = auto()


class Canvas:
    """One plane with what belongs to it.

    Attributes:
        viewer: A napari viewer, or the model of one.
        view: The plane.
        anatomical: Keeps the plane as radiologists hang it.
    """

    def __init__(self, viewer: Any, qt_viewer: Any, grid: Grid, anatomical: AnatomicalView) -> None:
        self.viewer = viewer
        self._qt_viewer = weakref.ref(qt_viewer)
        self.anatomical = anatomical
        self.view = PlaneView(viewer, qt_viewer, grid)

    @property
    def qt_viewer(self) -> Any:
        """The widget, which Qt keeps as long as the window."""
        return self._qt_viewer()


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
        self.layout = Layout.ONE
        self.enlarged: int | None = None
        self.made: Callable[[Canvas], None] = _nothing
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

    def set_layout(self, layout: Layout, solid: QWidget | None = None) -> None:
        """Show one canvas, or four.

        Args:
            layout: Which.
            solid: The widget for the fourth place: the surfaces.
        """
        if layout is self.layout:
            return
        self.layout = layout
        self.enlarged = None
        if layout is Layout.FOUR:
            self._solid = solid
            self._lay_out()
        self._show_canvases()

    def enlarge(self, which: int | None) -> None:
        """Show one of four alone, or all again."""
        self.enlarged = None if which == self.enlarged else which
        self._show_canvases()

    def fit(self) -> None:
        """Show all of the image on each plane, at one scale."""
        with self._quietly():
            for canvas in self._canvases:
                canvas.viewer.reset_view()
            zoom = min(canvas.viewer.scene.camera.zoom for canvas in self._canvases)
            for canvas in self._canvases:
                canvas.viewer.scene.camera.zoom = zoom
        self.show_crosshair()

    def remove(self) -> None:
        """Leave the main canvas alone, as it was."""
        for canvas in self._canvases:
            canvas.view.lines.remove()
            canvas.viewer.dims.events.current_step.disconnect(self._on_step)
            canvas.viewer.scene.camera.events.zoom.disconnect(self._on_zoom)
            canvas.viewer.scene.camera.events.center.disconnect(self._on_centre)
        self._viewer.dims.events.order.disconnect(self._on_order)
        further, self._canvases = self._canvases[1:], self._canvases[:1]
        self._back()
        for canvas in further:
            canvas.viewer.layers.clear()
            canvas.qt_viewer.close()

    def show_crosshair(self) -> None:
        """Mark on each plane where the others cut it."""
        several = self.layout is Layout.FOUR
        place = np.array(self.position) * self._spacing_mm
        for view in self.views:
            if not several or view.viewer.dims.ndim != len(place):
                view.lines.show(CROSSHAIR, (), mm_per_px=1.0)
                continue
            mm_per_px = view.mm_per_px
            lines = self._crosshair(view, np.delete(place, view.axis), CROSSHAIR_GAP_PX * mm_per_px)
            view.lines.show(CROSSHAIR, lines, mm_per_px=mm_per_px, width_px=CROSSHAIR_WIDTH_PX)

    def _crosshair(self, view: PlaneView, at: np.ndarray, gap_mm: float) -> list[Polyline]:
        shape = np.array([self._grid.shape_kji[axis] for axis in self._order.axes])
        end = np.delete((shape - 1) * self._spacing_mm, view.axis)
        lines = []
        for along in range(2):
            for start, stop in ((0.0, at[along] - gap_mm), (at[along] + gap_mm, end[along])):
                if stop > start:
                    ends = np.tile(at, (2, 1))
                    ends[:, along] = start, stop
                    lines.append(Polyline(ends, CROSSHAIR_COLOR))
        return lines

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
        viewer, qt_viewer = further_viewer()
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
        data, keywords, _ = layer.as_layer_data_tuple()
        wanted = ("name", "scale", "translate", "units", "metadata", "contrast_limits_range", *SHARED)
        twin = viewer.add_image(data, **{key: keywords[key] for key in wanted if key in keywords})
        twin.contrast_limits_range = layer.contrast_limits_range
        for name in SHARED:
            _link(layer, twin, name)
        return twin

    def _connect(self, canvas: Canvas) -> None:
        canvas.viewer.dims.events.current_step.connect(self._on_step)
        canvas.viewer.scene.camera.events.zoom.connect(self._on_zoom)
        canvas.viewer.scene.camera.events.center.connect(self._on_centre)
        if canvas is self._canvases[0]:
            canvas.viewer.dims.events.order.connect(self._on_order)

    def _on_step(self, _event: Any = None) -> None:
        if not self._quiet:
            self._on_moved()

    def _on_moved(self) -> None:
        self.show_crosshair()
        self.moved()

    def _on_order(self, _event: Any = None) -> None:
        """The main canvas shows another plane: the others show the rest."""
        rest = [axis for axis in range(3) if axis != self.main.axis]
        place = self.position
        for canvas, axis in zip(self._canvases[1:], rest, strict=False):
            if canvas.view.axis != axis:
                canvas.anatomical.show_plane(axis, place[axis])
        self.show_crosshair()

    def _on_zoom(self, event: Any) -> None:
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
            alone = self.enlarged is not None and self.enlarged != canvas.view.axis
            canvas.qt_viewer.setVisible(not alone if several else number == 0)
        if self._solid is not None:
            self._solid.setVisible(several and self.enlarged in (None, 3))
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


def _link(first: Any, second: Any, name: str) -> None:
    """Keep a setting of two layers the same, whichever is changed."""

    def copy(to: Any, source: Any) -> None:
        value = getattr(source, name)
        if np.any(getattr(to, name) != value):
            setattr(to, name, value)

    getattr(first.events, name).connect(lambda _event: copy(second, first))
    getattr(second.events, name).connect(lambda _event: copy(first, second))


def _is_hidden(widget: QWidget | None) -> bool:
    return widget is None or widget.isHidden()


def _nothing(*_arguments: Any) -> None:
    pass
