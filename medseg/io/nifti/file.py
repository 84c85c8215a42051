"""Open a NIfTI file and take its header and stored numbers, or say in one line why not."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
import numpy.typing as npt
from isal import igzip

from medseg.errors import NotOneVolumeError, UnreadableFileError, UnsupportedImageError
from medseg.io.existence import require_file
from medseg.io.label_map_files import NIFTI_SUFFIXES
from medseg.io.nifti.damage import Damage, damage_named
from medseg.io.nifti.digested_file import DigestedFile
from medseg.io.nifti.header import MAX_EXTENSION_BYTES, OTHER_VOXEL_TYPES, Header, header_size
from medseg.io.nifti.values import Scaling, scaling_of

_MAX_COMPRESSION = 1032
"""Deflate makes at most 1032 bytes of one (RFC 1951): a header that promises more is false or hostile."""

_PIECE_BYTES = 1 << 24
_GZIP_MAGIC = b"\x1f\x8b"
_HALVES = (".hdr", ".img", ".hdr.gz", ".img.gz")


class Readable(Protocol):
    """Anything that bytes can be read from."""

    def read(self, size: int, /) -> bytes:
        """Read at most so many bytes; none at the end."""

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill the beginning of a buffer, and say how much of it; 0 at the end."""


@dataclass(frozen=True, eq=False)
class NiftiFile:
    """A NIfTI file, read whole.

    Attributes:
        header: Its header.
        stored: The numbers before slope and intercept, ``[k, j, i]`` or ``[t, k, j, i]``, in the file's own
            byte order.
        scaling: Slope and intercept; 1 and 0 where the header says nothing.
        warnings: What a careful user should know about the file, one sentence each.
        sha256: Digest of the file's bytes.
    """

    header: Header
    stored: npt.NDArray[Any]
    scaling: Scaling
    warnings: tuple[str, ...]
    sha256: str

    @property
    def native(self) -> npt.NDArray[Any]:
        """The stored numbers in this machine's byte order."""
        return self.stored.astype(self.stored.dtype.newbyteorder("="), copy=False)


def read_nifti(path: Path, *, series: bool = False) -> NiftiFile:
    """Read a NIfTI file, to its very end: a damaged checksum is found too.

    A file that is refused for what its header says is not read beyond it.

    Args:
        path: ``*.nii`` or ``*.nii.gz``.
        series: Take several volumes too, and give ``[t, k, j, i]`` always.

    Raises:
        UnreadableFileError: Not there, not NIfTI, truncated or damaged.
        NotOneVolumeError: Not three-dimensional, or not four-dimensional at most for a series.
        UnsupportedImageError: Colour or complex voxels.
    """
    require_nifti_name(path)
    require_file(path)
    with damage_named(path), path.open("rb") as raw:
        file = DigestedFile(raw)
        stream = decompressed(file, path)
        header = read_header(stream)
        dtype = require_volumes(header, path, series=series)
        scaling, warnings = scaling_of(header)
        warnings += _type_warnings(header, dtype)
        shape = header.shape[: 4 if series else 3]
        shape = (*shape, 1) if series and len(shape) == 3 else shape
        _require_plausible_size(header, math.prod(shape) * dtype.itemsize, path)
        # NIfTI stores i fastest: read in this order, the bytes are a C-contiguous [t, k, j, i].
        stored = _reserved(shape[::-1], dtype, path)
        _fill(stored.data.cast("B"), stream)
        rest = _count_rest(stream)
        file.drain()
    if rest:
        warnings.append(f"{rest} bytes follow the voxels and were passed over")
    return NiftiFile(header, stored, scaling, tuple(warnings), file.digest.hexdigest())


def require_nifti_name(path: Path) -> None:
    """Refuse a file by its name.

    Raises:
        UnreadableFileError: No ``*.nii`` or ``*.nii.gz``.
    """
    if path.name.endswith(_HALVES):
        raise UnreadableFileError(
            f"expected one file *.nii or *.nii.gz, got {path.name}, half of an image in two files",
            hint="convert the pair *.hdr and *.img to one *.nii file",
            reason="two-files",
        )
    if not path.name.endswith(NIFTI_SUFFIXES):
        raise UnreadableFileError(
            f"expected a file named *.nii or *.nii.gz, got {path.name}", reason="not-nifti"
        )


