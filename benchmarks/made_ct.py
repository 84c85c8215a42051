"""CT series made on the spot: noise and anatomy that compress like a scanner's, ordinary headers.

A slice is an elliptic body with organs, bone and lungs in air inside a round field of view. Noise is 20 HU
in tissue and correlated over neighbouring pixels as a soft kernel leaves it. Stored values are 12 bits in
16, unsigned, with intercept −1024, in explicit little endian. A header has about 80 elements, a few
sequences (one of undefined length, as GE and others write) and a private block.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian, JPEG2000Lossless

NOISE_HU = 20.0
AIR_BELOW_HU = -900
"""Air attenuates little, and its noise is half that of tissue."""

NOISE_POOL = 2048
"""Noise is drawn once, as a square this wide; every slice cuts its own piece of it."""

DISTINCT_COMPRESSED = 50
"""How many different slices are encoded; the others repeat their pixels, which no decoder can exploit."""

_ROOT = "1.2.826.0.1.3680043.10.1444"


@dataclass(frozen=True)
class CtSeries:
    """What one series is to be.

    Attributes:
        number: Tells series of one tree apart; part of every UID.
        slices: How many files.
        matrix: Rows and columns.
        jpeg2000: Compress losslessly.
    """

    number: int = 1
    slices: int = 500
    matrix: int = 512
    jpeg2000: bool = False

    @property
    def uid(self) -> str:
        """Its SeriesInstanceUID."""
        return f"{_ROOT}.{self.number}"


def write_ct_series(folder: Path, series: CtSeries) -> None:
    """Write one series as one file a slice into a new folder."""
    folder.mkdir(parents=True)
    header = _header(series)
    for k, pixels in enumerate(_pixel_data(series)):
        uid = UID(f"{series.uid}.{k + 1}")
        header.SOPInstanceUID = header.file_meta.MediaStorageSOPInstanceUID = uid
        header.InstanceNumber = k + 1
        header.SliceLocation = f"{-400 + 1.25 * k:.2f}"
        header.ImagePositionPatient = [-187.5, -180.25, f"{-400 + 1.25 * k:.2f}"]
        header.PixelData = pixels
        header.save_as(folder / f"IM{k + 1:05d}.dcm", enforce_file_format=True)


def write_ct_tree(folder: Path, count: int, series: CtSeries) -> None:
    """Write several series, a folder each."""
    with multiprocessing.Pool() as pool:
        pool.starmap(
            write_ct_series,
            [(folder / f"series_{n:02d}", replace(series, number=n)) for n in range(1, count + 1)],
        )


def _pixel_data(series: CtSeries) -> Iterator[bytes]:
    if not series.jpeg2000:
        yield from (stored.tobytes() for stored in _slices(series, series.slices))
        return
    with multiprocessing.Pool() as pool:
        encoded = pool.map(_encode, _slices(series, min(series.slices, DISTINCT_COMPRESSED)))
    for k in range(series.slices):
        yield encapsulate([encoded[k % len(encoded)]])


def _encode(stored: np.ndarray) -> bytes:
    from openjpeg.utils import encode_array

    # A plain code stream (not a JP2 file), as DICOM embeds it.
    return bytes(encode_array(stored, bits_stored=12, photometric_interpretation=2, codec_format=0))


def _slices(series: CtSeries, count: int) -> Iterator[np.ndarray]:
    """Stored values of each slice, ``[row, column]`` uint16."""
    random = np.random.default_rng(series.number)
    noise = _noise_pool(random)
    axis = np.linspace(-1, 1, series.matrix)
    y, x = axis[:, None], axis[None, :]
    outside = x**2 + y**2 > 1
    for k in range(count):
        z = (k / max(series.slices - 1, 1) - 0.5) * 2
        hu = _anatomy(x, y, z)
        row, column = random.integers(0, NOISE_POOL - series.matrix, 2)
        grain = noise[row : row + series.matrix, column : column + series.matrix]
        hu += grain * np.where(hu < AIR_BELOW_HU, 0.5, 1.0)
        hu[outside] = -1024
        yield np.clip(np.rint(hu) + 1024, 0, 4095).astype("<u2")


def _anatomy(x: np.ndarray, y: np.ndarray, z: float) -> np.ndarray:
    """HU without noise of one slice; it changes slowly along the body."""

    def inside(at_x: float, at_y: float, wide: float, high: float) -> np.ndarray:
        return np.asarray(((x - at_x) / wide) ** 2 + ((y - at_y) / high) ** 2 < 1)

    size = 1 - 0.12 * z**2
    hu = np.full((y.shape[0], x.shape[1]), -1000.0)
    hu[inside(0, 0, 0.95 * size, 0.74 * size)] = -100  # fat
    hu[inside(0, 0.01, 0.89 * size, 0.68 * size)] = 45  # muscle
    lungs = max(0.0, 0.30 + 0.3 * z)
    if lungs:
        for side in (-0.38, 0.38):
            hu[inside(side, -0.04, lungs * 0.9, lungs * 1.2)] = -820
    hu[inside(-0.35, -0.05, 0.34 - 0.3 * lungs, 0.30 - 0.3 * lungs)] = 60  # liver
    hu[inside(0, 0.36, 0.11, 0.10)] = 420  # vertebra
    hu[inside(0.03, 0.20, 0.045, 0.045)] = 140  # aorta
    return hu


def _noise_pool(random: np.random.Generator) -> np.ndarray:
    from scipy.ndimage import gaussian_filter

    noise = gaussian_filter(random.standard_normal((NOISE_POOL, NOISE_POOL), dtype=np.float32), 0.6)
    return np.asarray(noise * (NOISE_HU / noise.std()))


def _header(series: CtSeries) -> Dataset:
    header = Dataset()
    header.file_meta = FileMetaDataset()
    header.file_meta.TransferSyntaxUID = JPEG2000Lossless if series.jpeg2000 else ExplicitVRLittleEndian
    header.file_meta.MediaStorageSOPClassUID = CTImageStorage
    header.update(_whole_series(series))
    for keyword, value in _ORDINARY.items():
        setattr(header, keyword, value)
    header.ReferencedImageSequence = [_reference(series, n) for n in range(2)]
    header.ReferencedStudySequence = [_reference(series, 9)]
    header.RequestAttributesSequence = [_request()]
    header["RequestAttributesSequence"].is_undefined_length = True
    private = header.private_block(0x0043, "MADE_CT_01", create=True)
    for offset in range(12):
        private.add_new(offset, "DS", ["1.5", "0", "-12.25"])
    return header


def _whole_series(series: CtSeries) -> Dataset:
    shared = Dataset()
    shared.SOPClassUID = CTImageStorage
    shared.StudyInstanceUID, shared.SeriesInstanceUID = f"{_ROOT}.0", series.uid
    shared.FrameOfReferenceUID = f"{series.uid}.0"
    shared.SeriesNumber = series.number
    shared.SeriesDescription = f"made body {series.number}"
    shared.Rows = shared.Columns = series.matrix
    shared.PixelSpacing = [f"{375 / series.matrix:.6f}"] * 2
    return shared


def _reference(series: CtSeries, number: int) -> Dataset:
    reference = Dataset()
    reference.ReferencedSOPClassUID = CTImageStorage
    reference.ReferencedSOPInstanceUID = f"{series.uid}.99.{number}"
    return reference


def _request() -> Dataset:
    request = Dataset()
    request.RequestedProcedureID = "R1"
    request.ScheduledProcedureStepID = "S1"
    request.ScheduledProcedureStepDescription = "made abdomen"
    return request


_ORDINARY: dict[str, object] = {
    "SpecificCharacterSet": "ISO_IR 100",
    "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
    "InstanceCreationDate": "20260102",
    "InstanceCreationTime": "101112.000000",
    "StudyDate": "20260102",
    "SeriesDate": "20260102",
    "AcquisitionDate": "20260102",
    "ContentDate": "20260102",
    "StudyTime": "101000.000000",
    "SeriesTime": "101100.000000",
    "AcquisitionTime": "101105.000000",
    "ContentTime": "101106.000000",
    "AccessionNumber": "0",
    "Modality": "CT",
    "Manufacturer": "GE MEDICAL SYSTEMS",
    "InstitutionName": "nowhere",
    "ReferringPhysicianName": "",
    "StationName": "CT0",
    "StudyDescription": "made",
    "ManufacturerModelName": "made body",
    "PatientName": "MADE^CT",
    "PatientID": "MADE",
    "PatientBirthDate": "",
    "PatientSex": "O",
    "PatientAge": "050Y",
    "PatientSize": "1.75",
    "PatientWeight": "75",
    "BodyPartExamined": "ABDOMEN",
    "ScanOptions": "HELICAL MODE",
    "SliceThickness": "1.25",
    "KVP": "120",
    "DataCollectionDiameter": "500",
    "DeviceSerialNumber": "0",
    "SoftwareVersions": "1",
    "ProtocolName": "made abdomen",
    "ReconstructionDiameter": "375",
    "DistanceSourceToDetector": "949",
    "DistanceSourceToPatient": "541",
    "GantryDetectorTilt": "0",
    "TableHeight": "150",
    "RotationDirection": "CW",
    "ExposureTime": "500",
    "XRayTubeCurrent": "350",
    "Exposure": "175",
    "FilterType": "BODY FILTER",
    "GeneratorPower": "42000",
    "FocalSpots": "1.2",
    "ConvolutionKernel": "STANDARD",
    "PatientPosition": "HFS",
    "RevolutionTime": 0.5,
    "SingleCollimationWidth": 0.625,
    "TotalCollimationWidth": 40.0,
    "TableSpeed": 78.75,
    "SpiralPitchFactor": 0.984375,
    "CTDIvol": 11.5,
    "StudyID": "1",
    "AcquisitionNumber": 1,
    "ImageOrientationPatient": ["1", "0", "0", "0", "1", "0"],
    "PositionReferenceIndicator": "XY",
    "ImagesInAcquisition": 500,
    "SamplesPerPixel": 1,
    "PhotometricInterpretation": "MONOCHROME2",
    "BitsAllocated": 16,
    "BitsStored": 12,
    "HighBit": 11,
    "PixelRepresentation": 0,
    "WindowCenter": "40",
    "WindowWidth": "400",
    "RescaleIntercept": "-1024",
    "RescaleSlope": "1",
    "RescaleType": "HU",
}
