"""Compressed pixels in their wrapping: items of fragments → one code stream for each frame (PS3.5 A.4)."""

from __future__ import annotations

from itertools import pairwise
from struct import Struct

from medseg.io.dicom.walk import UNDEFINED_LENGTH, PixelElement

Fragments = list[memoryview]

_ITEM_HEADER = Struct("<HHL")  # encapsulated pixels are little endian, always
_ITEM = (0xFFFE, 0xE000)
_SEQUENCE_END = (0xFFFE, 0xE0DD)
_OFFSET = Struct("<L")

_STREAM_STARTS = (b"\xff\xd8\xff", b"\xff\x4f\xff\x51")
"""How a code stream begins: SOI of JPEG and JPEG-LS, SOC and SIZ of JPEG 2000."""


class DamagedPixelsError(Exception):
    """Compressed pixels that can't be taken apart or decoded."""


def code_streams(content: memoryview, pixels: PixelElement | None, frames: int) -> list[Fragments]:
    """Find each frame's fragments, which make up its code stream.

    Args:
        content: The whole file.
        pixels: Where its pixel element is.
        frames: How many frames it must hold.

    Raises:
        DamagedPixelsError: Items that are cut off, or that can't be shared out among the frames.
    """
    if pixels is None:
        raise DamagedPixelsError("there are none")
    table, fragments, starts = _items(content, pixels)
    if frames == 1:
        groups = [fragments]
    elif len(fragments) == frames:
        # So it must be where there is an extended offset table, which therefore need not be read.
        groups = [[fragment] for fragment in fragments]
    elif table:
        groups = _by_offset(fragments, starts, [offset for (offset,) in _OFFSET.iter_unpack(table)])
    else:
        groups = _by_content(fragments)
    if len(groups) != frames or not all(groups):
        raise DamagedPixelsError(f"expected {frames} frames, found {len(fragments)} fragments")
    return groups


def _items(content: memoryview, pixels: PixelElement) -> tuple[memoryview, list[memoryview], list[int]]:
    """The basic offset table, all fragments, and where their items begin behind the table's item."""
    at = pixels.offset
    is_open = pixels.length == UNDEFINED_LENGTH
    end = len(content) if is_open else at + pixels.length
    items: list[memoryview] = []
    starts: list[int] = []
    while is_open or at < end:
        if at + _ITEM_HEADER.size > end:
            raise DamagedPixelsError("the file ends between its fragments")
        group, element, length = _ITEM_HEADER.unpack_from(content, at)
        if (group, element) == _SEQUENCE_END:
            break
        start = at + _ITEM_HEADER.size
        if (group, element) != _ITEM:
            raise DamagedPixelsError(f"no fragment where one was expected, at byte {at}")
        if start + length > end:
            raise DamagedPixelsError(f"a fragment of {length} bytes is cut off after {end - start}")
        items.append(content[start : start + length])
        starts.append(at)
        at = start + length
    if not items or len(items[0]) % _OFFSET.size:
        raise DamagedPixelsError("no basic offset table")
    first = starts[1] if len(starts) > 1 else 0
    return items[0], items[1:], [start - first for start in starts[1:]]


def _by_offset(fragments: Fragments, starts: list[int], offsets: list[int]) -> list[Fragments]:
    numbers = {start: number for number, start in enumerate(starts)}
    if offsets != sorted(set(offsets)) or not set(offsets) <= numbers.keys() or offsets[0] != 0:
        raise DamagedPixelsError("the basic offset table points beside the fragments")
    bounds = [*(numbers[offset] for offset in offsets), len(fragments)]
    return [fragments[first:last] for first, last in pairwise(bounds)]


def _by_content(fragments: Fragments) -> list[Fragments]:
    """Without a table a frame begins where a code stream does: inside of one those bytes can't be."""
    groups: list[Fragments] = []
    for fragment in fragments:
        if bytes(fragment[:4]).startswith(_STREAM_STARTS):
            groups.append([])
        if not groups:
            raise DamagedPixelsError("the first fragment begins no code stream")
        groups[-1].append(fragment)
    return groups
