"""The voxels of a case as napari Labels layers that can be looked at, not painted: one for each layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from medseg.errors import LockedError, MedsegError
from medseg.space import Grid
from medseg.volume import Quantity, Volume
from medseg.volume.resampled import Order, ResampledSlices
from napari_medseg.case import Case
from napari_medseg.display import LAYER_KEY, METADATA_KEY, fill_keywords, label_colors, shown
from napari_medseg.fill import Fill
from napari_medseg.mode_guard import PAN_ZOOM, ModeGuard
from napari_medseg.napari_private import refresh_slice

LAYER_NAME = "label map"

LOOKING_MODES = (PAN_ZOOM, "pick")


class ResultLayers:
    """The layers in one viewer; made when there is something to show.

    Args:
        viewer: A napari viewer, or the model of one.
        case: The case.
        fill: The voxels that are shown.
        tell: Shows an error.
        grid: The grid that is shown; by default that of the image.

    Attributes:
        layers: One napari layer for each layer of the label map; structures overlap only between them.
    """

    def __init__(
        self,
        viewer: Any,
        case: Case,
        fill: Fill,
        tell: Callable[[MedsegError], None],
        grid: Grid | None = None,
    ) -> None:
        self._grid = grid or case.volume.grid
        self._viewer = viewer
        self._case = case
        self._fill = fill
        self._tell = tell
        self._guards: list[ModeGuard] = []
        self.layers: list[Any] = []
        fill.subscribe(self._on_fill)
        self.show()

    def leave(self) -> None:
        """Stop watching; the layers stay."""
        self._fill.unsubscribe(self._on_fill)

    def show(self) -> None:
        """Show the arrays that there are."""
        arrays, structures = self._fill.arrays, self._fill.shown_structures
        for number, voxels in enumerate(arrays):
            data = self._as_shown(voxels)
            if number == len(self.layers):
                self._add(data, number)
            else:
                self.layers[number].data = data
                self.layers[number].colormap = label_colors(structures, number)
        surplus, self.layers = self.layers[len(arrays) :], self.layers[: len(arrays)]
        for layer in surplus:
            self._viewer.layers.remove(layer)

    def name(self) -> None:
        """Give the layers their names, which napari changes where two cases are open for a moment."""
        for number, layer in enumerate(self.layers):
            layer.name = name_of_layer(LAYER_NAME, number)

    def forget(self) -> None:
        """Remember that somebody removed one of the layers: all are made anew, in order."""
        left, self.layers, self._guards = self.layers, [], []
        for layer in left:
            if layer in self._viewer.layers:
                self._viewer.layers.remove(layer)

    def _on_fill(self, whole: bool) -> None:  # noqa: FBT001 - a listener's argument
        is_sampled = self._grid is not self._case.volume.grid
        if whole or is_sampled or len(self.layers) != len(self._fill.arrays):
            self.show()
            return
        for layer in self.layers:
            refresh_slice(layer)

    def _as_shown(self, voxels: Any) -> Any:
        image = self._case.volume
        if self._grid is image.grid:
            return shown(voxels, image.grid)
        labels = Volume(image.grid, voxels, Quantity.ARBITRARY, image.source)
        return ResampledSlices(labels, self._grid, order=Order.NEAREST)

    def _add(self, data: Any, number: int) -> None:
        active = self._viewer.layers.selection.active
        layer = self._viewer.add_labels(
            data,
            metadata={METADATA_KEY: self._case, LAYER_KEY: number},
            **fill_keywords(
                self._grid, self._fill.shown_structures, name_of_layer(LAYER_NAME, number), number
            ),
        )
        # Under the contours, and without taking the tool out of the reader's hand.
        image = next(n for n, other in enumerate(self._viewer.layers) if self._is_ours(other))
        self._viewer.layers.move(len(self._viewer.layers) - 1, image + 1 + number)
        self._viewer.layers.selection.active = active
        self._guards.append(ModeGuard(layer, _refusal, self._tell))
        self.layers.append(layer)

    def _is_ours(self, layer: Any) -> bool:
        return layer.metadata.get(METADATA_KEY) is self._case


def name_of_layer(name: str, number: int) -> str:
    """What a layer of a label map is called: the first by the label map alone, then ``…, layer 2``."""
    return f"{name}, layer {number + 1}" if number else name


def _refusal(mode: str) -> MedsegError | None:
    if mode in LOOKING_MODES:
        return None
    return LockedError("the label map is made from contours and can't be painted", hint="use Draw polygon")
