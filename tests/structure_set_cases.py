"""Series on disk and label maps on their grids, for the tests of writing structure sets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pydicom

from made_structure_sets import item
from medseg.contour import Contour, ContourSet
from medseg.io.dicom import write_series
from medseg.io.dicom.read import plan_one
from medseg.io.dicom.reference import DicomReference, read_reference
from medseg.io.exchange import Outgoing
from medseg.labelmap import LabelMap, Structure
from medseg.review.approval import Approval
from medseg.space import Grid
from medseg.volume import Quantity, Source, Volume
from medseg.workflows.list_volumes import one_volume_of

MADE_AT = datetime(2026, 3, 4, 12, 30, 5, tzinfo=timezone(timedelta(hours=2)))


def reference_on(folder: Path, grid: Grid, **elements: Any) -> DicomReference:
    """Write an empty series on a grid, change elements of every file, and read what one can refer to."""
    volume = Volume(grid, np.zeros(grid.shape_kji, np.int16), Quantity.HU, Source("phantom"))
    given = {"modality": "CT", "uid_seed": "structure set", "patient_name": "Doe^Jane", "patient_id": "ID-47"}
    write_series(volume, folder, **given)
    for path in folder.iterdir() if elements else ():
        dataset = pydicom.dcmread(path)
        for keyword, value in elements.items():
            setattr(dataset, keyword, value)
        dataset.save_as(path)
    return reference_of(folder)


def reference_in_memory(grid: Grid, *, multi_frame: bool = False, **elements: Any) -> DicomReference:
    """Headers as a series on a grid would have them, on no disk."""
    count = 1 if multi_frame else grid.shape_kji[0]
    slices = tuple(
        item(
            **{
                "SOPClassUID": "1.2.840.10008.5.1.4.1.1.2",
                "SOPInstanceUID": f"1.2.3.{k + 1}",
                "StudyInstanceUID": "1.2.7",
                "SeriesInstanceUID": "1.2.8",
                "FrameOfReferenceUID": "1.2.9",
                "PatientName": "Doe^Jane",
                "PatientID": "ID-47",
                **elements,
            }
        )
        for k in range(count)
    )
    return DicomReference(grid, slices, tuple(range(grid.shape_kji[0], 0, -1)) if multi_frame else ())


def reference_of(folder: Path) -> DicomReference:
    """What one can refer to in a folder of one volume."""
    return read_reference(one_volume_of(plan_one(folder), None))


def outgoing(
    grid: Grid,
    masks: Sequence[tuple[Structure, np.ndarray]],
    contours: Iterable[Contour] = (),
    approval: Approval | None = None,
    **more: Any,
) -> Outgoing:
    """Masks painted on top of each other into one layer, in this order."""
    voxels = np.zeros(grid.shape_kji, np.uint8)
    for structure, mask in masks:
        voxels[mask] = structure.label
    label_map = LabelMap(grid, (voxels,), tuple(structure for structure, _ in masks))
    given = {"source": Source("DICOM"), "author": "Ada Reader", "created": MADE_AT, **more}
    return Outgoing(label_map, ContourSet(tuple(contours)), approval=approval or Approval(), **given)
