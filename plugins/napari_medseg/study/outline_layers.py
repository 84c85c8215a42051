"""Label maps as outlines beside the one that is worked on: an earlier revision, or blind readings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from medseg.errors import LockedError, MedsegError
from napari_medseg.display import METADATA_KEY, placement, shown
from napari_medseg.mode_guard import PAN_ZOOM, ModeGuard
from napari_medseg.study.opened_case import Outline

WIDTH_VOXELS = 1
"""napari draws the outline inside the structure, in whole voxels."""


@dataclass(frozen=True, eq=False)
class OutlineOf:
    """What the metadata of an outline's layer hold."""

    outline: Outline


class OutlineLayers:
    """The outlines in a viewer; they can be looked at and hidden, not painted.

    Args:
        viewer: The napari viewer.
        tell: Shows an error.
    """

    def __init__(self, viewer: Any, tell: Callable[[MedsegError], None]) -> None:
        self._viewer = viewer
        self._tell = tell
        self._guards: list[ModeGuard] = []
        self.layers: list[Any] = []

    def show(self, outlines: Sequence[Outline]) -> None:
        """Show these and no others."""
        self.remove()
        for outline in outlines:
            for number in range(len(outline.label_map.layers)):
                self._add(outline, number)

    def remove(self) -> None:
        """Take them out of the viewer."""
        layers, self.layers, self._guards = self.layers, [], []
        for layer in layers:
            if layer in self._viewer.layers:
                self._viewer.layers.remove(layer)

    def _add(self, outline: Outline, number: int) -> None:
        from napari.utils.colormaps import DirectLabelColormap

        label_map = outline.label_map
        colors: dict[int | None, str] = {
            structure.label: outline.color for structure in label_map.structures if structure.layer == number
        }
        active = self._viewer.layers.selection.active
        layer = self._viewer.add_labels(
            shown(label_map.layers[number], label_map.grid),
            name=f"{outline.title}{f', layer {number + 1}' if number else ''}",
            metadata={METADATA_KEY: OutlineOf(outline)},
            colormap=DirectLabelColormap(color_dict={None: "transparent", 0: "transparent", **colors}),
            opacity=1.0,
            **placement(label_map.grid),
        )
        layer.contour = WIDTH_VOXELS
        # The tool stays in the reader's hand.
        self._viewer.layers.selection.active = active
        self._guards.append(ModeGuard(layer, _refusal, self._tell))
        self.layers.append(layer)


def _refusal(mode: str) -> MedsegError | None:
    if mode in (PAN_ZOOM, "pick"):
        return None
    return LockedError("an outline is there to be looked at, and can't be painted", hint="hide it instead")
