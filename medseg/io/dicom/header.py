"""What one DICOM file says about its image, read without the pixels and free of who the patient is."""

from __future__ import annotations

import math
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

import pydicom
from pydicom.dataset import FileDataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from medseg.errors import UnreadableFileError
from medseg.io.dicom.rescale import Rescale

PARSE_ERRORS = (
    ArithmeticError, AttributeError, BytesLengthException, EOFError, LookupError, NotImplementedError,
    RuntimeError, TypeError, ValueError, struct.error,
)  # fmt: skip
"""What pydicom raises, here and there, on damaged bytes; it has no root error of its own."""

_TAGS: list[Any] = [
    "SpecificCharacterSet", "ImageType", "SOPClassUID", "SOPInstanceUID", "Modality", "PatientID",
    "StudyInstanceUID", "SeriesInstanceUID", "SeriesNumber", "InstanceNumber", "FrameOfReferenceUID",
    "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SamplesPerPixel",
    "PhotometricInterpretation", "NumberOfFrames", "Rows", "Columns", "BitsAllocated", "BitsStored",
    "HighBit", "PixelRepresentation", "PixelPaddingValue", "RescaleSlope", "RescaleIntercept", "RescaleType",
    "LossyImageCompression", "ModalityLUTSequence", "Units", "SUVType",
]  # fmt: skip

_PIXEL_TAGS = {(0x7FE0, 0x0008), (0x7FE0, 0x0009), (0x7FE0, 0x0010)}
_SERIES_UID = 0x0020000E
_UNDEFINED_LENGTH = 0xFFFFFFFF

NATIVE_SYNTAXES = {
    ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian,
}  # fmt: skip
"""Syntaxes in which pixels lie side by side, so that their number follows from their length."""

_FIRST_GROUPS = (0x0002, 0x0008)
_FIRST_ELEMENT_MAX = 0x0018
_FIRST_LENGTH_MAX = 64
"""What a data set without the 128-byte preamble begins with: an element no later than SOPInstanceUID."""


@dataclass(frozen=True)
class ImageHeader:
    """One file's header, as far as its place and values depend on it.

    Attributes:
        path: The file.
        damage: What in the header or the file's length can't be right; empty if nothing.
        patient_digest: What tells patients apart: a digest of PatientID, empty if absent; never shown.
        group: What keeps series apart where the file has no series UID: a digest, not an identity.
        sop_class_uid: The kind of object; taken from the file meta information if the data set lacks it.
        sop_instance_uid: The image's own UID, likewise.
        series_uid: Series instance UID, empty if absent; so for the other texts.
        position_lps_mm: ImagePositionPatient, centre of the first pixel (PS3.3 C.7.6.2.1.1).
        orientation: ImageOrientationPatient: direction of growing column index, then of row index.
        spacing_ji_mm: PixelSpacing: between rows, then between columns (PS3.3 10.7.1.3).
        frames: NumberOfFrames, 1 if absent.
        rescale: RescaleSlope and RescaleIntercept, None if neither is given.
        bits: How a stored value lies in its cell.
    """

    path: Path
    damage: str
    patient_digest: str
    group: str
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    modality: str
    study_uid: str
    series_uid: str
    frame_of_reference_uid: str
    instance_number: str
    image_type: tuple[str, ...]
    position_lps_mm: tuple[float, ...] | None
    orientation: tuple[float, ...] | None
    spacing_ji_mm: tuple[float, ...] | None
    rows: int
    columns: int
    frames: int
    samples_per_pixel: int
    photometric: str
    bits: Bits
    rescale: Rescale | None
    rescale_type: str
    has_modality_lut: bool
    units: str
    suv_type: str
    lossy: bool


@dataclass(frozen=True)
class Bits:
    """The pixel cell (PS3.5 8.1.1): ``stored`` bits ending at ``high``, in a cell of ``allocated`` bits."""

    allocated: int
    stored: int
    high: int
    signed: bool
    padding: int | None
    """PixelPaddingValue, if given."""

    @property
    def limits(self) -> tuple[int, int]:
        """Smallest and largest value that the stored bits can hold."""
        half = 1 << max(self.stored - 1, 0)
        return (-half, half - 1) if self.signed else (0, 2 * half - 1)


def read_header(path: Path) -> ImageHeader | None:
    """Read a file's header.

    Returns:
        None if the file is not DICOM: neither ``DICM`` after the preamble (PS3.10 7.1) nor a bare data set.

    Raises:
        UnreadableFileError: It is DICOM, but so damaged that not even its data set can be walked; or
            the file can't be opened.
    """
    try:
        with path.open("rb") as file, lenient():
            dataset = read_dataset(file, stop_before_pixels=True, specific_tags=_TAGS)
            header = header_of(dataset, path, _pixel_damage(file, dataset))
            _require_identified(dataset, header)
            return header
    except InvalidDicomError:
        return None
    except OSError as error:
        raise UnreadableFileError(
            f"{path.name} can't be opened: {error.strerror or error}", reason="unreadable"
        ) from error
    except PARSE_ERRORS as error:
        raise UnreadableFileError(f"{path.name} is damaged: {error}", reason="unreadable") from error


