"""The npe2 writers: labels layers → NIfTI with its sidecars and other programs' formats; points → landmarks.

A labels layer of a case stands for the whole case: all its layers and contours go out, as they are shown.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from medseg.errors import InputError, LabelMapError
from medseg.labelmap import LabelMap
from medseg.space import Grid
from medseg.volume import Source
from medseg.workflows.exchange.request import Written
from medseg.workflows.import_label_map import import_steps
from medseg.workflows.landmarks import write_landmarks
from napari_medseg.case import Case, Result
from napari_medseg.display import LAYER_KEY, METADATA_KEY, stored
from napari_medseg.exporting import Export
from napari_medseg.landmark_layer import LandmarksOn, landmarks_of
from napari_medseg.layers_of_cases import case_in
from napari_medseg.opening import OpenedLabelMap, OpenedStructures
from napari_medseg.saving import save_case, write_result

Meta = dict[str, Any]


def write_label_map(path: str, data: Any, meta: Meta) -> list[str]:
    """Write a labels layer on exactly the grid of its image.

    Args:
        path: ``*.nii.gz`` or ``*.nii``.
        data: The layer's voxels, with anatomical axes.
        meta: The layer's keywords; its metadata say which case it shows.

    Raises:
        LabelMapError: The layer belongs to no case, or its voxels are not the case's.
        OutputError: The files can't be written.
    """
    shown_of = _shown_of(meta)
    if isinstance(shown_of, Case):
        _require_unchanged(data, shown_of, _number_of(meta))
        if shown_of.keeper is not None:
            shown_of.keeper.note_export("nifti")
        save_case(shown_of, Path(path))
    else:
        label_map = _with_layer(_label_map_of(shown_of), data, _number_of(meta), shown_of)
        _save_copy(Path(path), label_map, shown_of)
    return [path]


def export_label_map(path: str, data: Any, meta: Meta) -> list[str]:
    """Write a labels layer in the format of another program that the ending of the name asks for.

    Args:
        path: ``*.seg.nrrd``, ``*.nrrd``, ``*.stl``, ``*.obj``, ``*.ply``, ``*.glb`` or ``*.txt``.
        data: The layer's voxels, with anatomical axes.
        meta: The layer's keywords.

    Raises:
        LabelMapError: As :func:`write_label_map`, or the format can't hold the structures.
        MedsegError: As :meth:`~napari_medseg.exporting.Export.write`.
    """
    return _export(path, data, meta, None)


def write_dicom_seg(path: str, data: Any, meta: Meta) -> list[str]:
    """Write a labels layer as DICOM SEG; needs a case that was opened from DICOM."""
    return _export(path, data, meta, "dicom-seg")


def write_rtstruct(path: str, data: Any, meta: Meta) -> list[str]:
    """Write a labels layer, with its contours, as RT structure set; needs a case opened from DICOM."""
    return _export(path, data, meta, "rtstruct")


def write_points(path: str, data: Any, meta: Meta) -> list[str]:
    """Write a points layer as landmarks in LPS mm of the patient.

    Args:
        path: ``*.mrk.json`` or ``*.csv``.
        data: The layer's points.
        meta: The layer's keywords; its metadata say on which image it lies. A layer that was made by hand
            lies on the image of the only case that is open.

    Raises:
        InputError: There is no such case, or the layer was turned.
        OutputError: The file can't be written.
    """
    write_landmarks(landmarks_of(data, meta, _grid_under(meta)), Path(path))
    return [path]


def _grid_under(meta: Meta) -> Grid:
    lies_on = meta.get("metadata", {}).get(METADATA_KEY)
    if isinstance(lies_on, LandmarksOn):
        return lies_on.grid
    import napari

    case = case_in(napari.current_viewer())
    if case is None:
        raise InputError(
            f"the layer {meta.get('name', '')!r} does not say on which image its points lie",
            hint="open the image with medseg, then set points on it",
            reason="needs-image",
        )
    return case.volume.grid


def _export(path: str, data: Any, meta: Meta, to: str | None) -> list[str]:
    shown_of = _shown_of(meta)
    number = _number_of(meta)
    if isinstance(shown_of, Case):
        _require_unchanged(data, shown_of, number)
        export = Export.of(shown_of, shown_of.keeper.trust if shown_of.keeper else None)
        if shown_of.keeper is not None:
            shown_of.keeper.note_export(to or "".join(Path(path).suffixes)[1:])
    else:
        label_map = _with_layer(_label_map_of(shown_of), data, number, shown_of)
        source, author = _origin_of(shown_of)
        export = Export(_result_of(label_map, shown_of), source, None, author)
    written = export.write(Path(path), to)
    _tell(written)
    return [str(file) for file in written.files]


def _tell(written: Written) -> None:
    from napari.utils.notifications import show_warning

    for note in written.notes:
        show_warning(note)


def _shown_of(meta: Meta) -> Case | OpenedLabelMap | OpenedStructures:
    shown_of = meta.get("metadata", {}).get(METADATA_KEY)
    if isinstance(shown_of, Case | OpenedLabelMap | OpenedStructures):
        return shown_of
    raise LabelMapError(
        f"the layer {meta.get('name', '')!r} does not say on which image's grid it lies",
        hint="draw with the panel 'medseg: contouring', which keeps the image's geometry",
    )


def _number_of(meta: Meta) -> int:
    return int(meta.get("metadata", {}).get(LAYER_KEY, 0))


def _require_unchanged(data: Any, case: Case, number: int) -> None:
    layers = case.result.label_map.layers if case.result else ()
    if number >= len(layers) or not np.array_equal(
        stored(np.asarray(data), case.volume.grid), layers[number]
    ):
        raise LabelMapError(
            "the layer's voxels are not those that the contours of the case make",
            hint="edit contours, then press Accept all; voxels can't be painted",
        )


def _label_map_of(opened: OpenedLabelMap | OpenedStructures) -> LabelMap:
    return opened.saved.label_map if isinstance(opened, OpenedLabelMap) else opened.imported.label_map


def _origin_of(opened: OpenedLabelMap | OpenedStructures) -> tuple[Source, str]:
    """The image, and who drew."""
    if isinstance(opened, OpenedStructures):
        return opened.imported.source, opened.imported.author or "unknown"
    record = opened.saved.record
    return (record.source, record.author) if record else (Source("NIfTI"), "unknown")


def _result_of(label_map: LabelMap, opened: OpenedLabelMap | OpenedStructures) -> Result:
    if isinstance(opened, OpenedStructures):
        return Result(label_map, opened.imported.contours, {}, opened.imported.notes)
    record = opened.saved.record
    completed, notes = (record.completed, record.notes) if record else ({}, ())
    models = record.models if record else {}
    return Result(label_map, opened.saved.contours, completed, notes, models=models)


def _with_layer(label_map: LabelMap, data: Any, number: int, shown_of: object) -> LabelMap:
    """The label map as all its napari layers are now, also those that are not the one to be written."""
    now: dict[int, Any] = {**_layers_in_viewer(shown_of), number: data}
    layers = tuple(
        _stored_as(now[n], before, label_map.grid) if n in now else before
        for n, before in enumerate(label_map.layers)
    )
    return LabelMap(label_map.grid, layers, label_map.structures)


def _layers_in_viewer(shown_of: object) -> dict[int, Any]:
    import napari

    viewer = napari.current_viewer()
    layers = [] if viewer is None else viewer.layers
    return {
        layer.metadata.get(LAYER_KEY, 0): layer.data
        for layer in layers
        if layer.metadata.get(METADATA_KEY) is shown_of
    }


def _stored_as(data: Any, before: npt.NDArray[Any], grid: Grid) -> npt.NDArray[Any]:
    return np.ascontiguousarray(stored(np.asarray(data), grid)).astype(before.dtype)


def _save_copy(path: Path, label_map: LabelMap, opened: OpenedLabelMap | OpenedStructures) -> None:
    source, author = _origin_of(opened)
    result = _result_of(label_map, opened)
    if isinstance(opened, OpenedStructures):
        steps = import_steps(opened.imported, author=author, at=datetime.now().astimezone())
        write_result(path, result, source=source, author=author, steps=steps)
    else:
        write_result(path, result, source=source, author=author, copy_of=opened.path)
