"""The pixels of one file's images, into cells that are there already."""

from __future__ import annotations

import io
import os
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
import numpy.typing as npt

from medseg.errors import UnreadableFileError, UnsupportedImageError
from medseg.io.dicom.codecs import Size, decode
from medseg.io.dicom.elements import Elements
from medseg.io.dicom.encapsulation import DamagedPixelsError, code_streams
from medseg.io.dicom.header import ImageHeader, open_header
from medseg.io.dicom.rescale import StoredRange
from medseg.io.dicom.stored_bits import require_sign, settle
from medseg.io.dicom.terms import uid_name
from medseg.io.dicom.walk import DEFLATED, EXPLICIT_BIG, NATIVE_SYNTAXES, PIXEL_TAGS

_PIXEL_DATA = PIXEL_TAGS[-1]
"""The element that holds whole numbers; the others hold floating-point ones."""

Cells = npt.NDArray[Any]
"""Bits of stored values ``[n, j, i]``, of the type that :func:`stored_bits.cell_type` says."""

Wanted = Sequence[tuple[int, ImageHeader]]
"""Images of one file, each with its number in the cells."""


@dataclass(frozen=True)
class ReadFile:
    """What was found in a file.

    Attributes:
        sha256: Digest of the bytes that were read, all of the file; empty if it was not wanted.
        ranges: By number in the cells, what each image stores.
        masked: How many images held something in bits outside of BitsStored.
    """

    sha256: str
    ranges: Mapping[int, StoredRange]
    masked: int


def read_file(wanted: Wanted, cells: Cells, *, with_digest: bool = True) -> ReadFile:
    """Read images of one file into ``cells``, with unused bits cleared and signs extended.

    Args:
        wanted: Which images.
        cells: Where they go.
        with_digest: False if another call gives the digest. It is of the bytes that the pixels came from.

    Raises:
        UnreadableFileError: The file is damaged, cut off, or not the one that the headers came from.
        UnsupportedImageError: Its stored values contradict its own header.
    """
    header = wanted[0][1]
    if header.pixels is not None and header.pixels.tag != _PIXEL_DATA:
        raise UnsupportedImageError(
            f"{header.path.name}: expected whole numbers as pixels, found floating-point ones",
            reason="pixel-cell",
        )
    last = max(header.frame for _, header in wanted)
    if last >= header.frames:
        raise UnreadableFileError(
            f"{header.path.name} is damaged: expected more than {last} frames, found {header.frames}",
            reason="unreadable",
        )
    images = _Images(wanted, cells)
    with _opened(header) as file:
        if header.transfer_syntax_uid == DEFLATED:
            digest = _read_deflated(file, header, images)
        elif header.transfer_syntax_uid in NATIVE_SYNTAXES:
            digest = _read_native(file, header, images)
        else:
            digest = _read_encapsulated(file, header, images, with_digest=with_digest)
    return ReadFile(digest, images.ranges, images.masked)


class _Images:
    """The images wanted of a file, and what became of them."""

    def __init__(self, wanted: Wanted, cells: Cells) -> None:
        self.ranges: dict[int, StoredRange] = {}
        self.masked = 0
        self.by_frame: dict[int, list[tuple[int, ImageHeader]]] = defaultdict(list)
        self._cells = cells
        for number, header in wanted:
            self.by_frame[header.frame].append((number, header))

    def place_of(self, frame: int, header: ImageHeader) -> Cells | None:
        """Where a frame's native bytes can be read into as they are: if it is one image, as wide."""
        images = self.by_frame.get(frame, [])
        as_wide = header.bits.allocated == 8 * self._cells.itemsize
        return self._cells[images[0][0]] if len(images) == 1 and header.tile is None and as_wide else None

    def store(self, frame: int, pixels: npt.NDArray[Any]) -> None:
        """Put a frame's pixels, or the tiles wanted of it, into their cells."""
        for number, header in self.by_frame.get(frame, ()):
            row, column = header.tile or (0, 0)
            tile = pixels[row : row + header.rows, column : column + header.columns]
            place = self._cells[number]
            if tile.shape != place.shape:
                raise UnreadableFileError(
                    f"{header.path.name}: expected an image of {place.shape}, found {tile.shape}",
                    reason="unreadable",
                )
            require_sign(tile, header)
            if tile.itemsize <= place.itemsize:
                np.copyto(place, tile, casting="unsafe")
                self._settle(number, header, place)
            else:
                wide = tile.astype(f"u{tile.itemsize}")
                self._settle(number, header, wide)
                np.copyto(place, wide, casting="unsafe")

    def settle(self, frame: int, place: Cells) -> None:
        """Settle the one image of a frame that was read into its place."""
        number, header = self.by_frame[frame][0]
        self._settle(number, header, place)

    def _settle(self, number: int, header: ImageHeader, place: Cells) -> None:
        self.ranges[number], was_used = settle(place, header)
        self.masked += was_used


