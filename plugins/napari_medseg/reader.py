"""The npe2 reader: DICOM folders and NIfTI files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from medseg.errors import Cancelled
from napari_medseg.anatomical_view import AnatomicalView
from napari_medseg.case import Case
from napari_medseg.display import METADATA_KEY, image_keywords, labels_keywords, shown
from napari_medseg.napari_private import main_window, shows_window
from napari_medseg.opening import (
    Choice,
    OpenedLabelMap,
    is_label_map,
    open_chosen,
    open_image_case,
    open_path,
    read_label_map,
)

LayerData = tuple[Any, dict[str, Any], str]
NO_LAYERS: list[Any] = [(None,)]
"""How npe2 is told that there is nothing to add and nothing wrong."""

PathOrPaths = str | Sequence[str]

VIEW_KEY = "medseg view"


def get_reader(path: PathOrPaths) -> Callable[[PathOrPaths], list[LayerData]] | None:
    """Tell napari whether this plugin reads a path: a folder, or a file named as NIfTI."""
    paths = _as_paths(path)
    if all(p.is_dir() or p.name.endswith((".nii", ".nii.gz")) for p in paths):
        return read
    return None


def read(path: PathOrPaths) -> list[LayerData]:
    """Read one or several images or label maps as layers.

    Where a folder holds several volumes a window asks which; without a window, in a script, that is an error
    that names them.
    """
    layers = [layer for p in _as_paths(path) for layer in _read_one(p)]
    return layers or NO_LAYERS


def _read_one(path: Path) -> list[LayerData]:
    if is_label_map(path):
        return [label_map_layer(read_label_map(path))]
    import napari

    viewer = napari.current_viewer()
    if viewer is None or not shows_window(viewer):
        return [image_layer(open_image_case(path))]
    case = _ask_for_case(path, viewer)
    return [image_layer(case)] if case else []


def _ask_for_case(path: Path, viewer: Any) -> Case | None:
    """Open a path while the window shows how far it is; None where the user thinks better of it."""
    from napari_medseg.panel.volume_chooser import VolumeChooser
    from napari_medseg.panel.waiting import wait_for

    window = main_window(viewer)
    try:
        opened = wait_for("Opening", partial(open_path, path), window)
        if not isinstance(opened, Choice):
            return opened
        chooser = VolumeChooser(opened, window)
        chooser.exec()
        chosen = chooser.accepted_choice
        chooser.deleteLater()
        return wait_for("Opening", partial(open_chosen, opened, *chosen), window) if chosen else None
    except Cancelled:
        return None


def image_layer(case: Case) -> LayerData:
    """A case's volume as a layer of the current viewer."""
    import napari

    metadata: dict[str, Any] = {METADATA_KEY: case}
    viewer = napari.current_viewer()
    if viewer is not None:
        # Superior is up also where the panel is not open; the layer keeps what sees to it.
        metadata[VIEW_KEY] = AnatomicalView(viewer)
    data = shown(case.volume.voxels, case.volume.grid)
    return data, {**image_keywords(case.volume, case.name), "metadata": metadata}, "image"


def label_map_layer(opened: OpenedLabelMap) -> LayerData:
    """A label map from disk as a layer."""
    label_map = opened.saved.label_map
    data = shown(label_map.voxels, label_map.grid)
    name = opened.path.name.removesuffix(".gz").removesuffix(".nii")
    return data, {**labels_keywords(label_map, name), "metadata": {METADATA_KEY: opened}}, "labels"


def _as_paths(path: PathOrPaths) -> list[Path]:
    return [Path(path)] if isinstance(path, (str, Path)) else [Path(p) for p in path]
