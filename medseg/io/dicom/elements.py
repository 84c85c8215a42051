"""Elements: the values of one data set by keyword, with a note of those that can't be understood."""

from __future__ import annotations

from functools import lru_cache
from math import isfinite
from struct import Struct
from struct import error as struct_error

from medseg.io.dicom.tags import TAGS, Tag
from medseg.io.dicom.walk import OddDatasetError, Source

_BINARY = {
    (order, vr): Struct(order + code)
    for order in "<>"
    for vr, code in {
        "US": "H", "SS": "h", "UL": "L", "SL": "l", "FL": "f", "FD": "d", "UV": "Q", "SV": "q",
    }.items()
}  # fmt: skip
_PIXEL_REPRESENTATION = 0x00280103

_REMEMBERED = 4096
"""So many different values are remembered: the files of a series repeat most of them."""


class Elements:
    """Reads elements of a data set, of a sequence's item, or of several on top of each other.

    Numbers that should be numbers but aren't are noted in ``damage`` and read as absent.

    Args:
        sources: Where to look, in this order: for a frame of a multi-frame image its own functional groups,
            then the shared ones, then the data set (PS3.3 C.7.6.16.1).
    """

    def __init__(self, *sources: Source) -> None:
        self.damage: list[str] = []
        self._sources = sources
        self._creators: dict[int, dict[tuple[int, str], int]] = {}

    def __contains__(self, keyword: str) -> bool:
        return self._find(keyword) is not None

    def raw(self, keyword: str) -> bytes:
        """The bytes of an element; none if it is absent."""
        found = self._find(keyword)
        return found[1] if found else b""

    def texts(self, keyword: str) -> tuple[str, ...]:
        """All values of an element as text; none if it is absent."""
        found = self._find(keyword)
        if found is None:
            return ()
        vr, value, order = found
        if (order, vr) in _BINARY:
            return tuple(map(str, self._binary(keyword, vr, value, order)))
        return _texts(value)

    def text(self, keyword: str) -> str:
        """The first value as text; empty if it is absent."""
        return next(iter(self.texts(keyword)), "")

    def numbers(self, keyword: str, count: int | None = None) -> tuple[float, ...] | None:
        """All values as finite numbers; None if the element is absent, empty or damaged.

        Args:
            keyword: Which element.
            count: How many there must be.
        """
        found = self._find(keyword)
        if found is None:
            return None
        vr, value, order = found
        is_binary = (order, vr) in _BINARY
        numbers = self._binary(keyword, vr, value, order) if is_binary else _numbers(value)
        if not numbers and (is_binary or not any(_texts(value))):
            return None
        if not numbers or (count is not None and len(numbers) != count) or not all(map(isfinite, numbers)):
            what = f"{count} number(s)" if count is not None else "numbers"
            # The values themselves are not told: somebody may have typed a name where a number belongs.
            found_what = f"{len(numbers)} value(s)" if numbers else "what is no number"
            self.damage.append(f"{keyword} must hold {what}, found {found_what}")
            return None
        return numbers

    def number(self, keyword: str) -> float | None:
        """One number; None if the element is absent, empty or damaged."""
        numbers = self.numbers(keyword, 1)
        return None if numbers is None else numbers[0]

    def whole(self, keyword: str, default: int) -> int:
        """One whole number."""
        number = self.number(keyword)
        return default if number is None else int(number)

    def sequence(self, keyword: str) -> tuple[Elements, ...]:
        """The items of a sequence; none if it is absent."""
        return tuple(Elements(item) for item in self.items(keyword))

    @property
    def layers(self) -> tuple[Source, ...]:
        """What is looked through, from the top."""
        return self._sources

    def items(self, keyword: str) -> list[Source]:
        """The items of a sequence as they are, to be laid on top of other sources."""
        number = TAGS[keyword].number
        return next((source.items(number) for source in self._sources if number in source.tags), [])

    def _find(self, keyword: str) -> tuple[str, bytes, str] | None:
        number, named_vr, creator = tag = TAGS[keyword]
        for source in self._sources:
            try:
                found = source.value(self._in_block(source, tag) if creator else number)
            except OddDatasetError:
                self.damage.append(f"{keyword} can't be read")
                continue
            if found is not None:
                vr, value = found
                if not vr or vr == "UN":
                    vr = self._by_sign() if named_vr == "xs" else named_vr
                return vr, value, source.order
        return None

    def _by_sign(self) -> str:
        for source in self._sources:
            found = source.value(_PIXEL_REPRESENTATION)
            if found:
                return "SS" if any(found[1]) else "US"
        return "US"

    def _in_block(self, source: Source, tag: Tag) -> int:
        """The number of a private element, in the block of its creator (PS3.5 7.8.1); 0 if there is none."""
        creators = self._creators.get(id(source))
        if creators is None:
            creators = self._creators[id(source)] = _creators(source)
        block = creators.get((tag.number >> 16, tag.creator))
        return 0 if block is None else (tag.number & 0xFFFF00FF) | block << 8

    def _binary(self, keyword: str, vr: str, value: bytes, order: str) -> tuple[float, ...]:
        try:
            return tuple(number for (number,) in _BINARY[order, vr].iter_unpack(value))
        except struct_error:
            self.damage.append(f"{keyword} holds {len(value)} bytes, which are no {vr}")
            return ()


@lru_cache(_REMEMBERED)
def _texts(value: bytes) -> tuple[str, ...]:
    """The values of a text element; UTF-8, or Latin-1 where it is none: what matters here is ASCII."""
    try:
        text = value.decode("utf-8").rstrip(" \0")
    except UnicodeDecodeError:
        text = value.decode("latin-1").rstrip(" \0")
    return tuple([part.strip(" \0\n\r\t") for part in text.split("\\")]) if text else ()


@lru_cache(_REMEMBERED)
def _numbers(value: bytes) -> tuple[float, ...]:
    """The values of a text element as numbers; none if one of them is no number."""
    try:
        return tuple(map(float, _texts(value)))
    except ValueError:
        return ()


def _creators(source: Source) -> dict[tuple[int, str], int]:
    """The block that each private creator reserves in a group."""
    blocks: dict[tuple[int, str], int] = {}
    for tag in source.tags:
        # Private groups are odd; their creators are elements 0010 to 00FF.
        if tag & 0x1FF00 == 0x10000 and tag & 0xFF >= 0x10:
            found = source.value(tag)
            if found:
                blocks.setdefault((tag >> 16, found[1].rstrip(b" \0").decode("latin-1")), tag & 0xFF)
    return blocks
