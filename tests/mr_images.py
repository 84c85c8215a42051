"""Classic MR series of any maker, and Siemens' CSA headers, to be read back."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage, generate_uid

from medseg.io.dicom.header import ImageHeader
from medseg.space import Grid

PLANES = {"axial": (1, 0, 0, 0, 1, 0), "sagittal": (0, 1, 0, 0, 0, -1), "coronal": (1, 0, 0, 0, 0, -1)}
"""Row and column direction of images as scanners lay them."""

SIZE = 16
SPACING_MM = 2.0
SLICE_STEP_MM = 3.0
CORNER_LPS_MM = (-20.0, -30.0, 10.0)


def turned(cosines: Sequence[float], degrees_xyz: Sequence[float] = (11, -7, 13)) -> tuple[float, ...]:
    """Row and column direction turned about x, then y, then z."""
    matrix = np.eye(3)
    for axis, angle in enumerate(np.radians(degrees_xyz)):
        turn, (a, b) = np.eye(3), ((axis + 1) % 3, (axis + 2) % 3)
        turn[a, a] = turn[b, b] = np.cos(angle)
        turn[b, a], turn[a, b] = np.sin(angle), -np.sin(angle)
        matrix = turn @ matrix
    return tuple(round(float(part), 9) for part in (np.reshape(cosines, (2, 3)) @ matrix.T).ravel())


def mr_image(number: int, maker: str, cosines: Sequence[float], k: int, size: int = SIZE) -> Dataset:
    """Slice ``k`` of an echo-planar series."""
    row, column = np.reshape(cosines, (2, 3))
    position = np.array(CORNER_LPS_MM) + SLICE_STEP_MM * k * np.cross(row, column)
    image = Dataset()
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image.SOPClassUID = image.file_meta.MediaStorageSOPClassUID = MRImageStorage
    uid = generate_uid(entropy_srcs=[maker, str(number)])
    image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = uid
    image.StudyInstanceUID = image.SeriesInstanceUID = image.FrameOfReferenceUID = "1.2.3"
    image.Modality, image.Manufacturer = "MR", maker
    image.ImageType = ["ORIGINAL", "PRIMARY", "EPI", "NONE"]
    image.ScanningSequence, image.MRAcquisitionType = ["EP", "SE"], "2D"
    image.ScanOptions, image.SequenceVariant = "EPI_GEMS", "SK"
    image.RepetitionTime, image.EchoTime, image.EchoTrainLength = "5000", "80", "1"
    image.PatientID, image.PatientName, image.PatientPosition = "1", "A", "HFS"
    image.StudyDate, image.StudyTime = "20200101", "101010"
    image.SeriesNumber, image.AcquisitionNumber, image.InstanceNumber = "3", "1", str(number)
    image.SliceThickness = image.SpacingBetweenSlices = str(SLICE_STEP_MM)
    image.ImageOrientationPatient = [f"{part:.9g}" for part in cosines]
    image.ImagePositionPatient = [f"{part:.9g}" for part in position]
    image.Rows = image.Columns = size
    image.PixelSpacing = [str(SPACING_MM)] * 2
    image.BitsAllocated = image.BitsStored = 16
    image.HighBit, image.PixelRepresentation, image.SamplesPerPixel = 15, 0, 1
    image.PhotometricInterpretation = "MONOCHROME2"
    pixels = np.random.default_rng(number).integers(0, 1000, (size, size), dtype=np.uint16)
    image.PixelData = pixels.tobytes()
    return image


def write(image: Dataset, path: Path) -> Path:
    image.save_as(path, enforce_file_format=True)
    return path


def write_volumes(
    folder: Path,
    maker: str,
    cosines: Sequence[float],
    volumes: int,
    slices: int,
    change: Callable[[Dataset, int, int], None],
) -> list[list[Path]]:
    """Write a series of volumes; ``change`` gets each image, its volume ``t`` and slice ``k``."""
    folder.mkdir(parents=True, exist_ok=True)
    paths: list[list[Path]] = []
    for t in range(volumes):
        paths.append([])
        for k in range(slices):
            number = t * slices + k + 1
            image = mr_image(number, maker, cosines, k)
            change(image, t, k)
            paths[-1].append(write(image, folder / f"{number:04d}.dcm"))
    return paths


def csa(values: dict[str, Sequence[str]], *, version: int = 2) -> bytes:
    """A CSA header, https://nipy.org/nibabel/dicom/siemens_csa.html."""
    start = b"SV10\4\3\2\1" if version == 2 else b""
    parts = [start, struct.pack("<LL", len(values), 77)]
    first_items = 0
    for number, (name, items) in enumerate(values.items()):
        first_items = len(items) if number == 0 else first_items
        parts.append(struct.pack("<64si4siii", name.encode(), len(items), b"FD", 3, len(items), 77))
        for item in items:
            raw = item.encode() + b"\0"
            length = len(raw) if version == 2 else len(raw) + first_items
            parts.append(
                struct.pack("<4i", *((length, length, 77, length) if version == 2 else (length, 0, 0, 0)))
            )
            parts.append(raw + b"\0" * (-len(raw) % 4))
    return b"".join(parts)


def grid_of(stack: Sequence[ImageHeader]) -> Grid:
    """The grid of slices at equal steps, from the headers of the first two."""
    row, column = np.reshape(stack[0].orientation, (2, 3))
    return Grid.from_axes(
        (len(stack), stack[0].rows, stack[0].columns),
        origin_lps_mm=stack[0].position_lps_mm,
        step_k_mm=np.subtract(stack[1].position_lps_mm, stack[0].position_lps_mm),
        step_j_mm=stack[0].spacing_ji_mm[0] * column,
        step_i_mm=stack[0].spacing_ji_mm[1] * row,
    )
