"""Open an NRRD file and take its header, its geometry and its labels, in bounded memory."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import numpy.typing as npt
from isal import igzip

from medseg.errors import UnsupportedImageError
from medseg.io.existence import require_file
from medseg.io.label_values import as_labels
from medseg.io.nrrd.damage import Damage, damage_named
from medseg.io.nrrd.geometry import geometry_of
from medseg.io.nrrd.header import NrrdHeader, read_header
from medseg.space import Grid

MAX_LAYERS = 4096
"""Old versions of Slicer write a layer for each segment, and nobody has drawn so many."""

_MAX_COMPRESSION = 1032
"""Deflate makes at most 1032 bytes of one (RFC 1951): a header that promises more is false or hostile."""

_MIN_BYTES_PER_NUMBER_AS_TEXT = 2
_PIECE_BYTES = 1 << 20
_ENCODINGS = ("raw", "gzip", "ascii")


@dataclass(frozen=True, eq=False)
class NrrdFile:
    """The labels in an NRRD file.

    Attributes:
        header: Its header.
        grid: Where the voxels lie.
        layers: Labels ``[k, j, i]`` of uint8 or uint16, in the order of the file's list.
        notes: What had to be assumed, one sentence each.
    """

    header: NrrdHeader
    grid: Grid
    layers: tuple[npt.NDArray[Any], ...]
    notes: tuple[str, ...]


def read_nrrd(path: Path) -> NrrdFile:
    """Read labels from an NRRD file with an attached header, or a header and the data file beside it.

    Args:
        path: ``*.nrrd`` or ``*.nhdr``.

    Raises:
        UnreadableFileError: Not there, not NRRD, truncated or damaged; or its data file lies elsewhere.
        NotOneVolumeError: The samples don't form one volume, or a list of layers of one.
        UnsupportedImageError: An encoding or a space that is not read, or more than there is memory for.
        LabelMapError: The numbers are no labels.
        GeometryError: The axes can't be those of a grid.
    """
    require_file(path)
    with damage_named(path), path.open("rb") as file:
        header = read_header(file)
        geometry = geometry_of(header)
        if geometry.list_axis is not None and header.sizes[geometry.list_axis] > MAX_LAYERS:
            raise UnsupportedImageError(
                f"{path.name} holds {header.sizes[geometry.list_axis]} layers, at most {MAX_LAYERS} are read",
                reason="too-large",
            )
        with _data(header, path, file) as (data, on_disk):
            stored = _stored(header, data, on_disk)
    layers = _layers(stored, geometry.list_axis)
    return NrrdFile(header, geometry.grid, layers, geometry.notes)


def _layers(stored: npt.NDArray[Any], list_axis: int | None) -> tuple[npt.NDArray[Any], ...]:
    if list_axis is None:
        return (as_labels(stored),)
    # The file counts its axes from the fastest, the array from the slowest.
    by_layer = np.moveaxis(stored, stored.ndim - 1 - list_axis, 0)
    return tuple(as_labels(np.ascontiguousarray(layer)) for layer in by_layer)


@contextmanager
def _data(header: NrrdHeader, path: Path, attached: BinaryIO) -> Iterator[tuple[BinaryIO, int]]:
    """The file with the samples, at the byte where they may begin, and how many bytes it still has."""
    name = header.fields.get("datafile")
    if name is None:
        yield attached, path.stat().st_size - attached.tell()
        return
    beside = path.with_name(_plain_name(name))
    if not beside.is_file():
        raise Damage(f"its data file {beside.name!r} does not lie beside it", "missing")
    with beside.open("rb") as detached:
        yield detached, beside.stat().st_size


def _plain_name(name: str) -> str:
    """The name of a data file: of one file, in the same folder."""
    plain = name.removeprefix("./")
    if "%" in plain or plain.split()[:1] == ["LIST"]:
        raise UnsupportedImageError(
            "expected one data file, but the header names several",
            hint="save it as one .nrrd file",
            reason="data-files",
        )
    if not plain or plain in {".", ".."} or any(mark in plain for mark in "/\\:\0"):
        raise Damage(f"its data file {name[:60]!r} does not lie beside it; no other place is looked into")
    return plain


def _stored(header: NrrdHeader, file: BinaryIO, on_disk: int) -> npt.NDArray[Any]:
    dtype, shape, encoding = header.dtype, header.sizes[::-1], header.encoding
    if encoding not in _ENCODINGS:
        raise UnsupportedImageError(
            f"expected one of the encodings {', '.join(_ENCODINGS)}, got {encoding[:40]!r}",
            hint="save the file again, compressed with gzip or not at all",
            reason="encoding",
        )
    count = math.prod(shape)
    _require_plausible(count, dtype.itemsize, encoding, on_disk)
    _skip_lines(file, _skip(header, "lineskip"))
    try:
        numbers = np.empty(count, np.float64 if encoding == "ascii" else dtype)
    except MemoryError:
        raise UnsupportedImageError(
            f"the file promises {shape} numbers of type {dtype}, more than there is memory for",
            reason="too-large",
        ) from None
    if encoding == "ascii":
        _fill_from_text(numbers, file)
    else:
        _fill(numbers, file, _skip(header, "byteskip"), is_gzip=encoding == "gzip")
    return numbers.reshape(shape)


def _require_plausible(count: int, itemsize: int, encoding: str, on_disk: int) -> None:
    # The last number of a text needs no blank behind it.
    possible = {
        "raw": on_disk // itemsize,
        "gzip": on_disk * _MAX_COMPRESSION // itemsize,
        "ascii": (on_disk + 1) // _MIN_BYTES_PER_NUMBER_AS_TEXT,
    }[encoding]
    if count > possible:
        raise EOFError(f"its header promises {count} numbers, which the file can't hold")


def _skip(header: NrrdHeader, name: str) -> int:
    if name not in header.fields:
        return 0
    return header.whole_numbers(name)[0]


def _skip_lines(file: BinaryIO, count: int) -> None:
    if count < 0:
        raise Damage(f"it skips {count} lines")
    for _ in range(count):
        if not file.readline(_PIECE_BYTES):
            raise EOFError(f"it ends within the {count} lines to skip")


def _fill(numbers: npt.NDArray[Any], file: BinaryIO, skip: int, *, is_gzip: bool) -> None:
    if skip == -1 and not is_gzip:
        # "The data is at the very end of the file": for raw data behind a header of another format.
        file.seek(-numbers.nbytes, 2)
        skip = 0
    if skip < 0:
        raise Damage(f"it skips {skip} bytes of {'compressed' if is_gzip else 'raw'} data")
    stream = cast("BinaryIO", igzip.IGzipFile(fileobj=file, mode="rb")) if is_gzip else file  # type: ignore[no-untyped-call]
    while skip > 0:
        piece = stream.read(min(skip, _PIECE_BYTES))
        if not piece:
            raise EOFError("it ends within the bytes to skip")
        skip -= len(piece)
    content, filled = numbers.data.cast("B"), 0
    while filled < len(content):
        piece = stream.read(min(len(content) - filled, _PIECE_BYTES))
        if not piece:
            raise EOFError(f"it ends after {filled} of {len(content)} bytes of voxels")
        content[filled : filled + len(piece)] = piece
        filled += len(piece)
    if is_gzip:
        _check_to_the_end(stream)


def _check_to_the_end(stream: BinaryIO) -> None:
    """Read on: what follows the voxels has no meaning, but ends in gzip's checksum."""
    while stream.read(_PIECE_BYTES):
        pass


def _fill_from_text(numbers: npt.NDArray[np.float64], file: BinaryIO) -> None:
    filled, rest = 0, b""
    while piece := file.read(_PIECE_BYTES):
        words = (rest + piece).replace(b",", b" ").split()
        # The last word may go on in the next piece.
        rest = b"" if piece[-1:].isspace() or not words else words.pop()
        if len(rest) > _PIECE_BYTES:
            raise Damage("expected numbers as text", "damaged-data")
        filled += _take(numbers[filled:], words)
    filled += _take(numbers[filled:], rest.split())
    if filled < numbers.size:
        raise EOFError(f"it ends after {filled} of {numbers.size} numbers")


def _take(numbers: npt.NDArray[np.float64], words: list[bytes]) -> int:
    try:
        read = np.array(words[: len(numbers)], dtype="S").astype(np.float64)
    except ValueError:
        raise Damage("expected numbers as text", "damaged-data") from None
    numbers[: len(read)] = read
    return len(read)
