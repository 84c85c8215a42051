"""The voxels of a planned volume: every image's pixels into one array, then into real values, in threads.

Reading, hashing, decoding and arithmetic all let go of Python's lock, so that threads suffice; they share
the one array, which is all the memory that a volume takes unless its values need wider cells.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from medseg.errors import UnsupportedImageError
from medseg.io.dicom.frames import Cells, ReadFile, Wanted, read_file
from medseg.io.dicom.header import ImageHeader
from medseg.io.dicom.rescale import IDENTITY, StoredRange, to_real_values
from medseg.io.dicom.stored_bits import cell_type
from medseg.io.dicom.walk import NATIVE_SYNTAXES
from medseg.processes import usable_processors
from medseg.progress import Progress, silent
from medseg.volume.volume import SourceFile

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

_CHUNK_MAX = 8
"""Items that a thread takes at once: handing over costs as much as reading a small file."""

_TURNS = 4
"""How often a thread comes for more, so that none is left waiting for the others at the end, progress is
seen, and a cancelled reading need not wait long for what was taken."""


@dataclass(frozen=True, eq=False)
class Values:
    """The values of a volume or of a stack of them.

    Attributes:
        voxels: Real values ``[n, j, i]``, C-contiguous and read-only, in the order of the headers.
        files: Every file that was read, in that order, once.
        remarks: What a careful user should know, one sentence each.
    """

    voxels: npt.NDArray[Any]
    files: tuple[SourceFile, ...]
    remarks: tuple[str, ...]


def read_values(
    headers: Sequence[ImageHeader],
    *,
    scales: Sequence[float] | None = None,
    workers: int | None = None,
    progress: Progress = silent,
) -> Values:
    """Read the values of images of one size.

    Each image's own BitsStored, sign and rescale are applied. Whole values come in the smallest of int16,
    uint16, int32 and uint32 that holds all of them; fractions are computed in float64 and rounded once,
    to float32. Padding keeps its rescaled value, and MONOCHROME1 its values.

    Args:
        headers: The images, in the order in which they are wanted.
        scales: Factors to apply after the rescale, one for each image; the result is float32 then.
        workers: How many threads; None for one a processor.
        progress: Told how many images are read; to cancel raises :class:`medseg.errors.Cancelled`.

    Raises:
        UnreadableFileError: A file is damaged or changed since its header was read.
        UnsupportedImageError: Pixels that contradict their header, values that no 32-bit type holds, or
            more than there is memory for.
    """
    cells = _empty_cells(headers)
    ranges: dict[int, StoredRange] = {}
    digests: dict[Path, str] = {}
    masked = done = 0
    threads = workers or usable_processors()
    with _threads(threads) as each:
        shares = _shares(headers, threads * _TURNS)
        for share, read in zip(shares, each(partial(_read, cells), shares), strict=True):
            progress("reading slices", done, len(headers))
            done += len(share.wanted)
            masked += read.masked
            ranges |= read.ranges
            if share.is_first:
                digests[share.wanted[0][1].path] = read.sha256
        voxels = to_real_values(
            cells,
            [ranges[number] for number in range(len(headers))],
            [header.rescale or IDENTITY for header in headers],
            scales,
            each=each,
        )
    # Locked from the bottom, so that a view of it may be taken over without a copy.
    cells.setflags(write=False)
    voxels.setflags(write=False)
    uids = {header.path: header.sop_instance_uid or None for header in headers}
    return Values(
        voxels=voxels,
        files=tuple(SourceFile(digest, uids[path]) for path, digest in digests.items()),
        remarks=(f"Bits outside of BitsStored were cleared in {masked} slices.",) if masked else (),
    )


def _empty_cells(headers: Sequence[ImageHeader]) -> Cells:
    shape, dtype = (len(headers), headers[0].rows, headers[0].columns), cell_type(headers)
    try:
        return np.empty(shape, dtype)
    except MemoryError as error:
        raise UnsupportedImageError(
            f"expected images that fit in memory, found {shape[0]} of {shape[1]} × {shape[2]} pixels",
            hint="close other programs, or convert on a larger machine",
            reason="memory",
        ) from error


class _Share(NamedTuple):
    """What is read at a time: the images of a file, or if these take long to decode a part of them."""

    wanted: Wanted
    is_first: bool


def _shares(headers: Sequence[ImageHeader], parts_max: int) -> list[_Share]:
    by_path: dict[Path, list[tuple[int, ImageHeader]]] = defaultdict(list)
    for number, header in enumerate(headers):
        by_path[header.path].append((number, header))
    shares: list[_Share] = []
    for wanted in by_path.values():
        is_native = wanted[0][1].transfer_syntax_uid in NATIVE_SYNTAXES
        parts = 1 if is_native else min(parts_max, len(wanted))
        shares += [_Share(wanted[part::parts], part == 0) for part in range(parts)]
    return shares


def _read(cells: Cells, share: _Share) -> ReadFile:
    return read_file(share.wanted, cells, with_digest=share.is_first)


class _Each:
    """Calls a function for each item, in threads or one after the other, and gives the results in order."""

    def __init__(self, pool: Executor | None, threads: int) -> None:
        self._pool = pool
        self._threads = threads

    def __call__(self, function: Callable[[_Item], _Result], items: Sequence[_Item]) -> Iterator[_Result]:
        if self._pool is None:
            yield from map(function, items)
            return
        size = max(1, min(_CHUNK_MAX, len(items) // (self._threads * _TURNS)))
        chunks = [items[start : start + size] for start in range(0, len(items), size)]
        futures = [self._pool.submit(_call, function, chunk) for chunk in chunks]
        for future in futures:
            yield from future.result()


def _call(function: Callable[[_Item], _Result], items: Sequence[_Item]) -> list[_Result]:
    return [function(item) for item in items]


@contextmanager
def _threads(threads: int) -> Iterator[_Each]:
    if threads == 1:
        yield _Each(None, 1)
        return
    pool = ThreadPoolExecutor(threads)
    try:
        yield _Each(pool, threads)
    finally:
        # What was begun comes to its end, what was not does not begin: nothing writes to the array any more.
        pool.shutdown(cancel_futures=True)
