"""What the images of one DICOM file say about themselves: no pixels, and not who the patient is."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from medseg.errors import UnreadableFileError
from medseg.io.dicom.announced import Announced, announced_by
from medseg.io.dicom.damage import pixel_damage, require_identified
from medseg.io.dicom.dimensions import Dimensions, dimensions_of
from medseg.io.dicom.display_window import display_window_of
from medseg.io.dicom.elements import Elements
from medseg.io.dicom.kinds import VOLUME_CLASSES
from medseg.io.dicom.mosaic import is_mosaic, tiles_of
from medseg.io.dicom.rescale import Rescale
from medseg.io.dicom.terms import (
    MODALITIES,
    PET_UNITS,
    PHOTOMETRICS,
    RESCALE_TYPES,
    SUV_TYPES,
    defined,
)
from medseg.io.dicom.walk import (
    OddDatasetError,
    PixelElement,
    Source,
    WalkedFile,
    walk,
)

if TYPE_CHECKING:
    from medseg.io.dicom.pet import PetFacts

_PRIVATE_GROUP = 1 << 16


@dataclass(frozen=True)
class ImageHeader:
    """One 2-D image, as far as its place and values depend on its header.

    A classic file holds one, a multi-frame file one a frame, a mosaic one a tile.

    Attributes:
        path: The file.
        stamp: Size and modification time (ns) of the file, to notice a change before its pixels are read.
        damage: What in the header or the file's length can't be right; empty if nothing.
        frame: Which frame of the file, from 0.
        frames: How many frames the file holds.
        tile: Left upper pixel ``(row, column)`` of this image in a mosaic; None if the frame is the image.
        pixels: Where the file's pixels are; None if there are none.
        patient_digest: What tells patients apart: a digest of PatientID, empty if absent; never shown.
        issuer_digest: The same of IssuerOfPatientID: two hospitals both have a patient 1.
        group: What keeps series apart where the file has no series UID: a digest, not an identity.
        sop_class_uid: The kind of object; taken from the file meta information if the data set lacks it.
        sop_instance_uid: The file's own UID, likewise.
        series_uid: Series instance UID, empty if absent; so for the other texts.
        image_type: ImageType, of a frame its FrameType.
        position_lps_mm: ImagePositionPatient, centre of the first pixel (PS3.3 C.7.6.2.1.1).
        orientation: ImageOrientationPatient: direction of growing column index, then of row index.
        spacing_ji_mm: PixelSpacing: between rows, then between columns (PS3.3 10.7.1.3).
        slice_thickness_mm: SliceThickness.
        rows: Rows of this image (of a tile, not of its mosaic); so ``columns``.
        rescale: RescaleSlope and RescaleIntercept, None if neither is given.
        display_window: The values after the rescale that it asks to be shown as black and as white.
        philips_scale_slope: The private element (2005,xx0E) of Philips MR.
        bits: How a stored value lies in its cell.
        burned_in: Whether text is said to be part of the picture.
        dimensions: What tells images at one place apart.
        pet: What the values of a PET image depend on; None for others.
        announced: How many images there should be.
    """

    path: Path
    stamp: tuple[int, int]
    damage: str
    frame: int
    frames: int
    tile: tuple[int, int] | None
    pixels: PixelElement | None
    patient_digest: str
    issuer_digest: str
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
    slice_thickness_mm: float | None
    rows: int
    columns: int
    samples_per_pixel: int
    photometric: str
    bits: Bits
    rescale: Rescale | None
    rescale_type: str
    display_window: tuple[float, float] | None
    philips_scale_slope: float | None
    has_modality_lut: bool
    units: str
    suv_type: str
    lossy: bool
    burned_in: bool
    dimensions: Dimensions
    pet: PetFacts | None
    announced: Announced


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


def read_headers(path: Path) -> tuple[ImageHeader, ...] | None:
    """Read the headers of all images in a file.

    Returns:
        None if the file is not DICOM: neither ``DICM`` after the preamble (PS3.10 7.1) nor a bare data set.
        One header for an object that holds no image.

    Raises:
        UnreadableFileError: It is DICOM, but so damaged that not even its data set can be walked; or
            the file can't be opened.
    """
    walked = open_header(path)
    if walked is None:
        return None
    stamp, found = walked
    return _headers_of(found, path, stamp)


def open_header(path: Path) -> tuple[tuple[int, int], WalkedFile] | None:
    """Walk over a file's header, the quick way if that will do; else see :func:`read_headers`.

    Returns:
        The file's size and modification time in ns, and its elements.
    """
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            walked = _walk(file, status.st_size, path)
    except OSError as error:
        raise UnreadableFileError(
            f"{path.name} can't be opened: {error.strerror or error}", reason="unreadable"
        ) from error
    return None if walked is None else ((status.st_size, status.st_mtime_ns), walked)


def elements_of(path: Path, frame: int = 0) -> Elements:
    """The elements of one image of a file.

    Raises:
        UnreadableFileError: The file is damaged, gone, no longer DICOM or has no such frame.
    """
    opened = open_header(path)
    frames = _frames(Elements(opened[1].dataset)) if opened else iter(())
    elements = next(islice(frames, frame, None), None)
    if elements is None:
        raise UnreadableFileError(f"{path.name} has no image {frame + 1} any more", reason="unreadable")
    return elements


def _walk(file: BinaryIO, size: int, path: Path) -> WalkedFile | None:
    try:
        walked = walk(file, size)
        if walked is not None:
            return walked
    except OddDatasetError:
        pass
    file.seek(0)
    return _walk_leniently(file, size, path)


def _walk_leniently(file: BinaryIO, size: int, path: Path) -> WalkedFile | None:
    # Imported here: it takes a third of a second, and ordinary files never need it.
    from pydicom.errors import InvalidDicomError

    from medseg.io.dicom.pydicom_source import PARSE_ERRORS, walk_leniently

    try:
        return walk_leniently(file, size)
    except InvalidDicomError:
        return None
    except PARSE_ERRORS as error:
        raise UnreadableFileError(
            f"{path.name} is damaged: its header can't be read", reason="unreadable"
        ) from error


def _headers_of(walked: WalkedFile, path: Path, stamp: tuple[int, int]) -> tuple[ImageHeader, ...]:
    root = Elements(walked.dataset)
    common = _of_file(walked, root, path, stamp)
    require_identified(walked.dataset, common["sop_class_uid"], path)
    headers = tuple(
        _of_frame(elements, common, number, root.damage) for number, elements in enumerate(_frames(root))
    )
    if is_mosaic(headers[0].image_type):
        return tiles_of(headers[0], root)
    return headers


def _frames(root: Elements) -> Iterator[Elements]:
    """Each frame's elements: its own functional groups, the shared ones, and the data set below them.

    Private groups lie at the bottom: those of Philips repeat standard elements of another object.
    """
    per_frame = root.items("PerFrameFunctionalGroupsSequence")
    if not per_frame:
        yield root
        return
    frames = root.whole("NumberOfFrames", 1)
    if len(per_frame) != frames:
        root.damage.append(f"it says that it holds {frames} frames, but describes {len(per_frame)}")
    shared = root.items("SharedFunctionalGroupsSequence")
    shared_groups, shared_private = _functional_groups(shared[0]) if shared else ([], [])
    for frame in per_frame:
        groups, private = _functional_groups(frame)
        yield Elements(*groups, *shared_groups, *root.layers, *private, *shared_private)


def _functional_groups(frame: Source) -> tuple[list[Source], list[Source]]:
    standard: list[Source] = []
    private: list[Source] = []
    for tag in frame.tags:
        is_private = tag // _PRIVATE_GROUP % 2
        (private if is_private else standard).extend(frame.items(tag)[:1])
    return standard, private


def _of_file(walked: WalkedFile, root: Elements, path: Path, stamp: tuple[int, int]) -> dict[str, Any]:
    """What all images of a file share."""
    meta = Elements(walked.meta)
    bits = _bits(root)
    return {
        "path": path,
        "stamp": stamp,
        "damage": pixel_damage(walked, root),
        "frames": root.whole("NumberOfFrames", 1),
        "tile": None,
        "pixels": walked.pixels,
        "sop_class_uid": root.text("SOPClassUID") or meta.text("MediaStorageSOPClassUID"),
        "sop_instance_uid": root.text("SOPInstanceUID") or meta.text("MediaStorageSOPInstanceUID"),
        "transfer_syntax_uid": walked.transfer_syntax_uid,
        "modality": defined(root.text("Modality"), MODALITIES),
        "study_uid": root.text("StudyInstanceUID"),
        "series_uid": root.text("SeriesInstanceUID"),
        "frame_of_reference_uid": root.text("FrameOfReferenceUID"),
        "instance_number": root.text("InstanceNumber"),
        "rows": root.whole("Rows", 0),
        "columns": root.whole("Columns", 0),
        "samples_per_pixel": root.whole("SamplesPerPixel", 1),
        "photometric": defined(root.text("PhotometricInterpretation"), PHOTOMETRICS),
        "bits": bits,
        "has_modality_lut": "ModalityLUTSequence" in root,
        "units": defined(root.text("Units"), PET_UNITS),
        "suv_type": defined(root.text("SUVType"), SUV_TYPES),
        "lossy": root.text("LossyImageCompression") == "01",
        "burned_in": root.text("BurnedInAnnotation") == "YES",
        "patient_digest": _digest(root.raw("PatientID").strip(b" \0")),
        "issuer_digest": _digest(root.raw("IssuerOfPatientID").strip(b" \0")),
        "group": _group(root, path),
        "announced": announced_by(root),
    }


def _of_frame(elements: Elements, common: dict[str, Any], number: int, damage: list[str]) -> ImageHeader:
    slope, intercept = elements.number("RescaleSlope"), elements.number("RescaleIntercept")
    image_type = elements.texts("FrameType") or elements.texts("ImageType")
    is_pet = VOLUME_CLASSES.get(common["sop_class_uid"], common["modality"]) == "PT"
    fields: dict[str, Any] = common | {
        "frame": number,
        "image_type": image_type,
        "position_lps_mm": elements.numbers("ImagePositionPatient", 3),
        "orientation": elements.numbers("ImageOrientationPatient", 6),
        "spacing_ji_mm": elements.numbers("PixelSpacing", 2),
        "slice_thickness_mm": elements.number("SliceThickness"),
        "rescale": None if slope is None and intercept is None else _rescale(slope, intercept),
        "rescale_type": defined(elements.text("RescaleType"), RESCALE_TYPES),
        "display_window": display_window_of(elements),
        "philips_scale_slope": elements.number("PhilipsScaleSlope") if common["modality"] == "MR" else None,
        "dimensions": dimensions_of(elements, image_type),
        "pet": _pet_facts(elements) if is_pet else None,
    }
    notes = [common["damage"], *dict.fromkeys([*damage, *elements.damage])]
    fields["damage"] = "; ".join(filter(None, notes))
    return ImageHeader(**fields)


def _rescale(slope: float | None, intercept: float | None) -> Rescale:
    """One without the other is no rescale that could be trusted: a lost intercept is 1024 HU off."""
    return Rescale(math.nan if slope is None else slope, math.nan if intercept is None else intercept)


def _pet_facts(elements: Elements) -> PetFacts:
    from medseg.io.dicom.pet import pet_facts

    return pet_facts(elements)


def _bits(elements: Elements) -> Bits:
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


def _group(elements: Elements, path: Path) -> str:
    """What tells series without a UID apart: an anonymiser may have emptied it in a whole folder."""
    if elements.text("SeriesInstanceUID"):
        return ""
    keywords = ("PatientID", "StudyInstanceUID", "Modality", "SeriesNumber")
    return _digest(b"\n".join([os.fsencode(path.parent), *map(elements.raw, keywords)]))


def _digest(value: bytes) -> str:
    """A digest, so that identity can be compared but not read; empty for none."""
    return sha256(value).hexdigest() if value else ""
