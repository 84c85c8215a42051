"""The header of an NRRD file: fields and key/value pairs, as text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Literal

import numpy as np

from medseg.io.nrrd.damage import Damage

MAX_HEADER_BYTES = 1 << 24
"""Slicer writes about 1 kB a segment: sixteen thousand segments are more than anybody names."""

MAX_DIMENSIONS = 16
"""NRRD_DIM_MAX of teem, which defines the format."""

_MAGIC = re.compile(r"NRRD000[1-5]")

_TYPES = {
    "i1": "signed char, int8, int8_t",
    "u1": "uchar, unsigned char, uint8, uint8_t",
    "i2": "short, short int, signed short, signed short int, int16, int16_t",
    "u2": "ushort, unsigned short, unsigned short int, uint16, uint16_t",
    "i4": "int, signed int, int32, int32_t",
    "u4": "uint, unsigned int, uint32, uint32_t",
    "i8": "longlong, long long, long long int, signed long long, signed long long int, int64, int64_t",
    "u8": "ulonglong, unsigned long long, unsigned long long int, uint64, uint64_t",
    "f4": "float",
    "f8": "double",
}
_DTYPES = {name: np.dtype(code) for code, names in _TYPES.items() for name in names.split(", ")}

_BYTE_ORDERS: dict[str, Literal["<", ">"]] = {"little": "<", "big": ">"}


@dataclass(frozen=True)
class NrrdHeader:
    """What stands before the voxels.

    Attributes:
        fields: The format's own fields by their names in lower case without blanks: ``space origin`` and
            ``spaceorigin`` are one (format definition, section 5).
        pairs: Key/value pairs, unescaped.
    """

    fields: Mapping[str, str]
    pairs: Mapping[str, str]

    def field(self, name: str) -> str:
        """A field that every file has.

        Raises:
            Damage: It is missing.
        """
        if name not in self.fields:
            raise Damage(f"the field {name!r} is missing")
        return self.fields[name]

    def whole_numbers(self, name: str) -> list[int]:
        """A field of whole numbers.

        Raises:
            Damage: It is missing or holds something else.
        """
        words = self.field(name).split()
        if not words or not all(re.fullmatch(r"[+-]?\d{1,18}", word) for word in words):
            raise Damage(f"expected whole numbers in {name!r}, got {self.field(name)[:60]!r}")
        return [int(word) for word in words]

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of samples along each axis, the fastest first.

        Raises:
            Damage: They are missing, not positive, or not as many as there are dimensions.
        """
        sizes = self.whole_numbers("sizes")
        dimension = self.whole_numbers("dimension")
        if dimension != [len(sizes)] or len(sizes) > MAX_DIMENSIONS:
            raise Damage(f"it names {dimension} dimensions and {len(sizes)} sizes")
        if min(sizes) < 1:
            raise Damage(f"its sizes {sizes} are impossible")
        return tuple(sizes)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the stored numbers in the file's byte order.

        Raises:
            Damage: It is none that NRRD knows, or its byte order is missing.
        """
        name = self.field("type").lower()
        if name not in _DTYPES:
            raise Damage(f"it names the unknown type of number {name[:40]!r}")
        dtype = _DTYPES[name]
        if dtype.itemsize == 1 or self.encoding == "ascii":
            return dtype
        order = self.field("endian").lower()
        if order not in _BYTE_ORDERS:
            raise Damage(f"expected the byte order little or big, got {order[:40]!r}")
        return dtype.newbyteorder(_BYTE_ORDERS[order])

    @property
    def encoding(self) -> str:
        """``raw``, ``gzip``, ``ascii``, or another word as it stands in the file."""
        word = self.field("encoding").lower()
        return {"gz": "gzip", "txt": "ascii", "text": "ascii"}.get(word, word)


def read_header(stream: BinaryIO) -> NrrdHeader:
    """Read a header and stop behind the blank line that ends it, or at the end of the file.

    Raises:
        Damage: It is no NRRD header, too long, or says a thing twice.
    """
    magic = stream.readline(16)
    if not _MAGIC.fullmatch(magic.decode("latin-1").rstrip("\r\n")):
        raise Damage(f"it begins with {magic[:12]!r}, expected NRRD0001 to NRRD0005", "not-nrrd")
    fields: dict[str, str] = {}
    pairs: dict[str, str] = {}
    left = MAX_HEADER_BYTES
    while (raw := stream.readline(left)).strip(b"\r\n"):
        left -= len(raw)
        if left <= 0:
            raise Damage(f"it is longer than {MAX_HEADER_BYTES} bytes")
        _take(_as_text(raw), fields, pairs)
    return NrrdHeader(fields, pairs)


def _take(line: str, fields: dict[str, str], pairs: dict[str, str]) -> None:
    if line.startswith("#"):
        return
    name, colon, value = line.partition(":")
    if not colon:
        raise Damage(f"expected a field or a key/value pair, got {line[:60]!r}")
    if value.startswith("="):
        pairs[_unescaped(name)] = _unescaped(value[1:])
        return
    key = name.lower().replace(" ", "")
    if key in fields:
        raise Damage(f"it says {name[:40]!r} twice")
    fields[key] = value.strip()


def _as_text(raw: bytes) -> str:
    # The format says ASCII; Slicer writes UTF-8, and old files what their system used.
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    return text.rstrip("\r\n")


def _unescaped(text: str) -> str:
    return re.sub(r"\\([n\\])", lambda found: "\n" if found[1] == "n" else "\\", text)


def escaped(text: str) -> str:
    """A key or value as it is written: line breaks and backslashes behind a backslash."""
    return text.replace("\\", "\\\\").replace("\n", "\\n")
