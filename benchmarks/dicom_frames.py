"""Every frame of DICOM files as the standard places and values it: the oracle's own reading, by pydicom.

Nothing here is shared with ``medseg.io.dicom``: a mistake there must not hide in here. A frame is one
2-D image: a classic file, one frame of a multi-frame file, one tile of a Siemens mosaic.
"""

from __future__ import annotations

import struct
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames

NOT_IMAGES = frozenset({"SEG", "RTSTRUCT", "RTPLAN", "SR", "PR", "KO", "DOC", "FID", "REG", "PLAN"})
"""Modalities whose objects hold no image of the patient."""

LOSSY_SYNTAXES = {f"1.2.840.10008.1.2.4.{n}" for n in (50, 51, 53, 55, 91, 203)}
LOSSY_STEPS = 1.0
"""Decoders of one lossy stream may round its inverse transform differently: one stored value."""

LOSSY_COLOUR_STEPS = 32.0
"""Colour of a lossy stream is stored more coarsely than brightness, and how it is brought back to the pixels
is left to the decoder: at sharp edges two good ones were 18 of 255 apart."""

JPEG_12_BIT = {f"1.2.840.10008.1.2.4.{n}" for n in (51, 53, 55)}
"""JPEG of 12 bits, which none of pydicom's decoders takes; imagecodecs does."""

BITS_OF_A_BYTE = 8


class UndecodableError(Exception):
    """The oracle can't read these pixels, so it can judge nobody's result."""


@dataclass(frozen=True, eq=False)
class Frame:
    """One 2-D image.

    Attributes:
        label: File name and, of a multi-frame file or mosaic, the number from 0.
        stored: Stored values by BitsStored and sign, ``[row, column]`` or ``[row, column, channel]``.
        slope: RescaleSlope of this frame, 1 where there is none.
        intercept: RescaleIntercept of this frame, 0 where there is none.
        decoder_steps: By how much of a stored value good decoders may differ; 0 unless it is lossy.
        position_lps_mm: Centre of the first pixel, ``(3,)``; None where the DICOM tells no place.
        steps_lps_mm: ``(2, 3)``: from one row to the next, from one column to the next; None likewise.
    """

    label: str
    stored: np.ndarray
    slope: float
    intercept: float
    decoder_steps: float
    position_lps_mm: np.ndarray | None
    steps_lps_mm: np.ndarray | None

    @property
    def values(self) -> np.ndarray:
        """The rescaled values (PS3.3 C.11.1.1.2) as float64, shaped like ``stored``."""
        return np.asarray(self.stored * self.slope + self.intercept)

    @property
    def corners_lps_mm(self) -> np.ndarray | None:
        """Centres of the corner pixels, ``(4, 3)``: first, end of first row, first of last row, last."""
        if self.position_lps_mm is None or self.steps_lps_mm is None:
            return None
        rows, columns = self.stored.shape[:2]
        ends = [(0, 0), (0, columns - 1), (rows - 1, 0), (rows - 1, columns - 1)]
        return np.asarray(self.position_lps_mm + np.array(ends) @ self.steps_lps_mm)


def read_frames(paths: Iterable[Path]) -> list[Frame]:
    """Read every frame of every image among the files; other DICOM objects are passed over.

    Raises:
        UndecodableError: The pixels of one can't be decoded here.
    """
    frames: list[Frame] = []
    with warnings.catch_warnings():  # real files break rules that have nothing to do with frames
        warnings.simplefilter("ignore")
        for path in sorted(paths):
            dataset = pydicom.dcmread(path, force=True)
            if is_image(dataset):
                frames.extend(_frames(dataset, path.name))
    return frames


def is_image(dataset: Dataset) -> bool:
    """Whether a data set is an image of the patient, with or without a place in space."""
    return "Rows" in dataset and dataset.get("Modality", "") not in NOT_IMAGES


def _frames(dataset: Dataset, name: str) -> Iterator[Frame]:
    stored = _stored_values(dataset)
    if "MOSAIC" in (dataset.get("ImageType") or []):
        yield from _mosaic_tiles(dataset, name, stored)
    elif "PerFrameFunctionalGroupsSequence" in dataset:
        for number, pixels in enumerate(stored):
            yield _enhanced_frame(dataset, number, f"{name}#{number}", pixels)
    elif len(stored) > 1:  # a multi-frame image of no functional groups tells no place of its frames
        for number, pixels in enumerate(stored):
            yield _frame(dataset, f"{name}#{number}", pixels, dataset, None, None)
    else:
        position, steps = _place(dataset, dataset, dataset)
        yield _frame(dataset, name, stored[0], dataset, position, steps)


def _frame(
    dataset: Dataset,
    label: str,
    stored: np.ndarray,
    rescale: Dataset,
    position: np.ndarray | None,
    steps: np.ndarray | None,
) -> Frame:
    slope, intercept = rescale.get("RescaleSlope"), rescale.get("RescaleIntercept")
    return Frame(
        label,
        stored,
        1.0 if slope is None else float(slope),
        0.0 if intercept is None else float(intercept),
        _decoder_steps(dataset),
        position,
        steps,
    )


def _place(position: Dataset, orientation: Dataset, measures: Dataset) -> tuple[np.ndarray | None, ...]:
    """Image Plane Module, PS3.3 C.7.6.2.1.1: the mapping of pixels to the patient."""
    point = position.get("ImagePositionPatient")
    cosines = orientation.get("ImageOrientationPatient")
    spacing = measures.get("PixelSpacing")
    if not point or not cosines or not spacing:
        return None, None
    along_row, along_column = np.reshape([float(c) for c in cosines], (2, 3))
    between_rows, between_columns = (float(s) for s in spacing)
    steps = np.stack([along_column * between_rows, along_row * between_columns])
    return np.array([float(p) for p in point]), steps


