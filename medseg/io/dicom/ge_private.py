"""What GE keeps in blocks of its own: the protocol, and the header of the raw data.

Neither is published. dcm2niix found the layouts out (https://github.com/rordenlab/dcm2niix, GE/README.md);
that of the raw header is also in https://github.com/ScottHaileRobertson/GE-MRI-Tools (rdbm.h).
"""

from __future__ import annotations

import re
import struct
import zlib

from medseg.io.dicom.elements import Elements

_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = zlib.MAX_WBITS | 16
_MAX_PROTOCOL_BYTES = 1 << 20
"""A protocol has a few thousand bytes; more is no protocol."""

_SETTING = re.compile(r'^(?:set )?([A-Z][A-Z0-9_]*) "([^"]*)"', re.M)

_RAW_HEADER_AT = 24
_RAW_VERSIONS = (5.0, 40.0)
_MOVED_VERSION = 25.002
"""From this version on the fields lie further back."""

_MOVED_BYTES, _VIEW_ORDER_MOVED_BYTES = 0x4C, -0x8C
_FLAGS_AT, _TYPE_AT, _VIEW_ORDER_AT = 0x30, 0x3A, 0x394
_FLIPPED, _IS_ECHO_PLANAR = 0x4, 0x800
_BOTTOM_UP = 2


def protocol(elements: Elements) -> dict[str, str]:
    """Settings of the protocol by name; none if it is absent or damaged."""
    block = elements.raw("GeProtocol")
    start = block.find(_GZIP_MAGIC)
    if start < 0:
        return {}
    try:
        text = zlib.decompressobj(_GZIP_WINDOW).decompress(block[start:], _MAX_PROTOCOL_BYTES)
    except zlib.error:
        return {}
    return dict(_SETTING.findall(text.decode("latin-1")))


def is_phase_flipped(elements: Elements) -> bool | None:
    """Whether phase ran against the growing index, None if the header doesn't say.

    Software from 27 on has a standard element for it; before, the raw header's polarity and view order do.
    """
    named = {"LINEAR": False, "REVERSE_LINEAR": True}.get(elements.text("RectilinearPhaseEncodeReordering"))
    if named is not None:
        return named
    try:
        return _is_flipped(elements.raw("GeUserData"))
    except struct.error:
        return None


def _is_flipped(raw: bytes) -> bool | None:
    (start,) = struct.unpack_from("<H", raw, _RAW_HEADER_AT)
    (version,) = struct.unpack_from("<f", raw, start)
    if not _RAW_VERSIONS[0] <= version <= _RAW_VERSIONS[1]:
        return None
    view_order_at = start + _VIEW_ORDER_AT
    if version >= _MOVED_VERSION:
        start += _MOVED_BYTES
        view_order_at += _MOVED_BYTES + _VIEW_ORDER_MOVED_BYTES
    (kind,) = struct.unpack_from("<H", raw, start + _TYPE_AT)
    if not kind & _IS_ECHO_PLANAR:
        return None
    (flags,) = struct.unpack_from("<H", raw, start + _FLAGS_AT)
    (view_order,) = struct.unpack_from("<H", raw, view_order_at)
    is_bottom_up: bool = view_order == _BOTTOM_UP
    return bool(flags & _FLIPPED) != is_bottom_up
