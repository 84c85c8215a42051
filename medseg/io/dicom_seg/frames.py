"""The pixels of a segmentation's frames, one frame at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from medseg.errors import UnreadableFileError, UnsupportedImageError
from medseg.io.dicom.codecs import decode, missing_decoder
from medseg.io.dicom.encapsulation import DamagedPixelsError, Fragments, code_streams
from medseg.io.dicom.header import ImageHeader
from medseg.io.dicom.walk import DEFLATED, EXPLICIT_BIG, NATIVE_SYNTAXES

CELL_BITS = (1, 8, 16)
"""Bits a voxel: BINARY takes one, FRACTIONAL eight, LABELMAP eight or sixteen (PS3.3 C.8.20.2.1)."""


class Frames:
    """The frames of one file.

    Args:
        file: The file, open.
        header: Of any of its frames.

    Raises:
        UnsupportedImageError: Compressed in a way that is not decoded, or in cells of another width.
        UnreadableFileError: The pixels are cut off.
    """

    def __init__(self, file: BinaryIO, header: ImageHeader) -> None:
        self._file = file
        self._header = header
        self._size = header.rows, header.columns
        self._streams: list[Fragments] = []
        _require_known(header)
        if header.transfer_syntax_uid in NATIVE_SYNTAXES:
            self._require_whole()
        else:
            with self._damage_named():
                self._streams = code_streams(memoryview(file.read()), header.pixels, header.frames)

    def pixels(self, number: int) -> npt.NDArray[Any]:
        """The stored values ``[j, i]`` of a frame, counted from 0.

        Raises:
            UnreadableFileError: Its code stream is damaged.
        """
        if not self._streams:
            return self._native(number)
        with self._damage_named():
            return decode(self._streams[number], self._size, self._header)

    def _native(self, number: int) -> npt.NDArray[Any]:
        assert self._header.pixels is not None  # noqa: S101 - looked at in the beginning
        rows, columns = self._size
        bits = self._header.bits.allocated
        # Frames of single bits follow each other without a gap, within a byte too (PS3.5 8.1.1).
        begin, end = (rows * columns * bits * n for n in (number, number + 1))
        self._file.seek(self._header.pixels.offset + begin // 8)
        stored = np.frombuffer(self._file.read(-(-end // 8) - begin // 8), np.uint8)
        if bits == 1:
            # The first pixel is the lowest bit (PS3.5 8.1.1, D.2).
            stored = np.unpackbits(stored, bitorder="little")[begin % 8 :][: rows * columns]
        order = ">" if self._header.transfer_syntax_uid == EXPLICIT_BIG else "<"
        return stored.view(f"{order}u{max(bits // 8, 1)}").reshape(self._size)

    def _require_whole(self) -> None:
        header = self._header
        expected = -(-header.frames * header.rows * header.columns * header.bits.allocated // 8)
        found = min(header.pixels.length, header.pixels.present) if header.pixels else 0
        if found < expected:
            raise UnreadableFileError(
                f"{header.path.name} is truncated: expected {expected} bytes of pixels, found {found}",
                hint="copy or export the file again",
                reason="unreadable",
            )

    @contextmanager
    def _damage_named(self) -> Iterator[None]:
        try:
            yield
        except DamagedPixelsError as error:
            raise UnreadableFileError(
                f"the pixels of {self._header.path.name} can't be decoded: {error}",
                hint="copy or export the file again",
                reason="unreadable",
            ) from error


@contextmanager
def opened_frames(header: ImageHeader) -> Iterator[Frames]:
    """The frames of a file, each read when it is asked for; compressed ones are held in memory as they are.

    Raises:
        UnreadableFileError: The file can't be read, or its pixels are cut off.
        UnsupportedImageError: See :class:`Frames`.
    """
    try:
        with header.path.open("rb") as file:
            yield Frames(file, header)
    except OSError as error:
        raise UnreadableFileError(
            f"{header.path.name} can't be read: {error.strerror or error}", reason="unreadable"
        ) from error


def _require_known(header: ImageHeader) -> None:
    why = missing_decoder(header)
    if header.transfer_syntax_uid == DEFLATED:
        why = "no decoder for Deflated Explicit VR Little Endian"
    if why:
        raise UnsupportedImageError(
            f"{header.path.name} can't be decoded: {why}",
            hint="export it again without compression",
            reason="transfer-syntax",
        )
    if header.bits.allocated not in CELL_BITS or header.bits.signed or header.samples_per_pixel != 1:
        raise UnsupportedImageError(
            f"expected voxels of 1, 8 or 16 bits without a sign, found {header.bits.allocated}",
            hint="such a file breaks the rules of DICOM segmentations",
            reason="pixel-cell",
        )