def read_dataset(file: BinaryIO, **options: Any) -> FileDataset:
    """Read a data set, with or without the preamble that old archives leave out.

    Raises:
        InvalidDicomError: It is not DICOM.
    """
    start = file.read(132)
    file.seek(0)
    is_bare = start[128:] != b"DICM" and _begins_like_a_dataset(start)
    return pydicom.dcmread(file, force=is_bare, **options)


def _begins_like_a_dataset(start: bytes) -> bool:
    """Whether the first element is one that comes first (PS3.5 7.1), in either little endian syntax."""
    if len(start) < 8:
        return False
    group, element, length = struct.unpack("<HHL", start[:8])
    if start[4:6].isalpha() and start[4:6].isupper():
        length = int.from_bytes(start[6:8], "little")
    return group in _FIRST_GROUPS and element <= _FIRST_ELEMENT_MAX and length <= _FIRST_LENGTH_MAX


def length_damage(dataset: pydicom.Dataset, transfer_syntax_uid: str, length: int) -> str:
    """What is wrong with so many bytes of native pixels: too many are as wrong as too few.

    pydicom would crop them and say nothing.
    """
    elements = _Elements(dataset)
    bits = elements.whole("BitsAllocated", 0)
    several = {elements.whole("SamplesPerPixel", 1), elements.whole("NumberOfFrames", 1)} != {1}
    if transfer_syntax_uid not in NATIVE_SYNTAXES or several or bits % 8:
        return ""  # colour, frames and packed bits are refused as what they are
    expected = elements.whole("Rows", 0) * elements.whole("Columns", 0) * bits // 8
    if length in (expected, expected + expected % 2):  # PS3.5 8.1.1: padded to an even length
        return ""
    return f"its rows and columns take {expected} bytes of pixels, but it has {length}"


def header_of(dataset: FileDataset, path: Path, damage: str = "") -> ImageHeader:
    """Gather the header of a data set that was read already."""
    elements = _Elements(dataset)
    slope, intercept = elements.number("RescaleSlope"), elements.number("RescaleIntercept")
    no_rescale = slope is None and intercept is None
    meta = _Elements(dataset.file_meta)
    fields: dict[str, Any] = {
        "path": path,
        "sop_class_uid": elements.text("SOPClassUID") or meta.text("MediaStorageSOPClassUID"),
        "sop_instance_uid": elements.text("SOPInstanceUID") or meta.text("MediaStorageSOPInstanceUID"),
        "transfer_syntax_uid": _transfer_syntax(dataset),
        "modality": elements.text("Modality"),
        "study_uid": elements.text("StudyInstanceUID"),
        "series_uid": elements.text("SeriesInstanceUID"),
        "frame_of_reference_uid": elements.text("FrameOfReferenceUID"),
        "instance_number": elements.text("InstanceNumber"),
        "image_type": elements.texts("ImageType"),
        "position_lps_mm": elements.numbers("ImagePositionPatient", 3),
        "orientation": elements.numbers("ImageOrientationPatient", 6),
        "spacing_ji_mm": elements.numbers("PixelSpacing", 2),
        "rows": elements.whole("Rows", 0),
        "columns": elements.whole("Columns", 0),
        "frames": elements.whole("NumberOfFrames", 1),
        "samples_per_pixel": elements.whole("SamplesPerPixel", 1),
        "photometric": elements.text("PhotometricInterpretation"),
        "bits": _bits(elements),
        "rescale": None if no_rescale else Rescale(1.0 if slope is None else slope, intercept or 0.0),
        "rescale_type": elements.text("RescaleType"),
        "has_modality_lut": "ModalityLUTSequence" in dataset,
        "units": elements.text("Units"),
        "suv_type": elements.text("SUVType"),
        "lossy": elements.text("LossyImageCompression") == "01",
        "patient_digest": _digest(elements.text("PatientID")),
        "group": _group(elements, path),
    }
    return ImageHeader(damage="; ".join([*filter(None, [damage]), *elements.damage]), **fields)


@contextmanager
def lenient() -> Iterator[None]:
    """Keep pydicom quiet about values that break a rule but can be read.

    Its reader warns about every odd UID, VR or length; what matters here is checked by value in
    :mod:`medseg.io.dicom.checks`, and said once for a series instead of once for a file.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def uid_of(text: str) -> UID:
    """A UID without a complaint about its form: an odd one is unknown, and refused as such."""
    return UID(text, validation_mode=pydicom.config.IGNORE)


def syntax_of(header: ImageHeader) -> UID:
    """The transfer syntax as pydicom's object, which knows its name."""
    return uid_of(header.transfer_syntax_uid)


