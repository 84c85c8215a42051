"""Open a NIfTI file and take its header and stored numbers, or say in one line why not."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import numpy.typing as npt
from isal import igzip, isal_zlib
from nibabel.nifti1 import Nifti1Header
from nibabel.nifti2 import Nifti2Header
from nibabel.spatialimages import HeaderDataError

from medseg.errors import NotOneVolumeError, UnreadableFileError, UnsupportedImageError
from medseg.io.label_map_files import NIFTI_SUFFIXES

_HEADERS = {348: Nifti1Header, 540: Nifti2Header}
"""Header class by ``sizeof_hdr``, the first number of the file."""

_IsalError = cast("type[Exception]", isal_zlib.error)
_DAMAGE = (OSError, EOFError, ValueError, HeaderDataError, _IsalError)

_MAX_COMPRESSION = 1032
"""Deflate makes at most 1032 bytes of one (RFC 1951): a header that promises more is false or hostile."""


@dataclass(frozen=True, eq=False)
class NiftiFile:
    """A 3-D NIfTI file, read whole.

    Attributes:
        header: nibabel's NIfTI-1 or NIfTI-2 header; ``header.binaryblock`` are its bytes as stored.
        stored: The numbers before slope and intercept, ``[k, j, i]``, in the file's own byte order.
    """

    header: Any
    stored: npt.NDArray[Any]

    @property
    def slope_intercept(self) -> tuple[float, float]:
        """What turns stored numbers into values; 1 and 0 where the header says nothing."""
        slope, intercept = self.header.get_slope_inter()
        return (1.0, 0.0) if slope is None else (float(slope), float(intercept))

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
    if not path.is_file():
        raise UnreadableFileError(f"there is no file {path}", hint="check the path")
    with _damage_named(path), _opened(path) as file:
        header = _read_header(file)
        _require_3d(header, path)
        stored = _read_voxels(file, header, path)
        while file.read(1 << 20):  # what follows has no meaning, but ends in gzip's checksum
            pass
    return NiftiFile(header, stored)


def _opened(path: Path) -> BinaryIO:
    if path.suffix == ".gz":
        return cast("BinaryIO", igzip.open(path, "rb"))  # type: ignore[no-untyped-call]
    return path.open("rb")


@contextmanager
def _damage_named(path: Path) -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise UnreadableFileError(
            f"{path.name} is truncated, damaged or no NIfTI: {reason}",
            hint="copy or convert the file again",
        ) from error


def _read_header(file: BinaryIO) -> Any:
    start = file.read(4)
    sizes = {int.from_bytes(start, order): order for order in ("little", "big")}
    size = next((size for size in sizes if size in _HEADERS), None)
    if size is None:
        raise ValueError("it does not begin with a NIfTI header")
    block = start + file.read(size - 4)
    if len(block) < size:
        raise EOFError(f"the header ends after {len(block)} of {size} bytes")
    header = _HEADERS[size].from_fileobj(io.BytesIO(block))
    if not bytes(header["magic"]).startswith(b"n+"):
        raise ValueError("its magic number is not that of a single NIfTI file")
    return header


def _require_3d(header: Any, path: Path) -> None:
    shape = header.get_data_shape()
    if len(shape) < 3 or min(shape) < 1:
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


def _read_voxels(file: BinaryIO, header: Any, path: Path) -> npt.NDArray[Any]:
    # NIfTI stores i fastest: read in this order, the bytes are a C-contiguous [k, j, i].
    shape_kji = header.get_data_shape()[2::-1]
    dtype = header.get_data_dtype()
    offset, expected = header.get_data_offset(), math.prod(shape_kji) * dtype.itemsize
    possible = path.stat().st_size * (_MAX_COMPRESSION if path.suffix == ".gz" else 1)
    if offset + expected > possible:
        raise EOFError(f"its header promises {expected} bytes of voxels, which the file can't hold")
    file.seek(offset)
    stored = np.empty(shape_kji, dtype)
    content = stored.data.cast("B")
    filled = 0
    while filled < expected and (count := file.readinto(content[filled:])):  # type: ignore[attr-defined]
        filled += count
    if filled < expected:
        raise EOFError(f"it ends after {filled} of {expected} bytes of voxels")
    return stored
