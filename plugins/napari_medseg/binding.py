"""A case in a viewer: its layers and its contours, made and kept in step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from qtpy.QtCore import QTimer

from medseg.contour import Contour, Slice
from medseg.errors import LabelMapError, MedsegError
from medseg.measurement.measured import Line
from medseg.space import AnatomicalOrder, Grid
from medseg.volume.resampled import ResampledSlices
from napari_medseg.anatomical_view import AnatomicalView
from napari_medseg.canvas_status import CanvasStatus
from napari_medseg.case import Case, Change
from napari_medseg.display import (
    METADATA_KEY,
    PLANE_NAMES,
    image_keywords,
    placement,
    shown,
    slice_on_display,
    value_range,
)
from napari_medseg.fill import Fill
from napari_medseg.hand import Hand
from napari_medseg.later import later
from napari_medseg.live import Update
from napari_medseg.napari_private import darken, is_open
from napari_medseg.places import Target
from napari_medseg.result_layer import ResultLayers
from napari_medseg.tools.tool_box import ToolBox
from napari_medseg.views.canvas import Canvas
from napari_medseg.views.edge_texts import EdgeTexts
from napari_medseg.views.linked_views import Layout, LinkedViews
from napari_medseg.views.mouse import CanvasMouse
from napari_medseg.views.outlines import AssistLines, Outlines
from napari_medseg.views.plane_view import PlaneView
from napari_medseg.views.pointed_at import place_text, value_text
from napari_medseg.views.solid_view import SolidView
from napari_medseg.views.windowing import dragged

ZOOM_RESTS_MS = 80
"""Longer than from one notch of the wheel to the next."""


class Binding:
    """Shows a case in a viewer and brings what is drawn there to the case.

    Args:
        viewer: The napari viewer.
        case: The case.
        box: The tools that the reader has.
        tell: Shows an error.
        image_layer: The layer of the volume if it is in the viewer already.
        grid: The grid that is shown; by default that of the image, with nothing resampled.

    Attributes:
        grid: The grid that is shown.
        fill: The voxels that are shown.
        hand: Takes the mouse over the views.
        view: Keeps the planes of the main canvas as radiologists hang them.
        solid: The surfaces; None until they are first shown.
        views: All canvases.
        image_layer: The layer of the volume.
        in_front: The layer of a further image that is looked at; None where there is none.
        values_at: What there is at a place in the patient, for people.
    """

    def __init__(
        self,
        viewer: Any,
        case: Case,
        box: ToolBox,
        tell: Callable[[MedsegError], None],
        image_layer: Any = None,
        grid: Grid | None = None,
    ) -> None:
        self.grid = grid or case.volume.grid
        self._viewer = viewer
        self._case = case
        self._box = box
        self._tell = tell
        self._open = True
        self.in_front: Callable[[], Any] = _no_layer
        self.values_at: Callable[[npt.ArrayLike], str] = lambda lps_mm: value_text(case.volume, lps_mm)
        self.view = AnatomicalView(viewer)
        self.image_layer = image_layer or self._add_image()
        self.image_layer.contrast_limits_range = value_range(case.volume)
        self.fill = Fill()
        self._show_result()
        self._result = ResultLayers(viewer, case, self.fill, tell, self.grid)
        self.hand = Hand(case, box, tell)
        self.views = LinkedViews(viewer, self.grid, self.view)
        self.views.made = self._on_made
        self.views.moved = self._on_step
        self.views.zoomed = self._on_zoom
        self.hand.jump = self._jump
        self.hand.window = self._drag_window
        self.hand.point_at = self._point_at
        self.solid: SolidView | None = None
        self._further: list[ResultLayers] = []
        self._zoom_rests = QTimer()
        self._zoom_rests.setSingleShot(True)
        self._zoom_rests.setInterval(ZOOM_RESTS_MS)
        self._zoom_rests.timeout.connect(self.show_outlines)
        self._outlines = [Outlines(case, self.main)]
        self._mice = [CanvasMouse(self.main, self.hand)]
        self._texts = [EdgeTexts(self.main)]
        darken(viewer)
        self._status = CanvasStatus(viewer, case) if case.keeper is not None else None
        self._unsubscribe = case.subscribe(self._on_change)
        viewer.layers.events.removed.connect(self._on_removed)
        viewer.dims.events.order.connect(self._on_order)
        self.start()

    def start(self) -> None:
        """Show the middle slice as it was acquired, and name the layers by what they show."""
        self._viewer.dims.axis_labels = PLANE_NAMES
        self.view.show_acquisition(self.grid)
        # napari would stay at the place of the case before.
        self.views.go_to_the_middle()
        self._viewer.reset_view()
        self.image_layer.name = self._case.name
        self._result.name()
        self.show_outlines()

    def close(self) -> None:
        """Take all layers of the case out of the viewer."""
        self.leave()
        self.remove_layers()

    def remove_layers(self) -> None:
        """Remove the layers after :meth:`leave`."""
        for layer in [
            layer for layer in self._viewer.layers if layer.metadata.get(METADATA_KEY) is self._case
        ]:
            self._viewer.layers.remove(layer)

    def leave(self) -> None:
        """Stop watching; the layers stay."""
        if not self._open:
            return
        self._open = False
        self._zoom_rests.stop()
        self._unsubscribe()
        if self._status is not None:
            self._status.remove()
        for mouse in self._mice:
            mouse.remove()
        self._result.leave()
        for result in self._further:
            result.leave()
        for texts in self._texts:
            texts.remove()
        if self.solid is not None:
            self.solid.stop()
            self.solid = None
        darken(self._viewer, on=False)
        self.views.remove()
        self._viewer.layers.events.removed.disconnect(self._on_removed)
        self._viewer.dims.events.order.disconnect(self._on_order)

    def stop_drawing(self) -> None:
        """Let the mouse move the view again; what was begun is finished."""
        self.hand.finish()
        self._box.take(None)

    @property
    def main(self) -> PlaneView:
        """The plane on the main canvas."""
        return self.views.main

    def show_outlines(self, *, only_moved: bool = False) -> None:
        """Show the contours on every view, or on those alone that have gone to another slice."""
        dims = self._viewer.dims
        # Without its layers a viewer has two axes.
        if self._open and dims.ndisplay == 2 and dims.ndim == 3:
            for outlines in self._outlines:
                outlines.follow() if only_moved else outlines.show()
            for texts in self._texts:
                texts.show()

    @property
    def outlines(self) -> tuple[Outlines, ...]:
        """The contours on each view."""
        return tuple(self._outlines)

    @property
    def result_layer(self) -> Any:
        """The Labels layer of the label map, or None; of one with several layers the first."""
        return next(iter(self._result.layers), None)

    @property
    def result_layers(self) -> tuple[Any, ...]:
        """The Labels layers of the label map."""
        return tuple(self._result.layers)

    def contours_in_view(self, structure_id: str) -> tuple[Contour, ...]:
        """The contours of a structure on the slice that the main canvas shows."""
        return self._outlines[0].contours_here(structure_id)

    def show(self, target: Target) -> None:
        """Show a slice of the grid, or the point where three slices cross.

        One canvas goes to the plane of the slice, and stays on its plane for a point.
        """
        named = (target,) if isinstance(target, Slice) else target
        steps = dict(self._on_display(where) for where in named)
        if self.views.layout is Layout.FOUR:
            place = self.views.position
            self.views.go_to(steps.get(axis, place[axis]) for axis in range(3))
        elif isinstance(target, Slice):
            self.view.show_plane(*self._on_display(target))
        else:
            self.view.show_point((steps[0], steps[1], steps[2]), placement(self.grid)["scale"])

    def show_on(self, view: PlaneView, target: Slice) -> None:
        """Go to another slice on a view that shows slices of this direction."""
        axis, position = self._on_display(target)
        view.viewer.dims.set_current_step(axis, position)

    @property
    def is_upright(self) -> bool:
        """Whether true anatomical planes are shown, which the image is resampled onto."""
        return self.grid is not self._case.volume.grid

    def _on_display(self, where: Slice) -> tuple[int, int]:
        """The display axis and the position on its slider of a slice of the image, or the nearest to it."""
        image = self._case.volume.grid
        if not self.is_upright:
            return slice_on_display(where, image)
        middle = (np.array(image.shape_kji) - 1) / 2
        middle[where.axis] = where.index
        index = np.rint(self.grid.to_index(image.to_lps_mm(middle[None]))[0]).astype(int)
        axis = AnatomicalOrder.of(image).axes.index(where.axis)
        return axis, int(np.clip(index[axis], 0, self.grid.shape_kji[axis] - 1))

    def set_layout(self, layout: Layout) -> None:
        """Show one canvas, or four."""
        if layout is Layout.FOUR and self.solid is None:
            self.solid = SolidView(self._case.volume.grid)
            self.solid.hidden = self._outlines[0].hidden
        self.views.set_layout(layout, self.solid.widget if self.solid else None)
        proposal = self._outlines[0].proposal
        if self.solid is not None and proposal is not None:
            self.solid.follow(proposal)
        self.show_outlines()

    def hide(self, structure_ids: frozenset[str]) -> None:
        """Show all structures but these, on every view."""
        for outlines in self._outlines:
            outlines.hidden = structure_ids
        self.fill.hide(structure_ids)
        if self.solid is not None:
            self.solid.hide(structure_ids)
        self.show_outlines()

    def show_measured(self, lines: tuple[Line, ...]) -> None:
        """Show the lines along which something was measured, instead of those that were shown."""
        if lines != self._outlines[0].measured:
            for outlines in self._outlines:
                outlines.measured = lines
            self.show_outlines()

    def set_assist_lines(self, lines: AssistLines) -> None:
        """Show what a segmenter proposes on every view, too."""
        for outlines in self._outlines:
            outlines.assist_lines = lines
        self.show_outlines()

    @property
    def case(self) -> Case:
        """The case that is shown."""
        return self._case

    @property
    def place_lps_mm(self) -> npt.NDArray[np.float64]:
        """The place in the patient that all planes show, shape ``(3,)``."""
        index = AnatomicalOrder.of(self.grid).to_kji(np.array(self.views.position, dtype=np.float64))
        return np.asarray(self.grid.to_lps_mm(index[None])[0])

    def go_to_lps(self, place_lps_mm: npt.ArrayLike) -> None:
        """Show a place in the patient on all planes, or the nearest one on the image."""
        index = self.grid.to_index(np.atleast_2d(np.asarray(place_lps_mm, dtype=np.float64)))
        order = AnatomicalOrder.of(self.grid)
        last = np.array([self.grid.shape_kji[axis] for axis in order.axes]) - 1
        self.views.go_to(np.clip(np.rint(order.to_anatomical(index)[0]), 0, last))

    def toggle_hidden(self) -> None:
        """Show the image alone, or all again."""
        nothing = not self._outlines[0].shows_nothing
        for outlines in self._outlines:
            outlines.shows_nothing = nothing
        for result in (self._result, *self._further):
            for layer in result.layers:
                layer.visible = not nothing
        self.show_outlines()

    def _add_image(self) -> Any:
        volume = self._case.volume
        return self._viewer.add_image(
            ResampledSlices(volume, self.grid) if self.is_upright else shown(volume.voxels, volume.grid),
            metadata={METADATA_KEY: self._case},
            **{**image_keywords(volume, self._case.name), **placement(self.grid)},
        )

    def _on_change(self, change: Change) -> None:
        if change in (Change.STRUCTURES, Change.CONTOURS):
            self.show_outlines()
        elif change is Change.RESULT:
            self._show_result()
        if self._case.is_locked:
            self._box.take(None)
            self.hand.show_preview()

    def show_update(self, update: Update) -> None:
        """Show what the engine proposes."""
        if not self._open:
            return
        self.fill.follow(update.changed, update.proposal.delineation.structures)
        for outlines in self._outlines:
            outlines.proposal = update.proposal
        if self.solid is not None:
            self.solid.follow(update.proposal)
        self.show_outlines()

    def _on_made(self, canvas: Canvas) -> None:
        """Show on a further canvas what the main one shows."""
        self._further.append(ResultLayers(canvas.viewer, self._case, self.fill, self._tell, self.grid))
        outlines = Outlines(self._case, canvas.view)
        main = self._outlines[0]
        outlines.proposal, outlines.hidden, outlines.measured = main.proposal, main.hidden, main.measured
        outlines.assist_lines = main.assist_lines
        self._outlines.append(outlines)
        self._mice.append(CanvasMouse(canvas.view, self.hand))
        self._texts.append(EdgeTexts(canvas.view))
        canvas.viewer.dims.axis_labels = PLANE_NAMES

    def _jump(self, view: PlaneView, x_px: float, y_px: float) -> bool:
        """Bring all planes to the place that was clicked; one canvas alone is moved by the mouse instead."""
        if self.views.layout is Layout.ONE:
            return False
        self.views.go_to(view.position_at(x_px, y_px))
        return True

    def _drag_window(self, dx_px: float, dy_px: float) -> None:
        layer = self.in_front() or self.image_layer
        limits, full = layer.contrast_limits, layer.contrast_limits_range
        low, high = dragged((limits[0], limits[1]), dx_px, dy_px, (full[0], full[1]))
        layer.contrast_limits_range = (min(full[0], low), max(full[1], high))
        layer.contrast_limits = (low, high)

    def _point_at(self, view: PlaneView, x_px: float, y_px: float) -> None:
        lps_mm = view.lps_at(x_px, y_px)
        value = self.values_at(lps_mm)
        for texts, canvas in zip(self._texts, self.views.canvases, strict=True):
            here = canvas.view is view
            texts.say("\n".join(filter(None, (place_text(lps_mm), value))) if here else "")

    def _show_result(self) -> None:
        if self._case.result is not None:
            self.fill.show_label_map(self._case.result.label_map)

    def _on_step(self, _event: Any = None) -> None:
        self.hand.finish()
        self.show_outlines(only_moved=True)

    def _on_zoom(self) -> None:
        """Dashes and the scale bar keep their size on the screen; once the wheel rests."""
        self._zoom_rests.start()

    def _on_order(self, _event: Any = None) -> None:
        self.hand.finish()
        self.show_outlines()

    def _on_removed(self, event: Any) -> None:
        layer = event.value
        if layer.metadata.get(METADATA_KEY) is not self._case:
            return
        if layer is self.image_layer or layer in self._result.layers:
            # Mesa ends the process where lines alone are left to be drawn.
            for outlines in self._outlines:
                outlines.view.lines.clear()
            # Later: napari is still removing it.
            later(self._restore_layers)

    def _restore_layers(self) -> None:
        """Bring back what was removed by hand: a layer only shows the case, the work is not in it."""
        if not self._open or not is_open(self._viewer):
            return
        if self.image_layer not in self._viewer.layers:
            self.image_layer = self._add_image()
            self._viewer.layers.move(len(self._viewer.layers) - 1, 0)
        if any(layer not in self._viewer.layers for layer in self._result.layers):
            self._result.forget()
            self._result.show()
        self.show_outlines()
        self._tell(
            LabelMapError(
                "the layers of an open case stay, so that nothing is lost",
                hint="delete contours in the panel; open another case to close this one",
            )
        )


def _no_layer() -> None:
    return None
