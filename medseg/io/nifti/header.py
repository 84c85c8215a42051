"""The NIfTI header: its bytes, what they must be, and how to write them.

Sources: nifti1.h of 2007 and nifti2.h of 2011 (nifti.nimh.nih.gov), whose names the fields keep.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from medseg.io.nifti.damage import Damage

NIFTI_1 = np.dtype(
    [
        ("sizeof_hdr", "<i4"),
        ("data_type", "S10"),
        ("db_name", "S18"),
        ("extents", "<i4"),
        ("session_error", "<i2"),
        ("regular", "S1"),
        ("dim_info", "u1"),
        ("dim", "<i2", 8),
        ("intent_p", "<f4", 3),
        ("intent_code", "<i2"),
        ("datatype", "<i2"),
        ("bitpix", "<i2"),
        ("slice_start", "<i2"),
        ("pixdim", "<f4", 8),
        ("vox_offset", "<f4"),
        ("scl_slope", "<f4"),
        ("scl_inter", "<f4"),
        ("slice_end", "<i2"),
        ("slice_code", "u1"),
        ("xyzt_units", "u1"),
        ("cal_max", "<f4"),
        ("cal_min", "<f4"),
        ("slice_duration", "<f4"),
        ("toffset", "<f4"),
        ("glmax", "<i4"),
        ("glmin", "<i4"),
        ("descrip", "S80"),
        ("aux_file", "S24"),
        ("qform_code", "<i2"),
        ("sform_code", "<i2"),
        ("quatern_b", "<f4"),
        ("quatern_c", "<f4"),
        ("quatern_d", "<f4"),
        ("qoffset_x", "<f4"),
        ("qoffset_y", "<f4"),
        ("qoffset_z", "<f4"),
        ("srow_x", "<f4", 4),
        ("srow_y", "<f4", 4),
        ("srow_z", "<f4", 4),
        ("intent_name", "S16"),
        ("magic", "S4"),
    ]
)
NIFTI_2 = np.dtype(
    [
        ("sizeof_hdr", "<i4"),
        ("magic", "S4"),
        ("eol_check", "u1", 4),
        ("datatype", "<i2"),
        ("bitpix", "<i2"),
        ("dim", "<i8", 8),
        ("intent_p", "<f8", 3),
        ("pixdim", "<f8", 8),
        ("vox_offset", "<i8"),
        ("scl_slope", "<f8"),
        ("scl_inter", "<f8"),
        ("cal_max", "<f8"),
        ("cal_min", "<f8"),
        ("slice_duration", "<f8"),
        ("toffset", "<f8"),
        ("slice_start", "<i8"),
        ("slice_end", "<i8"),
        ("descrip", "S80"),
        ("aux_file", "S24"),
        ("qform_code", "<i4"),
        ("sform_code", "<i4"),
        ("quatern_b", "<f8"),
        ("quatern_c", "<f8"),
        ("quatern_d", "<f8"),
        ("qoffset_x", "<f8"),
        ("qoffset_y", "<f8"),
        ("qoffset_z", "<f8"),
        ("srow_x", "<f8", 4),
        ("srow_y", "<f8", 4),
        ("srow_z", "<f8", 4),
        ("slice_code", "<i4"),
        ("xyzt_units", "<i4"),
        ("intent_code", "<i4"),
        ("intent_name", "S16"),
        ("dim_info", "u1"),
        ("unused_str", "S15"),
    ]
)
_LAYOUTS = {348: (NIFTI_1, b"n+1"), 540: (NIFTI_2, b"n+2")}
"""Layout and magic number by ``sizeof_hdr``, the first number of the file."""

EXTENSION_FLAG_BYTES = 4
"""What stands between the header and the voxels at least: four bytes that say whether extensions follow."""

MAX_EXTENSION_BYTES = 1 << 16
"""Of what lies between header and voxels so much is kept; the rest is passed over."""

_TWO_FILES = frozenset({b"ni1", b"ni2"})

_EOL_CHECK = [0x0D, 0x0A, 0x1A, 0x0A]
"""NIfTI-2: what a transfer as text would change."""

VOXEL_TYPES: dict[int, np.dtype[Any]] = {
    2: np.dtype("u1"),
    4: np.dtype("<i2"),
    8: np.dtype("<i4"),
    16: np.dtype("<f4"),
    64: np.dtype("<f8"),
    256: np.dtype("i1"),
    512: np.dtype("<u2"),
    768: np.dtype("<u4"),
    1024: np.dtype("<i8"),
    1280: np.dtype("<u8"),
}
"""Types of real numbers by NIfTI's code."""

OTHER_VOXEL_TYPES = {
    1: "single bits",
    32: "complex numbers",
    128: "RGB colour",
    1536: "128-bit floats",
    1792: "complex numbers",
    2048: "complex numbers",
    2304: "RGBA colour",
}
"""What NIfTI knows besides, by its code."""

MAX_VOXELS_PER_AXIS = 32767
"""``dim`` of NIfTI-1 has 16 bits."""

UNITS_MM = 2
UNITS_SECONDS = 8
"""Codes of ``xyzt_units``; the sum of one of length and one of time."""


