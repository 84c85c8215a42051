"""Read what a signature covers from a label map and its sidecars, in one pass and bounded memory."""

from __future__ import annotations

import gzip
import hashlib
import math
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

import nibabel.nifti1
import nibabel.nifti2
import numpy as np
import numpy.typing as npt

from medseg.errors import SidecarError, UnreadableFileError, UnsupportedImageError
from medseg.io.label_map_files import LabelMapFiles
from medseg.io.structure_table import read_structure_table
from medseg.labelmap import Structure
from medseg.provenance.content import SIDECARS, Content, StructureContent
from medseg.provenance.nifti_fields import FIELDS

CHUNK_VOXELS = 1 << 20
"""Voxels that are looked at together; a header that lies about its size costs no memory."""

MAX_SIDECAR_BYTES = 1 << 30
"""Contours of a whole body are tens of megabytes; a gigabyte is something else."""

MAX_PLAUSIBLE_LABEL = 2**31
"""A larger stored number is no label; below it every number survives JSON."""

_HEADERS = (
    (348, b"n+1\0", nibabel.nifti1.header_dtype),
    (540, b"n+2\0", nibabel.nifti2.header_dtype),
)
"""Length and magic of the header of a single file, NIfTI-1 and NIfTI-2."""

_DAMAGE = (OSError, EOFError, zlib.error)


@dataclass(frozen=True)
class FileDigests:
    """What was found on disk.

    Attributes:
        content: What the files mean.
        files: SHA-256 of the bytes of the label map and of the structure table, by file name.
    """

    content: Content
    files: dict[str, str]


def read_content(files: LabelMapFiles) -> Content:
    """Read what a signature covers; see :func:`read_content_and_digests`."""
    return read_content_and_digests(files).content


def read_content_and_digests(files: LabelMapFiles) -> FileDigests:
    """Read what a signature covers, and the digests of the files that hold it.

    A structure table or sidecar that is not there is recorded as missing.

    Raises:
        UnreadableFileError: The label map is not there, truncated, damaged or not NIfTI in a single file.
        UnsupportedImageError: The voxels are no integers, or a structure lies in a further layer.
        SidecarError: The structure table or a sidecar can't be read.
        LabelMapError: The structure table contradicts itself.
    """
    digests = {}
    structures = None
    table = _file_sha256(files.structures)
    if table is not None:
        digests[files.structures.name] = table
        structures = read_structure_table(files.structures)
        _require_one_layer(structures)
    header, voxels, tally, digests[files.nifti.name] = _read_nifti(files.nifti, structures or ())
    sidecars = {name: _file_sha256(files.covered_sidecars[name]) for name in SIDECARS}
    entries = None if structures is None else tuple(tally.content_of(s) for s in structures)
    return FileDigests(Content(header, voxels, entries, tally.unexplained_labels, sidecars), digests)


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class _Digested:
    """A file that digests what is read from it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.digest.update(data)
        return data


class _Tally:
    """Where each label lies, gathered chunk by chunk."""

    def __init__(self, structures: Iterable[Structure]) -> None:
        self._positions = {s.label: hashlib.sha256() for s in structures}
        self._counts = dict.fromkeys(self._positions, 0)
        self._unexplained: set[int] = set()

    def add(self, chunk: npt.NDArray[Any], start: int) -> None:
        """Count a chunk of voxels whose first one stands at the flat position ``start``."""
        inside = np.flatnonzero(chunk)
        if not inside.size:
            return
        values = chunk[inside]
        # Sorted once by label, stably so that positions stay ascending: one look a chunk, not one a label.
        order = np.argsort(values, kind="stable")
        values = values[order]
        positions = (inside[order] + start).astype("<u8")
        borders = np.flatnonzero(values[1:] != values[:-1]) + 1
        for first, last in zip([0, *borders.tolist()], [*borders.tolist(), len(values)], strict=True):
            self._add_label(int(values[first]), positions[first:last])

    def _add_label(self, label: int, positions: npt.NDArray[np.uint64]) -> None:
        if label in self._positions:
            self._positions[label].update(positions.data)
            self._counts[label] += len(positions)
            return
        if abs(label) > MAX_PLAUSIBLE_LABEL:
            raise UnsupportedImageError(f"expected labels, found the number {label}")
        self._unexplained.add(label)

    def content_of(self, structure: Structure) -> StructureContent:
        label = structure.label
        return StructureContent(structure, self._counts[label], self._positions[label].hexdigest())

    @property
    def unexplained_labels(self) -> tuple[int, ...]:
        return tuple(sorted(self._unexplained))


def _read_nifti(path: Path, structures: Iterable[Structure]) -> tuple[dict[str, str], str, _Tally, str]:
    tally = _Tally(structures)
    voxels = hashlib.sha256()
    try:
        with ExitStack() as stack:
            file = _Digested(stack.enter_context(path.open("rb")))
            stream: _Readable = file
            if path.name.endswith(".gz"):
                unzipped = gzip.GzipFile(fileobj=cast("BinaryIO", file), mode="rb")
                stream = cast("_Readable", stack.enter_context(unzipped))
            header = _read_header(stream, path)
            start = 0
            for chunk in _chunks(stream, header, path):
                voxels.update(np.ascontiguousarray(chunk).data)
                tally.add(chunk, start)
                start += len(chunk)
            # Reading past the voxels makes gzip compare its checksum.
            if stream.read(1):
                raise UnreadableFileError(f"{path.name} holds more than the {start} voxels of its header")
            while file.read(1 << 20):
                pass
    except _DAMAGE as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UnreadableFileError(
            f"{path.name} is missing, truncated or damaged: {reason}",
            hint="restore the file from a copy",
            path=str(path),
        ) from error
    raw = {name: header.raw(name).hex() for name in FIELDS}
    return raw, voxels.hexdigest(), tally, file.digest.hexdigest()


@dataclass(frozen=True)
class _Header:
    block: bytes
    layout: np.dtype[Any]

    def raw(self, field: str) -> bytes:
        """A field's bytes as they stand in the file."""
        assert self.layout.fields is not None  # noqa: S101 - the layouts of nibabel are structured
        kind, offset = self.layout.fields[field][:2]
        return self.block[offset : offset + kind.itemsize]

    def numbers(self, field: str) -> list[Any]:
        """A field's numbers."""
        return list(np.atleast_1d(np.frombuffer(self.block, self.layout)[field][0]).tolist())


