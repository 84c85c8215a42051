"""The stored values of one file."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.pixels.decoders.base import get_decoder

from medseg.errors import UnreadableFileError, UnsupportedImageError
from medseg.io.dicom.header import (
    PARSE_ERRORS,
    Bits,
    ImageHeader,
    header_of,
    length_damage,
    lenient,
    read_dataset,
    syntax_of,
)

_KEEP_UNUSED_BITS: Any = {"correct_unused_bits": False}
"""pydicom would clear the unused bits itself, and nobody would know. (Its types don't name the option.)"""


@dataclass(frozen=True, eq=False)
class StoredSlice:
    """What one file stores.

    Attributes:
        values: ``[j, i]``, of the header's sign, with unused bits cleared.
        sha256: Digest of the file's bytes.
        had_unused_bits: Whether bits outside of BitsStored held something.
    """

    values: npt.NDArray[Any]
    sha256: str
    had_unused_bits: bool


def read_stored(header: ImageHeader) -> StoredSlice:
    """Read and decode the file that a header was taken from.

    The file is read once: the digest and the pixels are of the same bytes.

    Raises:
        UnreadableFileError: The file is damaged, cut off, or not the one that the header came from.
        UnsupportedImageError: Its stored values contradict its own header.
    """
    content = _content(header)
    try:
        with lenient():
            dataset = read_dataset(BytesIO(content))
            if header_of(dataset, header.path, header.damage) != header:
                raise UnreadableFileError(
                    f"{header.path.name} changed while it was read", reason="unreadable"
                )
            _require_length(dataset, header)
            decoder = get_decoder(syntax_of(header))
            values, _ = decoder.as_array(dataset, raw=True, **_KEEP_UNUSED_BITS)
    except (InvalidDicomError, OSError, *PARSE_ERRORS) as error:
        syntax = syntax_of(header).name
        raise UnreadableFileError(
            f"the pixels of {header.path.name} can't be decoded ({syntax}): {_said_by(error)}",
            hint="the file may be cut off; copy or export it again",
            reason="unreadable",
            transfer_syntax=syntax,
        ) from error
    _require_shape(values, header)
    cleared = _clear_unused_bits(values, header.bits)
    unused = _has_unused_bits(values, cleared, header.bits)
    if unused:
        _require_explained(header)
    return StoredSlice(cleared, sha256(content).hexdigest(), unused)


def _content(header: ImageHeader) -> bytes:
    try:
        return header.path.read_bytes()
    except OSError as error:
        raise UnreadableFileError(
            f"{header.path.name} can't be read: {error.strerror or error}", reason="unreadable"
        ) from error


def _require_length(dataset: Dataset, header: ImageHeader) -> None:
    """Refuse pixels of another length than rows and columns take, as only an inflated file shows here."""
    pixels = dataset.get("PixelData")
    damage = length_damage(dataset, header.transfer_syntax_uid, len(pixels)) if pixels else ""
    if damage:
        raise UnreadableFileError(f"{header.path.name} is damaged: {damage}", reason="unreadable")


def _said_by(error: Exception) -> str:
    """The first line that says something: pydicom names the fault of each decoder below a heading."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return next((line for line in lines if not line.endswith(":")), type(error).__name__)


def _require_shape(values: npt.NDArray[Any], header: ImageHeader) -> None:
    expected = (header.rows, header.columns)
    if values.shape != expected or values.dtype.kind not in "iu":
        raise UnreadableFileError(
            f"{header.path.name}: expected {expected} whole numbers, found {values.dtype} {values.shape}",
            reason="unreadable",
        )


def _clear_unused_bits(values: npt.NDArray[Any], bits: Bits) -> npt.NDArray[Any]:
    """Clear or sign-extend the bits above BitsStored: they are no part of the value (PS3.5 8.1.1).

    Old scanners kept overlays there, and decoders differ in what they leave.
    """
    cell = values.dtype.itemsize * 8
    shift = cell - bits.stored
    signed = values.view(np.dtype(f"{values.dtype.byteorder}{'i' if bits.signed else 'u'}{cell // 8}"))
    if shift <= 0:
        return signed
    # A shift to the right repeats the sign of a signed type and fills an unsigned one with zeros.
    cleared: npt.NDArray[Any] = np.right_shift(np.left_shift(signed, shift), shift)
    return cleared


def _has_unused_bits(values: npt.NDArray[Any], cleared: npt.NDArray[Any], bits: Bits) -> bool:
    """Whether the bits above BitsStored hold more than zeros or a repeated sign."""
    cell = values.dtype.itemsize * 8
    if bits.stored >= cell or np.array_equal(cleared, values):
        return False
    above = values.view(np.dtype(f"{values.dtype.byteorder}u{cell // 8}")) >> bits.stored
    return bool(above[cleared != values].any())


def _require_explained(header: ImageHeader) -> None:
    """Refuse unused bits that would make the masked values wrong rather than clean."""
    low, high = header.bits.limits
    if header.bits.padding is not None and not low <= header.bits.padding <= high:
        raise UnsupportedImageError(
            f"{header.path.name}: PixelPaddingValue {header.bits.padding} does not fit in the "
            f"{header.bits.stored} bits stored ({low} to {high})",
            hint="BitsStored is wrong; export the series again",
            reason="bits-stored",
        )
    if syntax_of(header).is_compressed:
        raise UnsupportedImageError(
            f"{header.path.name}: the compressed pixels need more than the {header.bits.stored} bits stored "
            "that the header names",
            hint="BitsStored is wrong; export the series again",
            reason="bits-stored",
        )
