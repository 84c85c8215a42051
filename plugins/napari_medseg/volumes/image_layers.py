"""The images of a case as napari layers, on every canvas."""

from __future__ import annotations

from typing import Any

from medseg.space import Grid
from medseg.volume import Quantity, Volume
from medseg.volume.resampled import ResampledSlices, displayed_grid
from napari_medseg.case import Case, Change
from napari_medseg.display import LAYER_KEY, METADATA_KEY, placement, shown, value_range, window
from napari_medseg.views.linked_views import LinkedViews
from napari_medseg.volumes.hot_iron import hot_iron
from napari_medseg.volumes.images import ImageBeside, Images

BESIDE_KEY = "medseg image beside"
"""Under this key the metadata of a layer name the further image that it shows."""

HOT_IRON = "hot iron"

_UPTAKE = (Quantity.SUVBW, Quantity.BQML, Quantity.CNTS)
"""What has a true zero, which is black: no activity."""


class ImageLayers:
    """Shows the further images of a case, and of a 4-D image the volume that is in view.

    Args:
        viewer: The napari viewer.
        views: All its canvases.
        images: The images.
        grid: The grid that is shown: that of the case, or one of true anatomical planes.
    """

    def __init__(self, viewer: Any, views: LinkedViews, images: Images, grid: Grid) -> None:
        self._grid = grid
        self._viewer = viewer
        self._views = views
        self._images = images
        self._layers: dict[int, Any] = {}
        self._unsubscribe = (images.subscribe(self.show), images.case.subscribe(self._on_change))
        viewer.layers.events.inserted.connect(self._put_under_labels)
        self.show()

    def layer_of(self, image: ImageBeside) -> Any:
        """The layer of an image on the main canvas."""
        return self._layers[id(image)]

    def in_front(self) -> Any:
        """The layer that the reader looks at on the main canvas; None where it is that of the case."""
        image = self._images.looked_at
        return None if image is None else self._layers[id(image)]

    def show(self) -> None:
        """Show the images as they are blended now."""
        wanted = {id(image): image for image in self._images.beside}
        for key in [key for key in self._layers if key not in wanted]:
            self._remove(self._layers.pop(key))
        for key, image in wanted.items():
            if key not in self._layers:
                self._layers[key] = self._add(image)
            opacity = self._images.opacity_of(image)
            # The twins on the other canvases follow.
            self._layers[key].visible = opacity > 0
            self._layers[key].opacity = opacity

    def leave(self) -> None:
        """Stop watching; the layers go with those of the case."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self._viewer.layers.events.inserted.disconnect(self._put_under_labels)

    def _add(self, image: ImageBeside) -> Any:
        active = self._viewer.layers.selection.active
        layer = self._viewer.add_image(
            ResampledSlices(image.volume, displayed_grid(self._grid)),
            metadata={METADATA_KEY: self._images.case, BESIDE_KEY: image.name},
            **_keywords(image, self._grid),
        )
        layer.contrast_limits_range = value_range(image.volume)
        self._viewer.layers.selection.active = active
        for canvas in self._views.canvases[1:]:
            self._views.copy_image(layer, canvas.viewer)
            _put_under_labels(canvas.viewer.layers)
        return layer

    def _remove(self, layer: Any) -> None:
        name = layer.metadata[BESIDE_KEY]
        for canvas in self._views.canvases:
            for one in list(canvas.viewer.layers):
                if one.metadata.get(BESIDE_KEY) == name:
                    canvas.viewer.layers.remove(one)

    def _on_change(self, change: Change) -> None:
        """Another volume of a 4-D image is in view."""
        if change is not Change.IMAGE:
            return
        case = self._images.case
        is_own = self._grid is case.volume.grid
        voxels = shown(case.volume.voxels, self._grid) if is_own else ResampledSlices(case.volume, self._grid)
        for canvas in self._views.canvases:
            for layer in canvas.viewer.layers:
                if _is_own_image(layer, case):
                    layer.data = voxels

    def _put_under_labels(self, _event: Any = None) -> None:
        _put_under_labels(self._viewer.layers)


def _put_under_labels(layers: Any) -> None:
    """Keep further images right above that of the case: the label map lies on all of them."""
    beside = [layer for layer in layers if BESIDE_KEY in layer.metadata]
    for number, layer in enumerate(beside):
        if layers.index(layer) != number + 1:
            layers.move(layers.index(layer), number + 1)


def _is_own_image(layer: Any, case: Case) -> bool:
    held = layer.metadata
    return (
        held.get(METADATA_KEY) is case
        and BESIDE_KEY not in held
        and LAYER_KEY not in held
        and layer.as_layer_data_tuple()[2] == "image"
    )


def _keywords(image: ImageBeside, grid: Grid) -> dict[str, Any]:
    return {
        "name": image.name,
        "colormap": _colormap(image.volume),
        "contrast_limits": _window(image.volume),
        "interpolation2d": "linear",
        "blending": "translucent_no_depth",
        **placement(grid),
    }


def _window(volume: Volume) -> tuple[float, float]:
    low, high = window(volume)
    if volume.quantity in _UPTAKE and high > 0:
        low = 0.0
    return low, high


def _colormap(volume: Volume) -> Any:
    """Hot iron for uptake, which is read over CT or MR; grey for all else."""
    if volume.quantity not in _UPTAKE:
        return "gray"
    from napari.utils.colormaps import Colormap

    return Colormap(hot_iron(), name=HOT_IRON, display_name=HOT_IRON)
