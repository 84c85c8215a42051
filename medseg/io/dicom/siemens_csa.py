"""Siemens' own headers inside of a DICOM file: the CSA headers and the protocol that one of them holds.

The layout is not published; it is described at https://nipy.org/nibabel/dicom/siemens_csa.html. Software from
XA on (2018) has no CSA header.
"""

from __future__ import annotations

import re
from functools import lru_cache
from struct import Struct
from struct import error as struct_error

import numpy as np

from medseg.io.dicom.elements import Elements
from medseg.space.plane import FloatArray

_MAGIC = b"SV10"
_CSA1_START, _CSA2_START = 8, 16
_COUNT = Struct("<L").unpack_from
_TAG = Struct("<64si4siii")
_ITEM = Struct("<4i")
_MAX_TAGS = 256
"""Headers hold about a hundred; a larger number is no count."""

_POSITION = re.compile(r"^sSliceArray\.asSlice\[(\d+)\]\.sPosition\.d(Sag|Cor|Tra)\s*=\s*(\S+)", re.M)
_SLICES = re.compile(r"^sSliceArray\.lSize\s*=\s*(\d+)", re.M)
_AXES = {"Sag": 0, "Cor": 1, "Tra": 2}
_MAX_SLICES = 4096
"""A protocol lists some hundred slices at most."""


def csa_values(csa: bytes) -> dict[str, tuple[str, ...]]:
    """Name → values of a CSA header that have any; nothing of a header that is absent or damaged."""
    try:
        return _csa_values(csa)
    except (struct_error, ValueError):
        return {}


def image_values(elements: Elements) -> dict[str, tuple[str, ...]]:
    """Values of the CSA image header."""
    return csa_values(elements.raw("SiemensImageHeader"))


def slice_centres_lps_mm(elements: Elements) -> FloatArray | None:
    """Centres of all slices as the protocol plans them, shape ``(n, 3)``; None if it doesn't say.

    The centre is the pixel of index ``rows / 2, columns / 2``, not half a pixel before it.
    """
    return _slice_centres_lps_mm(elements.raw("SiemensSeriesHeader"))


@lru_cache(maxsize=8)
def _slice_centres_lps_mm(series_header: bytes) -> FloatArray | None:
    # All images of a series hold the same 100 kB of protocol; to parse it takes longer than all else.
    series = csa_values(series_header)
    protocol = next(iter(series.get("MrPhoenixProtocol") or series.get("MrProtocol") or ()), "")
    count = _SLICES.search(protocol)
    if count is None or not 0 < int(count[1]) <= _MAX_SLICES:
        return None
    centres = np.zeros((int(count[1]), 3))  # what is zero is left out
    for index, axis, value in _POSITION.findall(protocol):
        if int(index) < len(centres):
            try:
                centres[int(index), _AXES[axis]] = float(value)
            except ValueError:
                return None
    centres.flags.writeable = False
    return centres if np.isfinite(centres).all() else None


def _csa_values(csa: bytes) -> dict[str, tuple[str, ...]]:
    is_csa2 = csa.startswith(_MAGIC)
    at = _CSA2_START if is_csa2 else _CSA1_START
    (tags,) = _COUNT(csa, at - 8)
    if tags > _MAX_TAGS:
        raise ValueError("no CSA header")
    values: dict[str, tuple[str, ...]] = {}
    first_items = 0
    for number in range(tags):
        name, _, _, _, items, _ = _TAG.unpack_from(csa, at)
        at += _TAG.size
        if number == 0:
            first_items = items
        found: list[str] = []
        for _ in range(items):
            lengths = _ITEM.unpack_from(csa, at)
            # CSA1 adds the number of items of the first tag to its lengths.
            length = lengths[1] if is_csa2 else lengths[0] - first_items
            at += _ITEM.size
            if length < 0 or at + length > len(csa):
                if is_csa2:
                    raise ValueError("damaged CSA header")
                break
            if length:
                found.append(_text(csa[at : at + length]))
            at += -(-length // 4) * 4
        if any(found):
            values[_text(name)] = tuple(found)
    return values


def _text(value: bytes) -> str:
    return value.partition(b"\0")[0].decode("latin-1").strip()
