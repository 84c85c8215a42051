"""Walk over the bytes of a DICOM file to where its elements lie, without reading what is not asked for.

This is the quick way: it knows every encoding of PS3.5 but forgives nothing. Whatever is odd raises
:class:`OddDatasetError`, and the caller takes the long way through pydicom, which knows how to be lenient.
A thousand headers take a tenth of a second so, and pydicom need not even be imported.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from struct import Struct
from struct import error as struct_error
from typing import NamedTuple, Protocol

EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
IMPLICIT_LITTLE = "1.2.840.10008.1.2"
EXPLICIT_BIG = "1.2.840.10008.1.2.2"
DEFLATED = "1.2.840.10008.1.2.1.99"
NATIVE_SYNTAXES = {IMPLICIT_LITTLE, EXPLICIT_LITTLE, EXPLICIT_BIG, DEFLATED}
"""Syntaxes in which pixels lie side by side, so that their number follows from their length (PS3.5 A)."""

UNDEFINED_LENGTH = 0xFFFFFFFF
PIXEL_TAGS = (0x7FE00008, 0x7FE00009, 0x7FE00010)
"""Float, double float and other pixel data."""

_PREAMBLE = 132
_META_GROUP, _META_GROUP_END = 0x00020000, 0x00030000
_TRANSFER_SYNTAX = 0x00020010
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD

_LONG_VRS = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
"""VRs whose length has 32 bits in the explicit encodings (PS3.5 7.1.2)."""
_SEQUENCE_VRS = (b"SQ", b"UN", b"")
_VRS = _LONG_VRS | frozenset(b"AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US".split())

_NAMES = {vr: vr.decode("ascii") for vr in (*_VRS, b"")}

_FIRST_LOOK_BYTES = 1 << 14
_GROWTH = 8


class OddDatasetError(Exception):
    """Bytes that are not quite what the standard says: not for this reader."""


class _ShortError(Exception):
    """The walk ran over the end of what was read so far."""


class Source(Protocol):
    """The raw elements of one data set or sequence item."""

    order: str
    """``<`` or ``>``, as :mod:`struct` writes byte order."""

    @property
    def tags(self) -> Collection[int]:
        """The tags that are there."""

    def value(self, tag: int) -> tuple[str, bytes] | None:
        """VR (empty in the implicit encoding) and bytes of an element.

        Raises:
            OddDatasetError: It is there, but can't be read.
        """

    def items(self, tag: int) -> list[Source]:
        """The items of a sequence; none if it is absent."""


class PixelElement(NamedTuple):
    """Where the pixels of a file are.

    Attributes:
        tag: Which of :data:`PIXEL_TAGS`.
        offset: First byte of the value in the file, or in its inflated form.
        length: As the element says, :data:`UNDEFINED_LENGTH` for encapsulated pixels.
        present: Bytes from there to the end.
    """

    tag: int
    offset: int
    length: int
    present: int


@dataclass(frozen=True)
class WalkedFile:
    """A file's header.

    Attributes:
        meta: The file meta information.
        dataset: The data set up to its pixels.
        pixels: Where these are, None if there are none.
    """

    meta: Source
    dataset: Source
    transfer_syntax_uid: str
    pixels: PixelElement | None


class Readable(Protocol):
    """A file open for reading."""

    def read(self, size: int = -1, /) -> bytes:
        """Read on."""


def walk(file: Readable, size: int) -> WalkedFile | None:
    """Walk over a file's header.

    Args:
        file: Open at its beginning.
        size: Its length in bytes.

    Returns:
        None if there is no ``DICM`` after a preamble (PS3.10 7.1).

    Raises:
        OddDatasetError: It is DICOM, but not as the standard has it.
    """
    buffer = file.read(_FIRST_LOOK_BYTES)
    if buffer[128:_PREAMBLE] != b"DICM":
        return None
    while True:
        try:
            return _walk(buffer, size, file)
        except _ShortError:
            if len(buffer) >= size:
                raise OddDatasetError("the file ends inside of an element") from None
            more = file.read(len(buffer) * (_GROWTH - 1))
            if not more:
                raise OddDatasetError("the file is shorter than it was") from None
            buffer += more


def _walk(buffer: bytes, size: int, file: Readable) -> WalkedFile:
    meta = _Elements(buffer, size, "<", implicit=False)
    at = meta.read(_PREAMBLE, size, stop=_META_GROUP_END)
    if min(meta.tags, default=0) < _META_GROUP:
        raise OddDatasetError("no file meta information where it belongs")
    named = meta.value(_TRANSFER_SYNTAX)
    syntax = named[1].rstrip(b" \0").decode("latin-1") if named else ""
    if not syntax:
        raise OddDatasetError("no transfer syntax is named")
    if syntax == DEFLATED:
        buffer = _inflated(buffer[at:] + file.read())
        at, size = 0, len(buffer)
    dataset = _Elements(
        buffer, size, ">" if syntax == EXPLICIT_BIG else "<", implicit=syntax == IMPLICIT_LITTLE
    )
    end = dataset.read(at, size, stop=PIXEL_TAGS[0])
    return WalkedFile(meta, dataset, syntax, dataset.pixels(end, size))


def _inflated(deflated: bytes) -> bytes:
    try:
        # Without a zlib header (PS3.5 A.5). What follows the stream is padding to an even length.
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(deflated)
    except zlib.error as error:
        raise OddDatasetError(f"the deflated data set is damaged: {error}") from None


_EXPLICIT = {order: Struct(f"{order}HH2sH").unpack_from for order in "<>"}
_IMPLICIT = {order: Struct(f"{order}HHL").unpack_from for order in "<>"}
_LENGTH = {order: Struct(f"{order}L").unpack_from for order in "<>"}


class _Elements:
    """Tag → where its value lies in a buffer, which holds the beginning of a file of ``size`` bytes."""

    def __init__(self, buffer: bytes, size: int, order: str, *, implicit: bool) -> None:
        self.order = order
        self._buffer = buffer
        self._size = size
        self._implicit = implicit
        self._places: dict[int, tuple[bytes, int, int]] = {}

    @property
    def tags(self) -> Collection[int]:
        return self._places

    def value(self, tag: int) -> tuple[str, bytes] | None:
        place = self._places.get(tag)
        if place is None:
            return None
        vr, start, length = place
        return _NAMES[vr], self._buffer[start : start + length]

    def items(self, tag: int) -> list[Source]:
        place = self._places.get(tag)
        if place is None or place[0] not in _SEQUENCE_VRS:
            return []
        try:
            return list(self._items(*place))
        except (OddDatasetError, _ShortError):
            return []  # other bytes than a sequence's: a private element of unknown VR

    def _items(self, vr: bytes, at: int, length: int) -> Iterator[Source]:
        end = at + length
        implicit = self._implicit or vr == b"UN"
        while at < end:
            start, stop, at = self._item(at, implicit=implicit)
            if start < 0:
                return
            item = _Elements(self._buffer, self._size, self.order, implicit=implicit)
            item.read(start, stop, stop=_ITEM)
            yield item

    def read(self, at: int, end: int, *, stop: int) -> int:
        """Note all elements from ``at`` to the tag ``stop`` or the end; return where that is."""
        read = self._read_implicit if self._implicit else self._read_explicit
        try:
            return read(at, end, stop)
        except struct_error:
            raise _ShortError from None

    def _read_explicit(self, at: int, end: int, stop: int) -> int:
        buffer, places, size = self._buffer, self._places, len(self._buffer)
        header, long_length = _EXPLICIT[self.order], _LENGTH[self.order]
        last = -1
        while at < end:
            group, element, vr, length = header(buffer, at)
            tag = group << 16 | element
            if tag >= stop:
                return at
            if vr not in _VRS or tag <= last:
                raise OddDatasetError(f"an unexpected element at byte {at}")
            last = tag
            start = at + 8
            if vr in _LONG_VRS:
                (length,) = long_length(buffer, start)
                start += 4
                if length == UNDEFINED_LENGTH:
                    length = self._sequence_end(start, implicit=vr == b"UN") - start
            at = start + length
            if at > size:
                raise (
                    _ShortError if at <= end else OddDatasetError(f"the element at byte {start} is too long")
                )
            places[tag] = (vr, start, length)
        return at

    def _read_implicit(self, at: int, end: int, stop: int) -> int:
        buffer, places, size = self._buffer, self._places, len(self._buffer)
        header = _IMPLICIT[self.order]
        last = -1
        while at < end:
            group, element, length = header(buffer, at)
            tag = group << 16 | element
            if tag >= stop:
                return at
            if tag <= last:
                raise OddDatasetError(f"an unexpected element at byte {at}")
            last = tag
            start = at + 8
            if length == UNDEFINED_LENGTH:
                length = self._sequence_end(start, implicit=True) - start
            at = start + length
            if at > size:
                raise (
                    _ShortError if at <= end else OddDatasetError(f"the element at byte {start} is too long")
                )
            places[tag] = (b"", start, length)
        return at

    def _sequence_end(self, at: int, *, implicit: bool) -> int:
        """Where a sequence of undefined length ends, its delimiter included (PS3.5 7.5.1)."""
        start = 0
        while start >= 0:
            start, _, at = self._item(at, implicit=self._implicit or implicit)
        return at

    def _item(self, at: int, *, implicit: bool) -> tuple[int, int, int]:
        """Where an item's elements begin and end, and the next item begins; -1 at the sequence's end."""
        try:
            group, element, length = _IMPLICIT[self.order](self._buffer, at)
        except struct_error:
            raise _ShortError from None
        tag = group << 16 | element
        start = at + 8
        if tag == _SEQUENCE_END:
            return -1, -1, start
        if tag != _ITEM:
            raise OddDatasetError(f"no item where one was expected, at byte {at}")
        if length != UNDEFINED_LENGTH:
            return start, start + length, start + length
        # The elements have to be walked over to find where they end.
        inside = _Elements(self._buffer, self._size, self.order, implicit=implicit)
        end = inside.read(start, self._size, stop=_ITEM)
        if end + 8 > len(self._buffer):
            raise _ShortError
        group, element, _ = _IMPLICIT[self.order](self._buffer, end)
        if group << 16 | element != _ITEM_END:
            raise OddDatasetError(f"an item without an end, at byte {at}")
        return start, end, end + 8

    def pixels(self, at: int, size: int) -> PixelElement | None:
        """The pixel element that begins here, if one does."""
        try:
            if self._implicit:
                group, element, length = _IMPLICIT[self.order](self._buffer, at)
                start = at + 8
            else:
                group, element, _, _ = _EXPLICIT[self.order](self._buffer, at)
                (length,) = _LENGTH[self.order](self._buffer, at + 8)
                start = at + 12
        except struct_error:
            if at < size and len(self._buffer) < size:
                raise _ShortError from None
            return None
        tag = group << 16 | element
        return PixelElement(tag, start, length, size - start) if tag in PIXEL_TAGS else None
