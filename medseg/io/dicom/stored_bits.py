"""What a pixel cell means: BitsStored and PixelRepresentation applied to its bits (PS3.5 8.1.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from medseg.errors import UnsupportedImageError
from medseg.io.dicom.codecs import has_own_precision
from medseg.io.dicom.header import Bits, ImageHeader
from medseg.io.dicom.rescale import StoredRange


def cell_type(headers: Sequence[ImageHeader]) -> np.dtype[Any]:
    """The unsigned type whose bits hold the stored values of every image: signs and widths may be mixed."""
    return np.dtype(np.uint16 if max(header.bits.stored for header in headers) <= 16 else np.uint32)


def settle(cells: npt.NDArray[Any], header: ImageHeader) -> tuple[StoredRange, bool]:
    """Clear the bits above BitsStored, or repeat the sign there: they are no part of the value.

    Old scanners kept overlays there, and decoders differ in what they leave.

    Args:
        cells: Bits of one image, of an unsigned type; changed in place.
        header: Of the image.

    Returns:
        The range of the values, and whether the unused bits held more than zeros or a repeated sign.

    Raises:
        UnsupportedImageError: Unused bits that would make the cleared values wrong rather than clean.
    """
    bits = header.bits
    values = cells.view(f"{'i' if bits.signed else 'u'}{cells.itemsize}")
    found = _range(values, bits)
    low, high = bits.limits
    if low <= found.low and found.high <= high:
        return found, False  # which, for most images, saves looking at every bit
    shift = 8 * cells.itemsize - bits.stored
    # A shift to the right repeats the sign of a signed type and fills an unsigned one with zeros.
    cleared = np.right_shift(np.left_shift(values, shift), shift)
    was_used = bool((cells[cleared != values] >> bits.stored).any())
    if was_used:
        _require_explained(header)
    values[...] = cleared
    return _range(values, bits), was_used


def _range(values: npt.NDArray[Any], bits: Bits) -> StoredRange:
    return StoredRange(int(values.min()), int(values.max()), bits.signed)


def _require_explained(header: ImageHeader) -> None:
    low, high = header.bits.limits
    if header.bits.padding is not None and not low <= header.bits.padding <= high:
        raise UnsupportedImageError(
            f"{header.path.name}: PixelPaddingValue {header.bits.padding} does not fit in the "
            f"{header.bits.stored} bits stored ({low} to {high})",
            hint="BitsStored is wrong; export the series again",
            reason="bits-stored",
        )
    if has_own_precision(header):
        raise UnsupportedImageError(
            f"{header.path.name}: the compressed pixels need more than the {header.bits.stored} bits stored "
            "that the header names",
            hint="BitsStored is wrong; export the series again",
            reason="bits-stored",
        )


def require_sign(decoded: npt.NDArray[Any], header: ImageHeader) -> None:
    """Refuse a code stream whose values have a sign and don't fit in what the header says of them.

    Values without one may be the bits of signed ones: they are taken for what the header says.
    """
    if decoded.dtype.kind != "i":
        return
    low, high = header.bits.limits
    if decoded.min() < low or decoded.max() > high:
        raise UnsupportedImageError(
            f"{header.path.name}: expected compressed pixels from {low} to {high}, as the header says, "
            f"found {decoded.min()} to {decoded.max()}",
            hint="PixelRepresentation or BitsStored is wrong; export the series again",
            reason="bits-stored",
        )
