"""The label map of a case as a napari Labels layer that can be looked at, not painted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from medseg.errors import LockedError, MedsegError
from napari_medseg.case import Case
from napari_medseg.display import METADATA_KEY, label_colors, labels_keywords, shown
from napari_medseg.mode_guard import PAN_ZOOM, ModeGuard

LAYER_NAME = "label map"

LOOKING_MODES = (PAN_ZOOM, "pick")


class ResultLayer:
    """The layer; made when there is a first label map.

    Args:
        viewer: The napari viewer.
        case: The case.
        tell: Shows an error.
    """

    def __init__(self, viewer: Any, case: Case, tell: Callable[[MedsegError], None]) -> None:
        self._viewer = viewer
        self._case = case
        self._tell = tell
        self.layer: Any = None
        self.show()

    def show(self) -> None:
        """Show the label map of the case."""
        result = self._case.result
        if result is None:
            return
        label_map = result.label_map
        data = shown(label_map.voxels, label_map.grid)
        if self.layer is None:
            active = self._viewer.layers.selection.active
            self.layer = self._viewer.add_labels(
                data, metadata={METADATA_KEY: self._case}, **labels_keywords(label_map, LAYER_NAME)
            )
            # Under the contours, and without taking the tool out of the reader's hand.
            image = next(n for n, other in enumerate(self._viewer.layers) if self._is_ours(other))
            self._viewer.layers.move(len(self._viewer.layers) - 1, image + 1)
            self._viewer.layers.selection.active = active
            self._guard = ModeGuard(self.layer, _refusal, self._tell)
        else:
            self.layer.data = data
            self.layer.colormap = label_colors(label_map.structures)

    def _is_ours(self, layer: Any) -> bool:
        return layer.metadata.get(METADATA_KEY) is self._case

    def forget(self) -> None:
        """Remember that somebody removed the layer."""
        self.layer = None


def _refusal(mode: str) -> MedsegError | None:
    if mode in LOOKING_MODES:
        return None
    return LockedError("the label map is made from contours and can't be painted", hint="use Draw polygon")
