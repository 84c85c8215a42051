"""Open a NIfTI file and take its header and stored numbers, or say in one line why not."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
import numpy.typing as npt
from isal import igzip, isal_zlib
from nibabel.nifti1 import Nifti1Header, data_type_codes
from nibabel.nifti2 import Nifti2Header
from nibabel.spatialimages import HeaderDataError

from medseg.errors import NotOneVolumeError, UnreadableFileError, UnsupportedImageError
from medseg.io.existence import require_file
from medseg.io.label_map_files import NIFTI_SUFFIXES

_HEADERS = {348: Nifti1Header, 540: Nifti2Header}
"""Header class by ``sizeof_hdr``, the first number of the file."""

_IsalError = cast("type[Exception]", isal_zlib.error)
_DAMAGE = (OSError, EOFError, ValueError, OverflowError, HeaderDataError, _IsalError)

_MAX_COMPRESSION = 1032
"""Deflate makes at most 1032 bytes of one (RFC 1951): a header that promises more is false or hostile."""


class Readable(Protocol):
    """Anything that bytes can be read from."""

    def read(self, size: int, /) -> bytes:
        """Read at most so many bytes; none at the end."""


@dataclass(frozen=True, eq=False)
class NiftiFile:
    """A 3-D NIfTI file, read whole.

    Attributes:
        header: nibabel's NIfTI-1 or NIfTI-2 header.
        stored: The numbers before slope and intercept, ``[k, j, i]``, in the file's own byte order.
        slope_intercept: What turns stored numbers into values; 1 and 0 where the header says nothing.
    """

    header: Any
    stored: npt.NDArray[Any]
    slope_intercept: tuple[float, float]

    @property
    def native(self) -> npt.NDArray[Any]:
        """The stored numbers in this machine's byte order."""
        return self.stored.astype(self.stored.dtype.newbyteorder("="), copy=False)


def read_nifti(path: Path) -> NiftiFile:
    """Read a 3-D NIfTI file, to its very end: a damaged checksum is found too.

    Raises:
        UnreadableFileError: Not there, not NIfTI, truncated or damaged.
        NotOneVolumeError: Not three-dimensional.
        UnsupportedImageError: Colour or complex voxels.
    """
    if not path.name.endswith(NIFTI_SUFFIXES):
        raise UnreadableFileError(f"expected a file named *.nii or *.nii.gz, got {path.name}")
    require_file(path)
    with damage_named(path), path.open("rb") as file:
        stream = decompressed(file, path)
        header, _ = read_header(stream, path)
        _require_plausible_size(header, path)
        # NIfTI stores i fastest: read in this order, the bytes are a C-contiguous [k, j, i].
        stored = np.empty(header.get_data_shape()[2::-1], header.get_data_dtype())
        _fill(stored.data.cast("B"), stream)
        while stream.read(1 << 20):  # what follows has no meaning, but ends in gzip's checksum
            pass
        slope, intercept = header.get_slope_inter()
    return NiftiFile(header, stored, (1.0, 0.0) if slope is None else (float(slope), float(intercept)))


@contextmanager
def damage_named(path: Path) -> Iterator[None]:
    """Turn what damaged files make libraries raise into one clear error."""
    try:
        yield
    except _DAMAGE as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise UnreadableFileError(
            f"{path.name} is missing, truncated, damaged or no NIfTI: {reason.splitlines()[0]}",
            hint="copy or convert the file again",
            path=str(path),
        ) from error


def decompressed(file: Readable, path: Path) -> Readable:
    """The bytes of a NIfTI file, unzipped where its name ends in ``.gz``."""
    if path.name.endswith(".gz"):
        return cast("Readable", igzip.IGzipFile(fileobj=file, mode="rb"))  # type: ignore[no-untyped-call]
    return file


def read_header(stream: Readable, path: Path) -> tuple[Any, bytes]:
    """Read the header of a 3-D file and stop where its voxels begin.

    Returns:
        nibabel's header, unchecked, and its bytes as they stand in the file.

    Raises:
        EOFError, ValueError, HeaderDataError: No such header; see :func:`damage_named`.
        NotOneVolumeError: Not three-dimensional.
        UnsupportedImageError: Colour or complex voxels.
    """
    start = stream.read(4)
    for order in ("little", "big"):
        size = int.from_bytes(start, order)
        if size in _HEADERS:
            break
    else:
        raise ValueError("it does not begin with a NIfTI header")
    block = start + read_exactly(stream, size - 4)
    # Unchecked: nibabel's check would mend a damaged geometry and go on. What matters is checked here
    # and where the geometry is read.
    header = _HEADERS[size].from_fileobj(io.BytesIO(block), endianness=order, check=False)
    if not bytes(header["magic"]).startswith(b"n+"):
        raise ValueError("its magic number is not that of a single NIfTI file")
    if not 1 <= int(header["dim"][0]) <= 7:
        raise ValueError(f"it names {int(header['dim'][0])} dimensions")
    if int(header["datatype"]) not in data_type_codes:
        raise ValueError(f"it names the unknown voxel type {int(header['datatype'])}")
    _require_3d(header, path)
    if not float(header["vox_offset"]).is_integer():
        raise ValueError(f"it says that its voxels begin at byte {header['vox_offset']}")
    extensions = int(header["vox_offset"]) - size
    if extensions < 0:
        raise ValueError(f"it says that its voxels begin at byte {int(header['vox_offset'])}, in its header")
    while extensions > 0:
        extensions -= len(read_exactly(stream, min(extensions, 1 << 20)))
    return header, block


def read_exactly(stream: Readable, count: int) -> bytes:
    """Read so many bytes.

    Raises:
        EOFError: There are fewer.
    """
    content = bytearray(count)
    _fill(memoryview(content), stream)
    return bytes(content)


def _fill(content: memoryview, stream: Readable) -> None:
    filled = 0
    while filled < len(content):
        piece = stream.read(min(len(content) - filled, 1 << 24))
        if not piece:
            raise EOFError(f"it ends after {filled} of {len(content)} bytes")
        content[filled : filled + len(piece)] = piece
        filled += len(piece)


def _require_3d(header: Any, path: Path) -> None:
    shape = header.get_data_shape()
    if min(shape, default=0) < 1:
        raise ValueError(f"its dimensions {shape} are impossible")
    if len(shape) < 3:
        raise NotOneVolumeError(f"{path.name} is no volume: its shape is {shape}", reason="not-3d")
    volumes = math.prod(shape[3:])
    if volumes != 1:
        raise NotOneVolumeError(
            f"{path.name} holds {volumes} volumes (shape {shape}), expected one",
            hint="split the series and open one volume",
            reason="4d",
        )
    if header.get_data_dtype().kind not in "iuf":
        raise UnsupportedImageError(
            f"{path.name} holds voxels of type {header.get_data_dtype()}, expected real numbers",
            hint="colour and complex images are not read",
        )


def _require_plausible_size(header: Any, path: Path) -> None:
    promised = math.prod(header.get_data_shape()) * header.get_data_dtype().itemsize
    possible = path.stat().st_size * (_MAX_COMPRESSION if path.name.endswith(".gz") else 1)
    if promised > possible:
        raise EOFError(f"its header promises {promised} bytes of voxels, which the file can't hold")