def decompressed(file: DigestedFile, path: Path) -> Readable:
    """The bytes of a NIfTI file from its beginning, unzipped where its name ends in ``.gz``.

    Raises:
        Damage: Compressed, and the name says otherwise; or the other way round.
    """
    start = file.peek(4)[:4]
    named, is_gzip = path.name.endswith(".gz"), start.startswith(_GZIP_MAGIC)
    if named == is_gzip:
        return cast("Readable", igzip.IGzipFile(fileobj=file, mode="rb")) if named else file  # type: ignore[no-untyped-call]
    if is_gzip:
        raise Damage("it is compressed, but its name does not end in .gz", "name-mismatch")
    if named:
        header_size(start)
        raise Damage("it is not compressed, but its name ends in .gz", "name-mismatch")
    return file


def read_header(stream: Readable) -> Header:
    """Read a header and stop where its voxels begin.

    Raises:
        Damage, EOFError: No such header; see :func:`~medseg.io.nifti.damage.damage_named`.
    """
    start = stream.read(4)
    header = Header.decode(start + read_exactly(stream, header_size(start) - 4))
    skip = header.voxel_offset - len(header.raw)
    kept = read_exactly(stream, min(skip, MAX_EXTENSION_BYTES))
    skip -= len(kept)
    while skip > 0:
        skip -= len(read_exactly(stream, min(skip, 1 << 20)))
    return replace(header, extensions=kept)


def require_volumes(header: Header, path: Path, *, series: bool = False) -> np.dtype[Any]:
    """Refuse what is not one volume of real numbers, or a series of such volumes.

    Returns:
        The type of the stored numbers, in the file's byte order.

    Raises:
        NotOneVolumeError: Too few or too many dimensions; ``reason`` is ``not-3d``, ``4d`` or ``5d``.
        UnsupportedImageError: Bits, colour or complex voxels.
    """
    shape = header.shape
    if len(shape) < 3:
        raise NotOneVolumeError(f"{path.name} is no volume: its shape is {shape}", reason="not-3d")
    if math.prod(shape[4:]) != 1:
        raise NotOneVolumeError(
            f"{path.name} has more than four dimensions (shape {shape})",
            hint="vector fields and series of series are not read",
            reason="5d",
        )
    if math.prod(shape[3:]) != 1 and not series:
        raise NotOneVolumeError(
            f"{path.name} holds {shape[3]} volumes (shape {shape}), expected one",
            hint="split the series and open one volume",
            reason="4d",
        )
    if header.dtype is None:
        held = OTHER_VOXEL_TYPES[header.whole("datatype")]
        raise UnsupportedImageError(
            f"{path.name} holds {held}, expected real numbers",
            hint="colour and complex images are not read",
            reason="voxel-type",
        )
    return header.dtype


def read_exactly(stream: Readable, count: int) -> bytes:
    """Read so many bytes.

    Raises:
        EOFError: There are fewer.
    """
    content = bytearray(count)
    _fill(memoryview(content), stream)
    return bytes(content)


def _reserved(shape: tuple[int, ...], dtype: np.dtype[Any], path: Path) -> npt.NDArray[Any]:
    try:
        return np.empty(shape, dtype)
    except MemoryError:
        raise UnsupportedImageError(
            f"{path.name} promises {shape} numbers of type {dtype}, more than there is memory for",
            reason="too-large",
        ) from None


def _fill(content: memoryview, stream: Readable) -> None:
    filled = 0
    while filled < len(content):
        count = stream.readinto(content[filled : filled + _PIECE_BYTES])
        if not count:
            raise EOFError(f"it ends after {filled} of {len(content)} bytes")
        filled += count


def _count_rest(stream: Readable) -> int:
    """Read on to the end: what follows the voxels has no meaning, but ends in gzip's checksum."""
    count = 0
    while piece := stream.read(1 << 20):
        count += len(piece)
    return count


def _type_warnings(header: Header, dtype: np.dtype[Any]) -> list[str]:
    bits = header.whole("bitpix")
    if bits == 8 * dtype.itemsize:
        return []
    return [f"bitpix says {bits} bits a voxel, the voxel type {8 * dtype.itemsize}; the type was taken"]


def _require_plausible_size(header: Header, promised: int, path: Path) -> None:
    on_disk = path.stat().st_size
    possible = on_disk * _MAX_COMPRESSION if path.name.endswith(".gz") else on_disk - header.voxel_offset
    if promised > possible:
        raise EOFError(f"its header promises {promised} bytes of voxels, which the file can't hold")
