"""The npe2 reader: images, label maps, structures of other programs, landmarks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from napari.utils.notifications import show_info, show_warning

from medseg.errors import Cancelled, InputError
from medseg.labelmap import LabelMap
from medseg.workflows.doubt_map import is_doubt_map, open_doubt_map
from medseg.workflows.import_label_map import read_structures
from medseg.workflows.landmarks import is_landmark_file, read_landmarks
from napari_medseg.anatomical_view import AnatomicalView
from napari_medseg.bringing_in import BringIn
from napari_medseg.case import Case
from napari_medseg.display import (
    LAYER_KEY,
    METADATA_KEY,
    image_keywords,
    labels_keywords,
    shown,
)
from napari_medseg.landmark_layer import landmark_keywords
from napari_medseg.layers_of_cases import case_in
from napari_medseg.napari_private import main_window, shows_window
from napari_medseg.opening import (
    NIFTI_SUFFIXES,
    Choice,
    OpenedLabelMap,
    OpenedStructures,
    is_label_map,
    is_structures,
    open_chosen,
    open_image_case,
    open_path,
    read_label_map,
)
from napari_medseg.result_layer import name_of_layer

LayerData = tuple[Any, dict[str, Any], str]
NO_LAYERS: list[Any] = [(None,)]
"""How npe2 is told that there is nothing to add and nothing wrong."""

PathOrPaths = str | Sequence[str]

VIEW_KEY = "medseg view"


def get_reader(path: PathOrPaths) -> Callable[[PathOrPaths], list[LayerData]] | None:
    """Tell napari whether this plugin reads a path.

    Folders and NIfTI are told by name; NRRD, DICOM and tables by their first bytes, so that files of others
    are left to others.
    """
    return read if all(_is_ours(p) for p in _as_paths(path)) else None


def read(path: PathOrPaths) -> list[LayerData]:
    """Read one or several images, label maps or files of landmarks as layers.

    Where a folder holds several volumes a window asks which; without a window, in a script, that is an error
    that names them. Structures and landmarks come to the case that is open.
    """
    layers = [layer for p in _as_paths(path) for layer in _read_one(p)]
    return layers or NO_LAYERS


def _is_ours(path: Path) -> bool:
    if path.is_dir() or path.name.endswith(NIFTI_SUFFIXES):
        return True
    return is_landmark_file(path) or is_structures(path)


def _read_one(path: Path) -> list[LayerData]:
    import napari

    viewer = napari.current_viewer()
    if is_doubt_map(path) and (case := case_in(viewer)) is not None:
        return _take_doubt_map(case, path)
    if is_label_map(path):
        return label_map_layers(read_label_map(path))
    if is_landmark_file(path):
        return [_landmark_layer(path, viewer)]
    if is_structures(path):
        return _read_structures(path, viewer)
    if viewer is None or not shows_window(viewer):
        return [image_layer(open_image_case(path))]
    case = _ask_for_case(path, viewer)
    return [image_layer(case)] if case else []


def _take_doubt_map(case: Case, path: Path) -> list[LayerData]:
    """Let "draw here next" go by what a model is unsure of; nothing is shown of it."""
    open_doubt_map(path, case.volume.grid)
    case.take_doubt_map(path.resolve())
    show_info(f"{path.name}: draw here next goes where the model is least sure, on structures that it made")
    return []


def _landmark_layer(path: Path, viewer: Any) -> LayerData:
    case = case_in(viewer)
    if case is None:
        raise InputError(
            f"{path.name} holds landmarks, which need the image that they were set on",
            hint="open the image first, then this file",
            reason="needs-image",
        )
    found = read_landmarks(path)
    for note in found.notes:
        show_warning(note)
    return (*landmark_keywords(found.landmarks, case, path.name.split(".")[0]), "points")


def _read_structures(path: Path, viewer: Any) -> list[LayerData]:
    case = case_in(viewer)
    if case is None:
        return structures_layers(OpenedStructures(read_structures(path), path))
    if shows_window(viewer):
        from napari_medseg.panel.bringing_in import bring_in_waiting

        if not bring_in_waiting(case, path, main_window(viewer)):
            return []
    else:
        asked = BringIn.into(case, path)
        asked.accept(case, asked.read())
    if case.is_watched or case.result is None:
        # The panel shows the case, and says what there is to say.
        return []
    for note in case.brought_in:
        show_warning(note)
    return _labels_layers(case.result.label_map, case.name, case)


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


def label_map_layers(opened: OpenedLabelMap) -> list[LayerData]:
    """A label map from disk, one napari layer for each of its layers."""
    return _labels_layers(opened.saved.label_map, _stem(opened.path), opened)


def structures_layers(opened: OpenedStructures) -> list[LayerData]:
    """Structures of another program's file on their own grid, one napari layer for each layer."""
    return _labels_layers(opened.imported.label_map, _stem(opened.path), opened)


def _labels_layers(label_map: LabelMap, name: str, shows: object) -> list[LayerData]:
    return [
        (
            shown(voxels, label_map.grid),
            {
                **labels_keywords(label_map, name_of_layer(name, number), number),
                "metadata": {METADATA_KEY: shows, LAYER_KEY: number},
            },
            "labels",
        )
        for number, voxels in enumerate(label_map.layers)
    ]


def _stem(path: Path) -> str:
    for ending in (".nii.gz", ".nii", ".seg.nrrd", ".nrrd", ".nhdr", ".dcm"):
        if path.name.lower().endswith(ending):
            return path.name[: -len(ending)]
    return path.name


def _as_paths(path: PathOrPaths) -> list[Path]:
    return [Path(path)] if isinstance(path, (str, Path)) else [Path(p) for p in path]
