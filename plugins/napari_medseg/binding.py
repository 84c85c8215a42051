"""A case in a viewer: its layers, made and kept in step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from medseg.contour import Contour, Slice, place
from medseg.errors import LabelMapError, MedsegError
from napari_medseg.anatomical_view import AnatomicalView
from napari_medseg.canvas_status import CanvasStatus
from napari_medseg.case import Case, Change
from napari_medseg.contour_layer import ADD_POLYGON, ContourLayer
from napari_medseg.display import (
    METADATA_KEY,
    PLANE_NAMES,
    image_keywords,
    placement,
    shown,
    slice_on_display,
    value_range,
)
from napari_medseg.later import later
from napari_medseg.napari_private import is_open
from napari_medseg.places import Target
from napari_medseg.result_layer import ResultLayers


class Binding:
    """Shows a case in a viewer and brings what is drawn there to the case.

    Args:
        viewer: The napari viewer.
        case: The case.
        tell: Shows an error.
        image_layer: The layer of the volume if it is in the viewer already.
    """

    def __init__(
        self, viewer: Any, case: Case, tell: Callable[[MedsegError], None], image_layer: Any = None
    ) -> None:
        self._viewer = viewer
        self._case = case
        self._tell = tell
        self._contours: dict[str, ContourLayer] = {}
        self._open = True
        self.drawing_changed: Callable[[], None] = _nothing
        self.view = AnatomicalView(viewer)
        self.image_layer = image_layer or self._add_image()
        self.image_layer.contrast_limits_range = value_range(case.volume)
        self._result = ResultLayers(viewer, case, tell)
        self._make_contour_layers()
        self._status = CanvasStatus(viewer, case) if case.keeper is not None else None
        self._unsubscribe = case.subscribe(self._on_change)
        viewer.layers.events.removed.connect(self._on_removed)
        viewer.dims.events.current_step.connect(self._on_step)
        viewer.dims.events.order.connect(self._on_order)
        self.start()

    def start(self) -> None:
        """Show the middle slice as it was acquired, and name the layers by what they show."""
        self._viewer.dims.axis_labels = PLANE_NAMES
        self.view.show_acquisition(self._case.volume.grid)
        self._viewer.reset_view()
        self.image_layer.name = self._case.name
        self._result.name()
        for structure_id, contours in self._contours.items():
            contours.layer.name = self._case.structure(structure_id).name

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
        self._unsubscribe()
        if self._status is not None:
            self._status.remove()
        self._viewer.layers.events.removed.disconnect(self._on_removed)
        self._viewer.dims.events.current_step.disconnect(self._on_step)
        self._viewer.dims.events.order.disconnect(self._on_order)

    def draw_polygon(self, structure_id: str, *, hole: bool) -> None:
        """Let the next clicks draw a polygon of a structure."""
        contours = self._contours[structure_id]
        self._viewer.layers.selection.active = contours.layer
        contours.draw_polygon(hole=hole)

    def stop_drawing(self) -> None:
        """Let the mouse move the view again."""
        for contours in self._contours.values():
            contours.stop_drawing()

    def draws(self, structure_id: str) -> bool:
        """Whether the next click draws a polygon of a structure."""
        contours = self._contours.get(structure_id)
        return contours is not None and contours.layer.mode == ADD_POLYGON

    def layer_of(self, structure_id: str) -> Any:
        """The Shapes layer of a structure."""
        return self._contours[structure_id].layer

    @property
    def result_layer(self) -> Any:
        """The Labels layer of the label map, or None; of one with several layers the first."""
        return next(iter(self._result.layers), None)

    @property
    def result_layers(self) -> tuple[Any, ...]:
        """The Labels layers of the label map."""
        return tuple(self._result.layers)

    def selected_contours(self, structure_id: str) -> list[Contour]:
        """The contours that are selected in a structure's layer."""
        return self._contours[structure_id].selected_contours()

    def contours_in_view(self, structure_id: str) -> list[Contour]:
        """The contours of a structure on the slice that is shown."""
        grid = self._case.volume.grid
        here = (self.view.axis, self._viewer.dims.current_step[self.view.axis])
        placed = ((c, place(c, grid)) for c in self._case.contours.of(structure_id))
        return [
            c for c, where in placed if isinstance(where, Slice) and slice_on_display(where, grid) == here
        ]

    def show(self, target: Target) -> None:
        """Show a slice of the grid; or on the plane that is shown the point where three slices cross."""
        grid = self._case.volume.grid
        if isinstance(target, Slice):
            self.view.show_plane(*slice_on_display(target, grid))
            return
        steps = dict(slice_on_display(where, grid) for where in target)
        self.view.show_point((steps[0], steps[1], steps[2]), placement(grid)["scale"])

    def _add_image(self) -> Any:
        volume = self._case.volume
        return self._viewer.add_image(
            shown(volume.voxels, volume.grid),
            metadata={METADATA_KEY: self._case},
            **image_keywords(volume, self._case.name),
        )

    def _make_contour_layers(self) -> None:
        for structure in self._case.structures:
            if structure.id not in self._contours:
                contours = ContourLayer(self._viewer, self._case, structure.id, self._tell)
                contours.fit_plane(self.view.axis)
                contours.layer.events.mode.connect(self._on_mode)
                self._contours[structure.id] = contours

    def _on_change(self, change: Change) -> None:
        if change is Change.STRUCTURES:
            self._make_contour_layers()
        elif change is Change.CONTOURS:
            for contours in self._contours.values():
                contours.show()
        elif change is Change.RESULT:
            self._result.show()
        elif change is Change.BROUGHT_IN or self._case.is_locked:
            # The layers that were added took the mouse from the one that was drawn on.
            self.stop_drawing()

    def _on_step(self, _event: Any = None) -> None:
        for contours in self._contours.values():
            contours.finish_on_this_slice()

    def _on_mode(self, _event: Any = None) -> None:
        self.drawing_changed()

    def _on_order(self, _event: Any = None) -> None:
        if self._viewer.dims.ndisplay == 2:
            for contours in self._contours.values():
                contours.fit_plane(self.view.axis)

    def _on_removed(self, event: Any) -> None:
        layer = event.value
        if layer.metadata.get(METADATA_KEY) is not self._case:
            return
        if layer is self.image_layer or layer in (*self._result.layers, *self._shapes_layers()):
            # Later: napari is still removing it.
            later(self._restore_layers)

    def _restore_layers(self) -> None:
        """Bring back what was removed by hand: a layer only shows the case, the work is not in it."""
        if not self._open or not is_open(self._viewer):
            return
        if self.image_layer not in self._viewer.layers:
            self.image_layer = self._add_image()
            self._viewer.layers.move(len(self._viewer.layers) - 1, 0)
        for structure_id, contours in list(self._contours.items()):
            if contours.layer not in self._viewer.layers:
                del self._contours[structure_id]
        self._make_contour_layers()
        if any(layer not in self._viewer.layers for layer in self._result.layers):
            self._result.forget()
            self._result.show()
        self._tell(
            LabelMapError(
                "the layers of an open case stay, so that nothing is lost",
                hint="delete contours in the panel; open another case to close this one",
            )
        )

    def _shapes_layers(self) -> list[Any]:
        return [contours.layer for contours in self._contours.values()]


def _nothing() -> None:
    pass