def _enhanced_frame(dataset: Dataset, number: int, label: str, stored: np.ndarray) -> Frame:
    """Functional groups, PS3.3 C.7.6.16: of the frame where it has them, else shared by all."""
    own = dataset.PerFrameFunctionalGroupsSequence[number]
    shared = (dataset.get("SharedFunctionalGroupsSequence") or [Dataset()])[0]

    def group(keyword: str) -> Dataset:
        found = own.get(keyword) or shared.get(keyword)
        return found[0] if found else Dataset()

    place = _place(
        group("PlanePositionSequence"), group("PlaneOrientationSequence"), group("PixelMeasuresSequence")
    )
    return _frame(dataset, label, stored, group("PixelValueTransformationSequence"), *place)


def _mosaic_tiles(dataset: Dataset, name: str, stored: np.ndarray) -> Iterator[Frame]:
    """Siemens mosaics: the position is that of a plane as large as the mosaic, centred on the slice.

    Source: NiBabel, "Siemens mosaic format", https://nipy.org/nibabel/dicom/dicom_mosaic.html. Tiles follow
    each other along the slice normal of the CSA header, which may point against the cross product of
    rows and columns.
    """
    count = int(_csa(dataset, "NumberOfImagesInMosaic")[0])
    normal = np.array([float(n) for n in _csa(dataset, "SliceNormalVector")[:3]])
    across = int(np.ceil(np.sqrt(count)))
    rows, columns = stored.shape[1] // across, stored.shape[2] // across
    centre, steps = _place(dataset, dataset, dataset)
    if centre is None or steps is None:
        raise UndecodableError(f"{name} is a mosaic without a place")
    first = centre + np.array([stored.shape[1] - rows, stored.shape[2] - columns]) / 2 @ steps
    gap = float(dataset.get("SpacingBetweenSlices") or dataset.SliceThickness)
    for tile in range(count):
        row, column = divmod(tile, across)
        pixels = stored[0, row * rows : (row + 1) * rows, column * columns : (column + 1) * columns]
        yield _frame(dataset, f"{name}#{tile}", pixels, dataset, first + tile * gap * normal, steps)


def _csa(dataset: Dataset, wanted: str) -> list[str]:
    """The values of one element of Siemens' CSA image header, version 2 ("SV10").

    Source: NiBabel, "Siemens format DICOM with CSA header", https://nipy.org/nibabel/dicom/siemens_csa.html.
    """
    data = bytes(dataset[0x0029, 0x1010].value)
    if data[:4] != b"SV10":
        raise UndecodableError("the CSA header is not of version 2")
    (elements,) = struct.unpack_from("<i", data, 8)
    at = 16
    for _ in range(elements):
        name, items = (
            data[at : at + 64].split(b"\0")[0].decode("ascii"),
            struct.unpack_from("<i", data, at + 76)[0],
        )
        at += 84
        values = []
        for _ in range(items):
            (length,) = struct.unpack_from("<i", data, at + 4)
            values.append(data[at + 16 : at + 16 + length].split(b"\0")[0].decode("latin-1").strip())
            at += 16 + (length + 3) // 4 * 4
        if name == wanted:
            return [value for value in values if value]
    raise UndecodableError(f"the CSA header has no {wanted}")


def _stored_values(dataset: Dataset) -> np.ndarray:
    """The pixels of all frames as they are meant, ``[frame, row, column]`` or with channels behind."""
    if dataset.get("PhotometricInterpretation") == "PALETTE COLOR":
        raise UndecodableError("numbers of a palette have no one right translation to a NIfTI")
    pixels = _decoded(dataset)
    samples = int(dataset.get("SamplesPerPixel", 1))
    shape = (dataset.Rows, dataset.Columns) + ((samples,) if samples > 1 else ())
    pixels = np.reshape(pixels, (-1, *shape))
    if pixels.dtype.kind == "f" or samples > 1:
        return pixels
    # What lies above BitsStored is no part of the value (PS3.5 8.1.1); the sign bit is its highest.
    bits = int(dataset.BitsStored)
    low = int(dataset.get("HighBit", bits - 1)) + 1 - bits
    values = (pixels.astype(np.int64) >> low) & ((1 << bits) - 1)
    if dataset.PixelRepresentation:
        values -= (values >> (bits - 1)) << bits
    return values


def _decoded(dataset: Dataset) -> np.ndarray:
    by_imagecodecs = _transfer_syntax(dataset) in JPEG_12_BIT and dataset.BitsStored > BITS_OF_A_BYTE
    try:
        return _decoded_by_imagecodecs(dataset) if by_imagecodecs else dataset.pixel_array
    except Exception as error:
        raise UndecodableError(f"no pixels: {type(error).__name__}") from error


def _decoded_by_imagecodecs(dataset: Dataset) -> np.ndarray:
    import imagecodecs

    count = int(dataset.get("NumberOfFrames") or 1)
    frames = generate_frames(dataset.PixelData, number_of_frames=count)
    return np.stack([imagecodecs.jpeg_decode(frame) for frame in frames])


def _decoder_steps(dataset: Dataset) -> float:
    if _transfer_syntax(dataset) not in LOSSY_SYNTAXES:
        return 0.0
    return LOSSY_STEPS if int(dataset.get("SamplesPerPixel", 1)) == 1 else LOSSY_COLOUR_STEPS


def _transfer_syntax(dataset: Dataset) -> str:
    meta = getattr(dataset, "file_meta", Dataset())
    return str(meta.get("TransferSyntaxUID", ""))
