"""Write voxels on a grid as one NIfTI-1 file, straight from their array."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from medseg._version import __version__
from medseg.errors import GeometryError, OutputError, UnsupportedImageError
from medseg.io.atomic import whole_file
from medseg.io.nifti.deflate import gzip_member, usable_threads
from medseg.io.nifti.geometry import grid_fields
from medseg.io.nifti.header import MAX_VOXELS_PER_AXIS, UNITS_SECONDS, encode_nifti_1, voxel_type_code
from medseg.progress import Progress, silent
from medseg.space import Grid

BLOCK_BYTES = 1 << 21
"""Large enough that Python's share of the time is small, small enough to keep all threads busy to the end."""

DESCRIPTION = f"medseg {__version__}"
"""``descrip``: the software and nothing else, so that no patient data can be in it."""


@dataclass(frozen=True)
class RegularTimes:
    """Volumes that were acquired at equal distances in time.

    Args:
        start_s: Time of the first volume in seconds.
        step_s: From one volume to the next; positive.
    """

    start_s: float
    step_s: float

    def as_fields(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The header fields that say so, of a header that says where the voxels lie."""
        pixdim = list(fields["pixdim"])
        pixdim[4] = self.step_s
        units = fields["xyzt_units"] | UNITS_SECONDS
        return {"pixdim": pixdim, "xyzt_units": units, "toffset": self.start_s}


def write_voxels(
    voxels: npt.NDArray[Any],
    grid: Grid,
    path: Path,
    *,
    times: RegularTimes | None = None,
    extension: bytes = b"",
    overwrite: bool = False,
    durable: bool = True,
    threads: int | None = None,
    progress: Progress = silent,
) -> str:
    """Write an array ``[k, j, i]`` or ``[t, k, j, i]`` on a grid, values and type unchanged.

    The same voxels and grid give the same bytes, whatever the number of threads. No copy of the array is
    made where it is C-contiguous.

    Args:
        voxels: Numbers of a type that NIfTI has.
        grid: Where they lie.
        path: ``*.nii``, or ``*.nii.gz`` to be deflated.
        times: When the volumes of a 4-D array were acquired; None where its fourth axis is not time, or not
            regular. The header then names no unit, and its step is 1.
        extension: A whole header extension; empty for none.
        overwrite: Whether a file that is there is replaced.
        durable: Write beside the final name, wait for the disk, then rename: whole or not there, whatever
            happens. Else the file is written in place, for a private folder out of which the caller moves it.
        threads: How many deflate; as many as there are processors by default.
        progress: Called before each block; the work can be cancelled there.

    Returns:
        SHA-256 of the bytes of the file, in hexadecimal.

    Raises:
        UnsupportedImageError: NIfTI has no such type of number.
        GeometryError: NIfTI-1 can't hold the grid or so many volumes.
        OutputExistsError: The file exists and ``overwrite`` is not set.
        OutputError: It can't be written.
    """
    fields = {**_array_fields(voxels), **grid_fields(grid)}
    if times is not None:
        fields |= times.as_fields(fields)
    header = encode_nifti_1(fields, extension)
    blocks = _blocks(header, voxels, progress)
    with whole_file(path, overwrite=overwrite) if durable else _in_place(path) as target:
        if path.name.endswith(".gz"):
            with closing(gzip_member(blocks, threads or usable_threads())) as deflated:
                return _write(deflated, target, durable=durable)
        return _write(blocks, target, durable=durable)


@contextmanager
def _in_place(path: Path) -> Iterator[Path]:
    try:
        yield path
    except OSError as error:
        raise OutputError(f"could not write {path.name}: {error.strerror or error}") from error


def _write(pieces: Iterable[bytes | memoryview], path: Path, *, durable: bool) -> str:
    digest = hashlib.sha256()
    with path.open("wb") as file, ThreadPoolExecutor(1, "digest") as beside:
        for piece in pieces:
            beside.submit(digest.update, piece)
            file.write(piece)
        if durable:
            file.flush()
            # Here rather than later: the digest catches up while the disk works.
            os.fsync(file.fileno())
    return digest.hexdigest()


def _blocks(header: bytes, voxels: npt.NDArray[Any], progress: Progress) -> Iterator[memoryview]:
    """The bytes of an uncompressed file: views of the array, save where its byte order has to change."""
    flat = np.ascontiguousarray(voxels).reshape(-1)
    length = BLOCK_BYTES // flat.itemsize
    little_endian = flat.dtype.newbyteorder("<")
    starts = range(0, flat.size, length)
    yield memoryview(header)
    for done, start in enumerate(starts):
        progress("writing", done, len(starts))
        yield flat[start : start + length].astype(little_endian, copy=False).view(np.uint8).data


def _array_fields(voxels: npt.NDArray[Any]) -> dict[str, Any]:
    code = voxel_type_code(voxels.dtype)
    if code is None:
        raise UnsupportedImageError(
            f"NIfTI holds no numbers of type {voxels.dtype}", reason="voxel-type", dtype=str(voxels.dtype)
        )
    dim = np.ones(8, np.int64)
    dim[: voxels.ndim + 1] = voxels.ndim, *voxels.shape[::-1]
    if dim.max() > MAX_VOXELS_PER_AXIS:
        raise GeometryError(
            f"NIfTI-1 holds at most {MAX_VOXELS_PER_AXIS} numbers along an axis, got {voxels.shape}",
            reason="too-large",
        )
    return {
        "dim": dim,
        "datatype": code,
        "bitpix": 8 * voxels.dtype.itemsize,
        # Not 0, which means the same: some readers scale by it.
        "scl_slope": 1,
        "descrip": DESCRIPTION.encode()[:79],
    }
