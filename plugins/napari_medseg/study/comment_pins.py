"""Open comments as points on the image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from medseg.errors import LockedError, MedsegError
from medseg.space import AnatomicalOrder, Grid
from medseg.study.records import Comment
from napari_medseg.display import METADATA_KEY, placement
from napari_medseg.mode_guard import PAN_ZOOM, ModeGuard

PIN_SIZE_MM = 5.0

PIN_COLOR = "#ffd166"

LAYER_NAME = "comments"


@dataclass(frozen=True)
class PinsOf:
    """What the metadata of the layer hold: the case whose comments it shows."""

    case_id: str


class CommentPins:
    """The layer; there is none where no open comment has a place.

    Args:
        viewer: The napari viewer.
        tell: Shows an error.
    """

    def __init__(self, viewer: Any, tell: Callable[[MedsegError], None]) -> None:
        self._viewer = viewer
        self._tell = tell
        self._guard: ModeGuard | None = None
        self._placed: list[Comment] = []
        self.layer: Any = None

    def show(self, comments: Sequence[Comment], case_id: str, grid: Grid) -> None:
        """Show the open comments that have a place."""
        placed = [comment for comment in comments if comment.is_open and comment.at_lps_mm is not None]
        if placed == self._placed and self.layer in self._viewer.layers:
            return
        self.remove()
        self._placed = placed
        if not placed:
            return
        places_lps_mm = np.array([comment.at_lps_mm for comment in placed], dtype=np.float64)
        active = self._viewer.layers.selection.active
        self.layer = self._viewer.add_points(
            AnatomicalOrder.of(grid).to_anatomical(grid.to_index(places_lps_mm)),
            ndim=3,
            name=LAYER_NAME,
            features={"number": np.array([str(comment.id) for comment in placed], dtype=object)},
            text={"string": "{number}", "color": PIN_COLOR, "anchor": "upper_left"},
            face_color="transparent",
            border_color=PIN_COLOR,
            border_width=0.2,
            size=PIN_SIZE_MM / float(np.min(grid.spacing_kji_mm)),
            metadata={METADATA_KEY: PinsOf(case_id)},
            **placement(grid),
        )
        self._viewer.layers.selection.active = active
        self._guard = ModeGuard(self.layer, _refusal, self._tell)

    def remove(self) -> None:
        """Take the layer out of the viewer."""
        layer, self.layer, self._guard, self._placed = self.layer, None, None, []
        if layer is not None and layer in self._viewer.layers:
            self._viewer.layers.remove(layer)


def _refusal(mode: str) -> MedsegError | None:
    if mode == PAN_ZOOM:
        return None
    return LockedError("comments stay where they were made", hint="add another one in the worklist")
