"""A canvas that shows a plane, and images that are shown on several of them."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np

from medseg.space import Grid
from napari_medseg.anatomical_view import AnatomicalView
from napari_medseg.views.crosshair import Crosshair
from napari_medseg.views.plane_view import PlaneView

SHARED = ("contrast_limits", "colormap", "gamma", "opacity", "visible", "interpolation2d", "blending")
"""What an image layer has in common on all canvases."""


class Canvas:
    """One plane with what belongs to it.

    Attributes:
        viewer: A napari viewer, or the model of one.
        view: The plane.
        anatomical: Keeps the plane as radiologists hang it.
        crosshair: Where the other planes cut this one.
    """

    def __init__(self, viewer: Any, qt_viewer: Any, grid: Grid, anatomical: AnatomicalView) -> None:
        self.viewer = viewer
        self._qt_viewer = weakref.ref(qt_viewer)
        self.anatomical = anatomical
        self.view = PlaneView(viewer, qt_viewer, grid)
        self.crosshair = Crosshair(self.view)

    @property
    def qt_viewer(self) -> Any:
        """The widget, which Qt keeps as long as the window."""
        return self._qt_viewer()


def twin_of(layer: Any, viewer: Any) -> Any:
    """Show an image layer in another viewer, too: one array, one window."""
    data, keywords, _ = layer.as_layer_data_tuple()
    wanted = ("name", "scale", "translate", "units", "metadata", "contrast_limits_range", *SHARED)
    twin = viewer.add_image(data, **{key: keywords[key] for key in wanted if key in keywords})
    twin.contrast_limits_range = layer.contrast_limits_range
    for name in SHARED:
        _link(layer, twin, name)
    return twin


def _link(first: Any, second: Any, name: str) -> None:
    """Keep a setting of two layers the same, whichever is changed."""

    def copy(to: Any, source: Any) -> None:
        value = getattr(source, name)
        if np.any(getattr(to, name) != value):
            setattr(to, name, value)

    getattr(first.events, name).connect(lambda _event: copy(second, first))
    getattr(second.events, name).connect(lambda _event: copy(first, second))
