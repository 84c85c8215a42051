"""The table of transfer syntaxes that compress pixels, and what decodes each.

All decoders come from one package, imagecodecs (BSD). They let go of Python's lock, so that threads
decode side by side; it is imported where pixels are decoded, not for series that aren't compressed.

Decoders are trusted with nothing that can be checked here: the size that a code stream names is compared
before memory is taken for it, and a JPEG that ends too early, which libjpeg fills up in silence, is found.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.util import find_spec
from itertools import pairwise
from struct import Struct
from struct import error as struct_error
from typing import Any

import numpy as np
import numpy.typing as npt

from medseg.io.dicom.encapsulation import DamagedPixelsError, Fragments
from medseg.io.dicom.header import ImageHeader
from medseg.io.dicom.terms import uid_name
from medseg.io.dicom.walk import NATIVE_SYNTAXES

Size = tuple[int, int]
"""Rows and columns."""

RLE_LOSSLESS = "1.2.840.10008.1.2.5"

_PACKAGE = "imagecodecs"
_DECODER_ERRORS = (
    ArithmeticError, AttributeError, IndexError, MemoryError, RuntimeError, TypeError, ValueError,
)  # fmt: skip
"""What decoders raise on damaged bytes: each has its own RuntimeError, beside Python's own errors."""


def missing_decoder(header: ImageHeader) -> str:
    """Why an image's pixels can't be decoded here; empty if they can."""
    syntax = header.transfer_syntax_uid
    if syntax in NATIVE_SYNTAXES:
        return ""
    if syntax not in _DECODERS:
        return f"no decoder for {uid_name(syntax) if syntax else 'an unnamed transfer syntax'}"
    if find_spec(_PACKAGE) is None:
        return f"{uid_name(syntax)} needs the package {_PACKAGE}, which is not installed"
    return ""


def has_own_precision(header: ImageHeader) -> bool:
    """Whether the code stream says how many bits a value has; RLE packs the cells as they are."""
    return header.transfer_syntax_uid not in NATIVE_SYNTAXES | {RLE_LOSSLESS}


def decode(fragments: Fragments, size: Size, header: ImageHeader) -> npt.NDArray[Any]:
    """Decode one frame.

    Args:
        fragments: The frame's code stream.
        size: Rows and columns that it must have.
        header: Of the frame, for its transfer syntax and pixel cell.

    Returns:
        ``[j, i]`` of an integer type. Signed values may come as their two's complement bits, unsigned.

    Raises:
        DamagedPixelsError: The code stream is damaged, or is of another size.
    """
    stream = bytes(fragments[0]) if len(fragments) == 1 else b"".join(fragments)
    try:
        decoded = _DECODERS[header.transfer_syntax_uid](stream, size, header)
    except (*_DECODER_ERRORS, struct_error) as error:
        raise DamagedPixelsError(str(error) or type(error).__name__) from error
    if decoded.shape != size or decoded.dtype.kind not in "iu":
        raise DamagedPixelsError(f"expected {size} whole numbers, found {decoded.dtype} {decoded.shape}")
    return decoded


def _require_size(found: Size | None, expected: Size) -> None:
    if found != expected:
        raise DamagedPixelsError(f"expected rows and columns {expected}, found {found} in the code stream")


_RLE_HEADER = Struct("<16L")
"""The number of segments and where each begins; zeros for those that there aren't (PS3.5 G.5)."""


def _decode_rle(stream: bytes, size: Size, header: ImageHeader) -> npt.NDArray[Any]:
    from imagecodecs import dicomrle_decode

    cell = np.dtype(f"u{header.bits.allocated // 8}")
    count, *starts = _RLE_HEADER.unpack_from(stream)
    # PS3.5 G.2: a segment for each byte of a cell. The decoder would follow an offset anywhere.
    used = starts[: cell.itemsize]
    if (
        count != cell.itemsize
        or used != sorted(used)
        or not _RLE_HEADER.size <= used[0] <= used[-1] < len(stream)
    ):
        raise DamagedPixelsError(f"expected {cell.itemsize} segments in {len(stream)} bytes, found {used}")
    return np.frombuffer(dicomrle_decode(stream, cell), cell).reshape(size)


_SIZ = b"\xff\x4f\xff\x51"
_SIZ_FIELDS = Struct(">8xLLLL16xH")
"""Xsiz, Ysiz, XOsiz, YOsiz and Csiz, the number of components (ISO/IEC 15444-1 A.5.1)."""


def _decode_jpeg_2000(stream: bytes, size: Size, _: ImageHeader) -> npt.NDArray[Any]:
    # OpenJPEG decodes HTJ2K too, and refuses a stream that is cut off. OpenJPH is quicker, but fills it up.
    from imagecodecs import jpeg2k_decode

    _require_size(_jpeg_2000_size(stream), size)
    return jpeg2k_decode(stream)


