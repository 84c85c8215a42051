"""RT structure sets written by hand with pydicom, right and wrong."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ImplicitVRLittleEndian

STORAGE = "1.2.840.10008.5.1.4.1.1.481.3"


def item(**elements: Any) -> Dataset:
    """An item of a sequence."""
    dataset = Dataset()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


def contour(points: Any, kind: str = "CLOSED_PLANAR", **more: Any) -> Dataset:
    """An item of a Contour Sequence."""
    points = np.asarray(points, dtype=float).reshape(-1, 3)
    given = {
        "ContourData": [f"{value:.6f}" for value in points.ravel()],
        "NumberOfContourPoints": len(points),
    }
    return item(ContourGeometricType=kind, **{**given, **more})


def roi(
    name: str, contours: Iterable[Dataset], color: Any = (255, 0, 0), frame: str = "1.2.3", **observed: Any
):
    """What the three sequences of a structure set say about one ROI."""
    return name, list(contours), color, frame, observed


def structure_set(*rois: Any, **more: Any) -> Dataset:
    """A whole structure set."""
    return item(
        SpecificCharacterSet="ISO_IR 192",
        SOPClassUID=STORAGE,
        SOPInstanceUID="1.2.9",
        Modality="RTSTRUCT",
        StudyInstanceUID="1.2.7",
        PatientName="Doe^Jane",
        StructureSetROISequence=[
            item(
                ROINumber=n + 10, ROIName=name, ReferencedFrameOfReferenceUID=frame, ROIGenerationAlgorithm=""
            )
            for n, (name, _, _, frame, _) in enumerate(rois)
        ],
        ROIContourSequence=[
            item(
                ReferencedROINumber=n + 10,
                **({"ContourSequence": contours} if contours else {}),
                **({"ROIDisplayColor": list(color)} if color else {}),
            )
            for n, (_, contours, color, _, _) in enumerate(rois)
        ],
        RTROIObservationsSequence=[
            item(ObservationNumber=n, ReferencedROINumber=n + 10, **observed)
            for n, (*_, observed) in enumerate(rois)
        ],
        **more,
    )


def write(dataset: Dataset, path: Path, syntax: str = ImplicitVRLittleEndian) -> Path:
    """Write it down."""
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.TransferSyntaxUID = syntax
    pydicom.dcmwrite(path, dataset, enforce_file_format=True)
    return path
