"""The npe2 writer: a labels layer of a case → NIfTI with its sidecars."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from medseg.errors import LabelMapError
from medseg.labelmap import LabelMap
from medseg.volume import Source
from medseg.workflows.save import save_label_map
from napari_medseg.case import Case
from napari_medseg.display import METADATA_KEY, stored
from napari_medseg.opening import OpenedLabelMap
from napari_medseg.saving import save_case


def write_label_map(path: str, data: Any, meta: dict[str, Any]) -> list[str]:
    """Write a labels layer on exactly the grid of its image.

    Args:
        path: ``*.nii.gz`` or ``*.nii``.
        data: The layer's voxels, with anatomical axes.
        meta: The layer's keywords; its metadata say which case it shows.

    Raises:
        LabelMapError: The layer belongs to no case, or its voxels are not the case's.
        OutputError: The files can't be written.
    """
    shown_of = meta.get("metadata", {}).get(METADATA_KEY)
    if isinstance(shown_of, Case):
        _require_unchanged(data, shown_of)
        save_case(shown_of, Path(path))
    elif isinstance(shown_of, OpenedLabelMap):
        _copy(Path(path), data, shown_of)
    else:
        raise LabelMapError(
            f"the layer {meta.get('name', '')!r} does not say on which image's grid it lies",
            hint="draw with the panel 'medseg: contouring', which keeps the image's geometry",
        )
    return [path]


def _require_unchanged(data: Any, case: Case) -> None:
    if case.result is None or not np.array_equal(
        stored(np.asarray(data), case.volume.grid), case.result.label_map.voxels
    ):
        raise LabelMapError(
            "the layer's voxels are not those that the contours of the case make",
            hint="edit contours, then press Interpolate; voxels can't be painted",
        )


def _copy(path: Path, data: Any, opened: OpenedLabelMap) -> None:
    before = opened.saved.label_map
    voxels = np.ascontiguousarray(stored(np.asarray(data), before.grid)).astype(before.voxels.dtype)
    record = opened.saved.record
    save_label_map(
        path,
        LabelMap(before.grid, (voxels,), before.structures),
        grid=before.grid,
        source=record.source if record else Source("NIfTI"),
        contours=opened.saved.contours,
        author=record.author if record else "unknown",
        completed=record.completed if record else None,
        notes=record.notes if record else (),
    )