def _jpeg_2000_size(stream: bytes) -> Size:
    # Some encoders wrap the code stream in a JP2 file, against PS3.5 A.4.4.
    start = max(stream.find(_SIZ), 0)
    right, bottom, left, top, components = _SIZ_FIELDS.unpack_from(stream, start)
    if components != 1:
        raise DamagedPixelsError(f"expected one component, found {components}")
    return bottom - top, right - left


_MARKER = re.compile(rb"\xff+([^\x00\xff])")
_EOI, _SOS = 0xD9, 0xDA
_END = b"\xff\xd9"
_RESTARTS = range(0xD0, 0xD8)
_FRAME_HEADERS = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}
"""SOF of JPEG (ISO/IEC 10918-1 table B.1) and of JPEG-LS."""
_FRAME_FIELDS = Struct(">2xxHHB")
"""Of a frame header: rows, columns and components (ISO/IEC 10918-1 B.2.2)."""

_MORE = b"\x55" * 16
"""Bits that libjpeg would take for more pixels."""


def _decode_jpeg(stream: bytes, size: Size, _: ImageHeader) -> npt.NDArray[Any]:
    """Decode JPEG of any kind and depth.

    Where entropy-coded data end too early libjpeg fills up with zero bits and raises nothing. So it is
    asked again with more data: a whole stream has no use for them, and decodes to the same.
    """
    from imagecodecs import jpeg8_decode

    found, ends = _walk_jpeg(stream)
    _require_size(found, size)
    bounds = [0, *ends, len(stream)]
    longer = _MORE.join(stream[start:end] for start, end in pairwise(bounds))
    decoded = jpeg8_decode(stream)
    if not np.array_equal(decoded, jpeg8_decode(longer)):
        raise DamagedPixelsError("the code stream ends before its last pixel")
    return decoded


def _walk_jpeg(stream: bytes) -> tuple[Size | None, list[int]]:
    """The size that a JPEG stream names, and where each of its stretches of entropy-coded data ends."""
    size: Size | None = None
    ends: list[int] = []
    at = 2
    while match := _MARKER.match(stream, at):
        marker, at = match[1][0], match.end()
        if marker == _EOI:
            return size, ends
        if marker in _FRAME_HEADERS:
            size = _jpeg_size(stream, at)
        at += int.from_bytes(stream[at : at + 2])
        if marker == _SOS:
            at = _end_of_scan(stream, at, ends)
    raise DamagedPixelsError("the code stream has no end marker")


def _end_of_scan(stream: bytes, at: int, ends: list[int]) -> int:
    for match in _MARKER.finditer(stream, at):
        ends.append(match.start())
        if match[1][0] not in _RESTARTS:
            return match.start()
    return len(stream)


def _jpeg_size(stream: bytes, at: int) -> Size:
    rows, columns, components = _FRAME_FIELDS.unpack_from(stream, at)
    if components != 1:
        raise DamagedPixelsError(f"expected one component, found {components}")
    return rows, columns


def _decode_jpeg_ls(stream: bytes, size: Size, _: ImageHeader) -> npt.NDArray[Any]:
    from imagecodecs import jpegls_decode

    _require_size(_jpeg_ls_size(stream), size)
    # CharLS would find out too, in five seconds.
    if not stream.rstrip(b"\0").endswith(_END):
        raise DamagedPixelsError("the code stream has no end marker")
    return jpegls_decode(stream)


def _jpeg_ls_size(stream: bytes) -> Size | None:
    at = 2
    while match := _MARKER.match(stream, at):
        marker, at = match[1][0], match.end()
        if marker in _FRAME_HEADERS:
            return _jpeg_size(stream, at)
        at += int.from_bytes(stream[at : at + 2])
    return None


_DECODERS: dict[str, Callable[[bytes, Size, ImageHeader], npt.NDArray[Any]]] = {
    "1.2.840.10008.1.2.4.50": _decode_jpeg,  # baseline, 8 bits
    "1.2.840.10008.1.2.4.51": _decode_jpeg,  # extended, 8 and 12 bits
    "1.2.840.10008.1.2.4.53": _decode_jpeg,  # spectral selection, retired
    "1.2.840.10008.1.2.4.55": _decode_jpeg,  # full progression, retired
    "1.2.840.10008.1.2.4.57": _decode_jpeg,  # lossless, any predictor
    "1.2.840.10008.1.2.4.70": _decode_jpeg,  # lossless, first-order prediction
    "1.2.840.10008.1.2.4.80": _decode_jpeg_ls,
    "1.2.840.10008.1.2.4.81": _decode_jpeg_ls,  # near-lossless
    "1.2.840.10008.1.2.4.90": _decode_jpeg_2000,  # lossless
    "1.2.840.10008.1.2.4.91": _decode_jpeg_2000,
    "1.2.840.10008.1.2.4.201": _decode_jpeg_2000,  # lossless
    "1.2.840.10008.1.2.4.202": _decode_jpeg_2000,  # lossless, resolution by resolution
    "1.2.840.10008.1.2.4.203": _decode_jpeg_2000,
    RLE_LOSSLESS: _decode_rle,
}  # fmt: skip