class _Elements:
    """Reads elements of a data set and notes those that can't be understood."""

    def __init__(self, dataset: pydicom.Dataset) -> None:
        self.damage: list[str] = []
        self._dataset = dataset

    def texts(self, keyword: str) -> tuple[str, ...]:
        value = self._value(keyword)
        if value is None:
            return ()
        several = isinstance(value, (list, tuple, pydicom.multival.MultiValue))
        return tuple(str(part).strip() for part in (value if several else [value]))

    def text(self, keyword: str) -> str:
        return next(iter(self.texts(keyword)), "")

    def numbers(self, keyword: str, count: int) -> tuple[float, ...] | None:
        texts = self.texts(keyword)
        if not any(texts):
            return None
        try:
            numbers = tuple(float(text) for text in texts)
        except ValueError:
            numbers = ()
        if len(numbers) != count or not all(map(math.isfinite, numbers)):
            self.damage.append(f"{keyword} must hold {count} number(s), found {list(texts)}")
            return None
        return numbers

    def number(self, keyword: str) -> float | None:
        numbers = self.numbers(keyword, 1)
        return None if numbers is None else numbers[0]

    def whole(self, keyword: str, default: int) -> int:
        number = self.number(keyword)
        return default if number is None else int(number)

    def _value(self, keyword: str) -> Any:
        try:
            return self._dataset.get(keyword)
        except PARSE_ERRORS as error:
            self.damage.append(f"{keyword} can't be read: {error}")
            return None


def _bits(elements: _Elements) -> Bits:
    allocated = elements.whole("BitsAllocated", 0)
    stored = elements.whole("BitsStored", allocated)
    padding = elements.text("PixelPaddingValue")
    return Bits(
        allocated=allocated,
        stored=stored,
        high=elements.whole("HighBit", stored - 1),
        signed=elements.whole("PixelRepresentation", 0) == 1,
        padding=int(padding) if padding.lstrip("-").isdecimal() else None,
    )


def _group(elements: _Elements, path: Path) -> str:
    """What tells series without a UID apart: an anonymiser may have emptied it in a whole folder."""
    parts = [
        str(path.parent),
        *(
            elements.text(keyword)
            for keyword in ("PatientID", "StudyInstanceUID", "Modality", "SeriesNumber")
        ),
    ]
    return _digest("\n".join(parts))


def _digest(text: str) -> str:
    """A digest of any text, names of files that are no UTF-8 included; empty for none."""
    return sha256(text.encode("utf-8", "surrogateescape")).hexdigest() if text else ""


def _transfer_syntax(dataset: FileDataset) -> str:
    named = str(dataset.file_meta.get("TransferSyntaxUID", "") or "")
    if named or dataset.preamble is not None:
        return named
    # A bare data set has no file meta information; pydicom found out how its elements are written.
    return str(ImplicitVRLittleEndian if dataset.original_encoding[0] else ExplicitVRLittleEndian)


def _require_identified(dataset: FileDataset, header: ImageHeader) -> None:
    """Refuse a header that ends before, or inside of, the UID of its series: it belongs to nobody.

    Objects that are about no patient, such as hanging protocols, rightly have none.
    """
    if any(tag > _SERIES_UID for tag in dataset.keys()):  # noqa: SIM118 - a data set iterates over elements
        return
    name = uid_of(header.sop_class_uid).name
    if name == header.sop_class_uid or name.endswith("Image Storage"):
        raise UnreadableFileError(
            f"{header.path.name} is truncated: its header ends before the series is named",
            reason="unreadable",
        )


def _pixel_damage(file: BinaryIO, dataset: FileDataset) -> str:
    """What is wrong with the length of the pixel data that starts here.

    Only the element's own header is read. Inside a deflated file there is no position to look from,
    and encapsulated pixels have no length to compare with: both show themselves when decoded.
    """
    transfer_syntax_uid = _transfer_syntax(dataset)
    if transfer_syntax_uid == DeflatedExplicitVRLittleEndian:
        return ""
    order = ">" if transfer_syntax_uid == ExplicitVRBigEndian else "<"
    layout = f"{order}HHL" if transfer_syntax_uid == ImplicitVRLittleEndian else f"{order}HH4xL"
    start = file.read(struct.calcsize(layout))
    if len(start) < struct.calcsize(layout):
        return "the file ends before its pixels"
    group, element, length = struct.unpack(layout, start)
    if (group, element) not in _PIXEL_TAGS:
        return "no pixels where they were expected"
    begin = file.tell()
    present = file.seek(0, 2) - begin
    if length == _UNDEFINED_LENGTH:
        return "compressed pixels in an uncompressed syntax" if transfer_syntax_uid in NATIVE_SYNTAXES else ""
    if present < length:
        return f"truncated: expected {length} bytes of pixels, found {present}"
    return length_damage(dataset, transfer_syntax_uid, length)