@dataclass(frozen=True, eq=False)
class Header:
    """A header whose layout, dimensions, voxel type and offset are possible.

    Attributes:
        raw: Its bytes as they stand in the file.
        fields: Its numbers, named as in nifti1.h, in the file's byte order.
        extensions: What follows it in the file, from the four bytes of ``extension`` on; not more than
            :data:`MAX_EXTENSION_BYTES`.
    """

    raw: bytes
    fields: np.void
    extensions: bytes = b""

    @classmethod
    def decode(cls, raw: bytes) -> Header:
        """Make a header of 348 or 540 bytes.

        Raises:
            Damage: They are no header of a single-file NIfTI image, or contradict themselves.
        """
        layout, magic = _layout(raw)
        if len(raw) != layout.itemsize:
            raise EOFError(f"it ends after {len(raw)} of {layout.itemsize} bytes of its header")
        header = cls(raw, np.frombuffer(raw, layout)[0])
        _require_magic(header, magic)
        _require_dimensions(header)
        _require_voxel_type(header)
        _require_offset(header)
        return header

    def whole(self, field: str) -> int:
        """A field that holds one whole number."""
        return int(self.fields[field])

    def number(self, field: str) -> float:
        """A field that holds one number."""
        return float(self.fields[field])

    def numbers(self, field: str) -> tuple[float, ...]:
        """A field that holds several numbers."""
        return tuple(map(float, self.fields[field]))

    def raw_field(self, field: str) -> bytes:
        """A field's bytes as they stand in the file."""
        kind, offset = self.fields.dtype.fields[field][:2]  # type: ignore[index]
        return self.raw[offset : offset + kind.itemsize]

    @property
    def shape(self) -> tuple[int, ...]:
        """``dim``: the number of voxels along i, j, k, t ….; one number a dimension."""
        count, *sizes = map(int, self.fields["dim"])
        return tuple(sizes[:count])

    @property
    def dtype(self) -> np.dtype[Any] | None:
        """Type of the stored numbers in the file's byte order; None where they are no real numbers."""
        kind = VOXEL_TYPES.get(self.whole("datatype"))
        return None if kind is None else kind.newbyteorder("<" if self._is_little_endian else ">")

    @property
    def voxel_offset(self) -> int:
        """``vox_offset``: the byte at which the voxels begin."""
        return int(self.fields["vox_offset"])

    @property
    def _is_little_endian(self) -> bool:
        return int.from_bytes(self.raw[:4], "little") == len(self.raw)


def header_size(start: bytes) -> int:
    """Bytes of the header that begins with these four.

    Raises:
        Damage: They begin no NIfTI header.
    """
    return _layout(start)[0].itemsize


def encode_nifti_1(fields: Mapping[str, Any], extension: bytes = b"") -> bytes:
    """The bytes before the voxels of a single NIfTI-1 file.

    Args:
        fields: Numbers by their names in nifti1.h; what is not named is 0, save what makes it a NIfTI file.
        extension: One whole extension, see :mod:`medseg.io.nifti.extension`; empty for none.
    """
    record = np.zeros((), NIFTI_1)
    own = {
        "sizeof_hdr": NIFTI_1.itemsize,
        "regular": b"r",
        "vox_offset": NIFTI_1.itemsize + EXTENSION_FLAG_BYTES + len(extension),
        "magic": b"n+1",
    }
    for name, value in {**own, **fields}.items():
        record[name] = value
    flag = bytes([bool(extension), 0, 0, 0])
    return record.tobytes() + flag + extension


def voxel_type_code(kind: npt.DTypeLike) -> int | None:
    """NIfTI's code of a type of number; None where it has none."""
    wanted = np.dtype(kind).newbyteorder("<")
    return next((code for code, dtype in VOXEL_TYPES.items() if dtype == wanted), None)


def _layout(start: bytes) -> tuple[np.dtype[Any], bytes]:
    if len(start) < 4:
        raise EOFError(f"it ends after {len(start)} bytes")
    for order, code in (("little", "<"), ("big", ">")):
        size = int.from_bytes(start[:4], order)  # type: ignore[arg-type]
        if size in _LAYOUTS:
            layout, magic = _LAYOUTS[size]
            return layout.newbyteorder(code), magic  # type: ignore[arg-type]
    raise Damage("it does not begin with a NIfTI header", "not-nifti")


def _require_magic(header: Header, magic: bytes) -> None:
    found = bytes(header.fields["magic"])
    if found in _TWO_FILES:
        raise Damage(f"its magic number {found!r} says that its voxels lie in another file", "two-files")
    if found != magic:
        raise Damage(
            f"its magic number is {found!r}, not {magic!r}, that of a single NIfTI file", "not-nifti"
        )
    eol_check = header.fields["eol_check"].tolist() if magic == b"n+2" else _EOL_CHECK
    if eol_check != _EOL_CHECK:
        raise Damage(f"eol_check is {eol_check}: it was transferred as if it were text")


def _require_dimensions(header: Header) -> None:
    count = int(header.fields["dim"][0])
    if not 1 <= count <= 7:
        raise Damage(f"it names {count} dimensions, expected 1 to 7")
    if min(header.shape) < 1:
        raise Damage(f"its dimensions {header.shape} are impossible")


def _require_voxel_type(header: Header) -> None:
    code = header.whole("datatype")
    if code not in VOXEL_TYPES and code not in OTHER_VOXEL_TYPES:
        raise Damage(f"it names the unknown voxel type {code}")


def _require_offset(header: Header) -> None:
    offset = header.number("vox_offset")
    if not (math.isfinite(offset) and offset.is_integer()):
        raise Damage(f"it says that its voxels begin at byte {offset}")
    if offset < len(header.raw) + EXTENSION_FLAG_BYTES:
        raise Damage(f"it says that its voxels begin at byte {offset:.0f}, in its header")
