"""The long way into a file that is not quite DICOM: pydicom's lenient reader as a source of raw elements."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import pydicom
from pydicom.dataelem import RawDataElement
from pydicom.dataset import FileDataset
from pydicom.errors import BytesLengthException

from medseg.io.dicom.walk import (
    DEFLATED,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    OddDatasetError,
    PixelElement,
    Source,
    WalkedFile,
)

PARSE_ERRORS = (
    ArithmeticError, AttributeError, BytesLengthException, EOFError, LookupError, NotImplementedError,
    RuntimeError, TypeError, ValueError, struct.error,
)  # fmt: skip
"""What pydicom raises, here and there, on damaged bytes; it has no root error of its own."""

_FIRST_GROUPS = (0x0002, 0x0008)
_FIRST_ELEMENT_MAX = 0x0018
_FIRST_LENGTH_MAX = 64
"""What a data set without the 128-byte preamble begins with: an element no later than SOPInstanceUID."""


def walk_leniently(file: BinaryIO, size: int) -> WalkedFile:
    """Read a header as :func:`medseg.io.dicom.walk.walk` does, but forgive what can be forgiven.

    Raises:
        pydicom.errors.InvalidDicomError: It is not DICOM.
        Exception: One of :data:`PARSE_ERRORS`: too damaged even for pydicom.
    """
    with lenient():
        dataset = read_dataset(file, stop_before_pixels=True)
        syntax = transfer_syntax_of(dataset)
        return WalkedFile(
            PydicomSource(dataset.file_meta),
            PydicomSource(dataset),
            syntax,
            None if syntax == DEFLATED else _pixels(file, dataset, size),
        )


def read_dataset(file: BinaryIO, **options: Any) -> FileDataset:
    """Read a data set, with or without the preamble that old archives leave out.

    Raises:
        pydicom.errors.InvalidDicomError: It is not DICOM.
    """
    start = file.read(132)
    file.seek(0)
    is_bare = start[128:] != b"DICM" and begins_like_a_dataset(start)
    return pydicom.dcmread(file, force=is_bare, **options)


def begins_like_a_dataset(start: bytes) -> bool:
    """Whether the first element is one that comes first (PS3.5 7.1), in either little endian syntax."""
    if len(start) < 8:
        return False
    group, element, length = struct.unpack("<HHL", start[:8])
    if start[4:6].isalpha() and start[4:6].isupper():
        length = int.from_bytes(start[6:8], "little")
    return group in _FIRST_GROUPS and element <= _FIRST_ELEMENT_MAX and length <= _FIRST_LENGTH_MAX


@contextmanager
def lenient() -> Iterator[None]:
    """Keep pydicom quiet about values that break a rule but can be read.

    Its reader warns about every odd UID, VR or length; what matters here is checked by value in
    :mod:`medseg.io.dicom.checks`, and said once for a series instead of once for a file.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def transfer_syntax_of(dataset: FileDataset) -> str:
    """The transfer syntax, found out where no file meta information names it."""
    named = str(dataset.file_meta.get("TransferSyntaxUID", "") or "")
    if named or dataset.preamble is not None:
        return named
    return IMPLICIT_LITTLE if dataset.original_encoding[0] else EXPLICIT_LITTLE


class PydicomSource:
    """The raw elements of a pydicom data set."""

    def __init__(self, dataset: pydicom.Dataset) -> None:
        self._dataset = dataset
        self.tags: Collection[int] = {int(tag) for tag in dataset.keys()}  # noqa: SIM118 - iterating decodes
        self.order = "<" if dataset.original_encoding[1] is not False else ">"

    def value(self, tag: int) -> tuple[str, bytes] | None:
        """VR and bytes of an element."""
        if tag not in self.tags:
            return None
        try:
            with lenient():
                element = self._dataset.get_item(tag)
        except (OSError, *PARSE_ERRORS) as error:
            raise OddDatasetError(f"the element {tag:08X} can't be read") from error
        if isinstance(element, RawDataElement):
            return element.VR or "", element.value or b""
        if element is None or isinstance(element.value, pydicom.Sequence):
            return None
        if element.value is None:
            return element.VR, b""
        several = element.value if isinstance(element.value, pydicom.multival.MultiValue) else [element.value]
        # pydicom decoded it already, as it does with the character set.
        return "LO", "\\".join(str(part) for part in several).encode("utf-8", "replace")

    def items(self, tag: int) -> list[Source]:
        """The items of a sequence; none of one that is too damaged even for pydicom."""
        if tag not in self.tags:
            return []
        try:
            with lenient():
                value = self._dataset[tag].value
        except (OSError, *PARSE_ERRORS):
            return []
        return [PydicomSource(item) for item in value] if isinstance(value, pydicom.Sequence) else []


def _pixels(file: BinaryIO, dataset: FileDataset, size: int) -> PixelElement | None:
    """Where the pixels begin: pydicom stopped there. Inside a deflated file there is no such place.

    The elements may be written in another way than the transfer syntax says.
    """
    is_implicit, is_little_endian = dataset.original_encoding
    order = "<" if is_little_endian is not False else ">"
    layout = f"{order}HHL" if is_implicit else f"{order}HH4xL"
    start = file.read(struct.calcsize(layout))
    if len(start) < struct.calcsize(layout):
        return None
    group, element, length = struct.unpack(layout, start)
    return PixelElement(group << 16 | element, file.tell(), length, size - file.tell())