def _read_header(stream: _Readable, path: Path) -> _Header:
    """Read the header in the byte order of the file, and stop behind it."""
    start = _read(stream, 4, path)
    for size, magic, layout in _HEADERS:
        for order in ("<", ">"):
            if start == size.to_bytes(4, "little" if order == "<" else "big"):
                block = start + _read(stream, size - 4, path)
                header = _Header(block, layout.newbyteorder(order))
                if header.raw("magic") == magic:
                    return header
    raise UnreadableFileError(f"{path.name} is no NIfTI file with header and voxels in one", path=str(path))


def _chunks(stream: _Readable, header: _Header, path: Path) -> Iterator[npt.NDArray[Any]]:
    """The voxels as stored, in the order of the file, piece by piece."""
    kind = _integer_type(header, path)
    count = _voxel_count(header, path)
    _skip_to_voxels(stream, header, path)
    while count:
        length = min(count, CHUNK_VOXELS)
        yield np.frombuffer(_read(stream, length * kind.itemsize, path), kind)
        count -= length


def _integer_type(header: _Header, path: Path) -> np.dtype[Any]:
    (code,) = header.numbers("datatype")
    try:
        kind = np.dtype(nibabel.nifti1.data_type_codes.dtype[code])
    except KeyError:
        raise UnreadableFileError(f"{path.name} names the unknown voxel type {code}") from None
    if kind.kind not in "iu":
        raise UnsupportedImageError(
            f"expected whole numbers as labels, but {path.name} stores {kind}",
            hint="save the label map with medseg, which stores uint8 or uint16",
        )
    little_endian = header.raw("sizeof_hdr")[0] != 0
    ordered: np.dtype[Any] = kind.newbyteorder("<" if little_endian else ">")
    return ordered


def _voxel_count(header: _Header, path: Path) -> int:
    number, *shape = header.numbers("dim")
    if not 1 <= number <= 7 or min(shape[:number]) < 1:
        raise UnreadableFileError(f"{path.name} names the impossible dimensions {[number, *shape]}")
    return math.prod(shape[:number])


def _skip_to_voxels(stream: _Readable, header: _Header, path: Path) -> None:
    """Pass over the extensions, which no signature covers."""
    begin, offset = len(header.block), float(header.numbers("vox_offset")[0])
    if not (offset >= begin and offset.is_integer()):
        raise UnreadableFileError(f"{path.name} says that its voxels begin at byte {offset:g}")
    left = int(offset) - begin
    while left:
        left -= len(_read(stream, min(left, 1 << 20), path))


def _read(stream: _Readable, length: int, path: Path) -> bytes:
    """Read exactly so many bytes."""
    pieces = []
    while length:
        piece = stream.read(length)
        if not piece:
            raise UnreadableFileError(
                f"{path.name} is truncated: its header promises more voxels than it holds",
                hint="restore the file from a copy",
                path=str(path),
            )
        pieces.append(piece)
        length -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _require_one_layer(structures: Iterable[Structure]) -> None:
    for structure in structures:
        if structure.layer:
            raise UnsupportedImageError(
                f"structure {structure.id!r} lies in layer {structure.layer}, but only label maps of one "
                "layer can be signed"
            )


def _file_sha256(path: Path) -> str | None:
    """SHA-256 of a file's bytes; None where there is no file."""
    try:
        with path.open("rb") as file:
            if path.stat().st_size > MAX_SIDECAR_BYTES:
                raise SidecarError(f"{path.name} is larger than {MAX_SIDECAR_BYTES} bytes")
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SidecarError(f"could not read {path.name}: {error.strerror or error}") from error