@contextmanager
def _opened(header: ImageHeader) -> Iterator[io.FileIO]:
    """The file, so long as it stays the one that the header was read from."""
    try:
        # Unbuffered: what is read goes straight to where it belongs.
        with io.FileIO(header.path) as file:
            _require_unchanged(file, header)
            yield file
            _require_unchanged(file, header)
    except OSError as error:
        raise UnreadableFileError(
            f"{header.path.name} can't be read: {error.strerror or error}", reason="unreadable"
        ) from error


def _require_unchanged(file: io.FileIO, header: ImageHeader) -> None:
    status = os.fstat(file.fileno())
    if (status.st_size, status.st_mtime_ns) != header.stamp:
        raise _changed(header)


def _changed(header: ImageHeader) -> UnreadableFileError:
    """The file is not the one any more that the header was read from."""
    return UnreadableFileError(f"{header.path.name} changed while it was read", reason="unreadable")


def _read_native(file: io.FileIO, header: ImageHeader, images: _Images) -> str:
    """Read frame by frame, each straight into its cells where these are as wide; return the digest."""
    size = _frame_size(header)
    offset, length = (header.pixels.offset, header.pixels.length) if header.pixels else (0, 0)
    frame_length = _require_length(header, size, length)
    digest = sha256(_read(file, offset, header))
    for frame in range(header.frames):
        place = images.place_of(frame, header)
        target = memoryview(bytearray(frame_length) if place is None else place.data).cast("B")
        _read_into(file, target, header)
        digest.update(target)
        if place is None:
            images.store(frame, _as_numbers(target, header, size))
        else:
            _order_bytes(place, header)
            images.settle(frame, place)
    digest.update(_read(file, header.stamp[0] - offset - frame_length * header.frames, header))
    return digest.hexdigest()


def _read(file: io.FileIO, length: int, header: ImageHeader) -> bytearray:
    content = bytearray(length)
    _read_into(file, memoryview(content), header)
    return content


def _read_into(file: io.FileIO, target: memoryview, header: ImageHeader) -> None:
    while len(target):
        count = file.readinto(target)
        if not count:
            raise _changed(header)
        target = target[count:]


def _read_deflated(file: io.FileIO, header: ImageHeader, images: _Images) -> str:
    # Imported here: hardly any file needs it, and pydicom knows where the deflated stream begins.
    import zlib

    from medseg.io.dicom.pydicom_source import PARSE_ERRORS, lenient, read_dataset

    content = file.readall()
    try:
        with lenient():
            pixels = read_dataset(io.BytesIO(content)).PixelData
    except (*PARSE_ERRORS, zlib.error) as error:
        raise _undecodable(header, error) from error
    size = _frame_size(header)
    length = _require_length(header, size, len(pixels))
    for frame in range(header.frames):
        images.store(frame, _as_numbers(pixels[frame * length :][:length], header, size))
    return sha256(content).hexdigest()


def _read_encapsulated(file: io.FileIO, header: ImageHeader, images: _Images, *, with_digest: bool) -> str:
    content = file.readall()
    size = _frame_size(header)
    try:
        streams = code_streams(memoryview(content), header.pixels, header.frames)
        for frame in images.by_frame:
            images.store(frame, decode(streams[frame], size, header))
    except DamagedPixelsError as error:
        raise _undecodable(header, error) from error
    return sha256(content).hexdigest() if with_digest else ""


def _undecodable(header: ImageHeader, error: Exception) -> UnreadableFileError:
    syntax = uid_name(header.transfer_syntax_uid)
    return UnreadableFileError(
        f"the pixels of {header.path.name} can't be decoded ({syntax}): {error}",
        hint="the file may be cut off; copy or export it again",
        reason="unreadable",
        transfer_syntax=syntax,
    )


def _frame_size(header: ImageHeader) -> Size:
    """Rows and columns of a whole frame: the header of a tile knows only its own."""
    if header.tile is None:
        return header.rows, header.columns
    opened = open_header(header.path)
    if opened is None or opened[0] != header.stamp:
        raise _changed(header)
    elements = Elements(opened[1].dataset)
    return elements.whole("Rows", 0), elements.whole("Columns", 0)


def _require_length(header: ImageHeader, size: Size, found: int) -> int:
    """Bytes of a frame; refuse pixels of another length than rows and columns take."""
    length = size[0] * size[1] * header.bits.allocated // 8
    expected = length * header.frames
    if found not in (expected, expected + expected % 2):  # PS3.5 8.1.1: padded to an even length
        raise UnreadableFileError(
            f"{header.path.name} is damaged: its rows and columns take {expected} bytes of pixels, "
            f"but it has {found}",
            reason="unreadable",
        )
    return length


def _as_numbers(pixels: Any, header: ImageHeader, size: Size) -> npt.NDArray[Any]:
    """Native bytes as unsigned numbers ``[j, i]``, in this machine's byte order."""
    stored = np.frombuffer(pixels, f"u{header.bits.allocated // 8}").reshape(size)
    if not stored.flags.writeable:
        stored = stored.copy()
    _order_bytes(stored, header)
    return stored


def _order_bytes(stored: npt.NDArray[Any], header: ImageHeader) -> None:
    if (header.transfer_syntax_uid == EXPLICIT_BIG) != (sys.byteorder == "big"):
        stored.byteswap(inplace=True)
