"""A Volume → a classic CT or MR Image Storage series, one file a slice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian, MRImageStorage, generate_uid
from pydicom.valuerep import format_number_as_ds

from medseg.errors import OutputError
from medseg.io.atomic_folder import whole_folder
from medseg.io.dicom.checks import COSINE_TOLERANCE
from medseg.progress import Progress, silent
from medseg.space import Grid
from medseg.volume.volume import Volume

_DATE, _TIME = "20000101", "120000"
"""A fixed moment: the same volume gives the same bytes."""


@dataclass(frozen=True)
class _Storage:
    """How one modality is stored: its class, cell type and the attributes that only it has."""

    sop_class: UID
    dtype: type[np.signedinteger[Any] | np.unsignedinteger[Any]]
    intercept: int
    attributes: dict[str, object]


_STORAGE = {
    # PS3.3 A.3 and C.8.2.1
    "CT": _Storage(
        CTImageStorage,
        np.int16,
        -1024,
        {
            "ImageType": ["DERIVED", "SECONDARY", "AXIAL"],
            "KVP": None,
            "RescaleIntercept": -1024,
            "RescaleSlope": 1,
            "RescaleType": "HU",
        },
    ),
    # PS3.3 A.4 and C.8.3.1
    "MR": _Storage(
        MRImageStorage,
        np.uint16,
        0,
        {
            "ImageType": ["DERIVED", "SECONDARY", "OTHER"],
            "ScanningSequence": "SE",
            "SequenceVariant": "NONE",
            "ScanOptions": None,
            "MRAcquisitionType": "2D",
            "RepetitionTime": None,
            "EchoTime": None,
            "EchoTrainLength": None,
        },
    ),
}


def write_series(
    volume: Volume,
    folder: Path,
    *,
    modality: str,
    uid_seed: str,
    patient_name: str,
    patient_id: str,
    series_description: str = "",
    series_number: int = 1,
    study_uid: str | None = None,
    acquired: date | None = None,
    progress: Progress = silent,
) -> tuple[Path, ...]:
    """Write whole-numbered voxels losslessly as uncompressed DICOM, from ``IM0001.dcm`` on.

    The same arguments give the same bytes: UIDs derive from ``uid_seed`` and dates are fixed. Files follow
    ``k``; DICOM itself orders slices along the normal, so that a grid whose ``k`` runs against it comes back
    with ``k`` reversed. A tilted (sheared) stack is kept.

    Args:
        volume: What to write. Its grid's frame of reference is kept, else one derives from the seed.
        folder: A new or empty folder.
        modality: ``CT`` (int16, HU from -33792 to 31743) or ``MR`` (uint16).
        uid_seed: Any text; another one gives other UIDs.
        patient_name: In DICOM's form, such as ``PHANTOM^ABDOMEN``.
        patient_id: Patient ID.
        series_description: Free text of at most 64 characters.
        series_number: Number of the series in its study.
        study_uid: Study instance UID, for several series of one study; derived from the seed if absent.
        acquired: The day of the study and of the acquisition; by default the acquisition has none.
        progress: Told before each file.

    Returns:
        The files, in the order of ``k``.

    Raises:
        ValueError: Another modality.
        OutputExistsError: The folder holds something.
        OutputError: Voxels that are no whole numbers or out of range, rows and columns that are not at a
            right angle, or a folder that can't be written.
    """
    if modality not in _STORAGE:
        raise ValueError(f"expected modality CT or MR, got {modality!r}")
    storage = _STORAGE[modality]
    _require_right_angle(volume.grid)
    stored = _stored(volume.voxels, storage, modality)
    common: dict[str, object] = {
        "SpecificCharacterSet": "ISO_IR 192",
        "Modality": modality,
        "PatientName": patient_name,
        "PatientID": patient_id,
        "SeriesDescription": series_description,
        "SeriesNumber": series_number,
        "StudyInstanceUID": study_uid or _uid(uid_seed, "study"),
        "SeriesInstanceUID": _uid(uid_seed, "series"),
        "FrameOfReferenceUID": volume.grid.frame_of_reference_uid or _uid(uid_seed, "frame of reference"),
        **_FIXED,
        **_on(acquired),
        **_plane(volume.grid),
        **storage.attributes,
    }
    names = [f"IM{k + 1:04d}.dcm" for k in range(len(stored))]
    with whole_folder(folder) as temporary:
        for k, name in enumerate(names):
            progress("writing slices", k, len(names))
            one = _dataset(common, storage, _uid(uid_seed, f"slice {k}"))
            one.InstanceNumber = k + 1
            one.ImagePositionPatient = [_ds(x) for x in volume.grid.to_lps_mm([k, 0, 0])]
            one.PixelData = stored[k].astype(stored.dtype.newbyteorder("<")).tobytes()
            one.save_as(temporary / name, enforce_file_format=True)
    return tuple(folder / name for name in names)


_FIXED: dict[str, object] = {
    "StudyDate": _DATE,
    "StudyTime": _TIME,
    "StudyID": "1",
    "AccessionNumber": None,
    "ReferringPhysicianName": None,
    "PatientBirthDate": None,
    "PatientSex": None,
    "PatientPosition": "HFS",
    "PositionReferenceIndicator": None,
    "Manufacturer": "medseg",
    "AcquisitionNumber": None,
    "SamplesPerPixel": 1,
    "PhotometricInterpretation": "MONOCHROME2",
    "BitsAllocated": 16,
    "BitsStored": 16,
    "HighBit": 15,
}


def _on(acquired: date | None) -> dict[str, object]:
    if acquired is None:
        return {}
    day = acquired.strftime("%Y%m%d")
    return {"StudyDate": day, "AcquisitionDate": day, "AcquisitionTime": _TIME}


def _dataset(common: dict[str, object], storage: _Storage, sop_instance_uid: str) -> Dataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = storage.sop_class
    meta.MediaStorageSOPInstanceUID = UID(sop_instance_uid)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = Dataset()
    dataset.file_meta = meta
    dataset.SOPClassUID = storage.sop_class
    dataset.SOPInstanceUID = sop_instance_uid
    dataset.PixelRepresentation = int(np.issubdtype(storage.dtype, np.signedinteger))
    for keyword, value in common.items():
        setattr(dataset, keyword, value)
    return dataset


def _plane(grid: Grid) -> dict[str, object]:
    """The geometry that all slices share (PS3.3 C.7.6.2): spacing is between rows, then between columns."""
    _, rows, columns = grid.shape_kji
    thickness_mm, row_mm, column_mm = grid.spacing_kji_mm
    _, along_column, along_row = grid.directions.T
    return {
        "Rows": rows,
        "Columns": columns,
        "SliceThickness": _ds(thickness_mm),
        "PixelSpacing": [_ds(row_mm), _ds(column_mm)],
        "ImageOrientationPatient": [_ds(x) for x in (*along_row, *along_column)],
    }


def _ds(number: float) -> str:
    """A decimal string of at most 16 characters (PS3.5 6.2), with as many digits as fit."""
    return format_number_as_ds(float(number))


def _uid(seed: str, what: str) -> str:
    return str(generate_uid(entropy_srcs=[seed, what]))


def _require_right_angle(grid: Grid) -> None:
    cosine = float(abs(grid.directions[:, 1] @ grid.directions[:, 2]))
    if cosine > COSINE_TOLERANCE:
        raise OutputError(
            f"DICOM needs rows and columns at a right angle, but they are off by a cosine of {cosine:.3g}",
            hint="resample the volume onto a rectangular grid",
        )


def _stored(voxels: npt.NDArray[Any], storage: _Storage, modality: str) -> npt.NDArray[Any]:
    limits = np.iinfo(storage.dtype)
    low, high = limits.min + storage.intercept, limits.max + storage.intercept
    whole = voxels.dtype.kind in "iu" or bool((voxels == np.round(voxels)).all())
    if not whole or voxels.min() < low or voxels.max() > high:
        raise OutputError(
            f"expected whole numbers from {low} to {high} for {modality}, found {voxels.dtype} from "
            f"{voxels.min():g} to {voxels.max():g}",
            hint="round or scale the values first",
        )
    return (voxels.astype(np.int64) - storage.intercept).astype(storage.dtype)
