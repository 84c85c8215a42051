"""The label map of a case as napari Labels layers that can be looked at, not painted: one for each layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from medseg.errors import LockedError, MedsegError
from medseg.labelmap import LabelMap
from napari_medseg.case import Case
from napari_medseg.display import LAYER_KEY, METADATA_KEY, label_colors, labels_keywords, shown
from napari_medseg.mode_guard import PAN_ZOOM, ModeGuard

LAYER_NAME = "label map"

LOOKING_MODES = (PAN_ZOOM, "pick")


class ResultLayers:
    """The layers; made when there is a first label map.

    Args:
        viewer: The napari viewer.
        case: The case.
        tell: Shows an error.

    Attributes:
        layers: One napari layer for each layer of the label map; structures overlap only between them.
    """

    def __init__(self, viewer: Any, case: Case, tell: Callable[[MedsegError], None]) -> None:
        self._viewer = viewer
        self._case = case
        self._tell = tell
        self._guards: list[ModeGuard] = []
        self.layers: list[Any] = []
        self.show()

    def show(self) -> None:
        """Show the label map of the case."""
        result = self._case.result
        if result is None:
            return
        label_map = result.label_map
        for number, voxels in enumerate(label_map.layers):
            data = shown(voxels, label_map.grid)
            if number == len(self.layers):
                self._add(data, label_map, number)
            else:
                self.layers[number].data = data
                self.layers[number].colormap = label_colors(label_map.structures, number)
        surplus, self.layers = self.layers[len(label_map.layers) :], self.layers[: len(label_map.layers)]
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

    def _add(self, data: Any, label_map: LabelMap, number: int) -> None:
        active = self._viewer.layers.selection.active
        layer = self._viewer.add_labels(
            data,
            metadata={METADATA_KEY: self._case, LAYER_KEY: number},
            **labels_keywords(label_map, name_of_layer(LAYER_NAME, number), number),
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
